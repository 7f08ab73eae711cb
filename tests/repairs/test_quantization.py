"""Quantisation in training: the derivative of the declared gradient, in closed form."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import run, variables

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
X = np.array([[-1.7, -0.31, 0.42], [0.05, 0.63, 2.4]])
LOW, HIGH = -0.6, 1.1
INSIDE = np.array([[0.0, 1, 1], [1, 1, 0]])
BELOW, ABOVE = np.array([[1.0, 0, 0], [0, 0, 0]]), np.array([[0.0, 0, 0], [0, 0, 1]])


def assert_straight_through(loss, xs, quantized, jacobian):
    """The Hessian of sum(exp(q)) + sum(sin(x) * q), q quantized: second derivatives straight through.

    The declared gradient is J^T (exp(q) + sin(x)) + cos(x) q, and q moves with J: H = J^T exp(q) J + J^T cos(x)
    + cos(x) J - sin(x) q on the elements of x, which come first.
    """
    found = [th.hessian(loss, xs, flat=True, engine=engine) for engine in ("auto", "loop")]
    found, q = run([found, quantized])
    q, x, j = q.ravel().astype(np.float64), X.ravel(), jacobian
    true = j.T.dot(np.exp(q)[:, None] * j)
    cross = np.zeros_like(true)
    cross[:x.size] = np.cos(x)[:, None] * j
    true += cross + cross.T
    true[:x.size, :x.size] -= np.diag(np.sin(x) * q)
    for each in found:
        np.testing.assert_allclose(each, true, atol=1e-5)


def lossy(x, q):
    return tf.reduce_sum(tf.exp(q)) + tf.reduce_sum(tf.sin(x) * q)


def test_fixed_range():
    x, = variables(X)
    q = tf.quantization.fake_quant_with_min_max_args(x, LOW, HIGH)
    assert_straight_through(lossy(x, q), [x], q, np.diag(INSIDE.ravel()))


@pytest.mark.parametrize("options", [{}, {"num_bits": 4, "narrow_range": True}], ids=["8 bits", "narrow"])
def test_range_of_variables(options):
    x, low, high = variables(X, LOW, HIGH)
    q = tf.quantization.fake_quant_with_min_max_vars(x, low, high, **options)
    jacobian = np.hstack([np.diag(INSIDE.ravel()), BELOW.reshape(-1, 1), ABOVE.reshape(-1, 1)])
    assert_straight_through(lossy(x, q), [x, low, high], q, jacobian)


def test_range_that_is_moved_to_hold_zero():
    """Between 1 and 2 TF quantises to [0, 1]: 0.63 is inside although it is below both."""
    x, low, high = variables(X, 1.0, 2.0)
    q = tf.quantization.fake_quant_with_min_max_vars(x, low, high)
    inside, below = (X > 0) & (X < 1), X < 0
    jacobian = np.hstack([np.diag(inside.ravel()), below.reshape(-1, 1), ABOVE.reshape(-1, 1)]).astype(float)
    assert_straight_through(lossy(x, q), [x, low, high], q, jacobian)


def test_range_of_each_channel():
    x, low, high = variables(X, [-0.6, -0.2, -0.5], [0.5, 0.4, 2.0])
    q = tf.quantization.fake_quant_with_min_max_vars_per_channel(x, low, high)
    below, above = np.array([[1, 1, 0], [0, 0, 0]]), np.array([[0, 0, 0], [0, 1, 1]])
    inside = 1 - below - above
    channel = np.tile(np.eye(3), [2, 1])
    jacobian = np.hstack([np.diag(inside.ravel()), below.reshape(-1, 1) * channel, above.reshape(-1, 1) * channel])
    assert_straight_through(lossy(x, q), [x, low, high], q, jacobian.astype(float))


def test_first_gradient_is_that_of_tensorflow():
    x, low, high = variables(X, LOW, HIGH)
    loss = lossy(x, tf.quantization.fake_quant_with_min_max_vars(x, low, high))
    for mine, theirs in zip(*run([th.gradients(loss, [x, low, high]), tf.gradients(loss, [x, low, high])])):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_third_derivative():
    """Of exp(q) where the declared derivative of q is 1: again exp(q)."""
    x, = variables(X)
    q = tf.quantization.fake_quant_with_min_max_args(x, LOW, HIGH)
    second = th.hvp(tf.reduce_sum(tf.exp(q)), x, np.ones_like(X))
    third, q = run([th.gradients(tf.reduce_sum(second), x)[0], q])
    np.testing.assert_allclose(third, INSIDE * np.exp(q), atol=1e-5)


def test_quantize_and_dequantize():
    """Declared to be the identity at first order; so the second derivative of exp(q) is exp(q)."""
    x, = variables(X)
    q = tf.quantization.quantize_and_dequantize(x, -3.0, 3.0)
    assert_straight_through(lossy(x, q), [x], q, np.eye(6))


if VERSION >= (2, 4):
    @pytest.mark.parametrize("axis", [-1, 1])
    def test_quantize_and_dequantize_of_the_fourth_version(axis):
        """TF's rule for the gradient's gradient fails on its number of arguments.

        Its forward op takes no given range for an axis, so it quantises to the range that it finds there.
        """
        x, = variables(X)
        low, high = (LOW, HIGH) if axis < 0 else ([LOW] * 3, [HIGH] * 3)
        q = tf.raw_ops.QuantizeAndDequantizeV4(input=x, input_min=low, input_max=high, range_given=axis < 0, axis=axis)
        assert_straight_through(lossy(x, q), [x], q, np.diag(INSIDE.ravel()))
