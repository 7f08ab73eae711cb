"""Sparse Hessians and diagonals by colours: numbers, checks of themselves, reuse, refusals."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from chains import chain, hessian_of_chain
from functions import FUNCTIONS, N, points
from grids import band
from scipy import sparse

import tf1_hessian as th
from forms import FORMS, built_as
from untouched import assert_refused

NAMES = sorted(set(FUNCTIONS) - {"conditional", "loop"})


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name):
    x = tf.placeholder(tf.float64, [N])
    loss = tf.reduce_sum(FUNCTIONS[name](x))
    asked = {"sparse": th.sparse_hessian(loss, x), "diag": th.hessian_diag(loss, x, engine="colored"),
             "full": th.hessian(loss, x, engine="loop")}
    with tf.Session():
        for point in points(count=3):
            found = th.evaluate(asked, {x: point})
            size = max(1, np.max(np.abs(found["full"])))
            assert sparse.isspmatrix_csr(found["sparse"]) and found["sparse"].dtype == np.float64
            assert np.allclose(found["sparse"].toarray(), found["full"], rtol=0, atol=1e-12 * size)
            assert np.allclose(found["diag"], np.diag(found["full"]), rtol=0, atol=1e-12 * size)
            assert (found["sparse"] != found["sparse"].T).nnz == 0


@pytest.mark.parametrize("name", ["conditional", "loop"])
@pytest.mark.parametrize("form", FORMS)
def test_control_flow(name, form, graph):
    """Dense in what enters it; a functional one may hold a gradient of the user's, so that symmetry is not known."""
    x = tf.placeholder(tf.float64, [N])
    with built_as(form):
        loss = tf.reduce_sum(FUNCTIONS[name](x))
    if form == "v2":
        told = assert_refused(ValueError, lambda: th.sparse_hessian(loss, x), graph)
        assert "may be unsymmetric" in told
        return
    asked = [th.sparse_hessian(loss, x), th.hessian_diag(loss, x, engine="colored"), th.hessian(loss, x, engine="loop")]
    with tf.Session():
        for point in points(count=3):
            found, diagonal, truth = th.evaluate(asked, {x: point})
            assert np.allclose(found.toarray(), truth) and np.allclose(diagonal, np.diag(truth))


@pytest.mark.parametrize("dtype, tolerance", [(tf.float64, 1e-13), (tf.float32, 1e-5)])
def test_closed_form(dtype, tolerance):
    loss, x = chain(40, dtype)
    hessian, diagonal = th.sparse_hessian(loss, x), th.hessian_diag(loss, x, engine="colored")
    assert (hessian.coloring.number, hessian.pattern.nnz) == (3, 40 + 2 * 39)
    point = np.random.RandomState(0).rand(40)
    truth = hessian_of_chain(point)
    with tf.Session():
        found, entries = th.evaluate([hessian, diagonal], {x: point})
    assert np.allclose(found.toarray(), truth, rtol=0, atol=tolerance * np.max(truth))
    assert np.allclose(entries, np.diag(truth), rtol=0, atol=tolerance * np.max(truth))


def test_in_double_precision():
    loss, x = chain(12, tf.float32)
    asked = th.sparse_hessian(loss, x, precision="float64"), th.hessian_diag(
        loss, x, engine="colored", precision="float64")
    point = np.random.RandomState(0).rand(12).astype(np.float32)
    with tf.Session():
        found, diagonal = th.evaluate(asked, {x: point})
    truth = hessian_of_chain(point.astype(np.float64))
    assert found.dtype == np.float64 and np.allclose(found.toarray(), truth, rtol=0, atol=1e-10)
    assert np.allclose(diagonal, np.diag(truth), rtol=0, atol=1e-10)


def test_several_sources():
    """sum_ij a_i^2 b_j: over a dict and with parts, in flat order."""
    a, b = tf.get_variable("a", [3], tf.float64), tf.get_variable("b", [2, 2], tf.float64)
    loss = tf.reduce_sum(tf.square(a)[:, None] * tf.reshape(b, [1, 4]))
    asked = th.sparse_hessian(loss, {"z": a, "b": b}), th.hessian_diag(loss, [a, b], engine="colored")
    with tf.Session() as session:
        session.run([a.initializer, b.initializer])
        found, (of_a, of_b) = th.evaluate(asked)
        va, vb = session.run([a, b])
    truth = np.zeros([7, 7])
    truth[:4, 4:] = 2 * va
    truth[4:, :4] = truth[:4, 4:].T
    truth[range(4, 7), range(4, 7)] = 2 * vb.sum()
    assert np.allclose(found.toarray(), truth) and of_b.shape == (2, 2)
    assert np.allclose(of_a, 2 * vb.sum()) and not of_b.any()


