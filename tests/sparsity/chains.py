"""The chained Rosenbrock function and its Hessian."""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["chain", "hessian_of_chain"]


def chain(n, dtype=tf.float64):
    x = tf.placeholder(dtype, [n])
    return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1])), x


def hessian_of_chain(x):
    """The closed form of the chained Rosenbrock function."""
    n = len(x)
    found = np.zeros([n, n])
    i = np.arange(n - 1)
    found[i, i] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    found[i + 1, i + 1] += 200
    found[i, i + 1] = found[i + 1, i] = -400 * x[:-1]
    return found
