"""Total-variation denoising by Newton's method: the sparse Hessian of a TF1 loss in the hands of scipy.

The loss is half the squared distance to a noisy picture plus the length of the picture's gradient, smoothed at zero.
Its Hessian has seven entries in a row, whatever the size: a handful of columns tells all of it, and a sparse solver
takes the step that gradient descent needs thousands of iterations for. Source: Rudin, Osher, Fatemi, Nonlinear total
variation based noise removal algorithms, Physica D 60 (1992).
"""
import argparse

import numpy as np
import tensorflow.compat.v1 as tf
from scipy.sparse import linalg

import tf1_hessian as th

tf.disable_eager_execution()

WEIGHT, SMOOTHING = 0.15, 0.01


def picture(size):
    """(a disc and a bar, the same with noise)."""
    y, x = np.mgrid[:size, :size] / float(size)
    clean = 1.0 * ((x - 0.35) ** 2 + (y - 0.4) ** 2 < 0.05) + 0.6 * ((x > 0.65) & (x < 0.8) & (y > 0.2))
    return clean, clean + 0.2 * np.random.RandomState(0).randn(size, size)


def loss_of(u, noisy):
    """As a TF1 program would write it."""
    across = tf.pad(u[:, 1:] - u[:, :-1], [[0, 0], [0, 1]])
    down = tf.pad(u[1:] - u[:-1], [[0, 1], [0, 0]])
    variation = tf.reduce_sum(tf.sqrt(tf.square(across) + tf.square(down) + SMOOTHING ** 2))
    return 0.5 * tf.reduce_sum(tf.square(u - noisy)) + WEIGHT * variation


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=96)
    size = parser.parse_args().size
    clean, noisy = picture(size)

    u = tf.placeholder(tf.float64, [size, size])
    loss = loss_of(u, tf.constant(noisy))
    gradient = tf.gradients(loss, u)[0]
    print(th.plan(loss, u, "sparse"))
    hessian = th.sparse_hessian(loss, u)

    values = noisy.copy()
    with tf.Session() as session:
        for step in range(60):
            energy, slope, matrix = th.evaluate([loss, gradient, hessian], {u: values}, session)
            print("step %2d  loss %.8f  gradient %.2e" % (step, energy, np.abs(slope).max()))
            if np.abs(slope).max() < 1e-9:
                break
            move = -linalg.spsolve(matrix.tocsc(), slope.ravel()).reshape(values.shape)
            length = 1.0
            while session.run(loss, {u: values + length * move}) > energy + 1e-4 * length * np.sum(slope * move):
                length /= 2
            values = values + length * move
    print("columns: %d of %d" % (hessian.columns, values.size))
    print("error before: %.4f" % np.sqrt(np.mean((noisy - clean) ** 2)))
    print("error after: %.4f" % np.sqrt(np.mean((values - clean) ** 2)))


if __name__ == "__main__":
    main()
