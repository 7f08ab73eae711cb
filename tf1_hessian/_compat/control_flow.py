"""Control flow, tensor lists and pfor."""
import logging
import sys

from tensorflow.python.ops import cond_v2 as _cond_v2
from tensorflow.python.ops import control_flow_ops as _control_flow_ops
from tensorflow.python.ops import list_ops
from tensorflow.python.ops import while_v2 as _while_v2
from tensorflow.python.ops.parallel_for import control_flow_ops as _parallel_for

from tf1_hessian._compat.core import supported, tf
from tf1_hessian._compat.graphs import captured
from tf1_hessian._compat.tapes import unconverted

__all__ = [
    "HAS_LIST_RESIZE", "conditional", "list_empty", "list_from_tensor", "list_gather", "list_item", "list_length",
    "list_pop", "list_push", "list_reserve", "list_resize", "list_set", "list_to_tensor", "merge", "pfor", "switch",
    "while_loop",
]


def conditional(pred, on_true, on_false):
    """A functional If; both branches give lists of tensors with equal dtypes. Always a list."""
    result = _cond_v2.cond_v2(pred, on_true, on_false)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def while_loop(cond, body, loop_vars, shape_invariants):
    """A functional While, whatever control-flow version is switched on. Always a list.

    The invariants are promises: where TensorFlow can't infer the shape of what the body gives, they tell it.
    """
    def shaped(*state):
        found = body(*state)
        for tensor, shape in zip(found, shape_invariants):
            if tensor.shape.is_compatible_with(shape):
                tensor.set_shape(shape)
        return found

    result = _while_v2.while_loop(cond, shaped, list(loop_vars), shape_invariants=list(shape_invariants))
    return list(result) if isinstance(result, (list, tuple)) else [result]


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
        options = supported(_parallel_for.pfor, fallback_to_while_loop=False)
        return _parallel_for.pfor(unconverted(loop_fn), count, **options)
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


def _element_shape(dims):
    """A list of ints and None as the integers that list ops take; None is an unknown rank."""
    return tf.constant(-1 if dims is None else [-1 if d is None else d for d in dims], tf.int32)


def list_reserve(element_shape, element_dtype, count):
    """A tensor list of `count` unset elements."""
    return list_ops.tensor_list_reserve(_element_shape(element_shape), count, element_dtype)


def list_empty(element_dtype):
    """A tensor list without elements, of elements of any shape."""
    return list_ops.gen_list_ops.empty_tensor_list(
        element_shape=tf.constant(-1), max_num_elements=-1, element_dtype=element_dtype)


def list_push(tensor_list, element):
    """The list with one element more."""
    return list_ops.gen_list_ops.tensor_list_push_back(tensor_list, element)


def list_pop(tensor_list, element_shape, element_dtype):
    """(the list without its last element, that element)."""
    function = list_ops.gen_list_ops.tensor_list_pop_back
    options = supported(function, element_shape=_element_shape(element_shape))
    rest, element = function(tensor_list, element_dtype=element_dtype, **options)
    element.set_shape(element_shape)
    return rest, element


def list_length(tensor_list):
    """The number of elements."""
    return list_ops.gen_list_ops.tensor_list_length(tensor_list)


# From TF 1.14 on.
HAS_LIST_RESIZE = hasattr(list_ops.gen_list_ops, "tensor_list_resize")


def list_resize(tensor_list, size):
    """The list with `size` elements, new ones unset."""
    return list_ops.gen_list_ops.tensor_list_resize(tensor_list, size)


def list_set(tensor_list, index, element):
    """The list with one element set."""
    return list_ops.gen_list_ops.tensor_list_set_item(tensor_list, index, element)


def list_item(tensor_list, index, element_shape, element_dtype):
    """One element of a tensor list; never-set elements are zeros where their shape is known."""
    function = list_ops.gen_list_ops.tensor_list_get_item
    options = supported(function, element_shape=_element_shape(element_shape))
    item = function(tensor_list, index, element_dtype=element_dtype, **options)
    item.set_shape(element_shape)
    return item


def list_gather(tensor_list, indices, element_shape, element_dtype):
    """The elements at some indices, stacked along a new first axis."""
    function = list_ops.gen_list_ops.tensor_list_gather
    options = supported(function, element_shape=_element_shape(element_shape))
    return function(tensor_list, indices, element_dtype=element_dtype, **options)


def list_to_tensor(tensor_list, element_shape, element_dtype, count):
    """The elements stacked along a new first axis; count: how many, or None where that is not known."""
    function = list_ops.gen_list_ops.tensor_list_stack
    options = supported(function, element_shape=_element_shape(element_shape))
    known = -1 if count is None else count
    stacked = function(tensor_list, element_dtype=element_dtype, num_elements=known, **options)
    stacked.set_shape([count] + element_shape)
    return stacked


def list_from_tensor(tensor, element_shape):
    """A tensor list of the rows of `tensor`."""
    return list_ops.gen_list_ops.tensor_list_from_tensor(tensor, element_shape=_element_shape(element_shape))
