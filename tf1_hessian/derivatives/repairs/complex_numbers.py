"""Functions of complex numbers that are not holomorphic."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS"]


def _sign(op, z):
    """z / |z|, which turns with z; TensorFlow 1.x takes the derivative for zero, as it is for real numbers."""
    at_zero = tf.equal(z, tf.zeros_like(z))
    z = tf.where(at_zero, tf.ones_like(z), z)
    size = tf.abs(z)
    return [tf.where(at_zero, tf.zeros_like(z), z / tf.complex(size, tf.zeros_like(size)))]


FORWARDS = {
    "Sign": _sign,
}
