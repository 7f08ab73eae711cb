"""The full Hessian from the layers of dense nets: against finite differences, with the plan that is expected."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from shares import share
from tests import finite_differences
from tests.random_truths import CONFIG, truths
from tests.structure.nets_dense import dense, dense_net, entropy
from tests.structure.program import Program

D = tf.float64
ROWS = 5

Net = collections.namedtuple("Net", "program engine columns options")


def wrapped(function):
    """Two layers of which the second reads what `function` of a maker and the batch gives."""
    def net(g):
        return tf.reduce_mean(entropy(g, dense(g, function(g, g.batch(ROWS, 3)), 2)))
    return net


def decayed(g):
    return dense_net(2, "tanh", "softmax")(g) + 0.25 * tf.add_n([tf.reduce_sum(w ** 4) for w in g.weights[:3]])


def tied(g):
    """An autoencoder: one weight read as it is, transposed by the product, transposed by an op, and once more."""
    a, w = g.batch(ROWS, 4), g.weight(4, 3)
    h = tf.tanh(tf.matmul(tf.tanh(tf.matmul(a, w)), w, transpose_b=True))
    h = tf.matmul(tf.tanh(tf.matmul(h, w)), tf.transpose(w))
    return tf.reduce_mean(tf.square(tf.sigmoid(h) - a))


def unrolled(g):
    w, b, a = g.weight(5, 3), g.weight(3), g.batch(ROWS, 2)
    h = 0.25 * tf.matmul(a, tf.ones([2, 3], g.dtype))
    for step in range(3):
        h = tf.tanh(tf.matmul(tf.concat([a * (step - 0.5), h], 1), w) + b)
    return tf.reduce_mean(entropy(g, dense(g, h, 2)))


def in_parallel(g):
    """Two branches that meet in a product, both behind one weight."""
    a = g.batch(ROWS, 3)
    h = tf.tanh(dense(g, a, 4))
    return tf.reduce_mean(entropy(g, tf.sigmoid(dense(g, h, 2)) * dense(g, h, 2)))


def convolved(g):
    """A kernel is no layer: its columns reach the blocks of what is."""
    images = tf.reshape(g.batch(ROWS, 8), [-1, 4, 2, 1])
    h = tf.tanh(tf.nn.conv2d(images, g.weight(2, 2, 1, 2), [1, 1, 1, 1], "VALID"))
    return tf.reduce_mean(entropy(g, dense(g, tf.tanh(dense(g, tf.reshape(h, [-1, 6]), 3)), 2)))


def normalized(g):
    """Rows meet in the mean over the batch."""
    h = dense(g, g.batch(ROWS, 3), 4)
    return tf.reduce_mean(entropy(g, dense(g, tf.tanh(h - tf.reduce_mean(h, 0)), 2)))


def reversed_rows(g):
    """Each branch keeps its rows apart, and they meet a row off."""
    a = g.batch(ROWS, 3, unknown=())
    return tf.reduce_sum(tf.tanh(dense(g, a, 2)) * tf.reverse(tf.tanh(dense(g, a, 2)), [0]))


FORCED = {"engine": "structured"}
NETS = {
    "tanh": Net(Program("tanh", dense_net(2, "tanh", "softmax")), "structured", 16, FORCED),
    "relu": Net(Program("relu", dense_net(2, "relu", "squares")), "structured", 16, FORCED),
    "flat": Net(Program("flat", dense_net(2, "tanh", "softmax"), flat=True), "structured", 16, FORCED),
    "fed": Net(Program("fed", dense_net(1, "softplus", "sigmoid"), kinds=("fed",)), "structured", 9, FORCED),
    "residual": Net(Program("residual", wrapped(lambda g, a: a + tf.tanh(dense(g, a, 3)))), "structured", 8, FORCED),
    "decayed": Net(Program("decayed", decayed), "structured", 16, FORCED),
    "tied": Net(Program("tied", tied), "structured", 25, FORCED),
    "unrolled": Net(Program("unrolled", unrolled), "structured", 24, FORCED),
    "in_parallel": Net(Program("in_parallel", in_parallel), "structured", 16, FORCED),
    "convolved": Net(Program("convolved", convolved), "mixed", 16, {}),
    "normalized": Net(Program("normalized", normalized), "vectorized|mixed", 26, {}),
    "reversed_rows": Net(Program("reversed_rows", reversed_rows), "vectorized|mixed", 16, {}),
}


NAMES = share(sorted(NETS), 3)


@pytest.fixture(scope="module")
def found():
    """{name: (plan, the whole matrix, Truth)}"""
    truth, plans, fetches, feeds = truths([NETS[n].program for n in NAMES]), {}, {}, {}
    with tf.Graph().as_default():
        for name in NAMES:
            with tf.variable_scope(name):
                loss, xs, feed = NETS[name].program.on_sources()
            plans[name] = th.plan(loss, xs, quantity="full", flat=True, **NETS[name].options)
            fetches[name] = plans[name].build()
            feeds.update(feed)
        with tf.Session(config=CONFIG) as session:
            session.run(tf.global_variables_initializer())
            values = th.evaluate(fetches, feeds, session)
    return {name: (plans[name], values[name], t) for name, t in zip(NAMES, truth)}


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix(name, found):
    _, value, truth = found[name]
    assert truth.problem is None
    scale = np.abs(truth.hessian).max()
    assert np.abs(value - value.T).max() <= 1e-13 * scale
    assert np.abs(value - truth.hessian).max() <= 1e-9 * scale + truth.error


@pytest.mark.parametrize("name", NAMES)
def test_the_plan(name, found):
    plan = found[name][0]
    assert plan.engine in NETS[name].engine.split("|"), plan
    assert plan.cost.columns <= NETS[name].columns, plan


def test_chosen_where_it_is_cheaper():
    x, y = tf.placeholder(tf.float32, [None, 20]), tf.placeholder(tf.int32, [None])
    w, v = tf.get_variable("w", [20, 32]), tf.get_variable("v", [32, 10])
    z = tf.matmul(tf.tanh(tf.matmul(x, w)), v)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.one_hot(y, 10), logits=z))
    plan = th.plan(loss, [w, v], quantity="full")
    assert plan.engine == "structured" and plan.cost.columns == 32 + 10 + 32, plan


def test_blocks_of_each_source():
    """th.hessians and `blocks` take the structure too."""
    x = np.random.RandomState(1).randn(6, 5)
    w, b = tf.get_variable("w", initializer=x[:5, :4] * 0.5), tf.get_variable("b", initializer=x[0, :4])
    loss = tf.reduce_mean(tf.nn.softmax(tf.matmul(tf.constant(x), w) + b)[:, 1] ** 2)
    plan = th.plan(loss, [w, b], quantity="blocks", engine="structured")
    assert plan.cost.columns == 4, plan
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        ours, theirs = th.evaluate([plan.build(), tf.hessians(loss, [w, b])], session=session)
    for a, c in zip(ours, theirs):
        np.testing.assert_allclose(a, c, rtol=0, atol=1e-14)


def test_differentiated_again():
    """d/dw of the trace of the Hessian: finite differences of the trace."""
    x = np.random.RandomState(2).randn(6, 3)
    flat = tf.placeholder(D, [12])
    w, v = tf.split(flat, [6, 6])
    z = tf.matmul(tf.tanh(tf.matmul(tf.constant(x), tf.reshape(w, [3, 2]))), tf.reshape(v, [2, 3]))
    loss = tf.reduce_mean(tf.nn.softmax(z)[:, 0] ** 2)
    trace = tf.linalg.trace(th.hessian(loss, flat, engine="structured"))
    slope = th.gradients(trace, flat)[0]
    start, step = np.linspace(-1, 1, 12) + 0.1, 2.0 ** -10
    with tf.Session() as session:
        value = session.run(slope, {flat: start})
        near = [[session.run(trace, {flat: start + k * step * (np.arange(12) == i)}) for k in (-2, -1, 1, 2)]
                for i in range(12)]
    truth = np.dot(near, [1, -8, 8, -1]) / (12 * step)
    np.testing.assert_allclose(value, truth, rtol=0, atol=1e-9 * np.abs(truth).max())


def test_a_wrong_block_is_noticed(monkeypatch):
    """The product with a random vector finds an entry of any block that is off."""
    from tf1_hessian.structure import blocks
    right = blocks._added_over_rows
    monkeypatch.setattr(blocks, "_added_over_rows", lambda *args: right(*args) * 1.05)
    x = tf.constant(np.random.RandomState(3).randn(6, 5))
    w, v = tf.get_variable("w", [5, 3], D), tf.get_variable("v", [3, 2], D)
    loss = tf.reduce_mean(tf.nn.softmax(tf.matmul(tf.tanh(tf.matmul(x, w)), v))[:, 0] ** 2)
    hessian = th.hessian(loss, [w, v], engine="structured")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(th.VerificationError, match="product with the Hessian"):
            th.evaluate(hessian, session=session)


MULTIPLIED = {
    "by a curved part of another source": lambda net, w, u, v: net ** 3 * tf.reduce_sum(tf.exp(u)),
    "by another source": lambda net, w, u, v: net ** 3 * tf.reduce_sum(u),
    "by a curved part of itself": lambda net, w, u, v: net ** 3 * tf.reduce_sum(tf.exp(w)),
    "by itself": lambda net, w, u, v: net ** 3 * tf.reduce_sum(w),
    "row by row": lambda net, w, u, v: net ** 3 * u,
    "apart from the net": lambda net, w, u, v: tf.reduce_sum(net ** 3) + tf.reduce_sum(tf.exp(u)) * tf.reduce_sum(v),
    "in one op": lambda net, w, u, v: tf.reduce_sum(net ** 3) + tf.reduce_sum(u * v),
    "by its noise": lambda net, w, u, v: tf.reduce_sum(net ** 2) * tf.exp(-u) + u,
}


@pytest.mark.parametrize("name", sorted(MULTIPLIED))
def test_what_a_source_is_multiplied_with_has_cross_blocks(name):
    """A loss that is linear in a part is not without cross terms: the slope there may depend on other sources."""
    w = tf.get_variable("w", initializer=np.linspace(0.1, 0.8, 6).reshape(2, 3))
    u, v = (tf.get_variable(n, initializer=np.linspace(start, 0.9, 3)) for n, start in (("u", 0.2), ("v", -0.4)))
    net = tf.matmul(np.linspace(0.3, 1, 8).reshape(4, 2), w)
    loss = tf.reduce_sum(MULTIPLIED[name](net, w, u, v))
    xs = [x for x in (w, u, v) if tf.gradients(loss, x)[0] is not None]
    truth = finite_differences.hessian(loss, xs)
    full = th.hessian(loss, xs, flat=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(full), truth, rtol=1e-7, atol=1e-7)
