"""Standard errors: those of statsmodels, of closed forms, and refused with the directions that are not told apart."""
import warnings

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from losses import started

import tf1_hessian as th
from untouched import census

# Counts of two covariates, made by np.random.RandomState(7): 40 observations are enough.
RANDOM = np.random.RandomState(7)
ROWS = np.column_stack([np.ones(40), RANDOM.standard_normal(40), RANDOM.uniform(-2, 2, 40)])
LABELS = (RANDOM.uniform(size=40) < 1 / (1 + np.exp(-ROWS.dot([0.3, 1.0, -0.7])))).astype(float)
COUNTS = RANDOM.negative_binomial(2, 2 / (2 + np.exp(ROWS.dot([0.5, 0.4, 0.3]))), 40).astype(float)


def logistic(w, rows=ROWS, labels=LABELS):
    logits = tf.linalg.matvec(rows, w)
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def negative_binomial(w, log_alpha):
    """NB2, as statsmodels has it: variance m + alpha m^2."""
    size = tf.exp(-log_alpha)
    mean = tf.exp(tf.linalg.matvec(ROWS, w))
    terms = (tf.lgamma(COUNTS + size) - tf.lgamma(size) - tf.lgamma(tf.constant(COUNTS) + 1)
             + size * tf.log(size / (size + mean)) + COUNTS * tf.log(mean / (size + mean)))
    return -tf.reduce_sum(terms)


def test_logistic_regression_as_in_statsmodels():
    statsmodels = pytest.importorskip("statsmodels.api")
    truth = statsmodels.Logit(LABELS, ROWS).fit(disp=0, tol=1e-14)
    w = tf.get_variable("w", initializer=np.zeros(3))
    nll = logistic(w)
    with started(tf.Session(), []).as_default():
        th.scipy_objective(nll, w).minimize("trust-exact", options={"gtol": 1e-10})
        found = th.standard_errors(nll, w)
    np.testing.assert_allclose(found.estimates, truth.params, rtol=1e-6)
    np.testing.assert_allclose(found.standard_errors, truth.bse, rtol=1e-6)
    np.testing.assert_allclose(found.covariance, truth.cov_params(), rtol=1e-6)
    assert found.decrement < 1e-6


def test_negative_binomial_as_in_statsmodels():
    statsmodels = pytest.importorskip("statsmodels.api")
    model = statsmodels.NegativeBinomial(COUNTS, ROWS)
    truth = model.fit(disp=0, maxiter=500, gtol=1e-9)
    w, log_alpha = tf.get_variable("w", initializer=np.zeros(3)), tf.get_variable("a", initializer=np.array(0.0))
    nll = negative_binomial(w, log_alpha)
    with started(tf.Session(), []).as_default():
        asked = {"w": w, "log_alpha": log_alpha}
        th.scipy_objective(nll, asked).minimize("trust-exact", options={"gtol": 1e-9})
        found = th.standard_errors(nll, asked)
    alpha = np.exp(found.estimates["log_alpha"])
    np.testing.assert_allclose(found.estimates["w"], truth.params[:3], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.standard_errors["w"], truth.bse[:3], rtol=1e-4)
    # The Hessian of statsmodels at the same point; from alpha to its logarithm by the delta method, exact at a minimum.
    here = np.linalg.inv(-model.hessian(np.append(found.estimates["w"], alpha)))
    np.testing.assert_allclose(found.standard_errors["w"], np.sqrt(np.diag(here)[:3]), rtol=1e-6)
    assert alpha * found.standard_errors["log_alpha"] == pytest.approx(np.sqrt(here[3, 3]), rel=1e-6)
    assert found.names == ["a:0", "w:0[0]", "w:0[1]", "w:0[2]"]


def test_a_normal_sample_by_its_closed_form():
    """Mean and log of the deviation: sigma / root N and 1 / root(2 N)."""
    sample = np.array([1.2, -0.7, 3.1, 0.4, 2.2])
    sigma = sample.std()
    mean, log_sigma = tf.get_variable("m", initializer=sample.mean()), tf.get_variable("s", initializer=np.log(sigma))
    nll = tf.reduce_sum(0.5 * tf.square((sample - mean) / tf.exp(log_sigma)) + log_sigma)
    with started(tf.Session(), []).as_default():
        found = th.standard_errors(nll, [mean, log_sigma])
    np.testing.assert_allclose(found.standard_errors, [sigma / np.sqrt(5), 1 / np.sqrt(10)], rtol=1e-12)
    np.testing.assert_allclose(found.correlation, np.eye(2), atol=1e-12)
    lines = str(found).splitlines()
    assert lines[0].split() == ["element", "estimate", "standard", "error"] and lines[1].split()[0] == "m:0"
    assert float(lines[2].split()[2]) == pytest.approx(1 / np.sqrt(10), rel=1e-5)
    assert "standard errors from the minimum" in lines[3]


