"""Tangents a few at a time, against finite differences and against all at once."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.rows.nets_of_rows import NETS, START
from tests.rows.test_rows import assert_slope, evaluated, reduced, truth

D = tf.float64


@pytest.mark.parametrize("name", ["tanh", "layer_norm", "scalars", "residual"])
@pytest.mark.parametrize("chunk_size", [1, 2])
def test_chunks(name, chunk_size):
    x = tf.placeholder(D, [None, 3])
    ys = NETS[name](x)
    true = truth(ys, x, START)
    for quantity in ("batch_diag", "laplacian"):
        plan = th.plan(ys, x, quantity, engine="tangents", chunk_size=chunk_size)
        told = ", one by one," if chunk_size == 1 else " in chunks of %d," % chunk_size
        assert plan.chunk_size == chunk_size and told in str(plan)
        found = evaluated(plan, {x: START})
        expected = reduced(true, quantity)
        assert found.shape == expected.shape and np.abs(expected).max() > 1e-2
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * max(1, np.abs(true).max()))


def test_many_tangents_go_in_chunks_by_memory():
    """A tangent of a [2^20, 24] layer takes 0.2 GB."""
    x = tf.placeholder(D, [2 ** 20, 24])
    ys = tf.reduce_sum(tf.tanh(tf.sin(x)), 1)
    plan = th.plan(ys, x, "laplacian", engine="tangents")
    assert 1 <= plan.chunk_size < 6 and plan.bytes <= 2 ** 30


def test_matrices_of_few_tangents_are_refused():
    x = tf.placeholder(D, [None, 3])
    ys = NETS["tanh"](x)
    ops = len(x.graph.get_operations())
    with pytest.raises(ValueError, match="matrices pair all 3 tangents, which are more than chunk_size"):
        th.batch_hessian(ys, x, engine="tangents", chunk_size=2)
    assert len(x.graph.get_operations()) == ops
    plan = th.plan(ys, x, "batch", chunk_size=2)
    assert plan.engine != "tangents" and "matrices pair all tangents" in str(plan)


def test_a_laplacian_in_chunks_is_differentiated_again():
    x = tf.placeholder(D, [None, 3])
    ys = NETS["tanh"](x)
    assert_slope(x, tf.reduce_sum(tf.square(th.laplacian(ys, x, engine="tangents", chunk_size=2))))
