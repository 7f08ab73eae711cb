"""Columns that take short ways: pulled back to the results of a max pool only, through slopes laid once, into a dense
layer by a row of its weights. Against products with unit vectors, one for each element."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from shares import share
from tests.random_truths import CONFIG
from tests.structure.known import known
from tests.structure.nets_dense import dense, entropy
from tests.structure.program import Program

ROWS = 5


def convolved(g, image, high, wide, channels, padding="SAME"):
    kernel = g.weight(high, wide, image.shape.as_list()[3], channels)
    return tf.nn.conv2d(image, kernel, strides=[1, 1, 1, 1], padding=padding)


def pool(h, high, wide, strides=None):
    strides = [1] + list(strides or (high, wide)) + [1]
    return tf.nn.max_pool(h, ksize=[1, high, wide, 1], strides=strides, padding="VALID")


def ended(g, h, classes=3):
    return tf.reduce_mean(entropy(g, dense(g, tf.reshape(h, [-1, h.shape[1:].num_elements()]), classes)))


def pooled(act, high=2, wide=3, strides=None):
    """One convolution, an activation, a pool, a softmax."""
    def function(g):
        h = act(convolved(g, g.batch(ROWS, 4, 6, 2), 2, 1, 3) + g.weight(3))
        return ended(g, pool(h, high, wide, strides))

    return function


def pooled_twice(g):
    h = pool(tf.nn.relu(tf.nn.bias_add(convolved(g, g.batch(ROWS, 6, 8, 1), 2, 3, 2), g.weight(2))), 1, 2)
    h = pool(tf.nn.leaky_relu(tf.nn.bias_add(convolved(g, h, 3, 1, 4, "VALID"), g.weight(4))), 2, 2)
    return ended(g, tf.nn.relu(dense(g, tf.reshape(h, [-1, 16]), 5)))


def blank(g):
    """Most pixels are zero: the largest of a window is there several times, at a positive bias."""
    image = g.batch(ROWS, 4, 6, 2) * np.eye(4, 6)[:, :, None]
    h = tf.nn.relu(convolved(g, image, 1, 2, 3) + tf.nn.softplus(g.constant(3)) + g.weight(3))
    return ended(g, pool(h, 2, 2))


def read_twice(g):
    """The convolution reaches the loss around the pool too."""
    h = tf.nn.relu(convolved(g, g.batch(ROWS, 4, 4, 1), 2, 3, 2) + g.weight(2))
    return ended(g, tf.concat([tf.reshape(pool(h, 2, 2), [-1, 8]), tf.reduce_mean(h, 2)[:, :, 0]], 1))


def padded(g):
    """What a large filter sees over the edges of the image, cut out of it."""
    h = tf.tanh(tf.nn.bias_add(convolved(g, g.batch(ROWS, 3, 5, 3), 3, 4, 2), g.weight(2)))
    return ended(g, tf.reduce_mean(h, [1], keepdims=True))


def pooled_linear(g):
    """The curvature is that of each result of the pool alone: one column, which takes the plain way."""
    h = pool(convolved(g, g.batch(ROWS, 4, 6, 2), 2, 1, 3) + g.weight(3), 2, 3)
    return tf.reduce_mean(tf.reduce_sum(tf.nn.softplus(h), [1, 2, 3]))


def curved(g):
    """Columns from a curved layer through a curved one."""
    h = tf.tanh(dense(g, g.batch(ROWS, 2), 4))
    h = tf.tanh(tf.matmul(h, g.weight(3, 4), transpose_b=True) - g.constant(3))
    return ended(g, tf.tanh(dense(g, h, 5)), 2)


def through(act):
    def function(g):
        h = act(tf.nn.softplus(dense(g, g.batch(ROWS, 2), 4)))
        return ended(g, tf.nn.softplus(dense(g, act(dense(g, h, 3) ** 2 + 0.25), 4)), 2)

    return function


PROGRAMS = {
    "relu": pooled(tf.nn.relu), "tanh": pooled(tf.tanh), "pool_of_rows": pooled(tf.nn.elu, 1, 3),
    "pooled_twice": pooled_twice, "windows_overlap": pooled(tf.nn.relu, 2, 3, (2, 2)),
    "windows_leave_pixels": pooled(tf.nn.relu, 3, 2), "blank": blank, "read_twice": read_twice,
    "padded": padded, "pooled_linear": pooled_linear, "curved": curved}
PROGRAMS.update(("through_" + name, through(act)) for name, act in (
    ("elu", tf.nn.elu), ("leaky_relu", tf.nn.leaky_relu), ("reciprocal", tf.math.reciprocal),
    ("relu6", tf.nn.relu6), ("rsqrt", tf.rsqrt), ("selu", tf.nn.selu), ("sigmoid", tf.sigmoid),
    ("softplus", tf.nn.softplus), ("softsign", tf.nn.softsign), ("sqrt", tf.sqrt), ("tanh", tf.tanh)))


CHUNKS = (None, 2)
NAMES = share(PROGRAMS, 8)
# Where the pool is not taken apart.
DENSE = ("windows_overlap", "windows_leave_pixels", "read_twice", "pooled_linear")


@pytest.fixture(scope="module")
def found():
    """By name: the Known, and the diagonals for each of CHUNKS."""
    programs = [Program(name, PROGRAMS[name], seed=5) for name in NAMES]
    feeds, diagonals = {}, []
    with tf.Graph().as_default():
        for program in programs:
            with tf.variable_scope(program.name):
                loss, xs, feed = program.on_sources()
            diagonals.append([th.hessian_diag(loss, xs, engine="structured", chunk_size=size, verify="never")
                              for size in CHUNKS])
            feeds.update(feed)
        with tf.Session(config=CONFIG) as session:
            session.run(tf.global_variables_initializer())
            values = session.run(diagonals, feeds)
    return {p.name: pair for p, pair in zip(programs, zip(known(programs), values))}


@pytest.mark.parametrize("name", NAMES)
def test_the_diagonal(name, found):
    truth, values = found[name]
    assert np.abs(truth.columns).max() > 1e-4
    values = [np.concatenate([np.ravel(v) for v in value]) for value in values]
    for value in values:
        np.testing.assert_allclose(value, truth.columns, rtol=0, atol=1e-11 * np.abs(truth.columns).max())
    if name != "blank":  # on a kink
        np.testing.assert_allclose(values[0], truth.diagonal, rtol=0, atol=1e-9 * truth.scale + 4 * truth.error)


def test_the_largest_of_a_window_is_there_twice():
    with tf.Graph().as_default(), tf.Session() as session:
        loss, xs, feed = Program("blank", blank, seed=5).on_sources()
        pooling, = [op for op in tf.get_default_graph().get_operations() if op.type == "MaxPool"]
        session.run(tf.global_variables_initializer())
        image, largest = session.run([pooling.inputs[0], pooling.outputs[0]], feed)
    windows = image.reshape([ROWS, 2, 2, 3, 2, 3]) == largest[:, :, None, :, None]
    assert np.max(windows.sum((2, 4))) > 1
    assert np.min(largest) > 0


@pytest.mark.parametrize("name", ["relu", "tanh", "blank"] + list(DENSE))
def test_columns_end_behind_a_pool(name):
    """No column has the size of the image where the windows lie side by side."""
    with tf.Graph().as_default() as graph:
        loss, xs, _ = Program(name, PROGRAMS[name], seed=5).on_sources()
        before = {op.name for op in graph.get_operations()}
        plan = th.plan(loss, xs, engine="structured", verify="never")
        plan.build()
        image = next(op for op in graph.get_operations() if op.type == "Conv2D").outputs[0].shape.as_list()[1:]
        columns = [o.name for op in graph.get_operations() if op.name not in before for o in op.outputs
                   if o.shape.ndims == 5 and o.shape.as_list()[2:] == image]
    at_once = "run one by one" not in str(plan)  # as they do on TF 1.13, where no tensor holds several columns
    assert bool(columns) == (name in DENSE and at_once)
