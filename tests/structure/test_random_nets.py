"""A hundred random nets a run: structure against columns and finite differences. `fuzz_nets` runs thousands."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tests.structure import fuzz_nets
from tests.structure.random_nets import RandomNet

SEED, TOGETHER = 5, 10
# TF 1.x takes three times as long to build.
FIRSTS = range(0, 100 if tf.__version__ > "2" else 30, TOGETHER)


@pytest.fixture(scope="module")
def kinds():
    """The kinds of plans met so far."""
    return collections.Counter()


@pytest.mark.parametrize("first", FIRSTS)
def test_ten_nets_in_one_graph(first, kinds):
    outcomes = fuzz_nets.check(SEED, range(first, first + TOGETHER))
    kinds.update(o.kind for o in outcomes)
    assert not [fuzz_nets.report(o) for o in outcomes if o.status in fuzz_nets.FAILURES]
    assert sum(o.status == "right" for o in outcomes) >= 6


def test_the_nets_are_not_all_beyond_structure(kinds):
    if sum(kinds.values()) < len(FIRSTS) * TOGETHER:  # one test of the module alone: what it would have met
        kinds.update(o.kind for first in FIRSTS for o in fuzz_nets.check(SEED, range(first, first + TOGETHER)))
    total = sum(kinds.values())
    assert kinds["structured"] + kinds["mixed"] >= total // 2
    assert kinds["structured"] >= total // 4 and kinds["structured"] < total


def test_a_net_is_what_its_numbers_make_it():
    first, again, other = RandomNet(SEED, 4), RandomNet(SEED, 4), RandomNet(SEED, 5)
    assert str(first) == str(again) and str(first) != str(other)
    np.testing.assert_array_equal(first.start, again.start)
    loss, xs, feed = first.on_sources()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        total = np.sum(session.run(loss, feed))
        flat = tf.constant(first.start)
        np.testing.assert_allclose(
            total, np.sum(session.run(first.build(first.nodes_of(flat), tf.float64, exact=True))), rtol=1e-12)
