"""The one door to TensorFlow: the public v1 API, its internals, and every difference between versions.

Nothing else in the package imports `tensorflow`. Each name below exists, with one meaning, from TF 1.13 to the newest.
"""
import inspect
import logging
import sys

import numpy as np

try:
    import tensorflow.compat.v1 as tf
except ImportError as error:
    raise ImportError(
        "tf1_hessian needs TensorFlow 1.13 or newer and found none that imports (%s). Bring your own, or install one "
        "with tf1_hessian: pip install 'tf1-hessian[tf]', [tf-cpu], or [tf1] for TF 1.15 on Python 3.7." % error
    ) from error

from tensorflow.python.framework import function_def_to_graph as _function_def_to_graph
from tensorflow.python.framework import ops as _ops
from tensorflow.python.framework import tensor_util as _tensor_util
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.ops import cond_v2 as _cond_v2
from tensorflow.python.ops import control_flow_ops as _control_flow_ops
from tensorflow.python.ops import gen_resource_variable_ops as _gen_resource_variable_ops
from tensorflow.python.ops import list_ops
from tensorflow.python.ops import while_v2 as _while_v2
from tensorflow.python.ops.parallel_for import control_flow_ops as _parallel_for
from tensorflow.python.ops.variables import PartitionedVariable, Variable
from tensorflow.python.util import nest

__all__ = [
    "FuncGraph", "PartitionedVariable", "VERSION", "Variable", "add_all", "assert_same_structure",
    "attribute_of_string", "captured", "colocation_scope", "conditional", "copy_handle_data", "count_elements",
    "dimensions", "executes_eagerly", "flatten", "function_graph", "gate", "gradient_function", "has_control_scope",
    "init_func_graph", "is_sizeable", "is_structure", "list_from_tensor", "list_item", "list_reserve", "list_set",
    "list_to_tensor", "map_structure", "merge", "op_facts", "pack_sequence", "pfor", "read_variable",
    "set_string_attribute", "static_value", "string_attribute", "switch", "tf", "variable_shape", "while_loop",
]

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
flatten = nest.flatten
pack_sequence = nest.pack_sequence_as
map_structure = nest.map_structure
assert_same_structure = nest.assert_same_structure
is_structure = getattr(nest, "is_nested", None) or nest.is_sequence
static_value = _tensor_util.constant_value
gradient_function = _ops.get_gradient_function


def _supported(function, **options):
    """Those of the options that a function takes in this version."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in known}


def init_func_graph(graph, name):
    """Initialises a FuncGraph that shares no collection with the graph it reads."""
    options = _supported(FuncGraph.__init__, collections={})
    FuncGraph.__init__(graph, name, **options)
    graph._collections = {}
    if VERSION < (2, 0):
        # Makes tf.cond lay Switch and Merge here: TF 1.15's pfor puts a cond on constants into each MatMul, and shape
        # inference logs an error for every functional If that it meets on constants.
        graph._captured = {}


def executes_eagerly():
    """Whether new ops would run at once instead of joining a graph."""
    return tf.executing_eagerly()


def has_control_scope(graph):
    """Whether ops made now would get control inputs or a control-flow context from the caller's scopes."""
    return bool(graph._current_control_dependencies()) or graph._get_control_flow_context() is not None


# --- graph editing

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
    try:
        from tensorflow.python.ops import handle_data_util as owner
    except ImportError:
        from tensorflow.python.ops import custom_gradient as owner
    owner.copy_handle_data(source, target)


def variable_shape(handle):
    """The shape of a resource variable's value, as an int32 tensor."""
    return _gen_resource_variable_ops.variable_shape(handle)


def read_variable(handle, dtype):
    """The value of a resource variable."""
    return _gen_resource_variable_ops.read_variable_op(handle, dtype)


# --- gradients

def add_all(tensors, aggregation_method=None):
    """The sum of at least one tensor of equal shape: at once, or one after the other, as in tf.gradients."""
    one_by_one = (tf.AggregationMethod.EXPERIMENTAL_TREE, tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N)
    if aggregation_method not in one_by_one:
        return tensors[0] if len(tensors) == 1 else tf.add_n(tensors)
    total = tensors[0]
    for tensor in tensors[1:]:
        total = tf.add_n([total, tensor])
    return total


def gate(tensors):
    """The same tensors (None stays None), none of which is available before all are."""
    return _control_flow_ops.tuple(tensors) if any(t is not None for t in tensors) else tensors


# --- control flow

def conditional(pred, on_true, on_false):
    """A functional If; both branches give lists of tensors with equal dtypes. Always a list."""
    result = _cond_v2.cond_v2(pred, on_true, on_false)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def while_loop(cond, body, loop_vars, shape_invariants):
    """A functional While, whatever control-flow version is switched on. Always a list."""
    result = _while_v2.while_loop(cond, body, list(loop_vars), shape_invariants=list(shape_invariants))
    return list(result) if isinstance(result, (list, tuple)) else [result]


