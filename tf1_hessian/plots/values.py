"""What can be drawn: real, finite numbers, each array with the name of its source."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["entry_name", "name_of", "named", "number", "real", "shortened", "told_apart"]


def real(values, what):
    """A float64 array of real, finite numbers; ValueError or TypeError with the place of what is none."""
    if isinstance(values, (tf.Tensor, _compat.Variable)) or hasattr(values, "as_fetches"):
        raise TypeError("%s: expected numpy values and got %r. th.evaluate gives them." % (what, values))
    array = np.asarray(values)
    if np.iscomplexobj(array):
        raise ValueError("%s: expected real numbers and got %s; draw their real or imaginary part." % (
            what, array.dtype))
    try:
        if array.dtype.kind in "OSUmM":
            raise ValueError(array.dtype)
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError("%s: expected an array of numbers and got %s." % (what, type(values).__name__)) from error
    wrong = ~np.isfinite(array)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError("%s: %d of %d entries are NaN or infinite, the first is %s: %s. Nothing is drawn; choose what "
                         "to show, for example with np.nan_to_num." % (
                             what, wrong.sum(), array.size, entry_name("", place) or "the number", array[place]))
    return array


def name_of(x):
    """The name of a variable, a Source or a text, without TensorFlow's ":0"."""
    name = str(getattr(x, "name", x))
    return name[:-2] if name.endswith(":0") else name


def named(values, names, what):
    """[(name, array)] of the leaves of a structure.

    Keys of dicts are names, joined by "/"; names: one for each leaf, as texts or things with a name.
    """
    leaves = list(_leaves(values, ""))
    if names is not None:
        names = [names] if isinstance(names, str) else [name_of(n) for n in names]
        if len(names) != len(leaves):
            raise ValueError("%s: names=%s are %d, and there are %d arrays." % (what, names, len(names), len(leaves)))
        leaves = [(name, values) for name, (_, values) in zip(names, leaves)]
    if not leaves:
        raise ValueError("%s: expected at least one array and got none." % what)
    return [(name or "x", real(array, "%s: '%s'" % (what, name or "x"))) for name, array in leaves]


def _leaves(values, path):
    if isinstance(values, dict):
        pairs = [(name_of(key), inner) for key, inner in values.items()]
    elif isinstance(values, (list, tuple)):
        pairs = [(str(i) if path else "x%d" % i, inner) for i, inner in enumerate(values)]
    else:
        yield path, values
        return
    for name, inner in pairs:
        for leaf in _leaves(inner, "%s/%s" % (path, name) if path else name):
            yield leaf


def shortened(name, most=28):
    """A name that fits beside a picture, with its end whole; "$" would begin mathematics."""
    if len(name) > most:
        tail = most * 2 // 3
        name = "%s...%s" % (name[:most - 3 - tail], name[-tail:])
    return name.replace("$", r"\$")


def told_apart(names, most=28):
    """Names that fit beside a picture: where one is too long, scopes at the start or end that all share go first."""
    scopes = [name.split("/") for name in names]
    if len(names) > 1 and max(len(name) for name in names) > most:
        least = min(len(parts) for parts in scopes) - 1
        head, tail = _alike(scopes, least), _alike([parts[::-1] for parts in scopes], least)
        tail = min(tail, least - head)
        names = ["/".join(["..."] * bool(head) + parts[head:len(parts) - tail] + ["..."] * bool(tail))
                 for parts in scopes]
    return [shortened(name, most) for name in names]


def _alike(scopes, most):
    """How many parts at the start are the same in all."""
    found = 0
    while found < most and len({parts[found] for parts in scopes}) == 1:
        found += 1
    return found


def entry_name(name, index):
    """`name[1, 2]`; the name alone for a scalar."""
    return name + ("[%s]" % ", ".join(str(int(i)) for i in index) if len(index) else "")


def number(count, noun):
    """`1 entry`, `2,410 entries`."""
    if count != 1:
        noun = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return "{:,} {}".format(int(count), noun)
