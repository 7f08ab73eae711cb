"""What is differentiated with respect to: variables, tensors and names, resolved to the tensors that the loss reads."""
import difflib

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.captures import seen_from

__all__ = ["Source", "anchors_of", "check_real", "resolve_losses", "resolve_sources", "resolve_tensor", "storage_of"]


class Source(object):
    """One thing differentiated with respect to.

    anchors: the tensors through which every read goes: the handle of a resource variable, the reference of a ref
    variable, a tensor itself; one for each part of a partitioned variable, whose parts lie along `axis`.
    """

    def __init__(self, name, anchors, shapes, dtype, axis=0):
        self.name, self.anchors, self.dtype = name, tuple(anchors), dtype
        self.shapes, self._axis = tuple(shapes), axis
        self._part_sizes = [s.as_list()[axis] for s in shapes] if len(shapes) > 1 else []
        self.shape = shapes[0] if len(shapes) == 1 else _joined(shapes, axis)

    def __str__(self):
        return "Source(%s %s %s)" % (self.name, self.dtype.name, self.shape)

    @property
    def size(self):
        """The number of elements, or None."""
        return _compat.count_elements(self.shape)

    def values(self):
        """The present value of each anchor, as tensors of the default graph."""
        return [_value(a, self.dtype, s) for a, s in zip(self.anchors, self.shapes)]

    def zeros(self):
        """Zeros of the source's shape."""
        if self.shape.is_fully_defined():
            return tf.zeros(self.shape, self.dtype)
        return self.join([tf.zeros_like(v) for v in self.values()])

    def zeros_of(self, index):
        """Zeros of one anchor's shape."""
        if self.shapes[index].is_fully_defined():
            return tf.zeros(self.shapes[index], self.dtype)
        return tf.zeros_like(self.values()[index])

    def anchored_at(self, tensors, dtype):
        """The same source with its values in other tensors, one for each anchor."""
        return Source(self.name, tensors, self.shapes, dtype, self._axis)

    def split(self, tensor):
        """A tensor of the source's shape as one for each anchor."""
        if len(self.anchors) == 1:
            return [tensor]
        pieces, before = [], (slice(None),) * self._axis
        for end, size in zip(np.cumsum(self._part_sizes), self._part_sizes):
            pieces.append(tensor[before + (slice(int(end - size), int(end)),)])  # pfor splits along the wrong axis
        return pieces

    def join(self, tensors, count=None):
        """One tensor an anchor as one of the source's shape; None where all are None, else None counts as zero.

        count: that many of each are stacked along a new first axis.
        """
        if all(t is None for t in tensors):
            return None
        if len(tensors) == 1:
            return tensors[0]
        if count is None:
            return tf.concat([self.zeros_of(i) if t is None else t for i, t in enumerate(tensors)], self._axis)
        zeros = [tf.zeros(tf.concat([[count], s.as_list()], 0), self.dtype) for s in self.shapes]
        return tf.concat([z if t is None else t for z, t in zip(zeros, tensors)], self._axis + 1)


def _joined(shapes, axis):
    sizes = shapes[0].as_list()
    sizes[axis] = sum(s.as_list()[axis] for s in shapes)
    return tf.TensorShape(sizes)


def _value(anchor, dtype, shape):
    value = _compat.read_variable(anchor, dtype) if anchor.dtype == tf.resource else tf.identity(anchor)
    value.set_shape(shape)
    return value


def anchors_of(sources):
    """The anchors of several sources, in order."""
    return [a for s in sources for a in s.anchors]


def resolve_sources(xs, graph):
    """The Sources of a structure of xs, flat and in order."""
    return [_resolve(x, graph) for x in _compat.flatten(xs)]


def resolve_tensor(name_or_tensor, graph):
    """A tensor of `graph`, given itself, a variable's present value excluded, or its name."""
    if not isinstance(name_or_tensor, str):
        return name_or_tensor
    try:
        name = name_or_tensor if ":" in name_or_tensor else name_or_tensor + ":0"
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError) as error:
        names = [op.name for op in graph.get_operations()]
        near = difflib.get_close_matches(name_or_tensor.split(":")[0], names, 3)
        raise errors.unknown_name(name_or_tensor, near) from error


def resolve_losses(losses):
    """One loss or several, which are summed, as real tensors; names are looked up in the default graph."""
    losses = list(losses) if isinstance(losses, (list, tuple)) else [losses]
    tensors = [resolve_tensor(loss, tf.get_default_graph()) for loss in losses]
    for tensor in tensors:
        if not isinstance(tensor, tf.Tensor):
            raise errors.not_a_loss(tensor)
        if tensor.graph is not tensors[0].graph:
            raise errors.other_graph(tensor.name)
        if not tensor.dtype.base_dtype.is_floating:
            raise errors.wrong_dtype("The loss", tensor.name, tensor.dtype.base_dtype.name)
    return tensors


def check_real(sources):
    """Raises for complex sources: second derivatives are of real elements."""
    for source in sources:
        if source.dtype.is_complex:
            raise errors.wrong_dtype("The source", source.name, source.dtype.name)


def _resolve(x, graph):
    x = resolve_tensor(x, graph)
    x = _unwrapped(x)
    if isinstance(x, _compat.PartitionedVariable):
        return _partitioned(x, graph)
    if isinstance(x, _compat.Variable) or hasattr(x, "handle"):
        source = _variable(x, graph)
    elif isinstance(x, tf.Tensor):
        source = _tensor(seen_from(graph, x))
    else:
        raise errors.not_a_source(x)
    if _compat.is_eager(source.anchors[0]) or source.anchors[0].graph is not graph:
        raise errors.other_graph(source.name)
    if not source.dtype.is_floating and not source.dtype.is_complex:
        raise errors.wrong_dtype("The source", source.name, source.dtype.name)
    return source


def _unwrapped(x):
    """The TensorFlow variable inside a Keras 3 variable; anything else as it is."""
    inner = getattr(x, "value", None)
    is_tensorflow = isinstance(x, (_compat.Variable, tf.Tensor, _compat.PartitionedVariable))
    return inner if not is_tensorflow and isinstance(inner, _compat.Variable) else x


def storage_of(op):
    """What names a variable's storage in a session, or None for other ops. Two ops may share it."""
    if op.type not in _VARIABLES:
        return None
    shared = op.get_attr("shared_name").decode("utf-8") or op.name
    return op.get_attr("container"), shared


_VARIABLES = frozenset(["VarHandleOp", "Variable", "VariableV2"])


def _partitioned(x, graph):
    parts = [_resolve(v, graph) for v in x]
    return Source(x.name, [p.anchors[0] for p in parts], [p.shape for p in parts], parts[0].dtype,
                  _compat.partition_axis(x))


def _variable(x, graph):
    return Source(x.name, [seen_from(graph, _compat.variable_anchor(x))], [tf.TensorShape(x.shape)], x.dtype.base_dtype)


def _tensor(x):
    if x.dtype != tf.resource:
        return Source(x.name, [x], [x.shape], x.dtype.base_dtype)
    if x.op.type != "VarHandleOp":
        raise errors.not_a_source(x)
    return Source(x.name, [x], [tf.TensorShape(x.op.get_attr("shape"))], tf.as_dtype(x.op.get_attr("dtype")))