def test_a_plan_says_what_it_takes():
    loss, x = chain(200)
    plan = th.plan(loss, x, "sparse")
    assert (plan.quantity, plan.engine, plan.cost.columns, plan.chunk_size) == ("sparse", "colored", 3, 3)
    assert "HessianPlan(sparse, n=200, engine=colored, 3 columns instead of 200" in str(plan)
    assert "Coloring(star, 3 colours for 200 columns" in str(plan)
    assert plan.build() is plan.build()
    with tf.Session():
        found = th.evaluate(plan, {x: np.ones(200)})
        assert plan.verify(feed_dict={x: np.ones(200)})[0].source == x.name
    assert np.allclose(found.toarray(), hessian_of_chain(np.ones(200)))


def test_auto_takes_colours_where_they_are_fewer():
    loss, x = chain(200)
    plan = th.plan(loss, x)
    assert (plan.engine, plan.cost.columns) == ("colored", 2)
    matrix = tf.constant(np.random.RandomState(0).randn(200, 200))
    dense = tf.reduce_sum(tf.tanh(x) * tf.matmul(matrix, tf.sin(x)[:, None])[:, 0])
    plan = th.plan(dense, x)
    assert plan.engine == "vectorized" and "columns by colours are of no use" in str(plan)
    plan = th.plan(tf.reduce_sum(tf.nn.softmax(tf.cumsum(x)) ** 2), x)
    assert plan.engine == "vectorized" and "too many of them meet at operation 'Softmax'" in str(plan)
    few, y = chain(20)
    assert th.plan(few, y).engine == "vectorized"


def test_auto_joins_what_the_structure_leaves_over():
    """A layer's weights go by structure, a smoothed field by colours; both are right in one answer."""
    loss, x = chain(90)
    w = tf.placeholder(tf.float64, [5, 7])
    batch = np.random.RandomState(0).randn(11, 5)
    loss = loss + tf.reduce_sum(tf.square(tf.tanh(tf.matmul(tf.constant(batch), w))))
    plan = th.plan(loss, [w, x])
    assert plan.engine == "mixed" and plan.cost.columns < 20
    feed = {x: np.random.RandomState(1).rand(90), w: np.random.RandomState(2).randn(5, 7)}
    with tf.Session():
        (of_w, of_x), true = th.evaluate([plan, th.hessian_diag(loss, [w, x], engine="loop")], feed)
    assert np.allclose(of_w, true[0]) and np.allclose(of_x, np.diag(hessian_of_chain(feed[x])))


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_many_colours_in_chunks(chunk_size):
    """Two blocks of 20 elements that all meet: 20 colours, more than are laid one by one."""
    x = tf.placeholder(tf.float64, [40])
    loss = tf.reduce_sum(tf.exp(tf.reduce_sum(tf.sin(tf.reshape(x, [2, 20])), 1)))
    asked = th.sparse_hessian(loss, x, chunk_size=chunk_size), th.hessian_diag(
        loss, x, engine="colored", chunk_size=chunk_size)
    assert asked[0].coloring.number == 20
    plan = th.plan(loss, x, "sparse", chunk_size=chunk_size)
    assert plan.chunk_size == (chunk_size or 20)
    point = np.random.RandomState(0).randn(40)
    with tf.Session():
        found, diagonal = th.evaluate(asked, {x: point})
    blocks = []
    for row in point.reshape(2, 20):
        weight = np.exp(np.sin(row).sum())
        blocks.append(weight * (np.outer(np.cos(row), np.cos(row)) - np.diag(np.sin(row))))
    truth = sparse.block_diag(blocks).toarray()
    assert np.allclose(found.toarray(), truth) and np.allclose(diagonal, np.diag(truth))


def test_nothing_is_not_linear():
    x = tf.placeholder(tf.float64, [4])
    asked = [th.sparse_hessian(tf.reduce_sum(x), x), th.hessian_diag(tf.reduce_sum(x), x, engine="colored")]
    with tf.Session():
        found, diagonal = th.evaluate(asked, {x: np.ones(4)})
    assert found.nnz == 0 and found.shape == (4, 4) and not diagonal.any()


