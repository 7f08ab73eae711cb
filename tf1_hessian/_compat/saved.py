"""Models on disk: what TensorFlow's own loaders need, and whether variables have values."""
from tensorflow.python.ops import gen_resource_variable_ops as _gen_resource_variable_ops
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from tf1_hessian._compat.core import tf

__all__ = ["SavedModelLoader", "is_initialized"]


def is_initialized(variable):
    """Whether a variable has a value, as a tensor; the variable as its op's output: a handle or a reference."""
    if variable.dtype == tf.resource:
        return _gen_resource_variable_ops.var_is_initialized_op(variable)
    return tf.is_variable_initialized(variable)
