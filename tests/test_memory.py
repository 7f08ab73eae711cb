"""Memory: results that can't fit are refused with their sizes, chunks keep a limit, a shortage halves the chunk."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.untouched import assert_refused
from tf1_hessian import memory

D = tf.float64


def dense_loss(x):
    """Every element meets every other: n columns, and nothing cheaper."""
    return tf.reduce_sum(tf.sin(x)) ** 3


def hessian_of_dense(x):
    s = np.sin(x).sum()
    return 6 * s * np.outer(np.cos(x), np.cos(x)) - 3 * s ** 2 * np.diag(np.sin(x))


@pytest.mark.parametrize("given, meant", [
    (10, 10), (2.5e9, 2500000000), ("2 GB", 2 * 10 ** 9), ("1.5mb", 1500000), ("300 kb", 300000), ("7B", 7)])
def test_what_a_limit_may_be(given, meant):
    assert memory.limit_of(given) == (meant, True)


@pytest.mark.parametrize("given", [0, -1, "much", "GB", "2 XB", True, []])
def test_what_it_may_not_be(given):
    x = tf.placeholder(D, [3])
    loss = dense_loss(x)
    said = assert_refused(ValueError, lambda: th.hessian_diag(loss, x, memory_limit=given), x.graph)
    assert "memory_limit" in said and "'2 GB'" in said


def test_the_machine_tells():
    found = memory.limit_of(None)
    assert not found.is_given and (found.bytes is None or 10 ** 7 < found.bytes < 10 ** 14)


def test_limits_of_containers(tmp_path, monkeypatch):
    for name, text in (("limit", "1000\n"), ("used", "400\n"), ("none", "max\n")):
        (tmp_path / name).write_text(text)
    files = {name: str(tmp_path / name) for name in ("limit", "used", "none", "missing")}
    monkeypatch.setattr(memory, "_CONTAINERS", (
        (files["none"], files["used"]), (files["limit"], files["used"]), (files["missing"], files["used"])))
    assert memory.available() == 600
    monkeypatch.setattr(memory, "_MEMINFO", files["missing"])
    assert memory.available() == 600


@pytest.mark.parametrize("ask, size", [
    (lambda loss, x: th.hessian(loss, x), "[10000000, 10000000], float64"),
    (lambda loss, x: th.hessians(loss, x), "[10000000, 10000000], float64"),
    (lambda loss, x: th.hessian_diag(tf.tile([loss], [10 ** 7]), x, per_example=True), "[10000000, 10000000]")])
def test_results_beyond_all_memory(ask, size):
    x = tf.placeholder(D, [10 ** 7])
    loss = dense_loss(x)
    with pytest.raises(ValueError) as caught:
        ask(loss, x)
    said = str(caught.value)
    assert "The result takes 800 TB" in said and size in said and "are free on this machine" in said
    assert "th.hessian_diag" in said


def test_a_given_limit_refuses_and_leaves_the_graph():
    x = tf.placeholder(D, [100])
    loss = dense_loss(x)
    said = assert_refused(ValueError, lambda: th.hessian(loss, x, memory_limit="79 KB"), x.graph)
    assert "The result takes 80 KB (its largest part has shape [100, 100], float64), and memory_limit is 79 KB" in said
    rows = tf.placeholder(D, [10, 20])
    ys = tf.reduce_sum(tf.sin(rows), 1)
    said = assert_refused(ValueError, lambda: th.batch_hessian(ys, rows, memory_limit=31999), x.graph)
    assert "The result takes 32 KB" in said and "Laplacian" in said


def test_chunks_keep_a_given_limit():
    x = tf.placeholder(D, [300])
    loss, start = dense_loss(x), np.random.RandomState(0).normal(size=300)
    free = th.plan(loss, x, "full", engine="vectorized")
    limit = 300 * 300 * 8 + free.cost.bytes // 10
    plan = th.plan(loss, x, "full", engine="vectorized", memory_limit=limit)
    assert 1 <= plan.chunk_size <= free.chunk_size // 10 and plan.cost.bytes + 300 * 300 * 8 <= limit
    with tf.Session() as session:
        found = th.evaluate(plan, {x: start}, session)
    np.testing.assert_allclose(found, hessian_of_dense(start), rtol=1e-10, atol=1e-10)
    least = th.plan(loss, x, "full", engine="vectorized", chunk_size=1)
    said = assert_refused(ValueError, lambda: th.plan(
        loss, x, "full", engine="vectorized", memory_limit=300 * 300 * 8 + least.cost.bytes // 2), x.graph)
    assert "the tensors of one chunk about" in said and "memory_limit is" in said


def test_tangents_keep_a_given_limit():
    x = tf.placeholder(D, [1000, 8])
    ys = tf.reduce_sum(tf.tanh(tf.sin(x)), 1)
    free = th.plan(ys, x, "laplacian", engine="tangents")
    plan = th.plan(ys, x, "laplacian", engine="tangents", memory_limit=8000 + free.bytes // 3)
    assert free.chunk_size == 8 and 1 <= plan.chunk_size <= 2


class ShortOfMemory(object):
    """A session in which calls fail for want of memory until `after` of them did."""

    def __init__(self, session, after):
        self._session, self.failures = session, after

    def run(self, *args, **options):
        if self.failures:
            self.failures -= 1
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return self._session.run(*args, **options)


def test_a_shortage_halves_the_chunk():
    x = tf.placeholder(D, [40])
    w = tf.get_variable("w", initializer=tf.constant(2.0, D))
    loss, start = w * dense_loss(x), np.random.RandomState(0).normal(size=40)
    matrix = th.hessian(loss, x, engine="vectorized", chunk_size=32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        short = ShortOfMemory(session, 2)
        with pytest.warns(UserWarning, match="Out of memory: going on with half the columns at once"):
            found, value = th.evaluate([matrix, loss], {x: start}, short)
        ops = len(x.graph.get_operations())
        again = th.evaluate(matrix, {x: start}, session)
    np.testing.assert_allclose(found, 2 * hessian_of_dense(start), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(again, found)
    assert short.failures == 0 and len(x.graph.get_operations()) == ops
    np.testing.assert_allclose(value, 2 * np.sin(start).sum() ** 3)


def test_a_shortage_by_row_and_of_sparse_values():
    x, rows = tf.placeholder(D, [64]), tf.placeholder(D, [None, 6])
    loss = tf.reduce_sum(tf.exp(tf.reduce_sum(tf.sin(tf.reshape(x, [2, 32])), 1)))
    laplacian = th.laplacian(tf.reduce_sum(tf.sin(rows) * rows, 1), rows, engine="tangents")
    matrix = th.sparse_hessian(loss, x)
    feed = {x: np.linspace(0, 1, 64), rows: np.random.RandomState(0).normal(size=(3, 6))}
    with tf.Session() as session:
        plain = th.evaluate([laplacian, matrix], feed, session)
        with pytest.warns(UserWarning, match="half the columns"):
            found = th.evaluate([laplacian, matrix], feed, ShortOfMemory(session, 1))
    np.testing.assert_allclose(found[0], plain[0], rtol=1e-12)
    np.testing.assert_allclose(found[1].toarray(), plain[1].toarray(), rtol=1e-12)
    np.testing.assert_allclose(plain[0], (2 * np.cos(feed[rows]) - feed[rows] * np.sin(feed[rows])).sum(1))


def test_what_a_second_call_would_change_is_not_run_again():
    x = tf.placeholder(D, [40])
    matrix = th.hessian(dense_loss(x), x, engine="vectorized", chunk_size=32)
    counter = tf.get_variable("counter", initializer=0)
    images = tf.data.Dataset.from_tensors(tf.zeros([40], D)).repeat().make_one_shot_iterator().get_next()
    other = th.hessian(dense_loss(x + images), x, engine="vectorized", chunk_size=32)
    feed = {x: np.zeros(40)}
    with tf.Session() as session:
        for fetches in ([matrix, tf.assign_add(counter, 1)], other, tf.reduce_sum(x)):
            ops = len(x.graph.get_operations())
            with pytest.raises(tf.errors.ResourceExhaustedError):
                th.evaluate(fetches, feed, ShortOfMemory(session, 1))
            assert len(x.graph.get_operations()) == ops


def test_no_chunk_is_smaller_than_one():
    x = tf.placeholder(D, [40])
    matrix = th.hessian(dense_loss(x), x, engine="vectorized", chunk_size=2)
    with tf.Session() as session, pytest.warns(UserWarning), pytest.raises(tf.errors.ResourceExhaustedError):
        th.evaluate(matrix, {x: np.zeros(40)}, ShortOfMemory(session, 9))
