"""The spectrum of a trained network: a bulk near zero, and about as many outliers as there are classes.

A 64-14-10 network is trained on scikit-learn's digits; numpy takes the eigenvalues of its whole Hessian, th.hessian of
1,060 weights. How the loss really bends along the ends of the spectrum is checked by differences of the loss. Above it
lies the density that th.spectral_density estimates from products alone, the way that is left where n is large. The
outliers are said to come from the classes: of the softmax, whose Gauss-Newton part has C - 1 directions a class mean.
Sources: Sagun, Bottou, LeCun, Eigenvalues of the Hessian in deep learning, 2016; Papyan, The full spectrum of deepnet
Hessians at scale, 2018; Ghorbani, Krishnan, Xiao, An investigation into neural net optimization, 2019.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import panels, parser, save
from sklearn.datasets import load_digits

import tf1_hessian as th

tf.disable_eager_execution()

PIXELS, HIDDEN, CLASSES, STEPS = 64, 14, 10, 400
SHAPES = {"hidden": [PIXELS, HIDDEN], "hidden_bias": [HIDDEN], "output": [HIDDEN, CLASSES], "output_bias": [CLASSES]}


def build(pixels, labels):
    """(weights, loss, accuracy)"""
    rng = np.random.RandomState(0)
    weights = {name: tf.get_variable(name, initializer=tf.constant(
        rng.normal(size=shape) / np.sqrt(shape[0]) * (len(shape) > 1))) for name, shape in SHAPES.items()}
    hidden = tf.tanh(tf.matmul(tf.constant(pixels), weights["hidden"]) + weights["hidden_bias"])
    logits = tf.matmul(hidden, weights["output"]) + weights["output_bias"]
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return list(weights.values()), loss, tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float64))


def outliers(eigenvalues):
    """How many lie above the widest gap, counted in powers of ten, among the forty largest."""
    largest = eigenvalues[::-1][:40]
    return 1 + int(np.argmax(np.log(largest[:-1] / largest[1:])))


def bends(session, loss, weights, vector, step=1e-3):
    """The second derivative of the loss along a unit vector, by differences of its values."""
    pieces = np.split(vector, np.cumsum([int(np.prod(s)) for s in SHAPES.values()])[:-1])
    there = session.run(weights)
    values = []
    for k in (-1, 1, 0):
        for weight, value, piece in zip(weights, there, pieces):
            moved = value + k * step * piece.reshape(value.shape)
            session.run(weight.initializer, {weight.initial_value: moved})
        values.append(session.run(loss))
    return (values[0] - 2 * values[2] + values[1]) / step ** 2


def draw(density, eigenvalues, path):
    figure, axes = panels(1, "")
    th.plots.spectrum(density, exact=eigenvalues, ax=axes)
    axes.set_title("The Hessian of %d weights of a network for digits" % len(eigenvalues), fontsize=12)
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    digits = load_digits()
    weights, loss, accuracy = build(digits.data / 16, digits.target)
    step = tf.train.MomentumOptimizer(0.2, 0.9).minimize(loss)
    hessian = th.hessian(loss, weights, flat=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            session.run(step)
        print("training accuracy: %.3f   loss: %.4f" % tuple(session.run([accuracy, loss])))
        eigenvalues, vectors = np.linalg.eigh(th.evaluate(hessian))
        density = th.spectral_density(loss, weights, samples=6, steps=60)
        for name, index in (("largest", -1), ("smallest", 0)):
            print("%s eigenvalue: %.6g   along it the loss bends by: %.6g" % (
                name, eigenvalues[index], bends(session, loss, weights, vectors[:, index])))
    mean = density.mean_of(lambda value: value)
    print("mean of the eigenvalues: %.6g   from the density: %.6g +- %.2g" % (
        eigenvalues.mean(), mean.value, mean.standard_error))
    print("below a hundredth of the largest: %.3f of all" % np.mean(np.abs(eigenvalues) < 0.01 * eigenvalues[-1]))
    print("outliers: %d   classes: %d" % (outliers(eigenvalues), CLASSES))
    draw(density, eigenvalues, os.path.join(output, "spectrum_of_a_net.png"))


if __name__ == "__main__":
    main()
