"""Sparse results that are wrong are noticed: by the call that fetches them, and by finite differences."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from chains import chain
from grids import band

import tf1_hessian as th
from tf1_hessian import colored


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32])
def test_against_finite_differences(dtype):
    """th.check takes the value, its plan and its tensor; a pattern that misses an entry is not ok there either."""
    loss, x = chain(12, dtype)
    point = np.random.RandomState(0).rand(12)
    missing = th.sparse_hessian(loss, x, pattern=without(band(12, 1), 3, 4), verify="never")
    with tf.Session():
        for result in (th.sparse_hessian(loss, x), th.plan(loss, x, "sparse"), th.sparse_hessian(loss, x).values):
            found = th.check(result, feed_dict={x: point})
            assert found.ok and found.scale > 1
        assert not th.check(missing, feed_dict={x: point}).ok


def without(pattern, i, j):
    matrix = pattern.to_scipy().toarray()
    matrix[i, j] = matrix[j, i] = False
    return th.SparsityPattern(matrix)


@pytest.mark.parametrize("entry", [(0, 1), (7, 8), (10, 11), (3, 3), (11, 11)])
def test_a_missing_entry_is_caught(entry):
    loss, x = chain(12)
    missing = without(band(12, 1), *entry)
    found = th.sparse_hessian(loss, x, pattern=missing)
    silent = th.sparse_hessian(loss, x, pattern=missing, verify="never")
    with tf.Session():
        with pytest.raises(th.VerificationError, match="the pattern misses an entry of that row") as caught:
            th.evaluate(found, {x: np.arange(1.0, 13.0)})
        th.evaluate(silent, {x: np.arange(1.0, 13.0)})
    assert "HessianPlan(sparse, n=12" in str(caught.value)


def test_a_missing_entry_of_a_diagonal_is_caught(monkeypatch):
    """Elements 4 and 5 get one colour, since the pattern does not know that they meet."""
    loss, x = chain(12)
    monkeypatch.setattr(colored, "detected", lambda *_: without(band(12, 1), 4, 5))
    monkeypatch.setattr(colored.Coloring, "of", classmethod(
        lambda cls, pattern, kind, shape: cls(pattern, [0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0], kind)))
    found = th.hessian_diag(loss, x, engine="colored")
    with tf.Session(), pytest.raises(th.VerificationError, match="the columns by colours give"):
        th.evaluate(found, {x: np.arange(1.0, 13.0)})


def test_a_number_that_only_the_check_finds_infinite_is_told():
    """Where the result shows it, it is seen without; either way the point is singular, and the pattern may be right."""
    loss, x = chain(3)
    source = th.plan(loss, x).sources[0]

    def judged(claimed, exact):
        check = colored._Check([source], [], "THE PLAN", lambda values: ([claimed], [exact], [1.0]))
        return check.judge([])

    with np.errstate(all="raise"):
        assert [c.index for c in judged([np.inf, 2.0, np.nan], [np.nan, 2.0, 1.0])] == [(0,), (1,)]
        with pytest.raises(th.VerificationError, match=r"entry \[1\] .* 2.0 by .* nan by .* the point is singular"):
            judged([1.0, 2.0, 3.0], [1.0, np.nan, 3.5])


def test_a_check_is_done_once_or_always():
    loss, x = chain(12)
    missing = without(band(12, 1), 0, 1)
    point = np.arange(1.0, 13.0)
    with tf.Session() as session:
        for verify in ("first", "always"):
            found = th.sparse_hessian(loss, x, pattern=missing, verify=verify)
            harmless = np.array(point)
            harmless[0] = 0.0  # the entry that is missing is -400 x_0
            th.evaluate(found, {x: harmless}, session)
            if verify == "first":
                th.evaluate(found, {x: point}, session)
            else:
                with pytest.raises(th.VerificationError):
                    th.evaluate(found, {x: point}, session)


def test_not_a_number_is_no_mistake():
    x = tf.placeholder(tf.float64, [70])
    loss = tf.reduce_sum(tf.sqrt(x[1:] * x[:-1]))
    with tf.Session():
        found, diagonal = th.evaluate([th.sparse_hessian(loss, x), th.hessian_diag(loss, x, engine="colored")],
                                      {x: -np.arange(70.0)})
    assert np.isnan(found.data).any() and np.isnan(diagonal).any() and np.isfinite(diagonal).sum() == 68
