"""Reshapes of all kinds, of known and unknown sizes, put to the order of elements in numpy."""
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from measured import sliced

from tf1_hessian.graph.traits import Carried, Question, trait_of

# Shapes of 12 elements.
SHAPES = [(12,), (3, 4), (4, 3), (2, 6), (6, 2), (2, 3, 2), (3, 2, 2), (2, 2, 3), (4, 1, 3)]


def splits(size):
    """All (slices, outer, inner) that make up an axis."""
    numbers = range(1, size + 1)
    return [s for s in itertools.product(numbers, numbers, numbers) if s[0] > 1 and np.prod(s) == size]


def masked(shape, rng):
    """A shape with some sizes unknown."""
    share = rng.choice([0, 0.4, 0.8])
    return [None if rng.uniform() < share else size for size in shape]


def answered(op, state, slices):
    """(the state of the reshaped tensor, what is required to be equal)."""
    required = []
    found = trait_of(op).axes(Question(op, [state, None], 0, slices, lambda *pair: required.append(pair)))
    return found, [(axis, out) for _, axis, _, out in required]


def is_true(source, to, state, slices, found):
    """Whether each element is of the same slice before and after."""
    before, after = sliced(source, state, slices), sliced(to, found, slices)
    return np.array_equal(before.ravel(), after.ravel())


def a_true_state(source, to, state, slices):
    """The state on some axis in which all elements keep their slice, by trying all, or None."""
    tries = [Carried(axis, outer, inner) for axis, size in enumerate(to) for m, outer, inner in splits(size)
             if m == slices]
    return next((t for t in tries if is_true(source, to, state, slices, t)), None)


@pytest.mark.parametrize("source", SHAPES, ids=str)
def test_known_sizes(source):
    """The rule finds a state where there is one, and only then."""
    for to, axis in itertools.product(SHAPES, range(len(source))):
        reshaped = tf.reshape(tf.placeholder(tf.float32, source), to)
        for slices, outer, inner in splits(source[axis]):
            state = Carried(axis, outer, inner)
            found, required = answered(reshaped.op, state, slices)
            assert not required and (found is None) == (a_true_state(source, to, state, slices) is None)
            assert found is None or is_true(source, to, state, slices, found)


@pytest.mark.parametrize("source", SHAPES, ids=str)
def test_unknown_sizes(source):
    """What the rule says is true wherever the sizes that it requires to be equal are."""
    rng, carried, without = np.random.RandomState(3), 0, 0
    for to, axis, _ in itertools.product(SHAPES, range(len(source)), range(4)):
        reshaped = tf.reshape(tf.placeholder(tf.float32, masked(source, rng)), tf.placeholder(tf.int32, [len(to)]))
        reshaped.set_shape(masked(to, rng))
        for slices, outer, inner in splits(source[axis]):
            state = Carried(axis, rng.choice([outer, None]), inner)
            found, required = answered(reshaped.op, state, rng.choice([slices, None]))
            assert found is not None or not required
            if found is not None and all(source[i] == to[j] for i, j in required):
                assert is_true(source, to, Carried(axis, outer, inner), slices, found)
                carried, without = carried + 1, without + (not required)
    assert carried > 20 and without > 10
