"""tf.function, AutoGraph and GradientTape: what is traced, and what is recorded."""
import functools

from tensorflow.python.ops import control_flow_util as _control_flow_util

from tf1_hessian._compat.core import supported, tf
from tf1_hessian._compat.graphs import FuncGraph

try:
    from tensorflow.python.eager import def_function as _def_function
except ImportError:
    from tensorflow.python.eager.polymorphic_function import polymorphic_function as _def_function
try:
    from tensorflow.python.eager import record as _record
except ImportError:
    from tensorflow.python.eager import tape as _record

__all__ = [
    "call_back", "captures_of", "is_eager", "is_for_xla", "is_recorded", "is_seen_through", "record",
    "traced_function", "unconverted", "unrecorded",
]

unrecorded = _record.stop_recording


def unconverted(function):
    """A function that AutoGraph leaves alone, where there is AutoGraph. Its signature and docstring stay."""
    do_not_convert = getattr(getattr(getattr(tf, "autograph", None), "experimental", None), "do_not_convert", None)
    return function if do_not_convert is None else functools.wraps(function)(do_not_convert(function))


def traced_function(function, signature, jit_compile):
    """A tf.function, for one signature where that is given; XLA compiles it where jit_compile says so."""
    options = supported(_def_function.function, jit_compile=jit_compile or None)
    return _def_function.function(function, input_signature=signature, **options)


def is_recorded():
    """Whether a GradientTape may note what is computed now."""
    asked = getattr(_record, "could_possibly_record", None)
    return asked is not None and asked()


def record(outputs, inputs, pull_back):
    """Tells the active tapes how some tensors come from others. pull_back: gradients of outputs -> of inputs."""
    _record.record_operation("Tf1Hessian", list(outputs), list(inputs), pull_back)


def is_eager(tensor):
    """Whether a tensor holds its value and belongs to no graph."""
    try:
        return tensor.graph is None
    except AttributeError:
        return True


def captures_of(graph):
    """[(tensor outside, tensor inside)] of the graph of a function; none of other graphs."""
    found = getattr(graph, "captures", ()) if isinstance(graph, FuncGraph) else ()
    return list(found.items() if hasattr(found, "items") else found)


def is_seen_through(graph, tensor):
    """Whether the graph of a function can read a tensor of outside: an eager one, or one of a graph around it."""
    if not isinstance(graph, FuncGraph):
        return False
    if is_eager(tensor):
        return True
    if getattr(tensor.dtype, "_is_ref_dtype", False):
        return False  # a function reads a value of it that was taken outside
    around = graph.outer_graph
    while around is not None and around is not tensor.graph:
        around = getattr(around, "outer_graph", None)
    return around is not None


def call_back(function, inputs):
    """A bool that a Python function gives for the values of some tensors whenever the graph runs."""
    result = getattr(tf, "numpy_function", tf.py_func)(function, inputs, [tf.bool])[0]
    result.set_shape([])
    return result


def is_for_xla(graph):
    """Whether XLA will compile the function that is being traced, as jit_compile=True asks it to."""
    asked = getattr(_control_flow_util, "GraphOrParentsInXlaContext", None)
    return asked is not None and bool(asked(graph))
