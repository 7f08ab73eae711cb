"""Calls inside a function that is traced in a Session program: a tf.function, or a branch of a conditional."""
import traceback

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian import _compat

X = np.random.RandomState(0).randn(7, 3)


def traced(function):
    return _compat.traced_function(function, None, False)


def weights(use_resource=True):
    return tf.get_variable("w", initializer=X[:3, :2], use_resource=use_resource)


def loss(w):
    return tf.reduce_sum(tf.tanh(tf.matmul(X, w)) ** 2)


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def second_of_tanh_squared(w):
    """sum over rows of x_i^2 (t^2)'' with t = tanh: 2 (1 - t^2)(1 - 3 t^2)."""
    t = np.tanh(X.dot(w))
    return (X ** 2).T.dot(2 * (1 - t ** 2) * (1 - 3 * t ** 2))


@pytest.mark.parametrize("engine", ("auto", "structured", "colored", "vectorized", "loop"))
def test_variables_and_tensors_of_outside(engine):
    w, x = weights(), tf.placeholder(tf.float64, [3, 2])
    found = traced(lambda: [th.hessian_diag(loss(w), w, engine=engine), th.hessian_diag(loss(x), x, engine=engine)])()
    for each in evaluated(found, {x: X[:3, :2]}):
        np.testing.assert_allclose(each, second_of_tanh_squared(X[:3, :2]), rtol=1e-10)


def test_autograph_leaves_the_library_alone():
    """A gradient that is called meanwhile sees who calls: no copies of the library's functions that AutoGraph made."""
    callers = []

    @tf.custom_gradient
    def cubed(x):
        def grad(dy):
            callers.extend(frame[2] for frame in traceback.extract_stack())
            return 3 * x ** 2 * dy

        return x ** 3, grad

    w = weights()
    found = traced(lambda: th.hessian_diag(tf.reduce_sum(cubed(w)), w))()
    np.testing.assert_allclose(evaluated(found), 6 * X[:3, :2], rtol=1e-12)
    assert "hessian_diag" in callers and "tf__hessian_diag" not in callers


def test_a_branch():
    w, p = weights(), tf.placeholder(tf.bool, [])
    found, = _compat.conditional(p, lambda: [th.hessian_diag(loss(w), w)], lambda: [tf.zeros_like(w)])
    np.testing.assert_allclose(evaluated(found, {p: True}), second_of_tanh_squared(X[:3, :2]), rtol=1e-10)
    assert not evaluated(found, {p: False}).any()


def test_the_result_can_be_differentiated_outside():
    """tf.gradients by w, of the diagonal in the function and of one beside it by another engine."""
    w = weights()
    inside = traced(lambda: th.hessian_diag(loss(w), w))()
    third = [tf.gradients(tf.reduce_sum(h), w)[0] for h in (inside, th.hessian_diag(loss(w), w, engine="slices"))]
    third.append(th.gradients(tf.reduce_sum(inside), w)[0])
    found = evaluated(third)
    t = np.tanh(X.dot(X[:3, :2]))
    slope = (1 - t ** 2) * (24 * t ** 3 - 16 * t)  # of 2 (1 - t^2)(1 - 3 t^2)
    expected = X.T.dot(slope * (X ** 2).sum(1)[:, None])
    for each in found:
        np.testing.assert_allclose(each, expected, rtol=1e-8)


def test_what_was_computed_outside_is_refused():
    w, x = weights(), tf.placeholder(tf.float64, [3])
    hidden = x ** 2

    def of_one():
        return th.hessian_diag(tf.reduce_sum(hidden ** 2) + tf.reduce_sum(x), x)

    def of_both():
        return th.hessian_diag(tf.reduce_sum(hidden ** 2) + tf.reduce_sum(w ** 2), [w, x])

    for function in (of_one, of_both):
        with pytest.raises(ValueError, match="outside of the function"):
            traced(function)()


def test_a_variable_that_functions_read_by_value_is_refused():
    v = weights(use_resource=False)
    with pytest.raises(ValueError, match="not in the graph of the loss"):
        traced(lambda: th.hessian_diag(loss(v), v))()
