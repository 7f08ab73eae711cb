"""Second derivatives by row: against finite differences of TensorFlow's own first gradient of each row."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from finite_differences import jacobian
from tests.rows.nets_of_rows import NETS, START, mlp

D = tf.float64
ENGINES = ("tangents", "vectorized", "loop")
QUANTITIES = ("batch", "batch_diag", "laplacian")
# Nets that pfor of TF 1.15 has no converters for.
NOT_VECTORIZED = () if tf.__version__.startswith("2") else ("curved_behind_product",)


def truth(ys, x, start):
    """[B, q, D, D] or [B, D, D], from finite differences of gradients."""
    rows, width = len(start), start[0].size
    outputs = [ys] if ys.shape.ndims == 1 else tf.unstack(ys, axis=1)
    slopes = tf.stack([tf.gradients(y, x)[0] for y in outputs])
    with tf.Session() as session:
        found = jacobian(slopes, x, session, {x: start}).reshape(len(outputs), rows, width, rows, width)
    apart = np.einsum("qbdae->qbade", found)
    for b in range(rows):
        assert np.abs(np.delete(apart[:, b], b, 1)).max() < 1e-8
    blocks = np.stack([apart[:, b, b] for b in range(rows)])
    return blocks if ys.shape.ndims == 2 else blocks[:, 0]


def reduced(blocks, quantity):
    """What a quantity is of Hessians [..., D, D]."""
    diagonal = np.einsum("...ii->...i", blocks)
    return {"batch": blocks, "batch_diag": diagonal, "laplacian": diagonal.sum(-1)}[quantity]


def assert_slope(x, total):
    """TensorFlow's own gradient of a total is that of its finite differences, at START."""
    slope, = tf.gradients(total, x)
    with tf.Session() as session:
        true = jacobian(total, x, session, {x: START}).reshape(START.shape)
        found = session.run(slope, {x: START})
    assert np.abs(true).max() > 1e-2
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-7 * np.abs(true).max())


def evaluated(fetches, feed):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_engine_and_quantity(name):
    x = tf.placeholder(D, [None, 3])
    ys = NETS[name](x)
    true = truth(ys, x, START)
    engines = ("tangents", "loop") if name in NOT_VECTORIZED else ENGINES
    plans = {(q, e): th.plan(ys, x, q, engine=e) for q in QUANTITIES for e in engines}
    found = evaluated(plans, {x: START})
    assert np.abs(true).max() > 1e-2
    for (quantity, engine), value in found.items():
        expected = reduced(true, quantity)
        assert plans[quantity, engine].engine == engine and value.shape == expected.shape
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-8 * max(1, np.abs(true).max()))


@pytest.mark.parametrize("name", ["tanh", "layer_norm", "scalars", "residual"])
def test_tangents_are_chosen_and_counted(name):
    x = tf.placeholder(D, [None, 3])
    ys = NETS[name](x)
    plan = th.plan(ys, x, "laplacian")
    assert plan.engine == "tangents" and plan.columns == plan.n == 3
    assert plan.outputs == (None if ys.shape.ndims == 1 else 2)
    assert "3 tangents and %d adjoint" % (plan.outputs or 1) in str(plan) and "nested columns" in str(plan)
    nested = th.plan(ys, x, "laplacian", engine="vectorized")
    assert nested.columns == 3 * (plan.outputs or 1) and nested.gradients > plan.gradients


@pytest.mark.parametrize("engine", ENGINES)
def test_closed_form_of_a_row_of_any_shape(engine):
    """f = sum(a * x^3) + (sum x)^2: H = diag(6 a x) + 2."""
    weights = np.arange(1.0, 7).reshape(2, 3)
    start = np.random.RandomState(2).normal(size=(4, 2, 3))
    x = tf.placeholder(D, [None, 2, 3])
    ys = tf.reduce_sum(weights * x ** 3, [1, 2]) + tf.square(tf.reduce_sum(x, [1, 2]))
    found = evaluated([th.batch_hessian(ys, x, engine=engine), th.batch_hessian_diag(ys, x, engine=engine),
                       th.laplacian(ys, x, engine=engine)], {x: start})
    diagonal = 6 * weights * start + 2
    full = np.full((4, 6, 6), 2.0)
    full[:, range(6), range(6)] = diagonal.reshape(4, 6)
    for value, expected in zip(found, [full.reshape(4, 2, 3, 2, 3), diagonal, diagonal.sum((1, 2))]):
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_one_number(engine):
    x = tf.placeholder(D, [None])
    found = evaluated([th.batch_hessian(tf.sin(x), x, engine=engine), th.laplacian(tf.sin(x), x, engine=engine)],
                      {x: [0.3, 1.0]})
    np.testing.assert_allclose(found, [-np.sin([0.3, 1.0])] * 2, rtol=1e-14)


