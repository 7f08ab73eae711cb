"""Functions that ops call, and gradients that users give."""
from tensorflow.python.framework import function_def_to_graph as _function_def_to_graph
from tensorflow.python.framework import ops as _ops
from tensorflow.python.ops import ctc_ops as _ctc_ops
from tensorflow.python.ops import custom_gradient as _custom_gradient

from tf1_hessian._compat.core import tf
from tf1_hessian._compat.graphs import kept_with, string_attribute

__all__ = [
    "function_graph", "gradient_graph", "gradient_of_copy", "has_given_gradient", "is_bound_to_its_call",
    "is_call_by_name", "is_ctc_of_dense_labels", "is_overridden", "is_without_its_gradient", "python_gradient",
    "share_function",
]

_MEMORY = "_tf1_hessian_function_graphs"
_COPIED = "tf1_hessian: a copy of an op with a custom gradient"
_COPIED_CTC = "tf1_hessian: a copy of tf.nn.ctc_loss_v2"
_CTC = _ctc_ops.__name__
_REGISTRY = getattr(_ops, "gradient_registry", None) or _ops._gradient_registry


def _function_of(graph, name):
    """A function by its name, or None: bodies of functions know theirs from the graphs around them."""
    while graph._get_function(name) is None and getattr(graph, "outer_graph", None) is not None:
        graph = graph.outer_graph
    return graph._get_function(name)


def is_call_by_name(op):
    """Whether an op calls a Defun: its type is then the function's name."""
    return _function_of(op.graph, op.type) is not None


def function_graph(op, attribute, skipped=0, index=None):
    """The graph of a function that `op` calls: inputs, outputs and ops, as traced or rebuilt from its definition.

    attribute: where the op names it, None for a call by name. skipped: how many of the op's inputs come before the
    function's. index: which one of a list of functions.
    """
    return _graph_of(_called(op, attribute, index), op, op.inputs[skipped:])


def gradient_graph(op, attribute):
    """The graph of the gradient that was given as a function to the one that `op` names, or None."""
    gradient = getattr(_called(op, attribute), "_grad_func", None)
    return None if gradient is None else _graph_of(gradient, op, ())


def python_gradient(op):
    """The gradient in Python that was given to the function that `op` calls by name, or None."""
    return getattr(_called(op, None), "python_grad_func", None)


def _called(op, attribute, index=None):
    named = None if attribute is None else op.get_attr(attribute)
    return _function_of(op.graph, op.type if named is None else named.name if index is None else named[index].name)


def _graph_of(function, op, inputs):
    graph = getattr(function, "graph", None)
    if graph is not None and hasattr(graph, "inputs"):
        return graph
    shapes = [t.shape for t in inputs]
    known, name = kept_with(op.graph, _MEMORY), (function.name, str(shapes))
    if name not in known:
        known[name] = _rebuilt(function, op.graph, shapes)
    return known[name]


def _rebuilt(function, graph, shapes):
    """The graph of a function's definition, in a library of the functions that it calls."""
    proto = _definition(function)
    count = len(proto.signature.input_arg)
    with tf.Graph().as_default() as library:
        for inner in _called_inside(proto, graph):
            library._add_function(inner)
        shapes = (shapes + [tf.TensorShape(None)] * count)[:count]
        return _function_def_to_graph.function_def_to_graph(proto, input_shapes=shapes)


def _definition(function):
    proto = getattr(function, "cached_definition", None)
    return function.definition if proto is None else proto


def _called_inside(proto, graph):
    """The functions that a function calls, and those that they call, and so on."""
    found, stack = {}, [proto]
    while stack:
        for name in _names_in(stack.pop()):
            function = None if name in found else _function_of(graph, name)
            if function is not None:
                found[name] = function
                stack.append(_definition(function))
    return list(found.values())


def _names_in(proto):
    for node in proto.node_def:
        yield node.op
        for value in node.attr.values():
            for named in [value.func] + list(value.list.func):
                yield named.name


def share_function(op):
    """Makes the function that an op calls by name known in the default graph, so that the op can be made anew there."""
    graph, known = tf.get_default_graph(), _function_of(op.graph, op.type)
    if graph._get_function(op.type) is None:
        graph._add_function(known)


def has_given_gradient(op):
    """Whether an op calls by name a function to which a gradient was given."""
    function = _called(op, None)
    return bool(getattr(function, "python_grad_func", None) or getattr(function, "_grad_func", None))


def is_overridden(op):
    """Whether the user gave an op its gradient: tf.custom_gradient, gradient_override_map, or arguments of a Defun."""
    return string_attribute(op, "_gradient_op_type") is not None or has_given_gradient(op)


def is_without_its_gradient(op):
    """Whether the gradient that a mark on an op names is not known here: the op was imported."""
    mark = string_attribute(op, "_gradient_op_type")
    return mark is not None and _registered(mark) is None


def is_bound_to_its_call(mark):
    """Whether a gradient is a tf.custom_gradient's, whose closure holds the tensors of one call: not for copies.

    That of tf.nn.ctc_loss_v2 is never used.
    """
    return mark.startswith("CustomGradient-") and not _is_of_ctc(mark)


def gradient_of_copy(mark):
    """The name of the gradient that a copy of an op has whose own is called `mark`: one that TensorFlow can't find
    where the op's belongs to its call."""
    if _is_of_ctc(mark):
        return _COPIED_CTC
    return _COPIED if is_bound_to_its_call(mark) else mark


def is_ctc_of_dense_labels(op):
    """Whether an op stands for tf.nn.ctc_loss_v2 of dense labels: it has the gradient that TensorFlow wrote for it."""
    mark = string_attribute(op, "_gradient_op_type")
    return _home(python_gradient(op)) == _CTC if mark is None else _is_of_ctc(mark)


def _is_of_ctc(mark):
    return mark == _COPIED_CTC or _home(_registered(mark)) == _CTC


def _registered(mark):
    try:
        return _REGISTRY.lookup(mark)
    except LookupError:
        return None


def _home(function):
    """The module of a gradient function: inside what tf.custom_gradient makes of it, it stands in a closure."""
    while getattr(function, "__module__", None) == _custom_gradient.__name__:
        function = next((c.cell_contents for c in function.__closure__ if callable(c.cell_contents)), None)
    return getattr(function, "__module__", None)
