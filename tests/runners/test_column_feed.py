"""th.ColumnFeed: rows of the Hessian in calls of a few, in a file that a killed run leaves as far as it came."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from finite_differences import gradient, jacobian
from tf1_hessian import by_element
from tf1_hessian.runners import row_files

D = tf.float64
ROWS = np.random.RandomState(0).randn(6, 3)


class Net(object):
    """A small net of two weights, one of which is also decayed, and a source that the loss is linear in."""

    def __init__(self, dtype=D):
        draw = np.random.RandomState(1)
        self.x = tf.placeholder(dtype, [None, 3], "x")
        self.v = tf.get_variable("v", initializer=draw.randn(3, 2).astype(dtype.as_numpy_dtype), use_resource=True)
        self.u = tf.get_variable("u", initializer=draw.randn(2).astype(dtype.as_numpy_dtype), use_resource=False)
        self.shift = tf.get_variable("shift", initializer=np.ones(1, dtype.as_numpy_dtype), use_resource=True)
        rows = tf.reduce_sum(tf.tanh(tf.matmul(self.x, self.v)) * self.u, 1)
        self.loss = tf.reduce_mean(tf.square(rows)) + 0.1 * tf.reduce_sum(self.v ** 4) + self.shift[0]
        self.xs, self.feed = [self.v, self.shift, self.u], {self.x: ROWS}


@pytest.fixture
def session(graph):
    with tf.Session() as made:
        yield made


def started(session, dtype=D):
    net = Net(dtype)
    session.run(tf.global_variables_initializer())
    return net


@pytest.mark.parametrize("chunk_size", [None, 1, 4])
def test_rows_are_those_of_the_hessian(session, tmp_path, chunk_size):
    net, path = started(session), str(tmp_path / "rows.npy")
    first = gradient(net.loss, net.xs)
    feed = th.ColumnFeed(net.loss, net.xs, chunk_size=chunk_size)
    true = jacobian(first, net.xs, session, net.feed)
    found = feed.run(path, session, net.feed)
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-9)
    assert isinstance(found, np.memmap) and found.shape == (9, 9) and not found[6].any()
    np.testing.assert_allclose(feed.rows(2, 8, session, net.feed), true[2:8], rtol=0, atol=1e-9)
    assert feed.rows(3, 3, session, net.feed).shape == (0, 9)
    assert sorted(os.listdir(str(tmp_path))) == ["rows.npy", "rows.npy.progress"]
    np.testing.assert_array_equal(np.load(path), found)


@pytest.mark.parametrize("diag", [False, True])
def test_sources_of_a_long_loss_have_chunks_of_their_own(session, monkeypatch, diag):
    """A plan would lay their columns in one loop; rows of a call are those of one source."""
    monkeypatch.setattr(by_element, "_LONG", 0)
    net = started(session)
    true = jacobian(gradient(net.loss, net.xs), net.xs, session, net.feed)
    found = th.ColumnFeed(net.loss, net.xs, diag=diag, chunk_size=4).rows(0, 9, session, net.feed)
    np.testing.assert_allclose(found, np.diag(true) if diag else true, rtol=0, atol=1e-9)


def test_the_diagonal_alone(session, tmp_path):
    net = started(session)
    first = gradient(net.loss, net.xs)
    true = np.diag(jacobian(first, net.xs, session, net.feed))
    feed = th.ColumnFeed(net.loss, net.xs, diag=True, chunk_size=4)
    np.testing.assert_allclose(feed.run(str(tmp_path / "d.npy"), session, net.feed), true, rtol=0, atol=1e-9)
    assert "diag" in repr(feed) and feed.n == 9 and feed.chunk_size == 4


def test_single_precision_in_double(session):
    net = started(session, tf.float32)
    feed = th.ColumnFeed(net.loss, net.xs, precision="float64")
    full = session.run(th.hessian(net.loss, net.xs, flat=True, precision="float64"), net.feed)
    found = feed.rows(0, 9, session, net.feed)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, full, rtol=0, atol=1e-13)


def test_ops_that_go_one_by_one(session):
    """No vectorised form of a loop whose length is known at run time alone."""
    x, steps = tf.placeholder(D, [3]), tf.placeholder(tf.int32, [])
    loss = tf.reduce_sum(tf.while_loop(lambda i, s: i < steps, lambda i, s: [i + 1, s * x], [0, tf.ones([3], D)])[1])
    found = th.ColumnFeed(loss, x).rows(0, 3, session, {x: [1.0, 2.0, 3.0], steps: 3})
    np.testing.assert_allclose(found, np.diag([6.0, 12.0, 18.0]), atol=1e-14)


def test_asked_again_adds_nothing(session):
    net = started(session)
    th.ColumnFeed(net.loss, net.xs, chunk_size=2)
    before = len(session.graph.get_operations())
    feed = th.ColumnFeed(net.loss, net.xs, chunk_size=2)
    feed.rows(0, 9, session, net.feed)
    assert len(session.graph.get_operations()) == before


class Stopped(Exception):
    pass


def stopped_at(feed, path, session, fed, rows):
    def stop(done, total, seconds):
        if done >= rows:
            raise Stopped

    with pytest.raises(Stopped):
        feed.run(path, session, fed, progress=stop, every=1)


def test_goes_on_where_it_was(session, tmp_path):
    net, path = started(session), str(tmp_path / "rows.npy")
    feed = th.ColumnFeed(net.loss, net.xs, chunk_size=2)
    expected = feed.rows(0, 9, session, net.feed)
    stopped_at(feed, path, session, net.feed, 4)
    assert sorted(os.listdir(str(tmp_path))) == ["rows.npy.part", "rows.npy.progress"]
    told = []
    found = feed.run(path, session, net.feed, progress=lambda *t: told.append(t[:2]))
    assert found.tobytes() == expected.tobytes() and told[0] == (6, 9)
    del told[:]
    found = feed.run(path, session, net.feed, progress=lambda *t: told.append(t))
    assert found.tobytes() == expected.tobytes() and told == []


def test_rows_written_after_the_last_note_are_written_again(session, tmp_path):
    """What a kill leaves between the rows and the note of them."""
    net, path = started(session), str(tmp_path / "rows.npy")
    feed = th.ColumnFeed(net.loss, net.xs, chunk_size=2)
    stopped_at(feed, path, session, net.feed, 4)
    with open(path + ".part", "ab") as file:
        file.write(b"half a row")
    np.testing.assert_array_equal(feed.run(path, session, net.feed), feed.rows(0, 9, session, net.feed))
    os.rename(path, path + ".part")  # killed between the last note and the last name
    np.testing.assert_array_equal(feed.run(path, session, net.feed), feed.rows(0, 9, session, net.feed))


@pytest.mark.parametrize("change, said", [
    ("feeds", "what is fed"), ("variables", "values of the variables"), ("loss", "graph|losses"),
    ("part", "fewer rows"), ("stranger", "no '")])
def test_files_of_something_else_are_left_alone(session, tmp_path, change, said):
    net, path = started(session), str(tmp_path / "rows.npy")
    feed, fed = th.ColumnFeed(net.loss, net.xs, chunk_size=2), net.feed
    stopped_at(feed, path, session, fed, 4)
    if change == "feeds":
        fed = {net.x: ROWS + np.eye(6, 3) * 1e-9}
    elif change == "variables":
        session.run(tf.assign(net.u, [1.0, 1.0]))
    elif change == "loss":
        feed = th.ColumnFeed(2 * net.loss, net.xs, chunk_size=2)
    elif change == "part":
        os.truncate(path + ".part", 200)
    else:
        os.rename(path + ".part", path)
        os.remove(path + ".progress")
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(str(tmp_path))}
    with pytest.raises(th.CheckpointError) as caught:
        feed.run(path, session, fed)
    assert any(word in str(caught.value) for word in said.split("|"))
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(str(tmp_path))} == before


def test_a_full_disk_keeps_what_was_noted(session, tmp_path, monkeypatch):
    net, path = started(session), str(tmp_path / "rows.npy")
    feed = th.ColumnFeed(net.loss, net.xs, chunk_size=2)
    stopped_at(feed, path, session, net.feed, 4)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(row_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device.*rows.npy"):
        feed.run(path, session, net.feed, every=1)
    monkeypatch.undo()
    np.testing.assert_array_equal(feed.run(path, session, net.feed), feed.rows(0, 9, session, net.feed))


def test_random_losses_are_refused_unless_the_draw_is_fed(session, tmp_path):
    net = started(session)
    mask = tf.random_uniform([3], dtype=D)
    loss = tf.reduce_sum(mask * tf.reduce_sum(net.v, 1) ** 2)
    feed = th.ColumnFeed(loss, net.v)
    with pytest.raises(ValueError, match="belong to no one Hessian") as caught:
        feed.run(str(tmp_path / "rows.npy"), session)
    assert "random_uniform" in str(caught.value) and os.listdir(str(tmp_path)) == []
    fed = [1.0, 2.0, 3.0]
    found = feed.rows(0, 6, session, {mask: fed})
    np.testing.assert_allclose(found, np.kron(2 * np.diag(fed), np.ones([2, 2])))


def test_refusals(session, tmp_path):
    net = started(session)
    before = len(session.graph.get_operations())
    for options, said in (({"diag": 1}, "diag"), ({"chunk_size": 0}, "chunk_size"),
                          ({"precision": "half"}, "precision"), ({"memory_limit": "10 B"}, "memory_limit")):
        with pytest.raises(ValueError, match=said):
            th.ColumnFeed(net.loss, net.xs, **options)
    with pytest.raises(ValueError, match="no path|No path|depend"):
        th.ColumnFeed(net.loss, tf.get_variable("unread", [2], D, use_resource=False))
    assert len(session.graph.get_operations()) - before < 12  # the variable's own
    feed = th.ColumnFeed(net.loss, net.xs)
    with pytest.raises(ValueError, match="rows"):
        feed.rows(3, 10, session, net.feed)
    with pytest.raises(OSError, match="missing"):
        feed.run(str(tmp_path / "missing" / "rows.npy"), session, net.feed)


def test_a_disk_that_is_too_small_is_found_before_the_first_row(session, tmp_path):
    """72 TB of rows."""
    x, heard = tf.placeholder(D, [3000000]), []
    feed = th.ColumnFeed(tf.reduce_sum(x ** 3), x, chunk_size=1)
    with pytest.raises(OSError, match="takes 72000000000000 bytes more"):
        feed.run(str(tmp_path / "rows.npy"), session, {x: np.ones(3000000)}, progress=lambda *told: heard.append(told))
    assert heard == [] and os.listdir(str(tmp_path)) == []


def test_a_source_without_elements(session, tmp_path):
    x, y = tf.placeholder(D, [0]), tf.placeholder(D, [2])
    feed = th.ColumnFeed(tf.reduce_sum(x) + tf.reduce_sum(y ** 3), [x, y])
    found = feed.run(str(tmp_path / "rows.npy"), session, {x: np.zeros(0), y: [1.0, 2.0]})
    np.testing.assert_allclose(found, [[6, 0], [0, 12]])
