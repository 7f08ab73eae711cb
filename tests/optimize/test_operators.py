"""HessianOperator: the closed form of Rosenbrock's function, through everything scipy asks of an operator."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from losses import KINDS, START, made, rosenbrock, rosenbrock_hessian, started
from scipy.sparse import linalg

import tf1_hessian as th
from untouched import assert_refused

TRUTH = rosenbrock_hessian(START.ravel())


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_the_closed_form(kind, dtype):
    x, read, feed = made(kind, START, dtype=dtype)
    operator = th.HessianOperator(rosenbrock(tf.reshape(read, [-1])), x, feeds=feed or None)
    vectors = np.random.RandomState(0).standard_normal([6, 3])
    tolerance = 1e-12 if dtype == tf.float64 else 3e-5
    with started(tf.Session(), [x]).as_default():
        for found, truth in ((operator.matvec(vectors[:, 0]), TRUTH.dot(vectors[:, 0])),
                             (operator.matmat(vectors), TRUTH.dot(vectors)), (operator * vectors, TRUTH.dot(vectors)),
                             (operator.rmatvec(vectors[:, 1]), TRUTH.dot(vectors[:, 1])),
                             (operator.T.matmat(vectors), TRUTH.dot(vectors)),
                             (operator.H.matvec(vectors[:, 2]), TRUTH.dot(vectors[:, 2])),
                             (operator.H.matmat(vectors[:, :1]), TRUTH.dot(vectors[:, :1]))):
            np.testing.assert_allclose(found, truth, atol=tolerance * np.abs(TRUTH).max())
            assert found.dtype == np.float64
    assert operator.shape == (6, 6) and operator.dtype == np.float64
    assert str(operator).startswith("HessianOperator(n=6: ")
    assert operator.eps == np.finfo(dtype.as_numpy_dtype).eps


def test_scipy_solves_and_finds_eigenvalues_with_it():
    w = tf.get_variable("w", initializer=START)
    operator = th.HessianOperator(rosenbrock(tf.reshape(w, [-1])), w)
    with started(tf.Session(), [w]).as_default():
        right = np.arange(6.0)
        solution, code = linalg.minres(operator, right)
        np.testing.assert_allclose(TRUTH.dot(solution), right, atol=1e-2)
        values = linalg.eigsh(operator, k=2, return_eigenvectors=False)
        np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(TRUTH)[-2:])
        assert code == 0


def test_cross_blocks_and_structure_of_a_dict():
    a, b = tf.get_variable("a", initializer=START[:1]), tf.get_variable("b", initializer=START[1])
    loss = rosenbrock(tf.concat([tf.reshape(a, [-1]), b], 0))
    operator = th.HessianOperator(loss, {"z": a, "c": b})
    order = [3, 4, 5, 0, 1, 2]
    with started(tf.Session(), []).as_default():
        np.testing.assert_allclose(operator.matmat(np.eye(6)), TRUTH[np.ix_(order, order)], atol=1e-10)
    parts = operator.unpack(np.arange(6.0))
    np.testing.assert_array_equal(parts["c"], [0, 1, 2])
    np.testing.assert_array_equal(operator.pack({"c": 7, "z": parts["z"]}), [7, 7, 7, 3, 4, 5])
    with pytest.raises(ValueError, match="structure of xs"):
        operator.pack([1, 2])


def regression():
    """(x, y, rows of 7 observations, weights w, the mean loss, what it is for one big feed)."""
    random = np.random.RandomState(1)
    x, y = tf.placeholder(tf.float64, [None, 3]), tf.placeholder(tf.float64, [None])
    w = tf.get_variable("w", initializer=np.array([0.1, -0.2, 0.3]))
    loss = tf.reduce_mean(tf.nn.softplus(-y * tf.linalg.matvec(x, w)))
    return x, y, random.standard_normal([7, 3]), np.sign(random.standard_normal(7)), w, loss


@pytest.mark.parametrize("as_function", [False, True])
def test_batches_add_up_to_one_big_feed(as_function):
    x, y, rows, signs, w, loss = regression()
    batches = [{x: rows[i:i + 3], y: signs[i:i + 3]} for i in (0, 3, 6)]
    given = (lambda: (b for b in batches)) if as_function else batches
    size = tf.shape(x)[0]
    with started(tf.Session(), []).as_default():
        whole = th.HessianOperator(loss, w, feeds={x: rows, y: signs}).matmat(np.eye(3))
        for options, truth in (({"weight": size}, whole), ({"weight": lambda feed: len(feed[x])}, whole),
                               ({"weight": size, "reduce": "sum"}, 7 * whole)):
            operator = th.HessianOperator(loss, w, feeds=given, **options)
            for _ in range(2):
                np.testing.assert_allclose(operator.matmat(np.eye(3)), truth, rtol=1e-12)
        summed = th.HessianOperator(loss * tf.cast(size, tf.float64), w, feeds=given, reduce="sum")
        np.testing.assert_allclose(summed.matvec(np.ones(3)), 7 * whole.sum(1), rtol=1e-12)


def test_a_batch_is_read_once_for_all_vectors():
    x, y, rows, signs, w, loss = regression()
    read = []

    def batches():
        for i in range(7):
            read.append(i)
            yield {x: rows[i:i + 1], y: signs[i:i + 1]}

    with started(tf.Session(), []).as_default():
        th.HessianOperator(loss, w, feeds=batches).matmat(np.eye(3))
    assert read == list(range(7))


def test_small_and_large_vectors_survive_float32():
    w = tf.get_variable("w", initializer=START.astype(np.float32))
    operator = th.HessianOperator(rosenbrock(tf.reshape(w, [-1])), w)
    with started(tf.Session(), []).as_default():
        for scale in (1e-60, 1e60):
            np.testing.assert_allclose(operator.matvec(np.full(6, scale)) / scale, TRUTH.sum(1), rtol=1e-4)
        np.testing.assert_array_equal(operator.matvec(np.zeros(6)), np.zeros(6))
        assert operator.matmat(np.zeros([6, 0])).shape == (6, 0)


def test_float64_of_a_model_in_float32():
    w = tf.get_variable("w", initializer=START.astype(np.float32))
    operator = th.HessianOperator(rosenbrock(tf.reshape(w, [-1])), w, precision="float64")
    truth = rosenbrock_hessian(START.astype(np.float32).astype(np.float64).ravel())
    with started(tf.Session(), []).as_default():
        np.testing.assert_allclose(operator.matmat(np.eye(6)), truth, rtol=1e-13, atol=1e-11)
    assert operator.eps == np.finfo(np.float64).eps


def test_asking_twice_adds_nothing_and_a_finalized_graph_will_do(graph):
    w = tf.get_variable("w", initializer=START)
    loss = rosenbrock(tf.reshape(w, [-1]))
    th.HessianOperator(loss, w)
    init, before = tf.global_variables_initializer(), len(graph.get_operations())
    collections = graph.get_all_collection_keys()
    graph.finalize()
    operator = th.HessianOperator(loss, w)
    with tf.Session() as session:
        session.run(init)
        np.testing.assert_allclose(operator.matvec(np.ones(6)), TRUTH.sum(1))
    assert len(graph.get_operations()) == before and graph.get_all_collection_keys() == collections
    assert "finalized" in assert_refused(
        RuntimeError, lambda: th.HessianOperator(loss, w, precision="float64"), graph)


def test_a_conditional_is_multiplied_and_a_false_gradient_refused():
    w = tf.get_variable("w", initializer=np.array([1.0, 2.0, 4.0]))
    loss = tf.cond(tf.reduce_sum(w) > 0, lambda: tf.reduce_prod(w), lambda: tf.reduce_sum(w))

    @tf.custom_gradient
    def false(v):
        return tf.reduce_sum(v ** 2), lambda up: up * tf.stack([v[1] ** 2, v[0] * 0, v[2]])

    wrong = th.HessianOperator(false(w), w)
    right = th.HessianOperator(loss, w)
    with started(tf.Session(), []).as_default():
        np.testing.assert_allclose(right.matmat(np.eye(3)), [[0, 4, 2], [4, 0, 1], [2, 1, 0]], atol=1e-12)
        for _ in range(2):
            with pytest.raises(ValueError, match="not symmetric"):
                wrong.matvec(np.ones(3))


@pytest.mark.parametrize("make, error, told", [
    (lambda w, loss: th.HessianOperator(loss, []), ValueError, "at least one source"),
    (lambda w, loss: th.HessianOperator(loss, [w, w]), ValueError, "twice"),
    (lambda w, loss: th.HessianOperator(loss, tf.placeholder(tf.float64, [2])), ValueError, "does not depend on"),
    (lambda w, loss: th.HessianOperator(loss, "v:0"), ValueError, "No tensor or variable"),
    (lambda w, loss: th.HessianOperator(loss, w, feeds=iter([{}])), ValueError, "read once"),
    (lambda w, loss: th.HessianOperator(loss, w, feeds=3), ValueError, "feeds=3"),
    (lambda w, loss: th.HessianOperator(loss, w, reduce="max"), ValueError, "reduce='max'"),
    (lambda w, loss: th.HessianOperator(loss, w, weight=3), ValueError, "weight=3"),
    (lambda w, loss: th.HessianOperator(loss, w, precision="float16"), ValueError, "precision"),
    (lambda w, loss: th.HessianOperator(tf.cast(tf.round(w), tf.int32), w), ValueError, "int32")])
def test_refusals(make, error, told):
    w = tf.get_variable("w", initializer=START)
    with pytest.raises(error) as caught:
        make(w, rosenbrock(tf.reshape(w, [-1])))
    assert told in str(caught.value)


def test_a_refusal_leaves_the_graph(graph):
    w = tf.get_variable("w", initializer=START)
    loss = tf.reduce_sum(tf.nn.top_k(tf.reshape(w, [-1]), 2)[0] * tf.py_func(lambda v: v, [w[0, 0]], tf.float64))
    assert "py_func" in assert_refused(LookupError, lambda: th.HessianOperator(loss, w), graph).lower().replace(
        "pyfunc", "py_func")
    v = tf.placeholder(tf.float64, [None])
    total = tf.reduce_sum(v ** 2)
    assert "size" in assert_refused(ValueError, lambda: th.HessianOperator(total, v), graph)


def test_sizes_sessions_and_empty_feeds():
    w = tf.get_variable("w", initializer=START)
    operator = th.HessianOperator(rosenbrock(tf.reshape(w, [-1])), w)
    with pytest.raises(ValueError, match="no default session"):
        operator.matvec(np.ones(6))
    with pytest.raises(ValueError, match="[Dd]imension mismatch"):
        operator.matvec(np.ones(5))
    with pytest.raises(ValueError, match="real numbers"):
        operator.matvec(1j * np.ones(6))
    empty = th.HessianOperator(rosenbrock(tf.reshape(w, [-1])), w, feeds=[])
    with started(tf.Session(), []).as_default(), pytest.raises(ValueError, match="no batch"):
        empty.matvec(np.ones(6))
