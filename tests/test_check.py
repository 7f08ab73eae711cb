"""th.check: it agrees with right results, and finds wrong ones."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

FEED = np.array([0.1, 0.5, 2.0])


def network(dtype, rate=0.0):
    x = tf.placeholder(dtype, [3])
    w = tf.get_variable("w", initializer=np.array([[0.3, 0.4], [0.1, 0.2], [1.0, 2.0]], dtype.as_numpy_dtype))
    h = tf.sin(tf.matmul(x[tf.newaxis], w))
    if rate:
        h = tf.nn.dropout(h, rate=rate)
    return tf.reduce_sum(h ** 2 * tf.exp(tf.reduce_sum(x) * 0.1)), x, w


def checked(result, x):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.check(result, session, {x: FEED})


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32])
@pytest.mark.parametrize("ask", [
    th.hessian, th.hessian_diag, th.hessians, lambda loss, xs: th.hessian(loss, xs, flat=True),
    lambda loss, xs: th.plan(loss, xs, "full"), lambda loss, xs: th.plan(loss, xs)])
def test_right_results_pass(ask, dtype):
    loss, x, w = network(dtype)
    found = checked(ask(loss, [x, w]), x)
    assert found.ok and "agrees" in str(found)
    assert found.bound < (1e-6 if dtype == tf.float64 else 0.05) * max(found.scale, 1)


def test_what_is_drawn_is_drawn_once():
    loss, x, w = network(tf.float64, rate=0.5)
    assert checked(th.hessian(loss, [x, w]), x).ok


@tf.RegisterGradient("TestTenPercentOff")
def ten_percent_off(op, grad):
    return 1.1 * grad * tf.cos(op.inputs[0]) - 0.1 * tf.stop_gradient(grad * tf.cos(op.inputs[0]))


@pytest.mark.parametrize("ask", [th.hessian, th.hessian_diag])
def test_a_wrong_second_derivative_is_found(ask, graph):
    """The first gradient is right; the second is ten per cent off, as with the mean in tf.nn.moments."""
    x = tf.placeholder(tf.float64, [3])
    with graph.gradient_override_map({"Sin": "TestTenPercentOff"}):
        loss = tf.reduce_sum(tf.sin(x) ** 2)
    found = checked(ask(loss, x), x)
    assert not found.ok and "DIFFERS" in str(found) and found.error > 1e-3


def test_a_tensor_of_someone_else_is_refused():
    x = tf.placeholder(tf.float64, [3])
    with tf.Session() as session, pytest.raises(ValueError, match="th.hessian"):
        th.check(tf.reduce_sum(x), session, {x: FEED})


def test_variables_are_as_they_were():
    loss, x, w = network(tf.float64)
    result = th.hessian(loss, [x, w])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(w)
        th.check(result, session, {x: FEED})
        np.testing.assert_array_equal(session.run(w), before)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_all_of_a_short_diagonal_is_compared(place, graph):
    x = tf.placeholder(tf.float64, [3])
    with graph.gradient_override_map({"Sin": "TestTenPercentOff"}):
        wrong = tf.sin(x[place])
    found = checked(th.hessian_diag(tf.reduce_sum(x ** 3) + wrong ** 2, x), x)
    assert found.directions == 3 and not found.ok
