"""Graphs, functions and the marks on ops."""
from tensorflow.python.framework import kernels as _kernels
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.ops import resource_variable_ops as _resources
from tensorflow.python.util import tf_decorator as _tf_decorator

from tf1_hessian._compat.core import VERSION, supported, tf

try:
    from tensorflow.python.ops import handle_data_util as _handles
except ImportError:
    from tensorflow.python.ops import custom_gradient as _handles

__all__ = [
    "FuncGraph", "XLA_KEEPS_NAN", "attribute_of_string", "captured", "colocation_scope", "copy_handle_data",
    "create_op", "has_control_scope", "has_kernel", "held_by", "init_func_graph", "kept_with", "mark_for_xla",
    "op_facts", "set_string_attribute", "string_attribute",
]


def init_func_graph(graph, name):
    """Initialises a FuncGraph that shares no collection with the graph it reads."""
    options = supported(FuncGraph.__init__, collections={})
    FuncGraph.__init__(graph, name, **options)
    graph._collections = {}
    if VERSION < (2, 0):
        # Makes tf.cond lay Switch and Merge here: TF 1.15's pfor puts a cond on constants into each MatMul, and shape
        # inference logs an error for every functional If that it meets on constants.
        graph._captured = {}


def kept_with(graph, name):
    """A dictionary that lives as long as a graph, the same one for the same name."""
    found = getattr(graph, name, None)
    if found is None:
        found = {}
        setattr(graph, name, found)
    return found


def has_control_scope(graph):
    """Whether ops made now would get control inputs or a control-flow context from the caller's scopes."""
    return bool(graph._current_control_dependencies()) or graph._get_control_flow_context() is not None


def create_op(graph, op_type, inputs, dtypes, **options):
    """A new op, by Graph.create_op without its decorator, which takes a third of the time: it inspects a signature."""
    kind = type(graph)
    if kind not in _BARE_CREATE_OP:
        _BARE_CREATE_OP[kind] = _tf_decorator.unwrap(kind.create_op)[1]
    return _BARE_CREATE_OP[kind](graph, op_type, inputs, dtypes, **options)


_BARE_CREATE_OP = {}


# Before, XLA on the CPU takes NaN / NaN for 1, and NaN - NaN for 0 (measured on 1.15.5, 2.4.4 and 2.8.4).
XLA_KEEPS_NAN = VERSION >= (2, 15)


def mark_for_xla(op):
    """XLA compiles the op with its marked neighbours. Without a scope in the mark, tf.gradients of it is not marked."""
    op._set_attr("_XlaCompile", tf.AttrValue(b=True))


def captured(tensor):
    """The tensor as the default graph sees it: a function's graph has an input for each outer tensor."""
    graph = tf.get_default_graph()
    return graph.capture(tensor) if isinstance(graph, FuncGraph) else tensor


def attribute_of_string(text):
    """An AttrValue that holds `text`."""
    return tf.AttrValue(s=text.encode("utf-8"))


def set_string_attribute(op, name, text):
    """Writes a private mark onto an op; attributes with a leading underscore are ignored by the runtime."""
    op._set_attr(name, attribute_of_string(text))


def string_attribute(op, name):
    """The text of a private mark, or None."""
    try:
        return op.get_attr(name).decode("utf-8")
    except ValueError:
        return None


def colocation_scope(graph, op):
    """Ops made inside are placed with `op`, whatever colocation was asked for outside."""
    return graph.colocate_with(op, ignore_existing=True)


def copy_handle_data(source, target):
    """Gives a resource or variant tensor the element shape and dtype that another one is known to carry."""
    _handles.copy_handle_data(source, target)


def held_by(handle):
    """(shape, dtype) of the variable behind a handle, whose own op or a function's input it may be."""
    if handle.op.type == "VarHandleOp":
        return tf.TensorShape(handle.op.get_attr("shape")), tf.as_dtype(handle.op.get_attr("dtype"))
    held = _resources.get_resource_handle_data(handle).shape_and_type[0]
    return tf.TensorShape(held.shape), tf.as_dtype(held.dtype)


def has_kernel(op_type, types):
    """Whether some device has a kernel of an op for all type attributes in `types`: {name: set of DataType enums}."""
    kernels = _kernels.get_registered_kernels_for_op(op_type).kernel
    return any(_suits(kernel, types) for kernel in kernels)


def _suits(kernel, types):
    told = {c.name: set(c.allowed_values.list.type) for c in kernel.constraint}
    return all(wanted <= told.get(name, wanted) for name, wanted in types.items())


_OP_FACTS = {}


def op_facts(op):
    """(is stateful, takes or gives a reference) as the op's definition says."""
    facts = _OP_FACTS.get(op.type)
    if facts is None:
        definition = op.op_def
        refs = any(a.is_ref for a in list(definition.input_arg) + list(definition.output_arg))
        facts = _OP_FACTS[op.type] = (bool(definition.is_stateful), refs)
    return facts
