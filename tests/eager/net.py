"""A small net in eager variables, and its Hessian by finite differences of tf.GradientTape."""
import numpy as np
import tensorflow as tf
from truths import flat, jacobian

RANDOM = np.random.RandomState(3)
X, Y = RANDOM.randn(7, 3), RANDOM.randn(7, 2)
W = tf.Variable(RANDOM.randn(3, 4) * 0.5)
B = tf.Variable(RANDOM.randn(4) * 0.1)
V = tf.Variable(RANDOM.randn(4, 2) * 0.5)
WEIGHTS = [W, B, V]
N = 24


def squares(x=X, y=Y, weights=None):
    """One loss for each row."""
    w, b, v = WEIGHTS if weights is None else weights
    return tf.reduce_mean((tf.matmul(tf.tanh(tf.matmul(x, w) + b), v) - y) ** 2, 1)


def loss(x=X, y=Y):
    return tf.reduce_mean(squares(x, y))


def given(w, b, v, x=X, y=Y):
    """The same loss of tensors."""
    return tf.reduce_mean(squares(x, y, [w, b, v]))


def gradient(function=loss):
    with tf.GradientTape() as tape:
        value = function()
    return flat(tape.gradient(value, WEIGHTS))


HESSIAN = jacobian(gradient, WEIGHTS)
DIAGONAL = np.diag(HESSIAN)


def close(found, expected, rtol=1e-8):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-9)
