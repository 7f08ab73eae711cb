"""TensorArrays of v1 control flow, emitted as tensor lists, or as tuples of tensors where their loops are unrolled."""
import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import sizes
from tf1_hessian.graph.scratch import original

__all__ = ["Elements", "NotUnrolled", "RULES", "array_behind", "folded", "is_flow", "is_handle", "is_place"]


class NotUnrolled(Exception):
    """The graph does not tell how often a loop runs, or where a TensorArray is written."""


class Elements(tuple):
    """An unrolled TensorArray: one tensor an element, None where nothing was written."""

    def put(self, index, tensor):
        """The elements with one replaced; an array of dynamic size grows."""
        elements = list(self) + [None] * (index + 1 - len(self))
        elements[index] = tensor
        return Elements(elements)


def is_handle(tensor):
    """Whether a tensor is the handle of a TensorArray: what it holds travels along the flow."""
    return tensor.dtype == tf.resource and _behind(tensor).op.type == "TensorArrayV3"


def is_flow(tensor):
    """Whether a tensor is the flow of a TensorArray: a number that only orders its reads and writes."""
    if tensor.dtype != tf.float32 or tensor.shape.ndims:
        return False
    tensor = _behind(tensor)
    return (tensor.op.type, tensor.value_index) in _FLOWS


_UNMERGED = frozenset(["Enter", "Identity", "Switch"])
_HANDED_ON = _UNMERGED | {"Exit", "Merge", "NextIteration"}


def _behind(tensor, through=_HANDED_ON):
    """The tensor that conditionals and loops hand on as this one."""
    while tensor.op.type in through:
        tensor = tensor.op.inputs[0]
    return tensor


_FLOWS = frozenset([
    ("TensorArrayV3", 1), ("TensorArrayScatterV3", 0), ("TensorArraySplitV3", 0), ("TensorArrayWriteV3", 0)])


def is_place(tensor):
    """Whether a tensor is the size of a TensorArray, or the range of its indices."""
    while tensor.op.type in ("Cast", "Identity"):
        tensor = tensor.op.inputs[0]
    ops = [tensor.op] + [t.op for t in tensor.op.inputs if tensor.op.type == "Range"]
    return any(op.type == "TensorArraySizeV3" for op in ops)


def array_behind(op):
    """The op behind the handle that an op of a TensorArray has: the TensorArrayV3, or one that hides it."""
    return op if op.type == "TensorArrayV3" else _behind(op.inputs[0]).op


def folded(tensor, known):
    """The value of a size that constants alone decide, or None. `known`: answers so far."""
    return sizes.known_value(tensor, known) if sizes.is_size(tensor) else None


def _array_of(op):
    """The TensorArrayV3 whose handle an op has."""
    array = array_behind(op)
    if array.type != "TensorArrayV3":
        raise errors.hidden_in_loop(op)
    return array


def _shape_in(array):
    """The shape of the elements of a TensorArrayV3, as far as known."""
    return tf.TensorShape(array.get_attr("element_shape"))


def _index(tensor):
    """The value of an index in an unrolled loop."""
    if tensor.op.type == "Range" and isinstance(tensor.graph, _compat.FuncGraph):
        return np.arange(*[_index(t) for t in tensor.op.inputs])
    found = folded(tensor, {})
    if found is None:
        found = _static_size(tensor)
    if found is None:
        raise NotUnrolled("the graph does not tell where a TensorArray is read or written")
    return found


def _static_size(tensor):
    """The value that the user's graph tells, which can't be fed any more, or None."""
    outside = original(tensor)
    return sizes.static_size(tensor if outside is None else outside)


def _make_array(emission, op, inputs):
    if emission.unrolls:
        return [None, Elements([None] * int(_index(inputs[0])))]
    dtype = emission.widened_dtype(tf.as_dtype(op.get_attr("dtype")))
    return [None, _compat.list_reserve(_compat.dimensions(_shape_in(op)), dtype, inputs[0])]


def _make_write(emission, op, inputs):
    _, index, value, flow = inputs
    value = emission.widened(value)
    if isinstance(flow, Elements):
        return [flow.put(int(_index(index)), value)]
    return [_compat.list_set(_grown(op, flow, index), index, value)]


def _grown(op, flow, last):
    """The list with an element `last`, where the array of an op may grow."""
    if not _array_of(op).get_attr("dynamic_size"):
        return flow
    return _resized(op, flow, tf.maximum(_compat.list_length(flow), last + 1))


def _resized(op, flow, size):
    if not _compat.HAS_LIST_RESIZE:
        raise errors.array_of_loop(op, "on TensorFlow 1.13, TensorArrays that grow or are filled in part")
    return _compat.list_resize(flow, size)


