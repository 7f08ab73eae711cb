"""Activations whose gradient ops TensorFlow can't differentiate, or differentiates wrongly in old versions."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, plain, true_row_sums

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
ACTIVATIONS = {
    "softsign": lambda x: x / (1 + np.abs(x)),
    "elu": lambda x: np.where(x < 0, np.exp(x) - 1, x),
    "selu": lambda x: SCALE * np.where(x < 0, ALPHA * (np.exp(x) - 1), x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
}
X = np.array([[-1.5, 0.75, 0.25], [-0.5, 1.25, 7.0]])


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activation(name):
    assert_right(getattr(tf.nn, name), ACTIVATIONS[name], X)


@pytest.mark.parametrize("name", ["softsign", "elu", "selu"])
@pytest.mark.parametrize("engine", ["loop", "vectorized"])
def test_engines(name, engine):
    assert_right(getattr(tf.nn, name), ACTIVATIONS[name], X, engine=engine)


@pytest.mark.parametrize("name,third", [("softsign", 6 / 1.5 ** 4), ("elu", np.exp(-0.5)),
                                        ("selu", SCALE * ALPHA * np.exp(-0.5))])
def test_third_derivative(name, third):
    """The Hessian of the gradient at -1/2; softsign's third derivative is 6 / (1 + |x|)**4."""
    x = tf.placeholder(tf.float64, [])
    found = th.hessian(th.gradients([getattr(tf.nn, name)(x)], [x])[0], x)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(found, {x: -0.5}), third, rtol=1e-12)


def test_tensorflow_has_no_second_derivative_of_softsign():
    with pytest.raises(LookupError, match="SoftsignGrad"):
        plain(tf.nn.softsign, X)


@pytest.mark.parametrize("name", ["elu", "selu"])
def test_tensorflow_is_wrong_before_1_14(name):
    found = plain(getattr(tf.nn, name), X)[1][0].ravel()
    is_right = np.allclose(found, true_row_sums(ACTIVATIONS[name], X), atol=1e-5)
    assert is_right == (VERSION >= (1, 14))
