"""Cumulative products, and so reduce_prod, at zeros."""
from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["GRADIENTS"]


def _cumprod(op, grad):
    """Without the division by x of TF's gradient, which gives NaN (1.15) or a wrong zero (2.x) where a factor is zero.

    For y_k = prod of x_j over j <= k: dL/dx_i = (prod of x_j over j < i) s_i with s_i = g_i + x_{i+1} s_{i+1}; for an
    exclusive product g_{i+1} takes the place of g_i. Example: x = (0, 2, 3), g = (0, 0, 1): s = (6, 3, 1), and the
    gradient is (6, 0, 0).
    """
    x, axis = op.inputs
    to_last = _permutation_to_last(x, axis)
    x, grad = tf.transpose(x, to_last), tf.transpose(grad, to_last)
    if op.get_attr("reverse"):
        x, grad = tf.reverse(x, [-1]), tf.reverse(grad, [-1])
    before = tf.cumprod(x, -1, exclusive=True)
    after = _recurrence(_shifted(x, 1), _shifted(grad, 1) if op.get_attr("exclusive") else grad)
    result = before * after
    if op.get_attr("reverse"):
        result = tf.reverse(result, [-1])
    return [tf.transpose(result, tf.invert_permutation(to_last)), None]


def _permutation_to_last(x, axis):
    """The permutation that moves one axis to the end."""
    rank, fixed = x.shape.ndims, _compat.static_value(axis)
    if rank is not None and fixed is not None:
        axis = int(fixed) % rank
        return tf.constant([i for i in range(rank) if i != axis] + [axis])
    rank = tf.rank(x)
    axis = tf.floormod(tf.cast(axis, tf.int32), rank)
    return tf.concat([tf.range(axis), tf.range(axis + 1, rank), [axis]], 0)


def _shifted(x, by):
    """x_{i + by} along the last axis, zeros at the end."""
    return tf.concat([x[..., by:], tf.zeros_like(x[..., :by])], -1)


def _recurrence(a, b):
    """s with s_i = b_i + a_i s_{i+1} along the last axis, by doubling: polynomial, so right at zeros to every order."""
    size = a.shape.as_list()[-1] if a.shape.ndims else None
    step = 1
    while step < (2 ** 31 if size is None else size):
        b = b + a * _shifted(b, step)
        a = a * _shifted(a, step)
        step *= 2
    return b


GRADIENTS = {
    "Cumprod": _cumprod,
}
