"""Each rule of the table, put to the values of the op alone: nothing here differentiates.

For each case, each input, each axis, whole or split: the state that the rule gives, and that it is true: slices are
carried where it says so, mixed second differences vanish, and so do second differences where the op is called linear.
"""
import itertools
import re

import numpy as np
import pytest
from case import state_of, subsets
from cases import CASES
from measured import Measured, check_linearity, check_separation
from op_maker import DEFINITIONS

from tf1_hessian.graph.traits import MIXED, SUMMED, TRAITS, Carried, Question, is_linear, trait_of, weakest


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def measured(request):
    found = Measured(request.param)
    yield found
    found.close()


def asked(op, output, states, size):
    """(the state of an output, the sizes that the rule required to be equal)."""
    known = [states.get(i) for i in range(len(op.inputs))]
    required = []
    question = Question(op, known, output, size, lambda *pair: required.append(pair))
    answer = trait_of(op).axes(question)
    if answer is None:
        assert not required
        answer = weakest(list(states.values()), is_linear(op, sorted(states)))
    return answer, required


def static_size(measured, position, axis):
    """The number of slices of an input's axis as the graph tells it."""
    if measured.case.variable and position == 0:
        return measured.arrays[0].shape[axis]
    shape = measured.op.inputs[position].shape
    return None if shape.ndims is None else shape.as_list()[axis]


def named(op, required):
    """The required pairs, with positions in place of tensors."""
    return [(([t is pair[0] for t in op.inputs].index(True), pair[1]), pair[3]) for pair in required]


def holds(measured, required):
    """Whether sizes that are required to be equal are."""
    return all(measured.arrays[p].shape[axis] == measured.at_rest[0].shape[out]
               for (p, axis), out in named(measured.op, required))


def questions(measured):
    """All (position, axis)."""
    return [(p, axis) for p in measured.positions for axis in range(measured.arrays[p].ndim)]


def test_states(measured):
    """Each input alone, each axis whole, each output: as the case expects, and true."""
    case, moved = measured.case, 0
    for output, (position, axis) in itertools.product(measured.outputs, questions(measured)):
        answer, required = asked(measured.op, output, {position: Carried(axis)}, static_size(measured, position, axis))
        what = "output %d, input %d carried on %d" % (output, position, axis)
        assert answer == case.state(output, position, axis), what
        if output == 0:
            assert named(measured.op, required) == case.requires.get((position, axis), []), what
        if answer != MIXED and position not in case.held and output in measured.measured:
            assert holds(measured, required) == ((position, axis) not in case.refused)
            if (position, axis) in case.refused:
                continue
            slices = measured.arrays[position].shape[axis]
            moved = max(moved, check_separation(measured, output, {position: Carried(axis)}, slices, answer))
    assert moved or case.flat or not measured.measured or all(
        state_of(told) == MIXED for states in case.expected.values() for told in states)


def test_split_axes(measured):
    """Each axis as several slices, with entries of a slice beside each other and apart: whatever is said, is true.

    So it is where the number of slices, or of repeats in front of them, is not known.
    """
    for output, (position, axis) in itertools.product(measured.measured, questions(measured)):
        for slices, outer, inner in splits(measured.arrays[position].shape[axis]):
            answers = [asked(measured.op, output, {position: Carried(axis, told, inner)}, known)
                       for told, known in itertools.product({outer, None}, (slices, None))]
            for answer in {answer for answer, required in answers if holds(measured, required)} - {MIXED}:
                if position not in measured.case.held:
                    check_separation(measured, output, {position: Carried(axis, outer, inner)}, slices, answer)


def splits(size):
    """(slices, outer, inner) that make up an axis, more than one slice."""
    return [(m, outer, inner) for m, outer, inner in ((2, 1, 2), (2, 2, 1), (2, 1, 3), (3, 2, 1), (3, 1, 2), (2, 2, 2))
            if m * outer * inner == size]


