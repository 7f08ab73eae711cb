"""What is refused for rows: the sentence, and the graph left as it was."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.rows.nets_of_rows import mlp
from tests.untouched import assert_refused

D = tf.float64


def _refused(error, ys, x, quantity="laplacian", **options):
    return assert_refused(error, lambda: th.plan(ys, x, quantity, **options), x.graph)


def _batch_norm(x):
    mean, variance = tf.nn.moments(x, [0], name="over_the_batch")
    return tf.nn.batch_normalization(tf.tanh(x), mean, variance, None, None, 1e-3)


@pytest.mark.parametrize("mix, named", [
    (_batch_norm, "over_the_batch/mean"),
    (lambda x: tf.tanh(x) - tf.reduce_mean(x, 0, name="mean_of_all"), "mean_of_all"),
    (lambda x: tf.tanh(tf.cumsum(x, 0, name="running")), "running"),
    (lambda x: tf.tanh(tf.reverse(x, [0], name="turned")), "turned"),
    (lambda x: tf.matmul(tf.matmul(x, x, transpose_b=True, name="kernel"), x), "kernel"),
], ids=["batch_norm", "mean", "cumsum", "reverse", "kernel"])
def test_the_op_that_mixes_rows_is_named(mix, named):
    x = tf.placeholder(D, [None, 3], name="points")
    ys = mlp(mix(x))
    for quantity in ("batch", "batch_diag", "laplacian"):
        for engine in ("auto", "loop"):
            text = _refused(th.NotSeparableError, ys, x, quantity, engine=engine)
            assert "operation '%s" % named in text and "points" in text and "th.hessian" in text


@pytest.mark.parametrize("make, expected", [
    (lambda x: (tf.reduce_sum(x), x), "one tensor of shape [B] or [B, q]"),
    (lambda x: (tf.expand_dims(x, 0), x), "one tensor of shape [B] or [B, q]"),
    (lambda x: (tf.transpose(tf.square(x)), x), "a row for each row"),
    (lambda x: (tf.reshape(tf.square(x), [-1]), x), "a row for each row"),
], ids=["scalar", "three_axes", "transposed", "flat"])
def test_ys_that_are_no_rows(make, expected):
    ys, x = make(tf.placeholder(D, [4, 3]))
    assert expected in _refused(ValueError, ys, x)


def test_rows_of_unknown_size():
    x = tf.placeholder(D, [None, None])
    assert "as [None, 3] has; got shape (?, ?)" in _refused(ValueError, tf.reduce_sum(x ** 2, 1), x).replace(
        "None, None)", "?, ?)")
    scalar = tf.placeholder(D, [])
    assert "one tensor of rows" in _refused(ValueError, tf.reshape(scalar, [1]), scalar)


@pytest.mark.parametrize("options, expected", [
    ({"engine": "structured"}, "one of auto, tangents, vectorized, loop"), ({"flat": True}, "flat=True"),
    ({"chunk_size": 0}, "a whole number"), ({"per_example": True}, "per_example=True"),
    ({"max_columns": 2}, "max_columns=2, and the plan takes 3: RowPlan("), ({"precision": "half"}, "precision"),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else None)
def test_options(options, expected):
    x = tf.placeholder(D, [None, 3])
    assert expected in _refused(ValueError, mlp(x), x, **options)


def test_a_gradient_of_the_users_takes_columns():
    @tf.custom_gradient
    def twice(z):
        return tf.square(z), lambda g: 2 * z * g

    x = tf.placeholder(D, [None, 3])
    ys = tf.reduce_sum(twice(x), 1)
    plan = th.plan(ys, x, "batch_diag")
    assert plan.engine == "vectorized" and "custom gradient" in str(plan)
    assert "custom gradient" in _refused(ValueError, ys, x, engine="tangents")
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(plan.build(), {x: np.ones([2, 3])}), np.full([2, 3], 2.0))


def test_sizes_that_turn_out_unequal_fail():
    x, other = tf.placeholder(D, [None, 3]), tf.placeholder(D, [None, 3])
    found = th.laplacian(tf.reduce_sum(tf.square(x) * other, 1), x)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(found, {x: np.ones([2, 3]), other: np.ones([2, 3])}), [6.0, 6.0])
        with pytest.raises(tf.errors.InvalidArgumentError, match="need axis 0"):
            session.run(found, {x: np.ones([1, 3]), other: np.ones([2, 3])})
