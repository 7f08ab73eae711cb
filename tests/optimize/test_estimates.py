"""Estimates of a loss in a graph: in the structure of xs, near what numpy says of the exact Hessian."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from losses import started

import tf1_hessian as th
from untouched import assert_refused


def net():
    """(loss, xs) of a small net: 7 inputs, 9 units, 3 outputs."""
    random = np.random.RandomState(2)
    inputs, labels = random.standard_normal([50, 7]), random.standard_normal([50, 3])
    v = tf.get_variable("v", initializer=0.5 * random.standard_normal([7, 9]))
    w = tf.get_variable("w", initializer=0.5 * random.standard_normal([9, 3]))
    return tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(inputs, v)), w) - labels)), {"v": v, "w": w}


@pytest.fixture
def session(graph):
    with tf.Session() as made:
        yield made


def test_against_the_exact_hessian(session):
    loss, xs = net()
    exact = th.hessian(loss, [xs["v"], xs["w"]], flat=True)
    started(session, [])
    matrix = th.evaluate(exact)
    values = np.linalg.eigvalsh(matrix)
    found = th.eigenvalues(loss, xs, k=5, which="LA")
    np.testing.assert_allclose(found.values, values[::-1][:5], rtol=1e-8)
    np.testing.assert_allclose(th.eigenvalues(loss, xs, k=2, which="SA").values, values[:2], rtol=1e-6)
    for method, samples in (("hutchinson", 40), ("xtrace", 30)):
        trace = th.estimate_trace(loss, xs, method=method, samples=samples)
        low, high = trace.interval(0.999)
        assert low <= np.trace(matrix) <= high and trace.standard_error < 0.2 * trace.value
    density = th.spectral_density(loss, xs, samples=8, steps=30)
    assert density.nodes.min() == pytest.approx(values[0], rel=1e-2)
    assert density.nodes.max() == pytest.approx(values[-1], rel=1e-6)
    truth = np.exp(-0.5 * ((density.grid[:, None] - values) / density.width) ** 2).mean(1) / (
        density.width * np.sqrt(2 * np.pi))
    assert np.mean(np.abs(density.density - truth) <= 4 * density.standard_error + 1e-3 * truth.max()) > 0.95


@pytest.mark.parametrize("method", ["hutchinson", "xdiag"])
def test_a_diagonal_has_the_structure_of_xs(session, method):
    loss, xs = net()
    exact = th.hessian_diag(loss, xs)
    started(session, [])
    truth = th.evaluate(exact)
    found = th.estimate_diag(loss, xs, method=method, samples=35)
    assert {k: v.shape for k, v in found.value.items()} == {"v": (7, 9), "w": (9, 3)}
    low, high = found.interval(0.999)
    inside = [(low[k] <= truth[k]) & (truth[k] <= high[k]) for k in truth]
    assert np.mean(np.concatenate([i.ravel() for i in inside])) > 0.95
    by_operator = th.estimate_diag(th.HessianOperator(loss, xs), method=method, samples=35)
    np.testing.assert_array_equal(by_operator.value["w"], found.value["w"])
    assert str(found).startswith("Estimate(90 values, relative error 0.")


def test_colours_of_the_graph_are_exact(session):
    x = tf.get_variable("x", initializer=np.linspace(0.5, 1.5, 30))
    loss = tf.reduce_sum(tf.square(x[1:] - x[:-1] ** 2) + x[1:] ** 4)
    pattern, exact = th.hessian_sparsity(loss, x), th.hessian_diag(loss, x)
    started(session, [])
    found = th.estimate_diag(loss, x, method="probing", coloring=pattern, samples=2)
    np.testing.assert_allclose(found.value, th.evaluate(exact), rtol=1e-12)
    assert found.products == 4 and found.value.shape == (30,)


def test_batches_and_precision_reach_the_products(session):
    x = tf.placeholder(tf.float32, [None])
    w = tf.get_variable("w", initializer=np.ones(3, np.float32))
    loss = tf.reduce_mean(x) * tf.reduce_sum(w ** 3)
    started(session, [])
    feeds = [{x: [1.0]}, {x: [4.0, 4.0, 4.0]}]
    for options, scale in (({}, 2.5), ({"weight": tf.size(x)}, 13 / 4.0), ({"reduce": "sum"}, 5.0)):
        assert th.estimate_trace(loss, w, feeds=feeds, **options).value == pytest.approx(18 * scale, rel=1e-6)
        assert th.eigenvalues(loss, w, k=1, feeds=feeds, precision="float64", **options).values == pytest.approx(
            [6 * scale], rel=1e-14)


def test_float32_converges(session):
    loss, xs = net()
    started(session, [])
    truth = th.eigenvalues(loss, xs, k=3).values
    random = np.random.RandomState(2)
    inputs, labels = (random.standard_normal(s).astype(np.float32) for s in ([50, 7], [50, 3]))
    with tf.variable_scope("narrow"):
        v = tf.get_variable("v", initializer=(0.5 * random.standard_normal([7, 9])).astype(np.float32))
        w = tf.get_variable("w", initializer=(0.5 * random.standard_normal([9, 3])).astype(np.float32))
    narrow = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(inputs, v)), w) - labels))
    session.run([v.initializer, w.initializer])
    found = th.eigenvalues(narrow, {"v": v, "w": w}, k=3)
    np.testing.assert_allclose(found.values, truth, rtol=1e-5)
    assert np.max(found.errors) < 1e-4


def test_a_loss_that_draws_has_a_mean_and_no_eigenvalues(session):
    """Its Hessian is u I with u between 1 and 2: the trace is 6 on average, and no column is exact."""
    w = tf.get_variable("w", initializer=np.ones(4))
    drawn = tf.random_uniform([], 1, 2, seed=3, dtype=tf.float64)
    loss = 0.5 * drawn * tf.reduce_sum(w ** 2)
    started(session, [])
    found = th.estimate_trace(loss, w, samples=100)
    assert found.samples == 100 and found.standard_error == pytest.approx(4 / np.sqrt(12 * 100), rel=0.2)
    assert abs(found.value - 6) < 4 * found.standard_error
    for call in (lambda: th.eigenvalues(loss, w, k=1), lambda: th.spectral_density(loss, w),
                 lambda: th.estimate_diag(loss, w, method="xdiag")):
        with pytest.raises(ValueError, match="random_uniform"):
            call()
    assert th.eigenvalues(loss, w, k=1, feeds={drawn: 1.5}).values == pytest.approx([1.5])


def test_refusals(graph):
    loss, xs = net()
    assert "method='exact'" in assert_refused(ValueError, lambda: th.estimate_diag(loss, None, method="exact"), graph)
    assert "no xs" in assert_refused(TypeError, lambda: th.estimate_trace(loss), graph)
    with pytest.raises(ValueError, match="no default session"):
        th.estimate_trace(loss, xs)
