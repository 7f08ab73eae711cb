"""What goes on by itself: iterators, queues and counters that a resumed stream would leave behind, random draws."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64


class Stopped(Exception):
    pass


def after(count):
    def stop(done, total, seconds):
        if done == count:
            raise Stopped

    return stop


@pytest.fixture
def session(graph):
    with tf.Session() as made:
        yield made


def counted(first, last):
    return tf.data.make_initializable_iterator(tf.data.Dataset.range(first, last))


def test_all_iterators_are_passed_over(session, tmp_path):
    """sum of i (10 + i): a resumed run must read both iterators on."""
    a, b, path = counted(0, 6), counted(10, 20), str(tmp_path / "kept.npz")
    value = tf.cast(a.get_next(), D) * tf.cast(b.get_next(), D)
    session.run([a.initializer, b.initializer])
    with pytest.raises(Stopped):
        th.stream(value, a, session, reduce="sum", checkpoint=path, progress=after(3))
    session.run([a.initializer, b.initializer])
    assert th.stream(value, a, session, reduce="sum", checkpoint=path) == sum(i * (10 + i) for i in range(6))


def queue():
    made = tf.FIFOQueue(9, [D], [[]])
    return made.dequeue(), made.enqueue_many([np.arange(9.0)])


def python():
    return tf.py_func(lambda: 1.0, [], D), tf.no_op()


def counter():
    count = tf.get_variable("count", initializer=np.array(0.0), use_resource=True)
    return count.assign_add(1.0) + 0, count.initializer


def iterator():
    made = counted(0, 9)
    return tf.cast(made.get_next(), D), made.initializer


@pytest.mark.parametrize("source", [queue, python, counter, iterator])
def test_what_would_stay_behind_is_refused_with_a_checkpoint(session, tmp_path, source):
    given, start = source()
    x = tf.placeholder(D, [])
    value = given * x
    session.run(start)
    path, feeds = tmp_path / "kept.npz", [{x: 2.0}] * 2
    assert np.isfinite(th.stream(value, feeds, session))
    with pytest.raises(ValueError, match="left behind"):
        th.stream(value, feeds, session, checkpoint=str(path))
    assert not path.exists()
    fed = [dict(feed, **{given.name: 4.0}) for feed in feeds]
    assert th.stream(value, fed, session, checkpoint=str(path)) == 8.0


def test_an_iterator_in_a_branch_is_refused_with_a_checkpoint(session, tmp_path):
    """A branch that is not taken reads nothing, and whether it is taken may depend on what is computed."""
    made, other = counted(0, 4), counted(0, 4)
    value = tf.cond(made.get_next() > 1, lambda: other.get_next(), lambda: tf.constant(0, tf.int64))
    session.run([made.initializer, other.initializer])
    with pytest.raises(ValueError, match="left behind"):
        th.stream(value, made, session, checkpoint=str(tmp_path / "kept.npz"))
    assert th.stream(value, made, session, reduce="sum") == 1  # of 0, 0, other's 0 and 1


def test_random_draws_are_no_obstacle(session, tmp_path):
    x = tf.placeholder(D, [3])
    value = tf.reduce_sum(tf.nn.dropout(x, rate=0.5) * 0) + x[0]
    feeds = [{x: [i, 1.0, 1.0]} for i in range(4)]
    path = str(tmp_path / "kept.npz")
    with pytest.raises(Stopped):
        th.stream(value, feeds, session, checkpoint=path, progress=after(2))
    assert th.stream(value, feeds, session, checkpoint=path) == 1.5


def test_a_conditional_on_a_reference_is_no_draw(session):
    """v1 control flow hands references to variables on by stateful ops that change nothing."""
    w = tf.get_variable("w", initializer=np.array([1.0, 2.0]), use_resource=False)
    loss = tf.cond(tf.reduce_sum(w) > 0, lambda: tf.reduce_sum(w ** 3), lambda: tf.reduce_sum(w))
    session.run(w.initializer)
    np.testing.assert_allclose(th.ColumnFeed(loss, w).rows(0, 2, session), [[6, 0], [0, 12]])


def test_a_sparse_feed_cuts_off_too(session):
    rows = tf.sparse_placeholder(D)
    x = tf.get_variable("x", initializer=np.ones([2, 1]), use_resource=True)
    loss = tf.reduce_sum(tf.sparse_tensor_dense_matmul(rows, x) ** 2)
    session.run(x.initializer)
    fed = {rows: tf.SparseTensorValue([[0, 0], [2, 1]], [1.0, 2.0], [3, 2])}
    np.testing.assert_allclose(th.ColumnFeed(loss, x).rows(0, 2, session, fed), [[2, 0], [0, 8]])
