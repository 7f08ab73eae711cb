"""Arrays: what fills, joins and overwrites; norms."""
from tf1_hessian import _compat
from tf1_hessian._compat import VERSION, tf
from tf1_hessian.derivatives.repairs.broadcasting import widened

__all__ = ["FORWARDS", "GRADIENTS"]


def _euclidean_norm(op, x, axes):
    """The root of the sum of squares, written out: TensorFlow before 2.0 gives None in silence."""
    return [tf.sqrt(tf.reduce_sum(x * tf.conj(x), axes, keepdims=op.get_attr("keep_dims")))]


def _add(op, x, y):
    """The sum, as the op of older graphs: TF before 1.15 reads this one in later models, without a gradient."""
    return [x + y]


def _lin_space(op, start, stop, num):
    """start + (stop - start) k / (num - 1), written out: TensorFlow gives None in silence.

    Example: three points: d/dstart = (1, 1/2, 0), d/dstop = (0, 1/2, 1).
    """
    num = tf.cast(num, tf.int32)
    share = tf.cast(tf.range(num), start.dtype) / tf.cast(tf.maximum(num - 1, 1), start.dtype)
    return [start + (stop - start) * share]


def _range(op, start, limit, delta):
    """start + k delta for as many k as there are, written out: TensorFlow gives None in silence."""
    return [start + delta * tf.cast(tf.range(tf.size(op.outputs[0])), start.dtype)]


def _one_hot(op, grad):
    """on gets the gradient at the hot places, off that of the others: TensorFlow gives None in silence."""
    indices, depth, on, _ = op.inputs
    hot = tf.one_hot(indices, depth, axis=op.get_attr("axis"), dtype=on.dtype)
    return [None, None, tf.reduce_sum(grad * hot), tf.reduce_sum(grad * (1 - hot))]


def _pad_v2(op, x, paddings, value):
    """x padded with zeros, plus the value where the padding is: TensorFlow gives None for the value in silence."""
    return [tf.pad(x, paddings) + value * tf.pad(tf.zeros_like(x), paddings, constant_values=1)]


def _parallel_concat(op, grad):
    """Each input, a slice of one row, gets its row of the gradient; TensorFlow has none."""
    return tf.split(grad, len(op.inputs), 0)


def _dynamic_stitch(op, grad):
    """An input whose place a later one overwrites gets nothing: TensorFlow gives it the gradient in silence.

    Example: indices (0, 1) and (1), so that the first input's second element is overwritten: (g_0, 0) and (g_1).
    """
    count = len(op.inputs) // 2
    indices = op.inputs[:count]
    found = [tf.gather(grad, at) for at in indices]
    if not _are_unique(indices):
        found = [g * widened(mask, g) for g, mask in zip(found, _last_writers(indices, grad.dtype))]
    return [None] * count + found


def _are_unique(indices):
    values = [_compat.static_value(at) for at in indices]
    if any(v is None for v in values):
        return False
    flat = [i for v in values for i in v.ravel()]
    return len(set(flat)) == len(flat)


def _last_writers(indices, dtype):
    """For each tensor of indices, 1 where it is the last to write to a place, else 0."""
    flat = tf.concat([tf.reshape(at, [-1]) for at in indices], 0)
    order = tf.range(tf.size(flat))
    last = tf.gather(tf.unsorted_segment_max(order, flat, tf.reduce_max(tf.concat([flat, [-1]], 0)) + 1), flat)
    masks = tf.split(tf.cast(tf.equal(last, order), dtype), [tf.size(at) for at in indices])
    return [tf.reshape(mask, tf.shape(at)) for mask, at in zip(masks, indices)]


FORWARDS = {
    "EuclideanNorm": _euclidean_norm,
    "LinSpace": _lin_space,
    "PadV2": _pad_v2,
    "Range": _range,
}
if VERSION < (1, 15):
    FORWARDS["AddV2"] = _add

GRADIENTS = {
    "DynamicStitch": _dynamic_stitch,
    "OneHot": _one_hot,
    "ParallelConcat": _parallel_concat,
}
