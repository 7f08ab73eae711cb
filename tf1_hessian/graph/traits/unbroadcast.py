"""Gradients of broadcasting: a sum over axes that shapes decide when they run, and the reshape that follows.

TensorFlow writes Reshape(Sum(g, BroadcastGradientArgs(Shape(x), Shape(y))[0]), Shape(x)) where shapes are not known
while the graph is built, as with a batch of None.
"""
import collections

from tf1_hessian.graph.dimensions import sizes_told
from tf1_hessian.graph.scratch import original

__all__ = ["restored_axis", "summed_axis"]

_Unbroadcast = collections.namedtuple("_Unbroadcast", "shape ours theirs rank is_flat")
_Unbroadcast.__doc__ = """A sum that brings g of some rank down to x. shape: the tensor that holds the sizes of x. ours,
theirs: the sizes of x and of what it was broadcast against, None for unknown ones, aligned at the end. is_flat: whether
the axes that are summed over go."""


def summed_axis(question):
    """The axis that an axis of g comes to in the sum, or None where it may be summed over, or where it is not known.

    An unknown size of x is required to be that of g: the axis is summed over only where it is 1 in x, and so in g too.
    """
    found, axis = _of_sum(question.op), question.states[0].axis
    if found is None:
        return None
    place = axis - (found.rank - len(found.ours))
    if place < 0 or found.ours[place] == 1 or None in [_is_kept(found, p) for p in range(place)]:
        return None
    if found.ours[place] is None:
        shaped = _origin(found.shape).op
        if shaped.type != "Shape":
            return None
        question.require(shaped.inputs[0], place, question.op.inputs[0], axis)
    return sum(_is_kept(found, p) for p in range(place)) if found.is_flat else axis


def restored_axis(question):
    """The axis of x that the reshape behind such a sum puts an axis on; None for other reshapes."""
    summed = _origin(question.op.inputs[0]).op
    found = _of_sum(summed) if summed.type == "Sum" else None
    if found is None or _origin(question.op.inputs[1]) is not _origin(found.shape):
        return None
    axis = question.states[0].axis
    if not found.is_flat:
        return axis - (found.rank - len(found.ours))
    kept = 0
    for place in range(len(found.ours)):
        if _is_kept(found, place) is False:
            continue
        if kept == axis:
            return place
        kept += 1
    return None


def _of_sum(op):
    arguments = _origin(op.inputs[1])
    rank = op.inputs[0].shape.ndims
    if arguments.op.type != "BroadcastGradientArgs" or rank is None:
        return None
    shape, other = arguments.op.inputs[arguments.value_index], arguments.op.inputs[1 - arguments.value_index]
    ours, theirs = sizes_told(shape), sizes_told(other)
    if ours is None or theirs is None or max(len(ours), len(theirs)) != rank:
        return None
    return _Unbroadcast(shape, ours, theirs, rank, not op.get_attr("keep_dims"))


def _is_kept(found, place):
    """Whether an axis of x is not summed over; None where that is not known."""
    ours, there = found.ours[place], place + len(found.theirs) - len(found.ours)
    theirs = found.theirs[there] if there >= 0 else 1
    if ours is None or (ours == 1 and theirs in (1, None)):
        return None
    return ours != 1


def _origin(tensor):
    outside = original(tensor)
    return tensor if outside is None else outside