def _make_read(emission, op, inputs):
    _, index, flow = inputs
    if isinstance(flow, Elements):
        return [_written(op, flow, int(_index(index)))]
    dtype = emission.widened_dtype(op.outputs[0].dtype)
    return [_compat.list_item(flow, index, _compat.dimensions(_shape_of_element(op, 0)), dtype)]


def _shape_of_element(op, axes):
    """What the array and the op's own result tell about the shape of an element."""
    shape = _shape_in(_array_of(op))
    return shape.merge_with(op.outputs[0].shape[axes:]) if op.outputs[0].shape.ndims is not None else shape


def _written(op, flow, index):
    if not 0 <= index < len(flow) or flow[index] is None:
        raise NotUnrolled("element %d of a TensorArray is read and never written" % index)
    return flow[index]


def _make_gather(emission, op, inputs):
    _, indices, flow = inputs
    if isinstance(flow, Elements):
        return [tf.stack([_written(op, flow, int(i)) for i in np.ravel(_index(indices))])]
    shape, dtype = _shape_of_element(op, 1), emission.widened_dtype(op.outputs[0].dtype)
    return [_compat.list_gather(flow, indices, _compat.dimensions(shape), dtype)]


def _make_scatter(emission, op, inputs):
    _, indices, value, flow = inputs
    value = emission.widened(value)
    if isinstance(flow, Elements):
        places = np.ravel(_index(indices))
        for i, element in zip(places, tf.unstack(value, num=len(places))):
            flow = flow.put(int(i), element)
        return [flow]
    if not _is_fresh(op.inputs[3]) or not _counts_up(op.inputs[1]):
        return [_put_each(op, flow, emission.value(op.inputs[1]), value)]
    rows = _compat.list_from_tensor(value, _compat.dimensions(value.shape[1:]))
    if _is_length(array_behind(op).inputs[0], op.inputs[2]):
        return [rows]
    return [_resized(op, rows, tf.maximum(_compat.list_length(flow), tf.shape(value)[0]))]


def _is_fresh(flow):
    """Whether nothing was written to an array before; what a loop has merged may have been."""
    return _behind(flow, _UNMERGED).op.type == "TensorArrayV3"


def _static_rows(value):
    return _compat.dimensions(value.shape[:1])[0]


def _is_length(size, value):
    """Whether the graph shows that a tensor is the number of rows of another."""
    known = _static_size(size), _static_rows(value)
    if None not in known:
        return known[0] == known[1]
    row = size.op
    if row.type != "StridedSlice" or row.inputs[0].op.type != "Shape" or row.get_attr("shrink_axis_mask") != 1:
        return False
    first = _compat.static_value(row.inputs[1])
    return first is not None and first.tolist() == [0] and row.inputs[0].op.inputs[0] is value


def _put_each(op, flow, indices, value):
    """The list with rows set one by one; the graph must tell how many."""
    count = _static_rows(value)
    if count is None:
        raise errors.array_out_of_order(op)
    if count:
        flow = _grown(op, flow, tf.reduce_max(indices))
    for i, row in enumerate(tf.unstack(value, num=count)):
        flow = _compat.list_set(flow, indices[i], row)
    return flow


def _counts_up(indices):
    """Whether indices are 0, 1, 2, ...: what TensorArray.unstack scatters to."""
    found = _compat.static_value(indices)
    if found is not None:
        return np.array_equal(found, np.arange(len(found)))
    if indices.op.type != "Range":
        return False
    start, _, delta = [_compat.static_value(t) for t in indices.op.inputs]
    return start is not None and delta is not None and (int(start), int(delta)) == (0, 1)


def _make_size(emission, op, inputs):
    flow = inputs[1]
    return [tf.constant(len(flow)) if isinstance(flow, Elements) else _compat.list_length(flow)]


def _make_concat(emission, op, inputs):
    flow = inputs[1]
    if not isinstance(flow, Elements):
        raise errors.array_of_loop(op, "TensorArray.concat and split")
    parts = [_written(op, flow, i) for i in range(len(flow))]
    return [tf.concat(parts, 0), tf.stack([tf.shape(p, out_type=tf.int64)[0] for p in parts])]


def _make_split(emission, op, inputs):
    _, value, lengths, flow = inputs
    if not isinstance(flow, Elements):
        raise errors.array_of_loop(op, "TensorArray.concat and split")
    parts = tf.split(emission.widened(value), [int(n) for n in _index(lengths)], 0)
    return [Elements(parts)]


RULES = {
    "TensorArrayConcatV3": _make_concat,
    "TensorArrayGatherV3": _make_gather,
    "TensorArrayReadV3": _make_read,
    "TensorArrayScatterV3": _make_scatter,
    "TensorArraySizeV3": _make_size,
    "TensorArraySplitV3": _make_split,
    "TensorArrayV3": _make_array,
    "TensorArrayWriteV3": _make_write,
}
