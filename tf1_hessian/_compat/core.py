"""The public v1 API, variables, gradients and shapes, with one meaning in every version."""
import inspect

try:
    import tensorflow.compat.v1 as tf
except ImportError as error:
    raise ImportError(
        "tf1_hessian needs TensorFlow 1.13 or newer and found none that imports (%s). Bring your own, or install one "
        "with tf1_hessian: pip install 'tf1-hessian[tf]', [tf-cpu], or [tf1] for TF 1.15 on Python 3.7." % error
    ) from error

from tensorflow.python.framework import ops as _ops
from tensorflow.python.framework import tensor_util as _tensor_util
from tensorflow.python.ops import control_flow_ops as _control_flow_ops
from tensorflow.python.ops import gen_array_ops as _gen_array_ops
from tensorflow.python.ops import gen_resource_variable_ops as _gen_resource_variable_ops
from tensorflow.python.ops.variables import PartitionedVariable, Variable
from tensorflow.python.util import nest

__all__ = [
    "PartitionedVariable", "VERSION", "Variable", "add_all", "assert_same_structure", "assign_variable",
    "broadcast_axes", "count_elements", "dimensions", "executes_eagerly", "flatten", "gate", "gradient_function",
    "is_structure", "map_structure", "pack_sequence", "partition_axis", "read_variable", "static_value", "supported",
    "tf", "variable_anchor", "variable_shape",
]

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
flatten = nest.flatten
pack_sequence = nest.pack_sequence_as
map_structure = nest.map_structure
assert_same_structure = nest.assert_same_structure
is_structure = getattr(nest, "is_nested", None) or nest.is_sequence
static_value = _tensor_util.constant_value
gradient_function = _ops.get_gradient_function


def supported(function, **options):
    """Those of the options that a function takes in this version."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in known}


def executes_eagerly():
    """Whether new ops would run at once instead of joining a graph."""
    return tf.executing_eagerly()


def variable_shape(handle):
    """The shape of a resource variable's value, as an int32 tensor."""
    return _gen_resource_variable_ops.variable_shape(handle)


def variable_anchor(variable):
    """What every read of a variable goes through: a resource variable's handle, a ref variable's reference."""
    handle = getattr(variable, "handle", None)
    return variable._ref() if handle is None else handle


def partition_axis(variable):
    """The axis along which the parts of a partitioned variable lie."""
    axes = [axis for axis, parts in enumerate(variable._get_partitions()) if parts > 1]
    return axes[0] if axes else 0


def read_variable(handle, dtype):
    """The value of a resource variable."""
    return _gen_resource_variable_ops.read_variable_op(handle, dtype)


def assign_variable(anchor, value):
    """An op that writes a value into a variable, which is given by its anchor."""
    if anchor.dtype == tf.resource:
        return _gen_resource_variable_ops.assign_variable_op(anchor, value)
    return tf.assign(anchor, value).op


def add_all(tensors, aggregation_method=None):
    """The sum of at least one tensor of equal shape: at once, or one after the other, as in tf.gradients."""
    one_by_one = (tf.AggregationMethod.EXPERIMENTAL_TREE, tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N)
    if aggregation_method not in one_by_one:
        return tensors[0] if len(tensors) == 1 else tf.add_n(tensors)
    total = tensors[0]
    for tensor in tensors[1:]:
        total = tf.add_n([total, tensor])
    return total


def broadcast_axes(shape, wide):
    """The axes of the shape `wide` along which a tensor of `shape` is repeated, as a tensor."""
    return _gen_array_ops.broadcast_gradient_args(shape, wide)[0]


def gate(tensors):
    """The same tensors (None stays None), none of which is available before all are."""
    return _control_flow_ops.tuple(tensors) if any(t is not None for t in tensors) else tensors


def dimensions(shape):
    """A TensorShape as a list of ints and None, or None where even the rank is unknown."""
    return None if shape.ndims is None else [None if d is None else int(d) for d in shape.as_list()]


def count_elements(shape, unknown=None):
    """The number of elements of a TensorShape; unknown dimensions count as `unknown`, or make the answer None."""
    sizes = dimensions(shape)
    if sizes is None:
        return unknown
    count = 1
    for size in sizes:
        size = unknown if size is None else size
        if size is None:
            return None
        count *= size
    return count