def test_several_inputs(measured):
    """Several inputs that depend on the same slices, on each combination of axes of one size: what is said, is true."""
    case, op, seen = measured.case, measured.op, set()
    for pairs in combinations(measured):
        states, (first, axis) = {p: Carried(a) for p, a in pairs}, pairs[0]
        for output in measured.measured:
            answer, required = asked(op, output, states, static_size(measured, first, axis))
            if output == 0 and pairs in case.together:
                assert answer == state_of(case.together[pairs]), pairs
                seen.add(pairs)
            if answer != MIXED and holds(measured, required):
                check_separation(measured, output, states, measured.arrays[first].shape[axis], answer)
    assert seen == set(case.together)


def test_several_split_axes(measured):
    """Two inputs that depend, the slices on each in an order of its own."""
    for output, pairs in itertools.product(measured.measured, combinations(measured)):
        ways = splits(measured.arrays[pairs[0][0]].shape[pairs[0][1]])
        for one, other in itertools.product(ways, ways):
            if len(pairs) > 2 or one[0] != other[0]:
                continue
            states = {p: Carried(axis, *way[1:]) for (p, axis), way in zip(pairs, (one, other))}
            answer, required = asked(measured.op, output, states, one[0])
            if answer != MIXED and holds(measured, required):
                check_separation(measured, output, states, one[0], answer)


def combinations(measured):
    """All ((position, axis), ...) of several inputs whose axes are of one size."""
    for positions in subsets([p for p in measured.positions if p not in measured.case.held]):
        for axes in itertools.product(*[range(measured.arrays[p].ndim) for p in positions]):
            if len(positions) > 1 and len({measured.arrays[p].shape[a] for p, a in zip(positions, axes)}) == 1:
                yield tuple(zip(positions, axes))


def test_linearity(measured):
    """Linear where the case says so, and nowhere else; second differences vanish there."""
    for positions in subsets(measured.positions, most=5):
        assert is_linear(measured.op, list(positions)) == measured.case.is_linear(positions), positions
        if measured.case.is_linear(positions) and not set(positions) & set(measured.case.held):
            check_linearity(measured, positions)


def test_rules_are_explained():
    """Meaning, mathematics, an example, what is read, and whether it is exact."""
    parts = ("Mathematics:", "Example:", "Reads:")
    texts = {trait.axes.__name__: (trait.axes.__doc__ or "").replace("\n    ", " ") for trait in TRAITS.values()}
    assert not [name for name, text in texts.items() if not all(part in text for part in parts)
                or not re.search("[Ee]xact|[Cc]onservative", text)]


def test_every_type_has_a_case():
    assert not sorted(set(TRAITS) & set(DEFINITIONS) - {case.kind for case in CASES})


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})
    assert np.all([case.kind in TRAITS for case in CASES])


def wrong(kind, position, axis, answer, output=0):
    """An answer that is not true of a case, put to the measurement."""
    measured = Measured(next(case for case in CASES if case.name == kind))
    slices = measured.arrays[position].shape[axis]
    check_separation(measured, output, {position: Carried(axis)}, slices, answer)


@pytest.mark.parametrize("kind, position, axis, answer, message", [
    ("MatMul", 0, 0, Carried(1), "in 4 slices"), ("MatMul: square", 0, 0, Carried(1), "changes others"),
    ("Softmax", 0, 1, Carried(1), "changes others"), ("Softmax", 0, 1, SUMMED, "meet"),
    ("MatrixInverse", 0, 2, SUMMED, "meet"), ("Tile", 0, 1, Carried(1, 1, 2), "changes others"),
])
def test_a_wrong_answer_is_noticed(kind, position, axis, answer, message):
    with pytest.raises(AssertionError, match=message):
        wrong(kind, position, axis, answer)


@pytest.mark.parametrize("kind, positions", [("Mul: a vector", (0, 1)), ("Softmax", (0,)), ("Square: complex", (0,)),
                                             ("RealDiv: a row", (1,))])
def test_a_curve_is_noticed(kind, positions):
    with pytest.raises(AssertionError, match="curved"):
        check_linearity(Measured(next(case for case in CASES if case.name == kind)), positions)
