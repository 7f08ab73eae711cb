"""Results differentiated again: th.gradients, tf.gradients and optimizers over Hessians, against third derivatives."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from catalogue import SCENARIOS
from finite_differences import gradient, jacobian
from scenario import constant, numbers, variable

# (engine, chunk_size): chunks of 2 leave a remainder of the source with nine elements.
LAID = [("slices", None), ("loop", None), ("vectorized", None), ("vectorized", 2), ("auto", 2)]
IDS = ["slices", "loop", "vectorized", "vectorized in chunks", "auto in chunks"]
BOTH = (th.gradients, tf.gradients)
N = 11
# Of the slices engine, which adds a copy of the gradient for each element.
SMALL = 5
RATES = numbers(20, 4, N)
HEIGHTS = numbers(21, 4)
WEIGHTS = numbers(22, N, N)
VECTOR = numbers(23, N)
START = numbers(24, N)


class Waves(object):
    """L(x) = sum_k heights_k sin(rates_k . x) of x = (u, v), two variables with 2 and 9 elements, or 3 for `slices`."""

    def __init__(self, engine=None):
        self.n = SMALL if engine == "slices" else N
        self.u = variable("u", START[:2], tf.float64)
        self.v = variable("v", START[2:self.n], tf.float64)
        self.xs = [self.u, self.v]
        phases = tf.linalg.matvec(constant(RATES[:, :self.n], tf.float64), tf.concat(self.xs, 0))
        self.loss = tf.reduce_sum(constant(HEIGHTS, tf.float64) * tf.sin(phases))

    def values(self, fetches):
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return session.run(fetches)


def waves_closed(order, n=N):
    """All derivatives of one order of the waves, a tensor with `order` axes of length n."""
    rates, letters = RATES[:, :n], "ijlm"[:order]
    values = [np.sin, np.cos, lambda s: -np.sin(s), lambda s: -np.cos(s)][order % 4](rates @ START[:n])
    return np.einsum(",".join(["k"] + ["k" + c for c in letters]) + "->" + letters, HEIGHTS * values, *[rates] * order)


def _flat(tensors):
    return tf.concat([tf.reshape(t, [-1]) for t in tensors], 0)


def _weighed_hessian(waves, **options):
    return tf.reduce_sum(WEIGHTS[:waves.n, :waves.n] * th.hessian(waves.loss, waves.xs, flat=True, **options))


def _weighed_diagonal(waves, **options):
    return tf.reduce_sum(VECTOR[:waves.n] * _flat(th.hessian_diag(waves.loss, waves.xs, **options)))


def _weighed_block(waves, **options):
    return tf.reduce_sum(WEIGHTS[:2, 2:waves.n] * th.hessian(waves.loss, waves.u, other=waves.v, **options))


def _third(weights):
    return np.einsum("ij,ijl->l", weights, waves_closed(3, len(weights)))


_ONLY_BLOCK = np.zeros((N, N))
_ONLY_BLOCK[:2, 2:] = WEIGHTS[:2, 2:]
QUANTITIES = [(_weighed_hessian, WEIGHTS), (_weighed_diagonal, np.diag(VECTOR)), (_weighed_block, _ONLY_BLOCK)]


@pytest.mark.parametrize("quantity,weights", QUANTITIES, ids=["hessian", "hessian_diag", "mixed block"])
@pytest.mark.parametrize("engine,chunk_size", LAID, ids=IDS)
def test_a_result_differentiated_once_more(engine, chunk_size, quantity, weights):
    waves = Waves(engine)
    result = quantity(waves, engine=engine, chunk_size=chunk_size)
    for found in waves.values([_flat(differentiate(result, waves.xs)) for differentiate in BOTH]):
        np.testing.assert_allclose(found, _third(weights[:waves.n, :waves.n]), rtol=1e-10)


@pytest.mark.parametrize("engine,chunk_size", [("loop", None), ("vectorized", 2)])
def test_these_chunks_are_laid_in_loops(engine, chunk_size):
    """Else the test above would say nothing about loops."""
    waves = Waves()
    th.hessian(waves.loss, waves.xs, engine=engine, chunk_size=chunk_size)
    assert {op.type for op in tf.get_default_graph().get_operations()} & {"While", "StatelessWhile"}


def test_a_product_differentiated_once_more():
    """The vector is no constant here: its own derivative counts as well."""
    waves = Waves()
    vectors = [tf.square(x) for x in waves.xs]
    result = tf.reduce_sum(VECTOR * _flat(th.hvp(waves.loss, waves.xs, vectors)))
    through_vector = 2 * START * (waves_closed(2) @ VECTOR)
    for found in waves.values([_flat(differentiate(result, waves.xs)) for differentiate in BOTH]):
        np.testing.assert_allclose(found, _third(np.outer(VECTOR, START ** 2)) + through_vector, rtol=1e-10)


def test_weights_and_stops_of_the_outer_gradient():
    waves = Waves()
    rows = th.hessian(waves.loss, waves.xs, flat=True, engine="vectorized", chunk_size=2)
    weighed = th.gradients(rows, waves.xs, grad_ys=[WEIGHTS])
    np.testing.assert_allclose(waves.values(_flat(weighed)), _third(WEIGHTS), rtol=1e-10)
    stopped = th.gradients(rows, waves.xs, grad_ys=[WEIGHTS], stop_gradients=[waves.v])
    np.testing.assert_allclose(waves.values(stopped[0]), _third(WEIGHTS)[:2], rtol=1e-10)


def _penalty(waves, engine, chunk_size):
    """The sum of the squared Hessian diagonal."""
    return tf.reduce_sum(tf.square(_flat(th.hessian_diag(waves.loss, waves.xs, engine=engine, chunk_size=chunk_size))))


def _penalty_gradient(n):
    return 2 * np.einsum("ii,iil->l", waves_closed(2, n), waves_closed(3, n))


@pytest.mark.parametrize("engine,chunk_size", LAID, ids=IDS)
def test_one_step_on_a_loss_with_a_curvature_penalty(engine, chunk_size):
    waves = Waves(engine)
    objective = waves.loss + 0.1 * _penalty(waves, engine, chunk_size)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(objective)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        after = np.concatenate(session.run(waves.xs))
    slope = waves_closed(1, waves.n) + 0.1 * _penalty_gradient(waves.n)
    np.testing.assert_allclose(after, START[:waves.n] - 0.5 * slope, rtol=1e-10)


@pytest.mark.parametrize("engine,chunk_size,outer", [
    ("vectorized", None, "slices"), ("vectorized", None, "loop"), ("vectorized", None, "vectorized"),
    ("vectorized", 2, "auto"), ("loop", None, "auto")])
def test_the_hessian_of_a_curvature_penalty(engine, chunk_size, outer):
    """Fourth derivatives: results of the library, loops of columns too, lie on the path of another of its questions."""
    waves = Waves(outer)
    found = waves.values(th.hessian(_penalty(waves, engine, chunk_size), waves.xs, flat=True, engine=outer))
    second, third, fourth = [waves_closed(order, waves.n) for order in (2, 3, 4)]
    true = 2 * (np.einsum("iil,iim->lm", third, third) + np.einsum("ii,iilm->lm", second, fourth))
    np.testing.assert_allclose(found, true, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine,chunk_size", LAID, ids=IDS)
def test_a_physics_informed_loss_on_second_derivatives_of_the_library(engine, chunk_size):
    """u_xx comes from hessian_diag; the truth is the slope of the loss itself."""
    w, v = variable("w", numbers(1, 1, 3), tf.float64), variable("v", numbers(2, 3, 1), tf.float64)
    t = tf.placeholder(tf.float64, [3, 1])
    u = tf.matmul(tf.tanh(tf.matmul(t, w)), v)
    u_xx = th.hessian_diag(u, t, engine=engine, chunk_size=chunk_size)
    loss = tf.reduce_mean(tf.square(u_xx + u * u - tf.sin(t)))
    found = _flat(th.gradients(loss, [w, v]))
    feed = {t: [[0.1], [0.5], [0.9]]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        true = jacobian(loss, [w, v], session, feed)[0]
        np.testing.assert_allclose(session.run(found, feed), true, rtol=1e-7, atol=1e-9 * np.max(np.abs(true)))


NETWORKS = ["dense_softplus", "softmax_cross_entropy", "embedding_lookup_in_resource", "average_pooling", "cond_v1",
            "array_reduce_prod", "gradient_penalty"]
NETWORKS += ["cond_v2"] if "cond_v2" in SCENARIOS else []


# Each with one engine on TF 1.x, and with the other on TF 2.
TURNS = [(n, ("loop", None) if (i + (tf.__version__ > "2")) % 2 else ("auto", 2)) for i, n in enumerate(NETWORKS)]


@pytest.mark.parametrize("name,options", TURNS, ids=["%s-%s" % (name, options[0]) for name, options in TURNS])
def test_third_derivatives_of_networks(name, options):
    """A curvature penalty on conformance scenarios, against finite differences of the penalty itself."""
    case = SCENARIOS[name].build(tf.float64)
    parts = th.hessian_diag(case.loss, case.xs, engine=options[0], chunk_size=options[1])
    penalty = tf.reduce_sum(tf.sin(_flat(parts if isinstance(parts, (list, tuple)) else [parts])))
    xs = case.xs if isinstance(case.xs, (list, tuple)) else [case.xs]
    found, by_tensorflow = _flat(th.gradients(penalty, xs)), gradient(penalty, case.xs)
    with case.session() as session:
        for feed in case.feeds:
            true = jacobian(penalty, case.xs, session, feed)[0]
            scale = np.max(np.abs(true))
            np.testing.assert_allclose(session.run(found, feed), true, rtol=0, atol=1e-9 * scale)
            np.testing.assert_allclose(session.run(by_tensorflow, feed), true, rtol=0, atol=1e-9 * scale)
