"""Special functions, and elementary ones where their formula divides by zero."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, plain, true_gradient
from numpy_truth import hessian
from scipy import special

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
HALVES = np.array([0.0, 0.5, 1.25])


def test_product_with_logarithm_where_the_factor_is_zero():
    assert_right(tf.math.xlogy, lambda x, y: x * np.log(y), HALVES, np.array([2.0, 0.75, 1.5]))


def test_quotient_where_the_numerator_is_zero():
    assert_right(tf.math.xdivy, lambda x, y: x / y, HALVES, np.array([[2.0], [0.75]]))


def test_product_with_logarithm_of_one_more_where_the_factor_is_zero():
    if hasattr(tf.math, "xlog1py"):
        assert_right(tf.math.xlog1py, lambda x, y: x * np.log1p(y), HALVES, np.array([2.0, 0.75, -0.5]))
    else:
        assert VERSION < (2, 2)


@pytest.mark.parametrize("name", ["xlogy", "xdivy"])
def test_zero_by_definition(name):
    """x = y = 0: the value is zero by definition, and the derivatives are taken as zero too, never NaN."""
    given = tf.placeholder(tf.float64, [2])
    found = th.hessian(tf.square(getattr(tf.math, name)(given[0], given[1]) + 1), given)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(found, {given: [0.0, 0.0]}), np.zeros([2, 2]))


@pytest.mark.parametrize("name,value", [("xlogy", lambda x, y: x * np.log(y)), ("xdivy", lambda x, y: x / y)])
def test_tensorflow_loses_the_gradient_where_x_is_zero(name, value):
    x, y = HALVES, np.array([2.0, 0.75, 1.5])
    assert plain(getattr(tf.math, name), x, y)[0][0][0] == 0
    assert abs(true_gradient(value, x, y)[0]) > 0.1


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_power_at_zero(exponent):
    assert_right(lambda x: tf.pow(x, tf.constant(exponent, tf.float64)), lambda x: x ** exponent,
                 np.array([0.0, 0.5, -1.25]))


@pytest.mark.parametrize("engine", ["loop", "vectorized"])
def test_power(engine):
    assert_right(lambda x: x ** 2.5 + x ** -1.0, lambda x: x ** 2.5 + 1 / x, np.array([0.5, 1.25]), engine=engine)


def test_power_of_both():
    assert_right(tf.pow, lambda x, y: x ** y, np.array([0.5, 1.25]), np.array([[2.0], [-0.5]]))


def test_third_derivative_of_a_square_at_zero():
    x = tf.placeholder(tf.float64, [])
    found = th.hessian(th.gradients([x ** 2 + x ** 3], [x])[0], x)
    with tf.Session() as session:
        assert session.run(found, {x: 0.0}) == 6


def test_incomplete_gamma_functions():
    a, x = np.array([0.5, 7.0, 30.0]), np.array([1.25, 5.0, 33.0])
    assert_right(tf.igamma, special.gammainc, a, x, tolerance=1e-5)
    assert_right(tf.igammac, special.gammaincc, a, x, tolerance=1e-5)


def test_incomplete_gamma_function_of_one_argument_each():
    assert_right(lambda a: tf.igamma(a, tf.constant(0.75, tf.float64)), lambda a: special.gammainc(a, 0.75),
                 np.array([0.5, 1.0]))
    assert_right(lambda x: tf.igamma(tf.constant(1.5, tf.float64), x), lambda x: special.gammainc(1.5, x),
                 np.array([0.5, 1.0]))


def test_incomplete_gamma_function_has_the_closed_form():
    """P(1, x) = 1 - exp(-x), and d2P/dadx at a = 1 is exp(-x) (log(x) - digamma(1)) at every x."""
    x = np.array([0.25, 1.0, 9.0, 200.0])
    a = tf.placeholder(tf.float64, [4])
    given = tf.placeholder(tf.float64, [4])
    found = th.hessian(tf.reduce_sum(tf.igamma(a, given)), a, other=given)
    with tf.Session() as session:
        found = np.diag(session.run(found, {a: np.ones(4), given: x}))
    np.testing.assert_allclose(found, np.exp(-x) * (np.log(x) - special.digamma(1)), rtol=1e-9, atol=1e-15)


def test_hurwitz_zeta_function():
    x, q = np.array([2.5, 3.0, 8.0]), np.array([0.75, 1.0, 3.0])
    assert_right(tf.zeta, special.zeta, x, q, tolerance=1e-5)
    assert_right(lambda q: tf.zeta(tf.constant(x), q), lambda q: special.zeta(x, q), q, tolerance=1e-5)


def test_riemann_zeta_function_has_the_known_derivatives():
    """zeta''(2) = 1.98928023429890102... (OEIS A201994)."""
    x = tf.placeholder(tf.float64, [])
    found = th.hessian(tf.zeta(x, tf.constant(1.0, tf.float64)), x)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(found, {x: 2.0}), 1.98928023429890102, rtol=1e-13)


def test_tensorflow_loses_the_first_argument_of_zeta():
    assert plain(tf.zeta, np.array([2.5]), np.array([0.75]))[0][0] is None


def test_rest_of_truncated_division():
    assert_right(tf.truncatemod, np.fmod, np.array([-1.9, 3.3]), np.array([[0.7], [-0.9]]))


@pytest.mark.parametrize("name,value,x", [
    ("lgamma", special.gammaln, [0.75, 2.5]), ("digamma", special.digamma, [0.75, 2.5]),
    ("erfc", special.erfc, [-0.5, 1.0]),
])
def test_what_tensorflow_gets_right_stays_right(name, value, x):
    assert_right(getattr(tf, name), value, np.array(x))


def test_polygamma_and_incomplete_beta_in_their_last_argument():
    n = np.array([1.0, 3.0])
    assert_right(lambda x: tf.polygamma(tf.constant(n), x), lambda x: special.polygamma(n.astype(int), x),
                 np.array([1.5, 2.5]))
    a, b = np.array([1.5, 2.0]), np.array([0.75, 2.5])
    assert_right(lambda x: tf.betainc(tf.constant(a), tf.constant(b), x), lambda x: special.betainc(a, b, x),
                 np.array([0.25, 0.5]))


def test_incomplete_beta_in_its_first_arguments_is_refused():
    a = tf.placeholder(tf.float64, [2])
    with pytest.raises(th.LostDerivativeError, match="Betainc"):
        th.hessian(tf.reduce_sum(tf.betainc(a, a, tf.constant([0.25, 0.5], tf.float64))), a)


def test_differences_are_good_enough():
    """The truth of these tests has known derivatives itself."""
    np.testing.assert_allclose(hessian(lambda x: np.sum(np.sin(x)), HALVES), np.diag(-np.sin(HALVES)), atol=1e-8)