def test_a_variable_of_rows_and_static_sizes():
    x = tf.get_variable("x", initializer=START, use_resource=True)
    ys = mlp(x.read_value()) + x[:, :2] ** 3
    fed = tf.placeholder(D, START.shape)
    true = truth(mlp(fed) + fed[:, :2] ** 3, fed, START)
    plan = th.plan(ys, x, "batch")
    assert plan.build().shape.as_list() == [5, 2, 3, 3]
    np.testing.assert_allclose(evaluated(plan, {}), true, rtol=0, atol=1e-8)


@pytest.mark.parametrize("engine", ENGINES)
def test_linear_ys_have_zeros(engine):
    x = tf.placeholder(D, [None, 3])
    ys = tf.matmul(x, tf.ones([3, 2], D))
    found = evaluated([th.batch_hessian(ys, x, engine=engine), th.laplacian(ys, x, engine=engine)], {x: START})
    assert [f.shape for f in found] == [(5, 2, 3, 3), (5, 2)] and not np.any(found[0]) and not np.any(found[1])


@pytest.mark.parametrize("engine, rows", [(engine, 1) for engine in ENGINES] + [("tangents", 0), ("loop", 0)])
def test_batches_of_one_and_none(engine, rows):
    x = tf.placeholder(D, [None, 3])
    ys = mlp(x)[:, 0]
    fetches = [th.batch_hessian(ys, x, engine=engine), th.laplacian(ys, x, engine=engine)]
    some, all_rows = evaluated(fetches, {x: START[:rows]}), evaluated(fetches, {x: START})
    for few, many in zip(some, all_rows):
        assert few.shape == (rows,) + many.shape[1:]
        np.testing.assert_allclose(few, many[:rows], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("precision, allowed", [(None, 1e-4), ("float64", 1e-8)])
def test_float32(precision, allowed):
    start = START.astype(np.float32)
    x, wide = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(D, [None, 3])
    ys = tf.sin(x) * tf.reduce_sum(tf.square(x), 1, keep_dims=True)
    true = truth(tf.sin(wide) * tf.reduce_sum(tf.square(wide), 1, keep_dims=True), wide, start.astype(np.float64))
    found = evaluated({q: th.plan(ys, x, q, precision=precision) for q in QUANTITIES}, {x: start})
    for quantity, value in found.items():
        assert value.dtype == (np.float64 if precision else np.float32)
        np.testing.assert_allclose(value, reduced(true, quantity), rtol=0, atol=allowed * np.abs(true).max())


@pytest.mark.parametrize("name, engine", [
    ("tanh", "loop"), *[(name, engine) for name in ("tanh", "layer_norm", "columns") for engine in ENGINES[:2]]])
def test_results_are_differentiated_again(name, engine):
    """Third derivatives, by TensorFlow's own gradient of what is built."""
    x = tf.placeholder(D, [None, 3])
    ys = NETS[name](x)
    weights = np.random.RandomState(3).normal(size=(5, 2, 3, 3))
    assert_slope(x, tf.reduce_sum(weights * th.batch_hessian(ys, x, engine=engine)) + tf.reduce_sum(
        weights[..., 0, 0] * tf.square(th.laplacian(ys, x, engine=engine))))


def test_asked_again_the_same_tensor():
    x = tf.placeholder(D, [None, 3])
    ys = mlp(x)
    first = th.laplacian(ys, x)
    ops = len(x.graph.get_operations())
    assert th.laplacian(ys, x) is first and len(x.graph.get_operations()) == ops
    assert th.laplacian(ys, x, engine="loop") is not first
