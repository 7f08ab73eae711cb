"""One op with inputs, and what the table is expected to say of it."""
import itertools

import numpy as np

from tf1_hessian.graph.traits import MIXED, SUMMED, Carried

__all__ = ["Case", "Fed", "S", "X", "numbers", "positive", "stepped", "unit"]

S, X = SUMMED, MIXED


class Fed(object):
    """An input that is fed: of a static shape that need not be known (None: not even its rank), or integers that are
    not constant."""

    def __init__(self, array, shape):
        self.array, self.shape = np.asarray(array), shape


class Case(object):
    """What is expected of an op of type `kind`, made of arrays (lists of them where an argument is a list).

    Arrays of real numbers are what the op may depend on; integers are constant, unless Fed. `expected[position][axis]`
    is the state of the first output where the input at `position` depends, carried on `axis`, and nothing else does: S,
    X, an axis k for Carried(k), or the arguments of Carried. `others[output]` is the same for another output; outputs
    that are not named are expected to be as the first. `together[((position, axis), ...)]` is for several inputs.
    linear: True, False, "one" (in each input alone), or a list of positions or tuples of positions.
    requires[(position, axis)]: the pairs ((position, axis), output axis) that are to be required equal.
    variable: whether the first input is the handle of a variable of that value. held: positions in which the op is no
    smooth function, asked but not measured. refused: (position, axis) for which these arrays break what is required.
    flat: whether the op is constant between its steps. step: of differences. channels_first: the inputs that are
    images; such an op is measured with channels last. measures: the outputs that are measured, for ops that do not
    write all of them.
    """

    def __init__(self, kind, inputs, expected, linear=True, name="", others=None, together=None, requires=None,
                 variable=False, held=(), refused=(), flat=False, step=None, channels_first=(),
                 measures=None, **attributes):
        self.kind, self.inputs, self.attributes = kind, inputs, attributes
        self.expected, self.others, self.together = expected, others or {}, together or {}
        self.linear, self.requires, self.variable = linear, requires or {}, variable
        self.held, self.refused, self.flat, self.step = tuple(held), tuple(refused), flat, step
        self.channels_first, self.measures = channels_first, measures
        self.name = kind + (": " + name if name else "")

    def state(self, output, position, axis):
        """The expected state, with one input that depends."""
        return state_of(self.others.get(output, self.expected)[position][axis])

    def is_linear(self, positions):
        """Whether the op is expected to be linear in all of these inputs together."""
        if self.linear == "one":
            return len(positions) == 1
        if isinstance(self.linear, bool):
            return self.linear
        return tuple(positions) in [p if isinstance(p, tuple) else (p,) for p in self.linear]


def state_of(told):
    """The state that a short form stands for."""
    if isinstance(told, str):
        return told
    return Carried(*told) if isinstance(told, tuple) else Carried(told)


def _drawn(shape, low, high, kind=np.float64):
    """Numbers between low and high, no two close to each other, in an order that has no pattern."""
    count = int(np.prod(shape))
    rng = np.random.RandomState(17 * count + len(shape))
    places = (rng.permutation(count) + 0.5 + 0.2 * rng.uniform(-1, 1, count)) / max(count, 1)
    return (low + (high - low) * places).reshape(shape).astype(kind)


def numbers(*shape, **options):
    """Of both signs."""
    return _drawn(shape, -1.7, 1.9, **options)


def positive(*shape, **options):
    """Between 0.3 and 2."""
    return _drawn(shape, 0.3, 2.0, **options)


def unit(*shape, **options):
    """Between 0.2 and 0.8."""
    return _drawn(shape, 0.2, 0.8, **options)


def stepped(*shape, **options):
    """Away from all multiples of a half."""
    whole = _drawn(shape, -4, 4, **options)
    return np.floor(whole) + 0.15 + 0.2 * (whole - np.floor(whole)).astype(whole.dtype)


def subsets(positions, most=3):
    """All sets of at least one position."""
    for count in range(1, min(most, len(positions)) + 1):
        for found in itertools.combinations(positions, count):
            yield found
