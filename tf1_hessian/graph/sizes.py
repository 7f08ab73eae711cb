"""Small integer arithmetic on shapes, worked out before anything runs."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.scratch import key, original

__all__ = ["is_size", "known_value", "static_size", "told"]

_LARGEST = 256
_DTYPES = frozenset([tf.int32, tf.int64, tf.bool])


def is_size(tensor):
    """Whether a tensor may hold sizes, axes or a choice between them: small, integer or boolean, and never fed.

    A constant of the user's graph may be fed with another value (a flag, a rate); one that was made here can't be.
    """
    if not isinstance(tensor.graph, _compat.FuncGraph) or original(tensor) is not None:
        return False
    return _is_small(tensor)


def known_value(tensor, known):
    """The value of a size as a numpy array where constants alone decide it, else None. `known`: answers so far."""
    return _value(tensor, known, is_size)


def static_size(tensor):
    """The value of a small integer or boolean tensor by its graph's constants and static shapes, or None.

    What was read off can't be fed any more: sessions raise, as they do for constants that TensorFlow itself relied on.
    """
    known = {}
    value = _value(tensor, known, _is_small)
    if value is not None:
        for op, index in known:
            op.graph.prevent_feeding(op.outputs[index])
    return value


def told(tensor):
    """The value of a constant as a numpy array, or None. The user's can't be fed any more, as above."""
    outside = original(tensor)
    tensor = tensor if outside is None else outside
    if tensor.op.type != "Const":
        return None
    tensor.graph.prevent_feeding(tensor)
    return _compat.static_value(tensor)


def _is_small(tensor):
    if tensor.dtype not in _DTYPES:
        return False
    count = _compat.count_elements(tensor.shape)
    return count is not None and count <= _LARGEST


def _value(tensor, known, may_tell):
    stack = [tensor]
    while stack:
        top = stack[-1]
        if key(top) in known:
            stack.pop()
            continue
        rule = _RULES.get(top.op.type) if may_tell(top) else None
        pending = [t for t in top.op.inputs if key(t) not in known] if rule else []
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        known[key(top)] = _evaluated(top, rule, known) if may_tell(top) else None
    return known[key(tensor)]


def _evaluated(tensor, rule, known):
    value = _compat.static_value(tensor)
    if value is None and tensor.op.type == "StridedSlice" and tensor.op.inputs[0].op.type == "Shape":
        value = _dimension(tensor.op, known[key(tensor.op.inputs[1])])
    if value is not None or rule is None:
        return value
    inputs = [known[key(t)] for t in tensor.op.inputs]
    if any(i is None for i in inputs):
        return None
    value = rule(tensor.op, *inputs)
    return None if value is None else np.asarray(value, tensor.dtype.as_numpy_dtype)


def _dimension(op, begin):
    """One dimension of a static shape, others of which may be unknown."""
    shape = _compat.dimensions(op.inputs[0].op.inputs[0].shape)
    if op.get_attr("shrink_axis_mask") != 1 or begin is None or shape is None or shape[int(begin[0])] is None:
        return None
    return np.asarray(shape[int(begin[0])], op.outputs[0].dtype.as_numpy_dtype)


def _part(op, vector, begin, end, strides):
    """One element or a range of a vector, the forms in which sizes are read off a shape."""
    if np.ndim(vector) != 1 or len(begin) != 1 or op.get_attr("ellipsis_mask") or op.get_attr("new_axis_mask"):
        return None
    if op.get_attr("shrink_axis_mask"):
        return vector[int(begin[0])]
    first = None if op.get_attr("begin_mask") else int(begin[0])
    last = None if op.get_attr("end_mask") else int(end[0])
    return vector[first:last:int(strides[0])]


def _binary(function):
    return lambda op, a, b: function(a, b)


def _choice(op, condition, a, b):
    return np.where(condition, a, b)


def _reduction(function):
    def reduced(op, a, axes):
        return function(a, axis=tuple(int(i) for i in np.ravel(axes)), keepdims=op.get_attr("keep_dims"))

    return reduced


_RULES = {
    "Add": _binary(np.add),
    "AddV2": _binary(np.add),
    "ConcatV2": lambda op, *parts: np.concatenate(parts[:-1], int(parts[-1])),
    "Equal": _binary(np.equal),
    "ExpandDims": lambda op, a, axis: np.expand_dims(a, int(axis)),
    "Greater": _binary(np.greater),
    "GreaterEqual": _binary(np.greater_equal),
    "Identity": lambda op, a: a,
    "Less": _binary(np.less),
    "LogicalAnd": _binary(np.logical_and),
    "LogicalNot": lambda op, a: np.logical_not(a),
    "LogicalOr": _binary(np.logical_or),
    "Max": _reduction(np.max),
    "Maximum": _binary(np.maximum),
    "Min": _reduction(np.min),
    "Minimum": _binary(np.minimum),
    "Mul": _binary(np.multiply),
    "Pack": lambda op, *parts: np.stack(parts, op.get_attr("axis")),
    "Range": lambda op, start, limit, delta: np.arange(start, limit, delta),
    "Reshape": lambda op, a, shape: np.reshape(a, shape),
    "Select": _choice,
    "SelectV2": _choice,
    "StridedSlice": _part,
    "Sub": _binary(np.subtract),
    "Tile": lambda op, a, multiples: np.tile(a, multiples),
}
