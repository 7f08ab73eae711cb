"""Writes recorded/*.npz: what TF 1.15 gives for seven losses in Session programs. Run it there, from the root:

    PYTHONPATH=. python tests/bridge/record_models.py

Each function builds one loss as it was written then, and returns (loss, variables, feeds).
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")


def variable(name, shape, scale=0.4, dtype=tf.float64):
    values = scale * np.random.RandomState(len(name) + sum(shape)).randn(*shape)
    return tf.get_variable(name, initializer=np.asarray(values, dtype.as_numpy_dtype))


def draw(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape)


def tanh_net():
    x, y = tf.placeholder(tf.float64, [None, 5], name="x"), tf.placeholder(tf.float64, [None, 3], name="y")
    with tf.variable_scope("hidden"):
        hidden = tf.tanh(tf.matmul(x, variable("kernel", [5, 4])) + variable("bias", [4]))
    with tf.variable_scope("out"):
        out = tf.matmul(hidden, variable("kernel", [4, 3])) + variable("bias", [3])
    return tf.reduce_mean(tf.square(out - y)), tf.trainable_variables(), [(x, draw(6, 5)), (y, draw(6, 3))]


def relu_conv_net():
    x, y = tf.placeholder(tf.float32, [None, 8, 6, 1], name="x"), tf.placeholder(tf.int32, [None], name="y")
    kernel = variable("conv/kernel", [3, 3, 1, 2], dtype=tf.float32)
    image = tf.nn.relu(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME") + variable("conv/bias", [2], dtype=tf.float32))
    image = tf.nn.max_pool(image, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    logits = tf.matmul(tf.reshape(image, [-1, 24]), variable("dense/kernel", [24, 3], dtype=tf.float32))
    logits += variable("dense/bias", [3], dtype=tf.float32)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    return loss, tf.trainable_variables(), [(x, draw(5, 8, 6, 1).astype(np.float32)), (y, np.array([0, 2, 1, 1, 0]))]


def embedding():
    words, y = tf.placeholder(tf.int32, [None, 4], name="words"), tf.placeholder(tf.float64, [None], name="y")
    table, weights = variable("table", [7, 3]), variable("weights", [3, 1])
    score = tf.matmul(tf.reduce_mean(tf.nn.embedding_lookup(table, words), 1), weights)[:, 0] + variable("offset", [1])
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=score * score))
    return loss, [table, weights] + tf.trainable_variables()[2:], [
        (words, np.random.RandomState(1).randint(7, size=(5, 4))), (y, np.array([0.0, 1, 1, 0, 1]))]


def lstm():
    x, y = tf.placeholder(tf.float64, [4, 3, 2], name="x"), tf.placeholder(tf.float64, [4, 3], name="y")
    cell = tf.nn.rnn_cell.LSTMCell(3, initializer=tf.constant_initializer(draw(5, 12) * 0.4), dtype=tf.float64)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float64)
    return tf.reduce_mean(tf.square(outputs[-1] - y)), tf.trainable_variables(), [(x, draw(4, 3, 2)), (y, draw(4, 3))]


def logistic_regression():
    x, y = tf.placeholder(tf.float64, [None, 4], name="x"), tf.placeholder(tf.float64, [None], name="y")
    slope, offset = variable("slope", [4]), variable("offset", [])
    score = tf.reduce_sum(x * slope, 1) + offset
    loss = tf.reduce_sum(tf.nn.softplus(score) - y * score) + 0.05 * tf.nn.l2_loss(slope)
    return loss, [slope, offset], [(x, draw(9, 4)), (y, (draw(9) > 0).astype(float))]


def poisson_regression():
    x, y = tf.placeholder(tf.float64, [None, 3], name="x"), tf.placeholder(tf.float64, [None], name="y")
    slope = variable("slope", [3, 1])
    rate = tf.exp(tf.matmul(x, slope)[:, 0])
    return tf.reduce_sum(rate - y * tf.log(rate)), [slope], [(x, draw(8, 3)), (y, np.arange(8.0) % 3)]


def physics_informed_net():
    """u'' = -sin(x), by gradients of gradients."""
    x = tf.placeholder(tf.float64, [None, 1], name="x")
    weights = [variable("w1", [1, 5], 1.0), variable("b1", [5]), variable("w2", [5, 1], 1.0)]
    u = tf.matmul(tf.tanh(tf.matmul(x, weights[0]) + weights[1]), weights[2])
    slope, = tf.gradients(u, x)
    bend, = tf.gradients(slope, x)
    return tf.reduce_mean(tf.square(bend + tf.sin(x))), weights, [(x, np.linspace(-2, 2, 7)[:, None])]


MODELS = [tanh_net, relu_conv_net, embedding, lstm, logistic_regression, poisson_regression, physics_informed_net]


def main():
    for model in MODELS:
        with tf.Graph().as_default(), tf.Session() as session:
            loss, variables, feeds = model()
            session.run(tf.global_variables_initializer())
            path = th.record(os.path.join(FOLDER, model.__name__ + ".npz"), loss, variables, session, dict(feeds))
            print("%s from TensorFlow %s" % (path, tf.__version__))


if __name__ == "__main__":
    main()
