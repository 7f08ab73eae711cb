"""Shapes that broadcast."""
from tf1_hessian._compat import tf

__all__ = ["widened"]


def widened(mask, like):
    """A mask over the first axes of a tensor, with axes of one for the others."""
    known = mask.shape.ndims is not None and like.shape.ndims is not None
    more = like.shape.ndims - mask.shape.ndims if known else tf.rank(like) - tf.rank(mask)
    return tf.reshape(mask, tf.concat([tf.shape(mask), tf.ones([more], tf.int32)], 0))
