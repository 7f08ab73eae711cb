"""Normal modes of a Lennard-Jones cluster: its shape by Newton's method, its vibrations from the sparse Hessian.

Atoms of a ball cut from a crystal attract those near them. The Hessian of the energy tells how the cluster vibrates:
its eigenvalues are squared frequencies (masses are one), six of them zero for moving and turning the whole. The
energy is a sum over pairs: six columns of copies of their coordinates tell every entry, however large the ball is.
"""
import argparse

import numpy as np
import tensorflow.compat.v1 as tf
from scipy.sparse import identity, linalg

import tf1_hessian as th

tf.disable_eager_execution()

BOND = 2 ** (1 / 6.0)  # where the energy of a pair is least


def ball(radius):
    """(places of the atoms of a face-centred cubic crystal in a ball, pairs of neighbours)."""
    steps = np.arange(-8, 9)
    places = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    places = places[places.sum(1) % 2 == 0] * BOND / np.sqrt(2)
    places = places[np.linalg.norm(places, axis=1) <= radius]
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return places, np.argwhere(np.triu(apart < 1.8, 1))


def energy_of(places, pairs):
    """The sum over pairs of 4 (1 / r**12 - 1 / r**6)."""
    between = tf.gather(places, pairs[:, 0]) - tf.gather(places, pairs[:, 1])
    sixth = 1 / tf.reduce_sum(tf.square(between), 1) ** 3
    return tf.reduce_sum(4 * (tf.square(sixth) - sixth))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radius", type=float, default=3.5)
    start, pairs = ball(parser.parse_args().radius)

    places = tf.placeholder(tf.float64, start.shape)
    energy = energy_of(places, pairs)
    gradient, hessian = tf.gradients(energy, places)[0], th.sparse_hessian(energy, places)
    print("atoms: %d   neighbours: %d" % (len(start), len(pairs)))
    print("entries: %d of %d   columns: %d" % (hessian.pattern.nnz, hessian.pattern.n ** 2, hessian.columns))

    values = start
    with tf.Session() as session:
        for step in range(20):
            height, slope, matrix = th.evaluate([energy, tf.convert_to_tensor(gradient), hessian], {places: values},
                                                session)
            print("step %2d  energy %.8f  gradient %.2e" % (step, height, np.abs(slope).max()))
            if np.abs(slope).max() < 1e-10:
                break
            # Moving and turning costs nothing: a little is added, so that there is one solution.
            shifted = (matrix + 1e-8 * identity(matrix.shape[0])).tocsc()
            values = values - linalg.spsolve(shifted, slope.ravel()).reshape(values.shape)
    squares = linalg.eigsh(matrix + identity(matrix.shape[0]), 10, sigma=0, which="LM", return_eigenvectors=False) - 1
    squares = np.sort(squares)
    highest = linalg.eigsh(matrix, 1, which="LA", return_eigenvectors=False)[0]
    print("modes without a force: %d" % np.sum(np.abs(squares) < 1e-6))
    print("lowest frequency: %.6f" % np.sqrt(squares[6]))
    print("highest frequency: %.6f" % np.sqrt(highest))


if __name__ == "__main__":
    main()
