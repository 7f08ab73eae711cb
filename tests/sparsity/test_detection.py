"""Patterns against the union of what is non-zero at several points, and against closed forms."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from functions import EXACT, FUNCTIONS, N, measured

import tf1_hessian as th
from forms import FORMS, built_as
from untouched import assert_refused, census

EYE = np.eye(N, dtype=bool)


CONTROL_FLOW = ("conditional", "loop")
CASES = [(name, FORMS[0]) for name in sorted(FUNCTIONS)] + [(name, form) for name in CONTROL_FLOW for form in FORMS[1:]]


@pytest.mark.parametrize("name, form", CASES)
def test_no_entry_is_missed(name, form, graph):
    x = tf.placeholder(tf.float64, [N])
    with built_as(form):
        loss = tf.reduce_sum(FUNCTIONS[name](x))
    before = census(graph)
    pattern = th.hessian_sparsity(loss, x).to_scipy().toarray()
    assert census(graph) == before
    if name == "loop":
        truth = np.zeros([N, N], bool)
        truth[range(4), range(4)] = True
    else:
        truth = measured(loss, x)
    assert not (truth & ~pattern).any(), "missed: %s" % np.argwhere(truth & ~pattern)[:3]
    assert name not in EXACT or np.array_equal(truth, pattern), np.argwhere(pattern & ~truth)[:3]


@pytest.mark.parametrize("name, entries", [
    ("largest", N * N), ("extremes", 4 * 16), ("clipped", N + 2 * (N - 1)), ("conditional", N * N),
    ("running sum", 4 * 16), ("linear", 0), ("thrown away", 4 + 2 * 3), ("pooled", 4 * 16),
])
def test_how_much_is_taken_for_possible(name, entries):
    x = tf.placeholder(tf.float64, [N])
    assert th.hessian_sparsity(tf.reduce_sum(FUNCTIONS[name](x)), x).nnz == entries


def test_windows_with_holes():
    """A filter of two rows, two apart: TensorFlow has no gradient of it on CPUs, but the places are known."""
    x = tf.placeholder(tf.float64, [12])
    out = tf.nn.conv2d(tf.reshape(x, [1, 4, 3, 1]), tf.ones([2, 1, 1, 1], tf.float64), [1, 1, 1, 1], "VALID",
                       dilations=[1, 2, 1, 1])
    entries = {(i, i) for i in range(12)} | {(i, i + 6) for i in range(6)} | {(i + 6, i) for i in range(6)}
    pattern = th.hessian_sparsity(tf.reduce_sum(tf.exp(out)), x)
    assert set(zip(pattern.rows.tolist(), pattern.cols.tolist())) == entries


def test_several_sources_in_flat_order():
    """a of 3 and b of shape (2, 2): a[i] meets b[1, 0]."""
    a, b = tf.placeholder(tf.float64, [3]), tf.get_variable("b", [2, 2], tf.float64)
    loss = tf.reduce_sum(tf.square(a) * b[1, 0])
    expected = np.zeros([7, 7], bool)
    expected[range(3), range(3)] = True
    expected[:3, 5] = expected[5, :3] = True
    assert np.array_equal(th.hessian_sparsity(loss, [a, b]).to_scipy().toarray(), expected)
    order = [3, 4, 5, 6, 0, 1, 2]
    assert np.array_equal(th.hessian_sparsity(loss, {"a": b, "z": a}).to_scipy().toarray(),
                          expected[np.ix_(order, order)])


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_and_lookups(use_resource):
    """Rows 0 and 4 of a table meet in a product, element by element."""
    table = tf.get_variable("table", [5, 2], tf.float64, use_resource=use_resource)
    rows = tf.nn.embedding_lookup(table, [4, 0])
    pattern = th.hessian_sparsity(tf.reduce_sum(rows[0] * rows[1]), table)
    assert sorted(zip(pattern.rows.tolist(), pattern.cols.tolist())) == [(0, 8), (1, 9), (8, 0), (9, 1)]


def test_parts_of_a_variable():
    """Parts along the second axis: element (i, j) meets (i, j + 1), wherever the parts end."""
    with tf.variable_scope("parts", partitioner=lambda **_: [1, 2]):
        x = tf.get_variable("x", [2, 5], tf.float64)
    whole = tf.convert_to_tensor(x)
    pattern = th.hessian_sparsity(tf.reduce_sum(whole[:, 1:] * whole[:, :-1]), x).to_scipy().toarray()
    row = np.diag(np.ones(4), 1) + np.diag(np.ones(4), -1)
    assert np.array_equal(pattern, np.kron(np.eye(2), row) != 0)


def test_indices_that_are_fed_may_be_told():
    x, ids = tf.placeholder(tf.float64, [6]), tf.placeholder(tf.int32, [2, 2])
    ends = tf.gather(x, ids)
    loss = tf.reduce_sum(tf.square(ends[:, 0] - ends[:, 1]))
    assert th.hessian_sparsity(loss, x).nnz == 36
    told = th.hessian_sparsity(loss, x, feed_dict={ids: [[0, 3], [4, 3]]})
    expected = np.zeros([6, 6], bool)
    for i, j in ((0, 3), (4, 3)):
        expected[i, j] = expected[j, i] = expected[i, i] = expected[j, j] = True
    assert np.array_equal(told.to_scipy().toarray(), expected)


def test_indices_from_a_variable_or_a_draw_are_not_known():
    x = tf.placeholder(tf.float64, [5])
    ids = tf.get_variable("ids", initializer=tf.constant([1, 2]), trainable=False)
    drawn = tf.random_uniform([2], 0, 5, tf.int32)
    default = tf.placeholder_with_default([0, 1], [2])
    for where in (ids, drawn, default):
        assert th.hessian_sparsity(tf.reduce_prod(tf.gather(x, where)), x).nnz == 25


def test_what_was_relied_on_is_not_fed_any_more():
    x, ids = tf.placeholder(tf.float64, [5]), tf.constant([1, 2])
    loss = tf.reduce_prod(tf.gather(x, ids + 1))
    assert th.hessian_sparsity(loss, x).nnz == 4
    with tf.Session() as session, pytest.raises(ValueError, match="may not be fed"):
        session.run(loss, {x: np.ones(5), ids: [0, 1]})


def test_a_source_that_is_computed():
    """Indices computed from the source itself are not constant, though its value here is."""
    x = tf.constant([3.0, 1.0, 2.0]) * 1.0
    assert th.hessian_sparsity(tf.gather(x, tf.argmax(x)) ** 2, x).nnz == 9


def test_custom_gradients_are_refused(graph):
    """The closure holds any tensor of the call: nothing is known of what it depends on."""
    @tf.custom_gradient
    def doubled(x):
        return x * 2, lambda dy: dy * tf.reduce_sum(x)

    x = tf.placeholder(tf.float64, [3])
    loss = tf.reduce_sum(doubled(x))
    told = assert_refused(ValueError, lambda: th.hessian_sparsity(loss, x), graph)
    assert "has a custom gradient, which may depend on any tensor" in told


def test_gradients_overridden_by_name_are_dense(graph):
    """Such a function sees the op alone: all that it reads may meet."""
    x = tf.placeholder(tf.float64, [3])
    tf.RegisterGradient("Tripled" + str(id(graph)))(lambda op, dy: 3 * dy * tf.reduce_sum(op.inputs[0]))
    with graph.gradient_override_map({"Square": "Tripled" + str(id(graph))}):
        y = tf.square(x[:2])
    assert th.hessian_sparsity(tf.reduce_sum(y), x).nnz == 4

def test_unknown_shapes_are_refused(graph):
    w, batch = tf.placeholder(tf.float64, [3]), tf.placeholder(tf.float64, [None, 3])
    loss = tf.reduce_sum(tf.exp(batch * w))
    told = assert_refused(ValueError, lambda: th.hessian_sparsity(loss, w), graph)
    assert "can't be told apart before running" in told and "static shapes" in told and "pattern=" in told


def test_large_dense_patterns_are_refused(graph):
    x = tf.placeholder(tf.float64, [10 ** 5])
    loss = tf.sqrt(tf.reduce_sum(x))
    told = assert_refused(ValueError, lambda: th.hessian_sparsity(loss, x), graph)
    assert "over 100000 elements is dense" in told and "(op type: Sqrt)" in told and "th.hvp" in told


def test_a_limit_of_time(graph):
    x = tf.placeholder(tf.float64, [100])
    loss = tf.reduce_sum(x ** 3)
    told = assert_refused(ValueError, lambda: th.hessian_sparsity(loss, x, max_seconds=0), graph)
    assert "takes more than 0 seconds to detect" in told


def test_large_problems():
    """A chain of 10 ** 6 elements: three entries a row."""
    x = tf.placeholder(tf.float64, [10 ** 6])
    pattern = th.hessian_sparsity(tf.reduce_sum(tf.square(x[1:] - tf.square(x[:-1]))), x)
    assert pattern.nnz == 3 * 10 ** 6 - 2
