"""Gradient ops of activations."""
from tf1_hessian._compat import tf

__all__ = ["GRADIENTS"]

# selu(x) is scale * alpha * (exp(x) - 1) below zero, scale * x above.
_SELU_SCALE = 1.0507009873554805
_SELU_SCALE_ALPHA = 1.7580993408473766


def _softsign_grad(op, grad):
    """Softsign's gradient dy / (1 + |x|)**2 has -2 sign(x) dy / (1 + |x|)**3 in x; TensorFlow has none.

    Example: x = 1, dy = 1: -1/4.
    """
    dy, x = op.inputs
    inverse = 1 / (1 + tf.abs(x))
    slope = tf.square(inverse)
    return [grad * slope, -2 * grad * dy * tf.sign(x) * slope * inverse]


def _elu_grad(op, grad):
    """Elu's gradient dy * (1 + min(y, 0)) has dy in y below zero; TensorFlow is wrong before 1.14."""
    dy, y = op.inputs
    return [grad * (1 + tf.minimum(y, tf.zeros_like(y))), grad * dy * _negative(y)]


def _selu_grad(op, grad):
    """Selu's gradient dy * (y + scale * alpha) below zero has dy in y there; TensorFlow is wrong before 1.14."""
    dy, y = op.inputs
    negative = _negative(y)
    slope = tf.minimum(y, tf.zeros_like(y)) + _SELU_SCALE_ALPHA * negative + _SELU_SCALE * (1 - negative)
    return [grad * slope, grad * dy * negative]


def _negative(y):
    return tf.cast(y < 0, y.dtype)


GRADIENTS = {
    "EluGrad": _elu_grad,
    "SeluGrad": _selu_grad,
    "SoftsignGrad": _softsign_grad,
}
