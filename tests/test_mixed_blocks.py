"""Blocks of the Hessian between two sources, th.hessian(..., other=); Hessians that are not symmetric."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th
from small_net import evaluated, net
from untouched import assert_refused

D = tf.float64
ENGINES = ["slices", "loop", "vectorized", "auto"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_mixed_block_in_both_orientations(engine, swapped, graph):
    loss, w, v, feed = net(2, 3)
    x, y = (v, w) if swapped else (w, v)
    found = th.hessian(loss, x, other=y, engine=engine)
    assert found.shape.as_list() == x.shape.as_list() + y.shape.as_list()
    expected = finite_differences.hessian(loss, [w, v], feed)
    expected = expected[6:, :6] if swapped else expected[:6, 6:]
    np.testing.assert_allclose(evaluated(found, feed).reshape(expected.shape), expected, rtol=1e-7, atol=1e-9)


def test_the_mixed_block_lays_the_columns_of_the_shorter_side():
    loss, w, v, _ = net()
    assert th.plan(loss, w, "full", other=v).cost.columns == 4
    assert th.plan(loss, v, "full", other=w).cost.columns == 4


Pair = collections.namedtuple("Pair", "left right")


def test_the_mixed_block_of_structures():
    loss, w, v, feed = net(2, 3)
    expected = finite_differences.hessian(loss, [w, v], feed)
    found = evaluated({
        "list": th.hessian(loss, [w], other=[v]), "dict": th.hessian(loss, {"w": w}, other=v),
        "pair": th.hessian(loss, Pair(v, w), other=Pair(w, v)),
        "flat": th.hessian(loss, [w], other=[v, w], flat=True)}, feed)
    np.testing.assert_allclose(found["list"][0][0].reshape(6, 3), expected[:6, 6:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["dict"]["w"].reshape(6, 3), expected[:6, 6:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["pair"].left.left.reshape(3, 6), expected[6:, :6], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["pair"].right.left.reshape(6, 6), expected[:6, :6], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["flat"], expected[:6][:, [6, 7, 8, 0, 1, 2, 3, 4, 5]], rtol=1e-7, atol=1e-9)


def test_the_mixed_block_of_weights_and_inputs():
    """d2L/dw dx, as influence functions and implicit differentiation need it."""
    w, x = tf.get_variable("w", initializer=np.array([0.5, -1.0, 2.0]), use_resource=True), tf.placeholder(D, [3])
    point = np.array([1.0, 2.0, -1.0])
    found = evaluated(th.hessian(tf.reduce_sum(w * x) ** 2, w, other=x), {x: point})
    start = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(found, 2 * (np.outer(point, start) + start.dot(point) * np.eye(3)))


def test_a_mixed_block_that_is_zero():
    x, y = tf.placeholder(D, [2]), tf.placeholder(D, [3])
    found = evaluated(th.hessian(tf.reduce_sum(x ** 2) + tf.reduce_sum(y ** 2), x, other=y), {x: [1, 2], y: [1, 2, 3]})
    assert found.shape == (2, 3) and not found.any()


def test_rows_of_a_hessian_that_is_not_symmetric(graph):
    """Overridden gradients may be anything: rows are d(dL/dx_i)/dx_j, as tf.hessians gives them. L is (x.W y)^2."""
    x, y, w = tf.placeholder(D, [2]), tf.placeholder(D, [3]), np.array([[1.0, -2.0, 0.5], [4.0, 0.25, 3.0]])
    with graph.gradient_override_map({"MatMul": "TestFirstTripled"}):
        products = tf.matmul(x[:, tf.newaxis], y[tf.newaxis])
    loss, feed = tf.reduce_sum(w * products) ** 2, {x: [0.5, -1.5], y: [1.0, 2.0, 3.0]}
    up, down, full = evaluated(
        [th.hessian(loss, x, other=y), th.hessian(loss, y, other=x), th.hessian(loss, [x, y], flat=True)], feed)
    wy, wx = w.dot(feed[y]), w.T.dot(feed[x])
    bilinear = wy.dot(feed[x])
    np.testing.assert_allclose(up, 6 * bilinear * w + 6 * np.outer(wy, wx))
    np.testing.assert_allclose(down, 2 * bilinear * w.T + 6 * np.outer(wx, wy))
    np.testing.assert_allclose(full, np.block([[18 * np.outer(wy, wy), up], [down, 2 * np.outer(wx, wx)]]))


@tf.RegisterGradient("TestFirstTripled")
def first_tripled(op, grad):
    """Of a product of two matrices, three times what it should be for the first."""
    a, b = op.inputs
    return 3 * tf.matmul(grad, b, transpose_b=True), tf.matmul(a, grad, transpose_a=True)


def test_float32_and_float64_are_no_one_matrix():
    x, y = tf.placeholder(tf.float32, [2]), tf.placeholder(D, [3])
    loss = tf.cast(tf.reduce_sum(x), D) ** 2 * tf.reduce_sum(y ** 2)
    text = assert_refused(ValueError, lambda: th.hessian(loss, [x, y], flat=True), x.graph)
    assert "float32" in text and "float64" in text and "flat" in text