def captured(tensor):
    """The tensor as the default graph sees it: a function's graph has an input for each outer tensor."""
    graph = tf.get_default_graph()
    return graph.capture(tensor) if isinstance(graph, FuncGraph) else tensor


def switch(tensor, pred):
    """The raw v1 pair (dead unless pred is False, dead unless pred is True)."""
    return _control_flow_ops.switch(captured(tensor), captured(pred))


def merge(tensors):
    """The raw v1 merge: whichever input is alive."""
    return _control_flow_ops.merge([captured(t) for t in tensors])[0]


def pfor(loop_fn, count):
    """`loop_fn(0..count-1)` stacked, every op vectorised; raises where some op has no vectorised form.

    The silent fall-back to a while loop of newer TF is switched off: it is slower than a loop of our own and can't be
    differentiated again. A refusal here is no error of the user's, so what pfor logs about it is dropped.
    """
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_drop)
    names = vars(sys.modules[_parallel_for.PFor.__module__])
    flags = names.get("flags")
    try:
        if flags is not None:
            names["flags"] = _NoFlags
        options = _supported(_parallel_for.pfor, fallback_to_while_loop=False)
        return _parallel_for.pfor(_as_it_is(loop_fn), count, **options)
    finally:
        logger.removeFilter(_drop)
        if flags is not None:
            names["flags"] = flags


class _NoFlags(object):
    """In the place of absl's flags: TF 1.15 asks them about its fall-back, and they parse the user's command line."""

    class FLAGS(object):
        op_conversion_fallback_to_while_loop = False


def _drop(record):
    return False


def _as_it_is(function):
    """A function that AutoGraph leaves alone, where there is AutoGraph."""
    autograph = getattr(tf, "autograph", None)
    do_not_convert = getattr(getattr(autograph, "experimental", None), "do_not_convert", None)
    return do_not_convert(function) if do_not_convert else function


def list_reserve(element_shape, element_dtype, count):
    """A tensor list of `count` unset elements."""
    return list_ops.tensor_list_reserve(
        element_shape=tf.constant(element_shape, tf.int32), num_elements=count, element_dtype=element_dtype
    )


def list_set(tensor_list, index, element):
    """The list with one element set."""
    return list_ops.gen_list_ops.tensor_list_set_item(tensor_list, index, element)


def list_item(tensor_list, index, element_shape, element_dtype):
    """One element of a tensor list; never-set elements are zeros."""
    function = list_ops.gen_list_ops.tensor_list_get_item
    options = _supported(function, element_shape=element_shape)
    item = function(tensor_list, index, element_dtype=element_dtype, **options)
    item.set_shape(element_shape)
    return item


def list_to_tensor(tensor_list, element_shape, element_dtype, count):
    """The elements stacked along a new first axis."""
    function = list_ops.gen_list_ops.tensor_list_stack
    options = _supported(function, element_shape=element_shape)
    stacked = function(tensor_list, element_dtype=element_dtype, num_elements=count, **options)
    stacked.set_shape([count] + element_shape)
    return stacked


def list_from_tensor(tensor, element_shape):
    """A tensor list of the rows of `tensor`."""
    return list_ops.gen_list_ops.tensor_list_from_tensor(tensor, element_shape=tf.constant(element_shape, tf.int32))


def function_graph(op, attribute, skipped=0):
    """The graph of a function that `op` calls: inputs, outputs and ops, as traced or rebuilt from its definition.

    attribute: where the op names it. skipped: how many of the op's inputs come before the function's.
    """
    name = op.get_attr(attribute).name
    definition = op.graph._get_function(name)
    graph = getattr(definition, "graph", None)
    if graph is not None and hasattr(graph, "inputs"):
        return graph
    proto = getattr(definition, "cached_definition", None)
    proto = definition.definition if proto is None else proto
    with tf.Graph().as_default() as library:
        for other in op.graph._functions.values():
            library._add_function(other)
        shapes = [t.shape for t in op.inputs][skipped:]
        return _function_def_to_graph.function_def_to_graph(proto, input_shapes=shapes)


_OP_FACTS = {}


def op_facts(op):
    """(is stateful, takes or gives a reference) as the op's definition says."""
    facts = _OP_FACTS.get(op.type)
    if facts is None:
        definition = op.op_def
        refs = any(a.is_ref for a in list(definition.input_arg) + list(definition.output_arg))
        facts = _OP_FACTS[op.type] = (bool(definition.is_stateful), refs)
    return facts


def is_sizeable(shape):
    """Whether every dimension is known."""
    return shape.is_fully_defined()


def dimensions(shape):
    """A TensorShape as a list of ints and None, or None where even the rank is unknown."""
    return None if shape.ndims is None else [None if d is None else int(d) for d in shape.as_list()]


def count_elements(shape, unknown=None):
    """The number of elements of a TensorShape; unknown dimensions count as `unknown`, or make the answer None."""
    sizes = dimensions(shape)
    if sizes is None:
        return unknown
    sizes = [unknown if d is None else d for d in sizes]
    return None if None in sizes else int(np.prod(sizes, dtype=np.int64))
