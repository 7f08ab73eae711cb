"""Dimensions of tensors read through the shape arithmetic of the graph, as far as they are known before running.

Static shapes alone lose the classes of a softmax loss whose batch size is unknown (TF 1.15): a Reshape to
Concat([-1], Slice(Shape(logits))) has an unknown shape [?, ?].
"""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian.graph.scratch import original

__all__ = ["dimensions_of", "quotient", "sizes_told"]

_MEMORY = "_tf1_hessian_dimensions"
_DEEPEST = 40
# Longer lists than any shape are not looked into.
_MOST_ENTRIES = 64


def dimensions_of(tensor):
    """A list of ints and None, or None where even the rank is unknown."""
    static = _compat.dimensions(tensor.shape)
    if static is None or None not in static or tensor.op.type != "Reshape":
        return static
    known = _compat.kept_with(tensor.graph, _MEMORY)
    if tensor.op not in known:
        known[tensor.op] = static  # while it is being worked out
        known[tensor.op] = _reshaped(tensor, static)
    return list(known[tensor.op])


def sizes_told(tensor):
    """What a vector of sizes holds, a list of ints and None; None where even its length is unknown."""
    told = _partial(tensor, 0)
    return None if told is None or told.ndim != 1 else [None if s is None else int(s) for s in told]


def _reshaped(tensor, static):
    told = _partial(tensor.op.inputs[1], 0)
    if told is None or told.shape != (len(static),):
        return static
    found = [s if s is not None else None if t is None or t < 0 else int(t) for s, t in zip(static, told)]
    source = dimensions_of(tensor.op.inputs[0])
    if found.count(None) == 1 and source is not None and None not in source:
        found[found.index(None)] = quotient(source, [f for f in found if f is not None])
    return found


def quotient(above, below):
    """The product of the sizes `above` divided by that of `below`; None where it is unknown or not whole."""
    if None in above or None in below:
        return None
    above, below = (int(np.prod(sizes, dtype=np.int64)) for sizes in (above, below))
    return above // below if below and above % below == 0 else None


def _partial(tensor, depth):
    """The value of a small integer tensor as an array of objects, None for unknown entries; None for all of it.

    Fractions are not followed, since a cast would have to cut them off.
    """
    value = _compat.static_value(tensor)
    if value is not None:
        return np.array(value, dtype=object)
    outside = original(tensor)
    if outside is not None:
        return _partial(outside, depth)
    found = _worked_out(tensor, depth) if depth <= _DEEPEST and tensor.dtype.base_dtype.is_integer else None
    return _unknown(tensor) if found is None else found


def _worked_out(tensor, depth):
    if tensor.op.type == "Shape":
        sizes = dimensions_of(tensor.op.inputs[0])
        return None if sizes is None else _objects(sizes)
    if tensor.op.type not in _RULES:
        return None
    inputs = [_partial(t, depth + 1) for t in tensor.op.inputs]
    return None if any(i is None for i in inputs) else _RULES[tensor.op.type](tensor, *inputs)


def _unknown(tensor):
    """As many unknown entries as a tensor has, or None where that is not known or large."""
    shape = _compat.dimensions(tensor.shape)
    if shape is None or None in shape or len(shape) > 1 or max(shape + [0]) > _MOST_ENTRIES:
        return None
    return np.full(shape, None, dtype=object)


def _objects(values):
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _numbers(*arrays):
    """Lists of ints, or None where one of the arrays has an unknown entry."""
    found = [[None if v is None else int(v) for v in np.ravel(a)] for a in arrays]
    return None if any(None in numbers for numbers in found) else found


def _arithmetic(function):
    def applied(tensor, a, b):
        return np.asarray(np.frompyfunc(lambda x, y: None if None in (x, y) else function(x, y), 2, 1)(a, b), object)

    return applied


def _product(tensor, values, axes):
    if values.ndim != 1 or not np.size(axes) or tensor.op.get_attr("keep_dims"):
        return None
    return np.array(_product_of(values), dtype=object)


def _product_of(values):
    return None if None in list(values) else int(np.prod([int(v) for v in values]))


def _concatenate(tensor, *parts):
    return np.concatenate(parts[:-1]) if all(p.ndim == 1 for p in parts[:-1]) else None


def _slice(tensor, values, begin, size):
    numbers = _numbers(begin, size)
    if values.ndim != 1 or numbers is None:
        return None
    (begin,), (size,) = numbers
    return values[begin:] if size < 0 else values[begin:begin + size]


def _strided_slice(tensor, values, begin, end, strides):
    op, numbers = tensor.op, _numbers(begin, end, strides)
    masks = {name: op.get_attr(name + "_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    if values.ndim != 1 or len(begin) != 1 or masks["new_axis"] or masks["ellipsis"]:
        return None
    if numbers is None and not (masks["begin"] and masks["end"] and None not in list(strides)):
        return None
    (first,), (last,), (step,) = numbers or ([0], [0], strides)
    if masks["shrink_axis"]:
        return None if numbers is None else np.array(values[first], dtype=object)
    return values[None if masks["begin"] else first:None if masks["end"] else last:step]


def _pack(tensor, *values):
    return None if any(v.ndim for v in values) else _objects([v.item() for v in values])


def _unpack(tensor, values):
    return np.array(values[tensor.value_index], dtype=object) if values.ndim == 1 else None


def _gather(tensor, values, indices, *axis):
    numbers = _numbers(indices)
    if values.ndim != 1 or numbers is None:
        return None
    found = np.full(np.shape(indices), None, dtype=object)
    found.flat = [values[i] for i in numbers[0]]
    return found


def _reshape(tensor, values, shape):
    numbers = _numbers(shape)
    return None if numbers is None else values.reshape(numbers[0])


_RULES = {
    "Add": _arithmetic(lambda x, y: x + y),
    "AddV2": _arithmetic(lambda x, y: x + y),
    "Cast": lambda tensor, a: a,
    "ConcatV2": _concatenate,
    "ExpandDims": lambda tensor, a, axis: a.reshape(1) if a.ndim == 0 else None,
    "FloorDiv": _arithmetic(lambda x, y: x // y if y else None),
    "GatherV2": _gather,
    "Identity": lambda tensor, a: a,
    "Maximum": _arithmetic(max),
    "Minimum": _arithmetic(min),
    "Mul": _arithmetic(lambda x, y: x * y),
    "Pack": _pack,
    "Prod": _product,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": lambda tensor, a: a.reshape(()) if a.shape == (1,) else None,
    "StridedSlice": _strided_slice,
    "Sub": _arithmetic(lambda x, y: x - y),
    "Unpack": _unpack,
}
