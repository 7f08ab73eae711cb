"""Writes the models of this folder, and the numbers that are true of them. Run by TensorFlow 1.15 alone:

    PYTHONPATH=tests python tests/models/make_models.py

checkpoint/   a tanh net in float32 on reference variables, trained by Adam and saved by tf.train.Saver, as most are
saved_model/  a Poisson regression in float64 on resource variables, saved by tf.saved_model.simple_save
truth.npz     what was fed, the losses, and their Hessians by finite differences of tf.gradients in float64
"""
import os
import shutil
import sys

import numpy as np
import tensorflow.compat.v1 as tf

from finite_differences import gradient, jacobian

HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM = np.random.RandomState(7)
INPUTS, TARGETS = RANDOM.standard_normal([11, 3]), RANDOM.standard_normal([11, 2])
COUNTS = RANDOM.poisson(2.0, [11]).astype(np.float64)


def net(dtype):
    """(loss, its variables): a mean over examples, and weight decay."""
    x, y = tf.placeholder(dtype, [None, 3], "x"), tf.placeholder(dtype, [None, 2], "y")
    w = tf.get_variable("hidden/kernel", initializer=0.5 * tf.ones([3, 4], dtype))
    b = tf.get_variable("hidden/bias", initializer=tf.constant([0.1, -0.2, 0.3, 0.0], dtype))
    v = tf.get_variable("output/kernel", initializer=tf.reshape(tf.linspace(-0.5, 0.6, 8), [4, 2])
                        if dtype == tf.float32 else np.zeros([4, 2]))
    error = tf.reduce_mean(tf.reduce_sum(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) - y), 1))
    return tf.add(error, 0.01 * tf.nn.l2_loss(w), name="loss"), [w, b, v]


def save_checkpoint(folder):
    """What the trained net's variables are."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        loss, variables = net(tf.float32)
        tf.summary.scalar("loss_summary", loss)
        train = tf.train.AdamOptimizer(0.05).minimize(loss, tf.train.get_or_create_global_step())
        session.run(tf.global_variables_initializer())
        for _ in range(20):
            session.run(train, {"x:0": INPUTS + 0.1 * RANDOM.standard_normal(INPUTS.shape), "y:0": TARGETS})
        saver = tf.train.Saver(save_relative_paths=True)
        saver.save(session, os.path.join(folder, "model.ckpt"), tf.train.get_global_step())
        return session.run(variables)


def true_of_checkpoint(values):
    """Loss and Hessian over hidden/kernel, hidden/bias, output/kernel."""
    with tf.Graph().as_default(), tf.Session() as session:
        loss, variables = net(tf.float64)
        slope = gradient(loss, variables)
        feed = {"x:0": INPUTS.astype(np.float32), "y:0": TARGETS.astype(np.float32)}
        for variable, value in zip(variables, values):
            variable.load(value.astype(np.float64), session)
        return session.run(loss, feed), jacobian(slope, variables, session, feed)


def save_regression(folder):
    """Loss and Hessian over coefficients and intercept of a Poisson regression."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, counts = tf.placeholder(tf.float64, [None, 3], "x"), tf.placeholder(tf.float64, [None], "counts")
        beta = tf.get_variable("coefficients", initializer=np.array([0.3, -0.1, 0.2]), use_resource=True)
        alpha = tf.get_variable("intercept", initializer=np.array(0.4), use_resource=True)
        eta = tf.tensordot(x, beta, 1) + alpha
        loss = tf.reduce_sum(tf.exp(eta) - counts * eta, name="nll")
        slope, feed = gradient(loss, [beta, alpha]), {x: INPUTS, counts: COUNTS}
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, folder, {"features": x, "observed": counts}, {"loss": loss})
        return session.run(loss, feed), jacobian(slope, [beta, alpha], session, feed)


def main():
    """Writes everything anew."""
    if tf.__version__ != "1.15.5":
        sys.exit("These files are to be written by TensorFlow 1.15.5, and this is %s." % tf.__version__)
    folders = [os.path.join(HERE, name) for name in ("checkpoint", "saved_model")]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folders[0])
    net_loss, net_hessian = true_of_checkpoint(save_checkpoint(folders[0]))
    nll, nll_hessian = save_regression(folders[1])
    np.savez(os.path.join(HERE, "truth.npz"), x=INPUTS, y=TARGETS, counts=COUNTS, net_loss=net_loss,
             net_hessian=net_hessian, nll=nll, nll_hessian=nll_hessian)


if __name__ == "__main__":
    main()