def test_as_sparse_tensor():
    loss, x = chain(6)
    tensor = th.sparse_hessian(loss, x).as_sparse_tensor()
    product = tf.sparse_tensor_dense_matmul(tensor, tf.ones([6, 1], tf.float64))
    with tf.Session() as session:
        found = session.run(product, {x: np.arange(6.0)})
    assert np.allclose(found[:, 0], hessian_of_chain(np.arange(6.0)).sum(1))


def test_reused_pattern_and_colouring(tmp_path):
    loss, x = chain(30)
    found = th.sparse_hessian(loss, x)
    found.pattern.save(str(tmp_path / "chain.npz"))
    assert th.sparse_hessian(loss, x) is found
    with tf.Graph().as_default():
        loss, x = chain(30)
        again = th.sparse_hessian(loss, x, pattern=th.SparsityPattern.load(str(tmp_path / "chain.npz")),
                                  coloring=found.coloring)
        assert again.coloring is found.coloring
        by_matrix = th.sparse_hessian(loss, x, pattern=sparse.csr_matrix(abs(
            np.subtract.outer(np.arange(30), np.arange(30))) <= 1))
        larger = th.sparse_hessian(loss, x, pattern=np.ones([30, 30]))
        with tf.Session():
            values = th.evaluate([again, by_matrix, larger], {x: np.arange(30.0)})
    for value in values:
        assert np.allclose(value.toarray(), hessian_of_chain(np.arange(30.0)))
    assert values[2].nnz == 900 and values[1].nnz == 30 + 2 * 29


def _custom(x):
    @tf.custom_gradient
    def doubled(y):
        return y * 2, lambda dy: dy * tf.square(y)

    return tf.reduce_sum(doubled(x))


@pytest.mark.parametrize("call, error, sentence", [
    (lambda loss, x: th.sparse_hessian(loss, x, pattern=np.eye(5)), ValueError, "expected 8, as the sources have"),
    (lambda loss, x: th.sparse_hessian(loss, x, pattern=np.triu(np.ones([8, 8]))), ValueError, "a symmetric one"),
    (lambda loss, x: th.sparse_hessian(loss, x, coloring=th.Coloring.of(band(8, 1), "distance1")), ValueError,
     "a Coloring of kind 'star'"),
    (lambda loss, x: th.sparse_hessian(loss, x, coloring=th.Coloring.of(th.SparsityPattern(np.eye(8)))), ValueError,
     "a Coloring of kind 'star'"),
    (lambda loss, x: th.plan(loss, x, "sparse", engine="loop"), ValueError, "laid by colours"),
    (lambda loss, x: th.plan(loss, x, "full", engine="colored"), ValueError, "th.sparse_hessian"),
    (lambda loss, x: th.plan(loss, x, "diag", pattern=np.eye(8)), ValueError, "none but for th.sparse_hessian"),
    (lambda loss, x: th.sparse_hessian(loss, x, max_columns=2), ValueError, "max_columns=2, and the plan takes 3"),
    (lambda loss, x: th.sparse_hessian(loss, x, max_seconds=0), ValueError, "more than 0 seconds to detect"),
    (lambda loss, x: th.sparse_hessian(loss, x, max_seconds="9"), ValueError, "a number from 0 up, or None"),
    (lambda loss, x: th.sparse_hessian(loss, x, verify="often"), ValueError, "one of first, always, never"),
    (lambda loss, x: th.hessian_diag(tf.get_default_graph().get_tensor_by_name("rows:0"), x, engine="colored",
                                     per_example=True), ValueError, "colours are of one loss"),
    (lambda loss, x: th.sparse_hessian(tf.get_default_graph().get_tensor_by_name("custom:0"), x), ValueError,
     "may be unsymmetric"),
    (lambda loss, x: th.sparse_hessian(loss, [x, tf.get_default_graph().get_tensor_by_name("small:0")]), ValueError,
     "one matrix, and the sources have dtypes float32, float64"),
])
def test_refused(call, error, sentence, graph):
    loss, x = chain(8)
    tf.square(x, name="rows")
    tf.identity(_custom(x), name="custom")
    tf.placeholder(tf.float32, [2], name="small")
    assert sentence in assert_refused(error, lambda: call(loss, x), graph)
