"""Fourier transforms."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS"]


def _rfft3d(op, x, length):
    """A real transform of the last axis, then complex ones of the two before it; TensorFlow has no gradient."""
    x = x[..., :length[0], :length[1], :length[2]]
    return [_along(tf.signal.fft, 3, _along(tf.signal.fft, 2, tf.signal.rfft(x, length[2:])))]


def _irfft3d(op, x, length):
    """Complex transforms of two axes, then a real one of the last; TensorFlow has no gradient."""
    x = x[..., :length[0], :length[1], :length[2] // 2 + 1]
    return [tf.signal.irfft(_along(tf.signal.ifft, 2, _along(tf.signal.ifft, 3, x)), length[2:])]


def _along(transform, axis, x):
    """A transform of the last axis, of the `axis`-th from the end instead."""
    rank = tf.rank(x)
    order = tf.range(rank - axis)
    swapped = tf.concat([order, [rank - 1], tf.range(rank - axis + 1, rank - 1), [rank - axis]], 0)
    return tf.transpose(transform(tf.transpose(x, swapped)), swapped)


FORWARDS = {
    "IRFFT3D": _irfft3d,
    "RFFT3D": _rfft3d,
}
