"""Each net: the diagonal by its structure against columns and finite differences, and the plan that is expected."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from shares import share
from tests.random_truths import CONFIG
from tests.structure.known import known
from tests.structure.nets import NETS
from tests.structure.nets_dense import dense
from tests.structure.nets_shapes import dropped
from tests.structure.program import Program

NAMES = share(NETS, 8)
# Nets that are built in one graph and evaluated in one session call.
TOGETHER = 12
# How far results may be off, as a share of the largest entry.
FROM_COLUMNS, FROM_DIFFERENCES = 1e-10, 1e-9


class Found(object):
    """What came out for one net."""

    def __init__(self, plan, value, truth):
        self.plan, self.truth = plan, truth
        self.value = np.concatenate([np.ravel(v) for v in value])

    def off(self, from_what):
        return np.abs(self.value - from_what).max() / self.truth.scale


@pytest.fixture(scope="module")
def found():
    """A function of a name: the Found of a net, worked out with its neighbours."""
    names, kept = NAMES, {}

    def look_up(name):
        if name not in kept:
            first = names.index(name) // TOGETHER * TOGETHER
            kept.update(_evaluated(names[first:first + TOGETHER]))
        if isinstance(kept[name], Exception):
            raise kept[name]
        return kept[name]

    return look_up


def _evaluated(names):
    """The Found of each name, or what was raised for it, so that one that fails does not take the others with it."""
    nets = [NETS[n] for n in names]
    truth, plans, diagonals, feeds = known([n.program for n in nets]), [], [], {}
    with tf.Graph().as_default():
        for name, net in zip(names, nets):
            with tf.variable_scope(name):
                loss, xs, feed = net.program.on_sources()
            plans.append(_raised(th.plan, loss, xs, verify="never", **net.options))
            diagonals.append(_raised(plans[-1].build))
            feeds.update(feed)
        with tf.Session(config=CONFIG) as session:
            session.run(tf.global_variables_initializer())
            values = _run(session, diagonals, feeds)
    found = zip(plans, values, truth)
    return {name: _first_error(f) or Found(*f) for name, f in zip(names, found)}


def _first_error(found):
    return next((a for a in found if isinstance(a, Exception)), None)


def _raised(call, *args, **options):
    """What a call gives, or the error that it raises."""
    try:
        return call(*args, **options)
    except Exception as error:  # raised again in the net's own test
        return error


def _run(session, diagonals, feeds):
    try:
        return session.run(diagonals, feeds)
    except Exception:  # to find whose it is
        return [_raised(session.run, d, feeds) for d in diagonals]


@pytest.mark.parametrize("name", NAMES)
def test_the_diagonal_and_the_plan(name, found):
    net, expected = found(name), NETS[name]
    assert net.truth.problem is None
    assert np.abs(net.truth.columns).max() > 1e-4 * net.truth.scale
    assert net.off(net.truth.columns) < FROM_COLUMNS
    assert net.off(net.truth.diagonal) < FROM_DIFFERENCES + 4 * net.truth.error / net.truth.scale
    assert net.plan.engine in expected.engine.split("|"), net.plan
    if expected.columns is not None:
        assert net.plan.cost.columns <= expected.columns, net.plan


def test_most_nets_are_cheap():
    """The registry would say nothing if it expected columns for each element."""
    cheap = [n for n in NETS.values() if n.columns is not None and n.columns <= 0.5 * n.program.start.size]
    assert len(cheap) >= 0.6 * len(NETS)


def test_dropout_of_one_draw():
    """Both results in one call see one mask; calls see different ones."""
    loss, xs, feed = Program("dropped", dropped, seed=3).on_sources()
    plan = th.plan(loss, xs)
    fetches = plan.build(), th.hessian_diag(loss, xs, engine="loop")
    assert plan.engine == "structured" and plan.cost.columns <= 10
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        calls = [session.run(fetches, feed) for _ in range(8)]
    for ours, columns in calls:
        for a, b in zip(ours, columns):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    # Two draws may be equal, as any that drop all.
    assert max(np.abs(calls[0][1][0] - other[1][0]).max() for other in calls[1:]) > 1e-6


# --- in single precision

def fused_batch_norm(training):
    def function(g):
        z = tf.nn.conv2d(g.batch(4, 4, 5, 2), g.weight(2, 2, 2, 3), strides=[1, 1, 1, 1], padding="VALID")
        given = {} if training else {"mean": g.constant(3), "variance": g.constant(3, low=0.5)}
        z = tf.nn.fused_batch_norm(z, g.weight(3), g.weight(3), epsilon=0.125, is_training=training, **given)[0]
        z = dense(g, tf.reduce_mean(tf.nn.softplus(z), [1, 2]), 2)
        return tf.losses.sparse_softmax_cross_entropy([0, 1, 1, 0], z)

    return function


def of_tf_losses(loss):
    """tf.losses compute in float32."""
    def function(g):
        z = dense(g, tf.tanh(dense(g, g.batch(5, 3), 4)), 2)
        return loss(g.one_hot(5, 2), z, weights=tf.constant(g.numbers(5, 1, low=0.0), g.dtype))

    return function


SINGLE = [
    (fused_batch_norm(False), "structured", 6), (fused_batch_norm(True), "mixed", 40),
    (of_tf_losses(tf.losses.mean_squared_error), "structured", 6),
    (of_tf_losses(lambda y, z, weights: tf.losses.softmax_cross_entropy(y, z, weights[:, 0])), "structured", 6)]


def test_single_precision():
    plans, fetches, feeds = [], [], {}
    for i, (function, _, _) in enumerate(SINGLE):
        with tf.variable_scope("net%d" % i):
            loss, xs, feed = Program("single", function, seed=i, single=True).on_sources()
        plans.append(th.plan(loss, xs, verify="never"))
        fetches.append((plans[-1].build(), th.hessian_diag(loss, xs, engine="loop")))
        feeds.update(feed)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(fetches, feeds)
    for (_, engine, columns), plan, (ours, true) in zip(SINGLE, plans, values):
        assert plan.engine in engine.split("|") and plan.cost.columns <= columns, plan
        largest = max(np.abs(v).max() for v in true)
        for a, b in zip(ours, true):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=0, atol=3e-5 * largest)
