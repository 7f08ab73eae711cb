"""The verdict on a result: a wrong number is a bug, a singular point is none, and hides none."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian.structure.verification import LaidCheck

Source = collections.namedtuple("Source", "name shape dtype size")
V = Source("v:0", tf.TensorShape([3]), tf.float64, 3)
W = Source("w:0", tf.TensorShape([2, 4]), tf.float64, 8)
X = np.array([[1, 2], [0.5, 0.1], [3, 1]])
SINGULAR = "which can't be compared: the point is singular.* no bug of tf1_hessian: take another point"


def judged(claimed, exact):
    return LaidCheck([], [V, W], 2, "THE PLAN").judge([[0, 2, 3 + 1, 3 + 6], claimed, exact])


@pytest.mark.parametrize("got, true", [
    (-np.inf, np.nan), (2.0, np.nan), (np.inf, -np.inf), (2.0, np.inf)])
def test_a_number_that_is_not_finite_is_no_bug(got, true):
    with pytest.raises(th.VerificationError, match=SINGULAR) as caught:
        judged([1, 2, got, 4], [1, 2, true, 4])
    assert str(caught.value).startswith("The entry [0, 1] of 'w:0' is %r by the plan and %r by" % (got, true))
    assert str(caught.value).endswith("THE PLAN")


def test_a_number_of_the_plan_alone_that_is_not_finite_is_not_excused():
    with pytest.raises(th.VerificationError, match="compared: the plan alone .* engine='loop' gives") as caught:
        judged([1, 2, np.nan, 4], [1, 2, 2.0, 4])
    assert "no bug" not in str(caught.value) and str(caught.value).endswith("THE PLAN")


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_both_show_passes(number):
    found = judged([1, number, 3, 4 + 1e-9], [1, number, 3, 4])
    assert [(c.source, c.index) for c in found] == [("v:0", (0,)), ("v:0", (2,)), ("w:0", (0, 1)), ("w:0", (1, 2))]


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 3])
def test_an_infinite_entry_hides_no_wrong_one(number, place):
    """Neither one of the same source nor of another one."""
    claimed, exact = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3.1, 4])
    claimed[place] = exact[place] = number
    with pytest.raises(th.VerificationError, match="w:0' is 3.0 by .* 3.1 by .* a bug of tf1_hessian"):
        judged(claimed, exact)


@pytest.mark.parametrize("per_example", [False, True])
def test_at_a_root_of_zero(per_example):
    """Sums of roots, of which those by the first column of w are at 0."""
    start = np.array([[0, 1, 0.5], [0, 2, 1]])
    w = tf.get_variable("w", initializer=start)
    losses = tf.reduce_sum(tf.sqrt(tf.matmul(tf.constant(X), w)), 1)
    result = th.hessian_diag(losses if per_example else tf.reduce_sum(losses), w, per_example=per_example)
    unchecked = th.hessian_diag(tf.reduce_sum(losses), w, verify="never")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(th.VerificationError, match=SINGULAR) as caught:
            th.evaluate(result)
        assert "of 'w:0' is -inf by the plan" in str(caught.value)
        found = th.evaluate(unchecked)
        w.load(start + 1, session)
        assert np.all(np.isfinite(th.evaluate(result)))
    sums = X.dot(start[:, 1:])
    np.testing.assert_allclose(found[:, 1:], -np.einsum("bi,bj->ij", X ** 2, sums ** -1.5) / 4)
    assert np.all(found[:, 0] == -np.inf)
