"""Products and sums over segments."""
import numpy as np

from tf1_hessian._compat import tf
from tf1_hessian.derivatives.repairs.broadcasting import widened

__all__ = ["FORWARDS", "GRADIENTS"]


def _segment_prod(op, x, ids):
    """Products of neighbours by doubling: polynomial, so right at zeros to every order; TensorFlow divides by x.

    Example: x = (0, 0), one segment: the product's Hessian is [[0, 1], [1, 0]].
    """
    return [_products(x, ids, tf.shape(op.outputs[0])[0])]


def _unsorted_segment_prod(op, x, ids, count):
    """Products of neighbours by doubling, after sorting: polynomial, so right at zeros; TensorFlow divides by x."""
    ids = tf.cast(tf.reshape(ids, [-1]), tf.int32)
    x = tf.reshape(x, tf.concat([tf.shape(ids), tf.shape(op.outputs[0])[1:]], 0))
    order = tf.argsort(ids)
    return [_products(tf.gather(x, order), tf.gather(ids, order), tf.cast(count, tf.int32))]


# How many factors a segment may have where the number of rows is not known: each doubling stands in the graph.
_MOST_OF_UNKNOWN = 2 ** 12


def _products(x, ids, count):
    """The product of each segment of sorted ids (negative ones are dropped), 1 where it is empty.

    After k steps, p_i is the product of the last 2**k factors up to the i-th, of the same segment. NaN where some
    segment has more factors than the steps reach.
    """
    size = x.shape.as_list()[0] if x.shape.ndims else None
    reach = _MOST_OF_UNKNOWN if size is None else size
    if size is None:
        longest = tf.reduce_max(tf.unsorted_segment_sum(tf.ones_like(ids), ids, count))
        x = x * tf.where(longest <= reach, tf.constant(1, x.dtype), tf.constant(np.nan, x.dtype))
    p, step = x, 1
    while step < reach:
        same = widened(tf.cast(tf.equal(ids[step:], ids[:-step]), x.dtype), x)
        p = tf.concat([p[:step], p[step:] * (same * p[:-step] + (1 - same))], 0)
        step *= 2
    last = tf.unsorted_segment_max(tf.range(tf.size(ids)), ids, count)
    filled = widened(tf.cast(last >= 0, x.dtype), x)
    return filled * tf.gather(tf.concat([p, tf.ones_like(p[:1])], 0), tf.maximum(last, 0)) + (1 - filled)


def _weights(kind, ids, count, dtype):
    """By what a row of each index is multiplied: 1, or 1 / n or 1 / sqrt(n) of its segment's size."""
    if "Sum" in kind:
        return tf.ones_like(ids, dtype)
    sizes = tf.gather(tf.unsorted_segment_sum(tf.ones_like(ids, dtype), ids, count), ids)
    return 1 / sizes if "Mean" in kind else tf.rsqrt(sizes)


def _sparse_segment(op, grad):
    """Each row read gets its segment's gradient times 1, 1 / n or 1 / sqrt(n); TensorFlow's can't be repeated.

    For SparseSegmentSum, Mean and SqrtN: embedding_lookup_sparse.
    """
    x, indices, ids = op.inputs[:3]
    rows = tf.gather(grad, ids)
    rows = rows * widened(_weights(op.type, ids, tf.shape(grad)[0], grad.dtype), rows)
    return [tf.unsorted_segment_sum(rows, indices, tf.shape(x)[0])] + [None] * (len(op.inputs) - 1)


def _sparse_segment_grad(op, grad, *_):
    """The gradient of a sparse segment sum is linear: its own gradient is the weighted segment sum of what comes in.

    The second version of the op gives only the rows that were read, sorted, and which ones they are.
    """
    given, indices, ids = op.inputs[:3]
    at = tf.searchsorted(op.outputs[1], indices) if len(op.outputs) > 1 else indices
    return [_summed(op.type, tf.gather(grad, at), ids, tf.shape(given)[0])] + [None] * (len(op.inputs) - 1)


def _summed(kind, rows, ids, count):
    return tf.unsorted_segment_sum(rows * widened(_weights(kind, ids, count, rows.dtype), rows), ids, count)


_KINDS = ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN")

FORWARDS = {
    "SegmentProd": _segment_prod,
    "UnsortedSegmentProd": _unsorted_segment_prod,
}

GRADIENTS = {}
for _kind in _KINDS:
    GRADIENTS.update({
        _kind: _sparse_segment,
        _kind + "WithNumSegments": _sparse_segment,
        _kind + "Grad": _sparse_segment_grad,
        _kind + "GradV2": _sparse_segment_grad,
    })
