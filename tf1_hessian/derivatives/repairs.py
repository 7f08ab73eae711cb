"""Gradients that replace TensorFlow's where its second derivative is wrong without an error.

A private table that the audited reverse mode asks first; nothing is registered with TensorFlow.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.scratch import key

__all__ = ["is_moment_mean", "known_wrong", "repaired_gradient"]


def repaired_gradient(op):
    """The gradient function to use instead of TensorFlow's, or None; one that the user chose for the op goes first."""
    return None if is_overridden(op) else _REPAIRS.get(op.type)


def is_overridden(op):
    """Whether the user gave the op a gradient: tf.custom_gradient, or gradient_override_map."""
    return _compat.string_attribute(op, "_gradient_op_type") is not None


def known_wrong(op, second):
    """Why TensorFlow's gradient of an op is wrong in this version and not repaired here, or None.

    second: whether a second derivative is asked for.
    """
    if is_overridden(op):
        return None
    if second and op.type in ("SegmentProd", "UnsortedSegmentProd"):
        return "its second derivative is wrong where two factors are zero; write it with tf.reduce_prod"
    if op.type in ("EluGrad", "SeluGrad") and _compat.VERSION < (1, 14):
        return "its gradient is wrong before TensorFlow 1.14 (25 % and more)"
    return None


def is_moment_mean(op):
    """Whether a StopGradient is the one inside tf.nn.moments, which must let second derivatives through.

    moments(y) computes mean((y - stop_gradient(mean(y)))**2). At first order nothing is lost, since mean(y - mean(y))
    is zero; at second order d2 var / dy2 loses its rank-one part: batch norm is 7-10 % off, symmetric and in silence.
    Exactly this pattern counts, with nothing else reading the stopped mean; every other StopGradient is the user's.
    """
    if op.type != "StopGradient" or op.inputs[0].op.type != "Mean":
        return False
    mean = op.inputs[0].op
    readers = op.outputs[0].consumers()
    squares = [r for r in readers if r.type == "SquaredDifference"]
    if not squares or any(r.type not in _READERS_OF_A_MOMENT for r in readers):
        return False
    of_same = all(_other_input(r, op.outputs[0]) == key(mean.inputs[0]) for r in readers if r.type in _DIFFERENCES)
    return of_same and all(_is_averaged_alike(s, mean) for s in squares)


# The square itself, and what TF's gradient of it reads: the difference and shapes.
_DIFFERENCES = frozenset(["SquaredDifference", "Sub"])
_READERS_OF_A_MOMENT = _DIFFERENCES | {"Shape", "ShapeN"}


def _other_input(op, tensor):
    others = [key(t) for t in op.inputs if key(t) != key(tensor)]
    return others[0] if len(others) == 1 else None


def _is_averaged_alike(square, mean):
    """Whether a squared difference is averaged over the axes of the mean."""
    axes = _compat.static_value(mean.inputs[1])
    averages = [r for r in square.outputs[0].consumers() if r.type == "Mean"]
    others = [r for r in square.outputs[0].consumers() if r.type not in ("Mean", "Shape", "ShapeN")]
    if not averages or others:
        return False
    found = [_compat.static_value(a.inputs[1]) for a in averages]
    return axes is not None and all(f is not None and f.tolist() == axes.tolist() for f in found)


def _matrix_inverse(op, grad):
    """out = inv(a), or its adjoint b: d b = -b (da)^H b. TF 1.15 takes the first formula for both (det, slogdet)."""
    out = op.outputs[0]
    if op.get_attr("adjoint"):
        return [-tf.matmul(out, tf.matmul(grad, out, adjoint_a=True))]
    return [-tf.matmul(out, tf.matmul(grad, out, adjoint_b=True), adjoint_a=True)]


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


def _softmax_cross_entropy(op, grad_loss, grad_slope):
    """TF leaves out how the second output, softmax - labels, depends on the labels: computed ones lose a part."""
    logits = op.inputs[0]
    to_logits, to_labels = [], []
    if grad_loss is not None:
        weight = tf.expand_dims(grad_loss, -1)
        to_logits.append(weight * op.outputs[1])
        to_labels.append(-weight * tf.nn.log_softmax(logits))
    if grad_slope is not None:
        softmax = tf.nn.softmax(logits)
        along = tf.expand_dims(tf.reduce_sum(grad_slope * softmax, -1), -1)
        to_logits.append((grad_slope - along) * softmax)
        to_labels.append(-grad_slope)
    return [_sum_like(sum(grads), x) for grads, x in zip((to_logits, to_labels), op.inputs)]


def _sum_like(grad, x):
    """The gradient of an input that may have been broadcast from one row."""
    if x.shape.ndims == 2 and x.shape.as_list()[0] == 1 and grad.shape.as_list()[0] != 1:
        return tf.expand_dims(tf.reduce_sum(grad, 0), 0)
    return grad


_REPAIRS = {
    "Cumprod": _cumprod,
    "MatrixInverse": _matrix_inverse,
    "SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,
}
