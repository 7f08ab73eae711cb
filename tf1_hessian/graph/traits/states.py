"""How a tensor depends on the slices of one axis of another one, and what a rule is asked about an op."""
import collections

from tf1_hessian import _compat
from tf1_hessian.graph.dimensions import dimensions_of

__all__ = ["MIXED", "SUMMED", "Carried", "Question", "Trait", "elementary", "only", "placed", "weakest",
           "within"]

Carried = collections.namedtuple("Carried", "axis outer inner", defaults=(1, 1))
Carried.__doc__ = """Axis `axis` has size outer * m * inner, m the number of slices, and the entry (p, i, r) of it
depends on slice i alone. outer is None where it is not known before running."""

# Additively separable: the second derivative with respect to two different slices is zero.
SUMMED = "summed"
# Nothing is known.
MIXED = "mixed"

Trait = collections.namedtuple("Trait", "linear axes")
Trait.__doc__ = """linear: whether an op is linear or piecewise linear in the inputs at given positions, all others
held: True, False, or a function (op, positions). axes: the rule, a function of a Question. It is asked where all inputs
that depend are Carried, and gives the state of the output; None where it does not fit, which counts as SUMMED if the op
is linear, else as MIXED."""


class Question(object):
    """What a rule is asked: `states` of the inputs of `op` (None: independent), and the state of which `output`.

    size: how many slices there are, or None. require(tensor, axis, tensor, axis) notes two sizes that must be equal.
    """

    def __init__(self, op, states, output, size, require):
        self.op, self.states, self.output, self.size = op, states, output, size
        self.require = require

    @property
    def positions(self):
        """The inputs that depend."""
        return [i for i, s in enumerate(self.states) if s is not None]

    @property
    def sizes(self):
        """The dimensions of the output; None for unknown ones."""
        return dimensions_of(self.op.outputs[self.output])

    @property
    def rank(self):
        """Of the output, or None."""
        return self.op.outputs[self.output].shape.ndims

    def sizes_of(self, position):
        """The dimensions of an input; None for unknown ones."""
        return dimensions_of(self.op.inputs[position])

    def rank_of(self, position):
        """Of an input, or None."""
        return self.op.inputs[position].shape.ndims

    def told(self, position):
        """The value of an input as a numpy array where it is constant, or None."""
        return _compat.static_value(self.op.inputs[position])

    def told_axes(self, position, rank):
        """An input that names axes, as a set of numbers from 0 up, or None."""
        axes = self.told(position)
        return None if axes is None else {int(a) % rank for a in axes.ravel()}

    def attribute(self, name):
        """An attribute of the op; text as str."""
        value = self.op.get_attr(name)
        return value.decode("utf-8") if isinstance(value, bytes) else value

    def are_kept(self, pairs):
        """Whether axes of inputs have the sizes of axes of the output, for each (position, axis, out_axis).

        Unknown sizes are required to be equal; nothing is required where one of the others is not.
        """
        unknown = []
        for position, axis, out_axis in pairs:
            ours, theirs = self.sizes_of(position)[axis], self.sizes[out_axis]
            if None in (ours, theirs):
                unknown.append((self.op.inputs[position], axis, self.op.outputs[self.output], out_axis))
            elif ours != theirs:
                return False
        for pair in unknown:
            self.require(*pair)
        return True


def elementary(question):
    """Element by element, the inputs broadcast against each other.

    Mathematics: out[i] = f(a[i], b[i], ...), the inputs aligned at their last axes. A slice of the output depends on
    the same slice of each input if all of them carry it on the same output axis in the same way.
    Example: x [N, 3] carried on 0 plus b [3] independent: carried on 0. x [N, 3] on 1 plus b [3] on 0: carried on 1.
    Reads: shapes; sizes that are not known, and that other inputs could stretch, are required to be the output's.
    Conservative: an axis that is broadcast (size 1 to more) is not followed.
    """
    found, pairs = set(), []
    for position in question.positions:
        state, rank = question.states[position], question.rank_of(position)
        axis = None if None in (rank, question.rank) else state.axis + question.rank - rank
        if axis is None or axis < 0 or state.axis >= rank:  # the last for a handle, whose variable has the axis
            return None
        if _may_be_stretched(question, position, state.axis - rank):
            pairs.append((position, state.axis, axis))
        found.add(state._replace(axis=axis))
    return found.pop() if len(found) == 1 and question.are_kept(pairs) else None


def _may_be_stretched(question, position, axis):
    """Whether broadcasting against other inputs could repeat an input along an axis, counted from behind."""
    if question.op.type == "BroadcastTo":
        return True
    others = [question.sizes_of(p) for p in range(len(question.op.inputs)) if p != position]
    return any(sizes is None or (len(sizes) >= -axis and sizes[axis] != 1) for sizes in others)


def placed(question, places):
    """The state that all inputs which depend give the output, where places[position][axis] is the output axis that an
    axis of an input goes to, element by element; None where one goes nowhere, or where they differ."""
    found = set()
    for position in question.positions:
        state = question.states[position]
        axis = places.get(position, {}).get(state.axis)
        if axis is None:
            return None
        found.add(state._replace(axis=axis))
    return found.pop() if len(found) == 1 else None


def only(*allowed):
    """A Trait's `linear`: linear in one input, for each of the inputs `allowed` (any by default), never in several."""
    return lambda op, positions: len(positions) == 1 and (not allowed or positions[0] in allowed)


def within(*allowed):
    """A Trait's `linear`: linear in all inputs `allowed` together, and in no other."""
    return lambda op, positions: set(positions) <= set(allowed)


def weakest(states, linear):
    """The state of an output that no rule fits, from those of the inputs that depend."""
    return MIXED if MIXED in states or not linear else SUMMED
