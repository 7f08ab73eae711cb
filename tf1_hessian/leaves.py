"""The numpy values in a structure, as th.evaluate gives them, and what they are called."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["leaves", "name_of", "numbers"]


def leaves(values, path="", is_leaf=lambda value: False):
    """[(path, leaf)]: keys of dicts and places in lists, joined by "/". A list of Python's own numbers is one leaf."""
    if is_leaf(values) or not isinstance(values, (dict, list, tuple)) or (values and _is_array(values)):
        return [(path, values)]
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    return [leaf for key, inner in pairs
            for leaf in leaves(inner, "%s/%s" % (path, name_of(key)) if path else name_of(key), is_leaf)]


def _is_array(values):
    """Whether nested lists hold nothing but Python's numbers; numpy's are values of their own."""
    if isinstance(values, (list, tuple)):
        return all(_is_array(v) for v in values)
    return type(values) in (bool, int, float, complex)


def name_of(x):
    """The name of a variable, a Source or a text, without TensorFlow's ":0"."""
    name = str(getattr(x, "name", x))
    return name[:-2] if name.endswith(":0") else name


def numbers(values, what):
    """A float64 array. TypeError for what holds no numbers, ValueError for complex ones; `what` stands in front."""
    if isinstance(values, (tf.Tensor, _compat.Variable)) or hasattr(values, "as_fetches"):
        raise TypeError("%s: expected numpy values and got %r. th.evaluate gives them." % (what, values))
    try:
        array = np.asarray(values)
        if array.dtype.kind in "OSUmM":
            raise TypeError(array.dtype)
        if not np.iscomplexobj(array):
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError("%s: expected an array of numbers and got %s." % (what, type(values).__name__)) from error
    raise ValueError("%s: expected real numbers and got %s; take their real or imaginary part." % (what, array.dtype))
