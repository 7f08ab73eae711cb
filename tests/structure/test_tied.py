"""Weights that several layers read which meet: against finite differences, with the columns that are expected."""
import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from shares import share
from tests.random_truths import CONFIG, truths
from tests.structure.nets_dense import dense, entropy
from tests.structure.program import Program

ROWS, UNITS = 5, 12


def _start(a):
    return 0.25 * tf.matmul(a, tf.ones([2, UNITS], a.dtype))


def cell(g, is_flat=False):
    """A cell unrolled over two steps, and a decay of its weight, which is apart from them."""
    a, w, b = g.batch(ROWS, 2), g.weight(2 + UNITS, UNITS), g.weight(UNITS)
    h = _start(a)
    for step in range(2):
        h = tf.tanh(tf.matmul(tf.concat([a * (step + 0.5), h], 1), w) + b)
    loss = tf.reduce_mean(entropy(g, dense(g, h, 2)))
    return loss if is_flat else loss + 0.25 * tf.reduce_sum(w ** 3)


def autoencoder(g):
    """Read as it is and transposed, by the product and by an op."""
    a, w = g.batch(ROWS, 9), g.weight(9, UNITS)
    h = tf.sigmoid(tf.matmul(tf.tanh(tf.matmul(a, w)), w, transpose_b=True))
    return tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(h, w)), tf.transpose(w)) - a))


def twins(g):
    """Two branches of one weight meet in a product; one point has two readers of its own."""
    a, b, w = g.batch(ROWS, 9), g.batch(ROWS, 9), g.weight(9, UNITS)
    both = tf.matmul(a, w) + tf.matmul(tf.sin(b), w)
    return tf.reduce_mean(entropy(g, dense(g, tf.tanh(both) * tf.sigmoid(tf.matmul(b, w)), 2)))


# name: (function, columns at most, options)
NETS = {
    "decayed_cell": (cell, 2 * UNITS + 2 * (2 + UNITS) + 4, {}),
    "flat_cell": (functools.partial(cell, is_flat=True), 2 * UNITS + 2 * (2 + UNITS) + 4, {"flat": True}),
    "autoencoder": (autoencoder, 2 * (UNITS + 9) + UNITS + 9 + UNITS, {}),
    "twins": (twins, 3 * UNITS + 2, {}),
}


NAMES = share(sorted(NETS), 2)


@pytest.fixture(scope="module", params=[None, 7])
def found(request):
    """{name: (plan, diagonal as one vector, Truth)}, all columns at once or seven at a time."""
    programs = [Program(n, NETS[n][0], **NETS[n][2]) for n in NAMES]
    plans, fetches, feeds = {}, {}, {}
    with tf.Graph().as_default():
        for name, program in zip(NAMES, programs):
            with tf.variable_scope(name):
                loss, xs, feed = program.on_sources()
            plans[name] = th.plan(loss, xs, chunk_size=request.param)
            fetches[name] = plans[name].build()
            feeds.update(feed)
        with tf.Session(config=CONFIG) as session:
            session.run(tf.global_variables_initializer())
            values = th.evaluate(fetches, feeds, session)
    flat = {n: np.concatenate([np.ravel(v) for v in values[n]]) for n in NAMES}
    return {n: (plans[n], flat[n], t) for n, t in zip(NAMES, truths(programs))}


@pytest.mark.parametrize("name", NAMES)
def test_the_diagonal(name, found):
    plan, value, truth = found[name]
    assert plan.engine == "structured" and plan.cost.columns <= NETS[name][1], plan
    assert truth.problem is None
    assert np.abs(value - np.diag(truth.hessian)).max() <= 1e-9 * np.abs(truth.hessian).max() + truth.error


def test_differentiated_again():
    """d/dw of the sum of the diagonal, by finite differences."""
    flat = tf.placeholder(tf.float64, [64])
    h, w = tf.constant(np.random.RandomState(4).randn(3, 8)), tf.reshape(flat, [8, 8])
    for _ in range(2):
        h = tf.nn.softmax(tf.matmul(h, w))
    loss = tf.reduce_mean(tf.square(h[:, :3]))
    plan = th.plan(loss, flat)
    assert plan.engine == "structured" and "at its layers" in str(plan)
    total = tf.reduce_sum(plan.build())
    slope = th.gradients(total, flat)[0]
    start, step = np.random.RandomState(5).uniform(-0.5, 0.5, 64), 2.0 ** -10
    with tf.Session() as session:
        value = session.run(slope, {flat: start})
        near = [[session.run(total, {flat: start + k * step * (np.arange(64) == i)}) for k in (-2, -1, 1, 2)]
                for i in range(0, 64, 7)]
    truth = np.dot(near, [1, -8, 8, -1]) / (12 * step)
    np.testing.assert_allclose(value[::7], truth, rtol=0, atol=1e-8 * np.abs(truth).max())
