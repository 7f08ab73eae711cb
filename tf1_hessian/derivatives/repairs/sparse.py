"""Sparse tensors: the gradient of values that are moved, joined or dropped."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS", "GRADIENTS"]


def _sparse_concat(op, grad_indices, grad, grad_shape):
    """Each value gets the gradient of the place it moved to; TensorFlow gives None in silence.

    Where it moved to is found by joining the values' numbers instead.
    """
    count = len(op.inputs) // 3
    indices, values, shapes = op.inputs[:count], op.inputs[count:2 * count], op.inputs[2 * count:]
    sizes = [tf.size(v) for v in values]
    numbers = tf.split(tf.range(tf.add_n(sizes)), sizes)
    tensors = [tf.SparseTensor(*parts) for parts in zip(indices, numbers, shapes)]
    moved = tf.sparse_concat(op.get_attr("concat_dim"), tensors).values
    return [None] * count + tf.split(tf.gather(grad, tf.invert_permutation(moved)), sizes) + [None] * count


def _sparse_slice(op, grad_indices, grad, grad_shape):
    """Each value kept gets its gradient, the others zero; the gradient op of TensorFlow can't be differentiated."""
    indices, values, shape, start, size = op.inputs
    numbers = tf.SparseTensor(indices, tf.range(tf.size(values)), shape)
    kept = tf.sparse_slice(numbers, start, size).values
    return [None, tf.unsorted_segment_sum(grad, kept, tf.size(values)), None, None, None]


def _sparse_split(op, *grads):
    """Each value gets the gradient of the part it went to; TensorFlow has none."""
    axis, indices, values, shape = op.inputs
    count = op.get_attr("num_split")
    numbers = tf.SparseTensor(indices, tf.range(tf.size(values)), shape)
    parts = tf.sparse_split(sp_input=numbers, num_split=count, axis=axis)
    found = [tf.unsorted_segment_sum(grad, part.values, tf.size(values))
             for grad, part in zip(grads[count:2 * count], parts) if grad is not None]
    return [None, None, tf.add_n(found), None]


def _sparse_add(op, grad_indices, grad, grad_shape):
    """Each value gets the gradient at its place in the sum; TensorFlow's second derivative is None in silence."""
    a_indices, b_indices = op.inputs[0], op.inputs[3]
    to_a, to_b = [tf.gather(_with_end(grad), at) for at in _places(op.outputs[0], a_indices, b_indices)]
    return [None, to_a, None, None, to_b, None, None]


def _sparse_add_grad(op, to_a, to_b):
    """The gradient of a sparse sum is linear: its own gradient is the sparse sum of what comes in."""
    found = []
    for grad, at in zip((to_a, to_b), _places(op.inputs[3], op.inputs[1], op.inputs[2])):
        if grad is not None:
            count = tf.size(op.inputs[0])
            found.append(tf.unsorted_segment_sum(grad, at, count + 1)[:count])
    return [tf.add_n(found), None, None, None]


def _with_end(x):
    """x and a zero at the end, for what has no place in it."""
    return tf.concat([x, tf.zeros([1], x.dtype)], 0)


def _places(whole, *parts):
    """For each index of each part its number in `whole` (sorted), or the number after the last."""
    sizes = tf.reduce_max(tf.concat((whole,) + parts, 0), 0) + 1
    flat = _numbers(whole, sizes)
    ended = tf.concat([flat, [-1]], 0)
    found = []
    for part in parts:
        wanted = _numbers(part, sizes)
        at = tf.searchsorted(flat, wanted)
        found.append(tf.where(tf.equal(tf.gather(ended, at), wanted), at, tf.fill(tf.shape(at), tf.size(flat))))
    return found


def _numbers(indices, sizes):
    """The number of each index in C order."""
    return tf.reduce_sum(indices * tf.cumprod(sizes, exclusive=True, reverse=True), 1)


def _sparse_maximum(op, a_indices, a, a_shape, b_indices, b, b_shape):
    """Both spread over the union of their places, missing ones as zero, and compared; TensorFlow's gradient fails."""
    return [None, tf.maximum(*_spread(op, a_indices, a, b_indices, b))]


def _sparse_minimum(op, a_indices, a, a_shape, b_indices, b, b_shape):
    """Both spread over the union of their places, missing ones as zero, and compared; TensorFlow's gradient fails."""
    return [None, tf.minimum(*_spread(op, a_indices, a, b_indices, b))]


def _spread(op, a_indices, a, b_indices, b):
    union = op.outputs[0]
    count = tf.shape(union)[0]
    return [tf.unsorted_segment_sum(values, at, count + 1)[:count]
            for values, at in zip((a, b), _places(union, a_indices, b_indices))]


def _sparse_dense_cwise_add(op, indices, values, shape, dense):
    """The values plus the dense elements at their places, read one by one; TensorFlow has no gradient.

    A dense side with fewer or shorter axes is broadcast: an axis of one is read at 0.
    """
    at = indices[:, tf.shape(indices)[1] - tf.rank(dense):]
    sizes = tf.shape(dense, out_type=tf.int64)
    flat = _numbers(tf.floormod(at, sizes), sizes)
    return [values + tf.gather(tf.reshape(dense, [-1]), tf.cast(flat, tf.int32))]


def _sparse_fill_empty_rows(op, grad_indices, grad, *_):
    """Each value gets the gradient of its new place, the default the rest; TensorFlow's can't be repeated."""
    to_values = tf.gather(grad, tf.cast(op.outputs[3], tf.int32))
    return [None, to_values, None, tf.reduce_sum(grad) - tf.reduce_sum(to_values)]


def _sparse_to_dense(op, grad):
    """Each value gets the gradient at its place, the default the rest; TensorFlow 1.13 gives None in silence."""
    indices, sizes, values, _ = op.inputs
    flat = _numbers(tf.reshape(indices, [-1, tf.size(sizes)]), sizes)
    read = tf.gather(tf.reshape(grad, [-1]), tf.cast(flat, tf.int32))
    to_values = tf.reduce_sum(read) if values.shape.ndims == 0 else read
    return [None, None, to_values, tf.reduce_sum(grad) - tf.reduce_sum(read)]


FORWARDS = {
    "SparseDenseCwiseAdd": _sparse_dense_cwise_add,
    "SparseSparseMaximum": _sparse_maximum,
    "SparseSparseMinimum": _sparse_minimum,
}

GRADIENTS = {
    "SparseAdd": _sparse_add,
    "SparseAddGrad": _sparse_add_grad,
    "SparseConcat": _sparse_concat,
    "SparseFillEmptyRows": _sparse_fill_empty_rows,
    "SparseSlice": _sparse_slice,
    "SparseSplit": _sparse_split,
    "SparseToDense": _sparse_to_dense,
}
