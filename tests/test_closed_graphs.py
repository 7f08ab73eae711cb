"""Graphs that take no more ops, and eager mode: every call is refused with the way out."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from apart import ROOT, program
from untouched import assert_refused, assert_runs

EVERYTHING = """
th.hessian_diag(loss, x)
th.hessian(loss, x)
th.hessians(loss, x)
th.hvp(loss, x, ones)
th.gradients(loss, x)
th.rewrite(loss, [(x, ones)])
th.rewrite_on_slices(loss, x)
th.plan(loss, x)
""".strip().splitlines()


@pytest.mark.parametrize("call", EVERYTHING)
def test_a_finalized_graph_is_refused_with_the_way_out(call):
    x = tf.placeholder(tf.float64, [3])
    loss = tf.reduce_sum(x ** 3)
    names = {"th": th, "loss": loss, "x": x, "ones": np.ones(3)}
    loss.graph.finalize()
    text = assert_refused(RuntimeError, lambda: eval(call, names), loss.graph)
    assert "finalized" in text and "before the session" in text
    assert_runs(loss)


EAGER = """
import numpy as np, tensorflow.compat.v1 as tf, tf1_hessian as th
tf.enable_eager_execution()
ones, loss, x = np.ones(2), tf.constant(1.0), tf.constant([1.0, 2.0])
for call in %r:
    try:
        eval(call)
    except RuntimeError as error:
        assert "eager" in str(error) and "tf.Graph" in str(error) and "GradientTape" in str(error), error
        assert call.split("(")[0] in str(error), (call, error)
    else:
        raise AssertionError(call)
print("all refused")
""" % (EVERYTHING,)


def test_eager_mode_is_refused_with_the_way_out():
    ended = program(["-c", EAGER], ROOT)
    assert ended.out.strip().endswith("all refused"), ended.err
