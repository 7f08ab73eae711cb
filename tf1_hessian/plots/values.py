"""What can be drawn: real, finite numbers, each array with the name of its source."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian.leaves import leaves, name_of, numbers

__all__ = ["entry_name", "named", "number", "real", "shortened", "told_apart"]


# Beyond, matplotlib's own arithmetic on axes overflows.
_LARGEST = 1e300


def real(values, what):
    """A float64 array of real, finite numbers; ValueError or TypeError with the place of what is none."""
    array = numbers(values, what)
    wrong = ~np.isfinite(array)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError("%s: %d of %d entries are NaN or infinite, the first is %s: %s. Nothing is drawn; choose what "
                         "to show, for example with np.nan_to_num." % (
                             what, wrong.sum(), array.size, entry_name("", place) or "the number", array[place]))
    if array.size and np.abs(array).max() > _LARGEST:
        raise ValueError("%s: entries larger than %.0e can't be drawn; scale them." % (what, _LARGEST))
    return array


def named(values, names, what):
    """[(name, array)] of the leaves of a structure.

    Keys of dicts are names, joined by "/"; names: one for each leaf, as texts or things with a name.
    """
    found = leaves(values)
    if names is not None:
        names = [name_of(n) for n in ([names] if isinstance(names, str) else names)]
        if len(names) != len(found):
            raise ValueError("%s: names=%s are %d, for %s." % (
                what, names, len(names), number(len(found), "array")))
        found = [(name, array) for name, (_, array) in zip(names, found)]
    if not found:
        raise ValueError("%s: expected at least one array and got none." % what)
    found = [("x" + name if not name or name.isdigit() else name, array) for name, array in found]
    return [(name, real(array, "%s: '%s'" % (what, name))) for name, array in found]


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
    return errors.counted("{:,}".format(int(count)), noun)
