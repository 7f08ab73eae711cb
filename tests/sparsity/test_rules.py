"""What is said of the elements of each op, put to the op's values alone: nothing here differentiates.

For each case of an op that has a trait: an output element that moves with an input element is linked to it, and two
elements whose mixed second difference is not zero are a pair.
"""
import itertools

import numpy as np
import pytest
from cases import CASES
from measured import Measured

from tf1_hessian.sparsity.constants import Constants
from tf1_hessian.sparsity.links import Sets, united
from tf1_hessian.sparsity.pairs import Pairs
from tf1_hessian.sparsity.rules import Cross, View, local

MOST = 10


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def measured(request):
    found = Measured(request.param)
    yield found
    found.close()


class Said(object):
    """What the rules say of an op whose inputs at `positions` depend: `touched` and `pairs` over all their elements."""

    def __init__(self, measured, positions):
        arrays, op = measured.arrays, measured.op
        sizes = {op.inputs[p].name: list(a.shape) for p, a in arrays.items()}
        sizes.update((op.outputs[o].name, list(v.shape)) for o, v in zip(measured.outputs, measured.at_rest))
        constants = Constants([op.inputs[p] for p in arrays], {})
        view = View(op, list(op.inputs), positions, measured.measured, lambda t: sizes.get(
            t.name, t.shape.as_list() if t.shape.ndims is not None else []), constants)
        found = local(view, True)
        constants.close()
        self.starts = dict(zip(positions, np.cumsum([0] + [arrays[p].size for p in positions])))
        self.n = sum(arrays[p].size for p in positions)
        self._sets = {p: Sets.of_source(self.starts[p], arrays[p].size, self.n) for p in positions}
        self.touched = [self._touched(found, o, v.size) for o, v in zip(measured.measured, measured.at_rest)]
        self.pairs = self._pairs(found, op)

    def _touched(self, found, output, size):
        links = [(p, link) for (p, o), link in found.links.items() if o == output]
        if not links:
            return np.zeros([size, self.n], bool)
        sets = united([link.ahead(self._sets[p]) for p, link in links])
        return sets.table[sets.ids].toarray().astype(bool)  # of no rows it is float in old scipy

    def _pairs(self, found, op):
        pairs = Pairs(self.n)
        for term in found.terms:
            ends = [term.one, term.other] if isinstance(term, Cross) else list(term.links.items())
            seen = [link.ahead(self._sets[p]) for p, link in ends]
            everything = np.ones(seen[0].ids.size, bool)
            if isinstance(term, Cross):
                pairs.cross(seen[0], seen[1], everything, op)
            else:
                pairs.square(united(seen), everything, op)
        return pairs.pattern().to_scipy().toarray()


def moved(measured, element):
    """A small step of one element (position, place)."""
    position, place = element
    step = measured.direction([position])[position]
    mask = np.zeros(step.size, bool)
    mask[place] = True
    return {position: np.where(mask.reshape(step.shape), step, 0).astype(step.dtype)}


def both(one, other):
    steps = dict(one)
    for position, step in other.items():
        steps[position] = steps[position] + step if position in steps else step
    return steps


def picked(measured, positions, random):
    elements = [(p, k) for p in positions for k in range(measured.arrays[p].size)]
    chosen = random.permutation(len(elements))[:MOST]
    return [elements[i] for i in sorted(chosen)]


def test_every_influence_and_every_pair_is_said(measured):
    positions = [p for p in measured.positions if p not in measured.case.held]
    asked = [[p] for p in positions] + ([positions] if len(positions) > 1 else [])
    random = np.random.RandomState(3)
    for live in asked:
        said, elements = Said(measured, live), picked(measured, live, random)
        steps = {e: moved(measured, e) for e in elements}
        alone = {e: measured.values(steps[e]) for e in elements}
        for (p, k), values in alone.items():
            for touched, value, rest in zip(said.touched, values, measured.at_rest):
                changed = np.abs(value - rest).ravel() > measured.tolerance
                assert not (changed & ~touched[:, said.starts[p] + k]).any(), "input %d, element %d" % (p, k)
        for one, other in itertools.combinations_with_replacement(elements, 2):
            together = measured.values(both(steps[one], steps[other]))
            if not said.pairs[said.starts[one[0]] + one[1], said.starts[other[0]] + other[1]]:
                for t, a, b, rest in zip(together, alone[one], alone[other], measured.at_rest):
                    curved = np.abs(t - a - b + rest).max() if rest.size else 0
                    assert curved <= 4 * measured.tolerance, "%s and %s meet: %g" % (one, other, curved)
