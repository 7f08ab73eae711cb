"""A hundred random nets a run: structure against columns and finite differences. `fuzz_nets` runs thousands."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tests.structure import fuzz_nets
from tests.structure.random_nets import RandomNet

SEED, TOGETHER = 5, 10
FIRSTS = range(0, 100, TOGETHER)


@pytest.mark.parametrize("first", FIRSTS)
def test_ten_nets_in_one_graph(first):
    outcomes = fuzz_nets.check(SEED, range(first, first + TOGETHER))
    assert not [fuzz_nets.report(o) for o in outcomes if o.status in fuzz_nets.FAILURES]
    kinds = collections.Counter(o.kind for o in outcomes if o.status == "right")
    assert sum(kinds.values()) >= 6 and kinds["structured"] >= 1, kinds


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