def test_batches_and_float32():
    rows, labels = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
    w = tf.get_variable("w", initializer=np.zeros(3, np.float32))
    nll = logistic(w, rows, labels)
    feeds = [{rows: ROWS[i:i + 15], labels: LABELS[i:i + 15]} for i in (0, 15, 30)]
    information = (ROWS.astype(np.float32).astype(np.float64).T * 0.25).dot(ROWS.astype(np.float32))
    truth = np.linalg.inv(information)
    with started(tf.Session(), []).as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        fine = th.standard_errors(nll, w, feeds=feeds, precision="float64")
    np.testing.assert_allclose(fine.covariance, truth, rtol=1e-12)
    deviations = np.sqrt(np.diag(truth))
    np.testing.assert_allclose(fine.correlation, truth / np.outer(deviations, deviations), rtol=1e-12)
    assert fine.standard_errors.shape == (3,) and fine.estimates.dtype == np.float64


def test_far_from_the_minimum_it_warns_in_standard_errors():
    """0.5 (w - 3)^2 / 0.04: the deviation is 0.2, and w = 2.5 is 2.5 of them away."""
    w = tf.get_variable("w", initializer=np.array([2.5]))
    nll = tf.reduce_sum(0.5 * (w - 3) ** 2 / 0.04)
    with started(tf.Session(), []).as_default():
        with pytest.warns(RuntimeWarning, match="about 2.5 standard errors away"):
            found = th.standard_errors(nll, w)
        assert found.decrement == pytest.approx(2.5) and found.standard_errors == pytest.approx([0.2])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            th.standard_errors(nll, w, tolerance=3)


def test_a_singular_point_names_what_is_not_told_apart():
    """Only a + 1000 b is seen: in the units of the variables the direction is (1000, -1)."""
    a, b = tf.get_variable("a", initializer=np.array([[1.0, 2.0]])), tf.get_variable("b", initializer=np.array(0.5))
    nll = tf.reduce_sum((a[0, 1] + 1000 * b - 502) ** 2) + tf.reduce_sum(a[0, 0] ** 2)
    with started(tf.Session(), []).as_default():
        with pytest.raises(ValueError) as caught:
            th.standard_errors(nll, [a, b])
    text = str(caught.value)
    assert "is singular" in text and "1 a:0[0, 1]" in text and "leave one out" in text and "a:0[0, 0]" not in text


def test_an_indefinite_point_names_the_way_down():
    w = tf.get_variable("w", initializer=np.zeros([2, 2]))
    nll = tf.reduce_sum(w[0] ** 2) + 3 * w[1, 0] * w[1, 1] + 2 * tf.reduce_sum(w[1] ** 2) * 0.5
    with started(tf.Session(), []).as_default():
        with pytest.raises(ValueError) as caught:
            th.standard_errors(nll, w)
    assert "is indefinite" in str(caught.value) and "no minimum" in str(caught.value)
    assert "curvature is -1 along" in str(caught.value)
    assert "0.707 w:0[1, 0]" in str(caught.value) and "0.707 w:0[1, 1]" in str(caught.value)


def test_an_element_without_effect_is_singular():
    w = tf.get_variable("w", initializer=np.ones(3))
    with started(tf.Session(), []).as_default():
        with pytest.raises(ValueError, match=r"singular.* 0 along \+1 w:0\[1\]"):
            th.standard_errors(w[0] ** 2 + (w[2] - 1) ** 2, w)


def test_units_do_not_matter():
    w = tf.get_variable("w", initializer=np.zeros(3))
    scales = np.array([1e-9, 1.0, 1e9])
    with started(tf.Session(), []).as_default():
        found = th.standard_errors(0.5 * tf.reduce_sum((w * scales) ** 2), w)
    np.testing.assert_allclose(found.standard_errors, 1 / scales, rtol=1e-12)


def test_not_finite_and_options(graph):
    w = tf.get_variable("w", initializer=np.zeros(2))
    nll = tf.reduce_sum(tf.sqrt(w))
    before = census(graph)
    with pytest.raises(ValueError, match="tolerance=0"):
        th.standard_errors(nll, w, tolerance=0)
    assert census(graph) == before
    with started(tf.Session(), []).as_default(), pytest.raises(ValueError, match="not finite"):
        th.standard_errors(nll, w)
