"""The loss emitted anew in float64, so that a float32 model gets second derivatives in double precision."""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.paths import carries_derivative, find_path
from tf1_hessian.graph.regions import inner_ops
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.slices import present_values, replace
from tf1_hessian.graph.sources import anchors_of

__all__ = ["check_precision", "in_double"]

_WIDE = {tf.float16: tf.float64, tf.bfloat16: tf.float64, tf.float32: tf.float64, tf.complex64: tf.complex128}
# Ops that make a list of tensors of one dtype. Each op on a list names that dtype.
_LISTS = frozenset(["EmptyTensorList", "TensorListFromTensor", "TensorListReserve"])


def check_precision(precision):
    """Raises unless the option is one of the two that exist."""
    if precision not in (None, "float64"):
        raise errors.bad_option("precision", precision, "'float64', or None for the model's own")


def in_double(losses, sources):
    """(losses, sources, names of ops that stay narrow): all in float64, in the default graph, a scratch graph.

    Everything on the path is made anew in float64 (complex128); what is shared is cast where it enters. Each new source
    is anchored at the present value of the old one, cast. An op without a float64 kernel stays as it is between casts.
    A loss that is in float64 from its sources on is not copied. Raises for ops with a custom gradient on the path.
    """
    anchors = anchors_of(sources)
    path = find_path(losses, anchors)
    if not _has_narrow(path, losses, sources):
        return losses, sources, []
    for op in control_flow.custom_gradients(path.ops):
        raise errors.not_in_double(op)
    replacements, widened = {}, []
    for source in sources:
        parts = [tf.cast(v, tf.float64) for v in present_values(source, path, "leave precision out")]
        parts = [replacements.setdefault(key(a), p) for a, p in zip(source.anchors, parts)]
        widened.append(source.anchored_at(parts, tf.float64))
    losses = [tf.cast(loss, tf.float64) for loss in replace(losses, anchors, replacements, _Widening)]
    return losses, widened, _narrow(find_path(losses, anchors_of(widened)))


def _has_narrow(path, losses, sources):
    """Whether anything between sources and losses is held in less than float64; loops and calls are not looked into."""
    opaque = control_flow.IF_TYPES | control_flow.WHILE_TYPES | {"Exit", "Merge", "PartitionedCall"}
    dtypes = {s.dtype for s in sources} | {t.dtype.base_dtype for t in losses}
    dtypes.update(o.dtype.base_dtype for op in path.ops for o in op.outputs if path.connects(o))
    return any(d in _WIDE for d in dtypes) or any(op.type in opaque for op in path.ops)


def _narrow(path):
    """The names of the ops whose results are held in less than float64."""
    ops = [inner for op in path.ops for inner in [op] + list(inner_ops(op))]
    return sorted({"%s (%s)" % (op.name.rsplit("/", 1)[-1], op.type) for op in ops
                   if op.type != "Cast" and any(path.connects(o) and o.dtype in _WIDE for o in op.outputs)})


class _Widening(Emission):
    """Makes each op in float64 that gets an input in float64."""

    def __init__(self, *arguments, **options):
        super(_Widening, self).__init__(*arguments, **options)
        self._cast = {}

    def widened(self, value):
        if not isinstance(value, tf.Tensor):
            return value
        if value.dtype == tf.variant:
            return self._widened_list(value)
        wide = self.widened_dtype(value.dtype)
        if value.dtype.base_dtype == wide:
            return value
        if key(value) not in self._cast:
            self._cast[key(value)] = tf.cast(value, wide)
        return self._cast[key(value)]

    def widened_dtype(self, dtype):
        return _WIDE.get(dtype.base_dtype, dtype.base_dtype)

    def _widened_list(self, value):
        op = value.op
        while op.type == "Identity":
            op = op.inputs[0].op
        return self._in_double(op, list(op.inputs))[0] if op.type in _LISTS and _names_narrow(op) else value

    def _copy(self, op, inputs):
        if _names_narrow(op):
            return self._in_double(op, inputs)
        if op.type == "Cast" and carries_derivative(inputs[0].dtype):
            return [tf.cast(inputs[0], self.widened_dtype(op.outputs[0].dtype))]
        arrived = [t.dtype.base_dtype != d.dtype.base_dtype for t, d in zip(inputs, op.inputs)]
        if not any(arrived):
            return super(_Widening, self)._copy(op, inputs)
        if _fits(op, arrived):
            return self._in_double(op, inputs)
        narrow = [tf.cast(t, d.dtype.base_dtype) if a else t for t, d, a in zip(inputs, op.inputs, arrived)]
        return [self.widened(o) for o in super(_Widening, self)._copy(op, narrow)]

    def _in_double(self, op, inputs):
        fixed = _fixed(op.op_def.input_arg, op)
        inputs = [t if f and t.dtype != tf.variant else self.widened(t) for t, f in zip(inputs, fixed)]
        dtypes = [o.dtype.base_dtype if f else self.widened_dtype(o.dtype)
                  for o, f in zip(op.outputs, _fixed(op.op_def.output_arg, op))]
        attributes = dict(op.node_def.attr)
        attributes.update(_wide_attributes(op))
        return self._create(op, inputs, attributes, dtypes)


def _names_narrow(op):
    """Whether an op works on a list of tensors that were held in less than float64."""
    return "element_dtype" in op.node_def.attr and tf.as_dtype(op.get_attr("element_dtype")) in _WIDE


def _wide_attributes(op):
    """The type attributes of an op that change, as AttrValues."""
    changed = {}
    for definition in op.op_def.attr:
        value = op.node_def.attr[definition.name]
        types = [value.type] if definition.type == "type" else list(value.list.type)
        if definition.type not in ("type", "list(type)") or not any(tf.as_dtype(t) in _WIDE for t in types if t):
            continue
        wide = [_WIDE.get(tf.as_dtype(t), tf.as_dtype(t)).as_datatype_enum for t in types]
        changed[definition.name] = (
            tf.AttrValue(type=wide[0]) if definition.type == "type"
            else tf.AttrValue(list=tf.AttrValue.ListValue(type=wide)))
    return changed


def _fits(op, arrived):
    """Whether the op can be made in float64: its definition and some kernel allow it, and no result stays narrow."""
    fixed = _fixed(op.op_def.input_arg, op)
    if any(a and f for a, f in zip(arrived, fixed)):
        return False
    results = _fixed(op.op_def.output_arg, op)
    if any(f and o.dtype.base_dtype in _WIDE for f, o in zip(results, op.outputs)):
        return False
    changed = {name: set(value.list.type) or {value.type} for name, value in _wide_attributes(op).items()}
    allowed = {d.name: set(d.allowed_values.list.type) for d in op.op_def.attr if d.allowed_values.list.type}
    if not all(types <= allowed.get(name, types) for name, types in changed.items()):
        return False
    return _compat.has_kernel(op.type, changed)


def _fixed(arguments, op):
    """For each tensor of an op's arguments, whether its dtype is fixed by the op's definition."""
    found = []
    for argument in arguments:
        count = 1
        if argument.number_attr:
            count = op.get_attr(argument.number_attr)
        elif argument.type_list_attr:
            count = len(op.get_attr(argument.type_list_attr))
        found += [not (argument.type_attr or argument.type_list_attr)] * count
    return found
