"""Checkpoints of th.stream: killed and started again, the same to the last bit; nothing lost, nothing mixed up."""
import errno
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian.runners import checkpoints

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCHES = 40
# A program that imports TensorFlow once and forks before anything of it has run: each child streams BATCHES batches, a
# few milliseconds apart, writes a checkpoint after each, and is killed at a random moment; the last one comes to its
# end, and computes the same in peace. Prints for each child whether it left a checkpoint.
PROGRAM = """
import os, random, signal, sys, time
import numpy as np
import tensorflow.compat.v1 as tf
import tf1_hessian as th

folder, kills, draw = sys.argv[1], int(sys.argv[2]), random.Random(sys.argv[3])

def streamed(checkpoint, pause):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [3, 2])
        w = tf.get_variable("w", initializer=np.array([0.3, -0.7]), use_resource=True)
        loss = tf.reduce_mean(tf.exp(tf.reduce_sum(x * w, 1)))
        session.run(w.initializer)
        numbers = np.random.RandomState(5)
        feeds = [{x: numbers.randn(3, 2)} for _ in range(%d)]
        return th.stream([loss, th.hessian(loss, w)], feeds, checkpoint=checkpoint, every=1,
                         progress=lambda *told: time.sleep(pause))

for _ in range(kills):
    child = os.fork()
    if not child:
        streamed(os.path.join(folder, "kept.npz"), 0.02)
        os._exit(0)
    time.sleep(draw.uniform(0.1, 1.5))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(os.path.exists(os.path.join(folder, "kept.npz")))
np.savez(os.path.join(folder, "killed.npz"), *streamed(os.path.join(folder, "kept.npz"), 0))
np.savez(os.path.join(folder, "peace.npz"), *streamed(os.path.join(folder, "other.npz"), 0))
""" % BATCHES


def arrays(path):
    with np.load(str(path)) as found:
        return [found[name].tobytes() for name in found.files]


def survived(folder, kills, seed):
    """(the result after kills at random moments, that of a run in peace, kills that found something written)."""
    env = dict(os.environ, PYTHONPATH=ROOT, TF_CPP_MIN_LOG_LEVEL="3")
    told = subprocess.check_output(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder), str(kills), str(seed)], env=env)
    assert sorted(p.name for p in folder.iterdir()) == ["kept.npz", "killed.npz", "other.npz", "peace.npz"]
    return arrays(folder / "killed.npz"), arrays(folder / "peace.npz"), told.decode().split().count("True")


def test_killed_at_random_moments(tmp_path):
    killed, in_peace, _ = survived(tmp_path, 6, 0)
    assert killed == in_peace


@pytest.mark.slow
def test_killed_many_times(tmp_path):
    total = 0
    for seed in range(1, 13):
        folder = tmp_path / str(seed)
        folder.mkdir()
        killed, in_peace, found = survived(folder, 5, seed)
        assert killed == in_peace
        total += found
    assert total > 12


# --- in one process

class Stopped(Exception):
    pass


class Work(object):
    """Six batches of a loss."""

    def __init__(self, session, name="w"):
        self.x, self.session = tf.placeholder(tf.float64, [None, 2], "x"), session
        self.w = tf.get_variable(name, initializer=np.array([0.3, -0.7]), use_resource=True)
        self.loss = tf.reduce_mean(tf.exp(tf.reduce_sum(self.x * self.w, 1)))
        self.value = [self.loss, th.hessian(self.loss, self.w)]
        draw = np.random.RandomState(3)
        self.feeds = [{self.x: draw.randn(k, 2)} for k in (2, 5, 1, 3, 4, 2)]
        session.run(self.w.initializer)
        self.ran = 0

    def stream(self, path, feeds=None, stop=None, **options):
        options.setdefault("weight", lambda feed: len(feed[self.x]))
        return th.stream(self.value, self.counted(self.feeds if feeds is None else feeds, stop), self.session,
                         checkpoint=None if path is None else str(path), **options)

    def counted(self, feeds, stop):
        for position, feed in enumerate(feeds):
            if position == stop:
                raise Stopped
            yield feed


@pytest.fixture
def work(graph):
    with tf.Session() as session:
        made = Work(session)
        run = session.run

        def counting(*args, **more):
            made.ran += 1
            return run(*args, **more)

        session.run = counting
        yield made


def same(found, expected):
    return all(a.tobytes() == b.tobytes() for a, b in zip(found, expected))


@pytest.mark.parametrize("every", [1, 4, 1e-9, 1e9])
def test_what_is_finished_is_not_lost_and_not_run_again(work, tmp_path, every):
    expected, path = work.stream(None), tmp_path / "kept.npz"
    with pytest.raises(Stopped):
        work.stream(path, stop=4, every=every)
    work.ran = 0
    assert same(work.stream(path, every=every), expected)
    assert work.ran == 3  # the values of the variables, and two batches
    work.ran = 0
    assert same(work.stream(path), expected) and work.ran == 0


def test_a_finished_checkpoint_needs_no_session(work, tmp_path):
    expected = work.stream(tmp_path / "kept.npz")
    work.session.close()
    assert same(work.stream(tmp_path / "kept.npz"), expected)


def test_an_iterator_goes_on_where_it_stopped(graph, tmp_path):
    rows = np.random.RandomState(1).randn(12, 2)
    iterator = tf.data.make_initializable_iterator(tf.data.Dataset.from_tensor_slices(rows).batch(2))
    value, fail = tf.reduce_sum(iterator.get_next() ** 3), tf.placeholder_with_default(False, [])
    with tf.control_dependencies([tf.debugging.Assert(tf.logical_not(fail), ["told to fail"])]):
        value = tf.identity(value)
    path = str(tmp_path / "kept.npz")

    def stop(done, total, seconds):
        if done == 4:
            raise Stopped

    with tf.Session() as session:
        session.run(iterator.initializer)
        with pytest.raises(Stopped):
            th.stream(value, iterator, session, reduce="sum", checkpoint=path, every=1, progress=stop)
        session.run(iterator.initializer)
        np.testing.assert_allclose(th.stream(value, iterator, session, reduce="sum", checkpoint=path),
                                   (rows ** 3).sum(), rtol=1e-14)


def test_a_batch_that_is_not_finite_leaves_the_rest(work, tmp_path):
    path, expected = tmp_path / "kept.npz", work.stream(None)
    bad = work.feeds[:3] + [{work.x: np.full([1, 2], np.nan)}]
    with pytest.raises(ValueError, match="batch 3"):
        work.stream(path, bad)
    work.ran = 0
    assert same(work.stream(path), expected)
    assert work.ran == 4


def left_alone(work, path, said, **options):
    before = path.read_bytes()
    with pytest.raises(th.CheckpointError) as caught:
        work.stream(path, **options)
    assert path.read_bytes() == before and str(path) in str(caught.value)
    for word in said.split("|"):
        assert word in str(caught.value)


@pytest.mark.parametrize("options, said", [
    ({"reduce": "sum"}, "reduce is 'mean' there and 'sum' here"), ({"weight": None}, "weight")])
def test_another_question(work, tmp_path, options, said):
    path = tmp_path / "kept.npz"
    work.stream(path)
    left_alone(work, path, said, **options)


def test_other_data_and_other_variables(work, tmp_path):
    path = tmp_path / "kept.npz"
    with pytest.raises(Stopped):
        work.stream(path, stop=3)
    left_alone(work, path, "other data|3 batches are finished", feeds=work.feeds[::-1])
    left_alone(work, path, "other data|holds 3 batches, and here are 2", feeds=work.feeds[:2])
    work.session.run(work.w.assign([0.3, -0.6]))
    left_alone(work, path, "values of the variables")


def test_another_loss(work, tmp_path):
    path = tmp_path / "kept.npz"
    work.stream(path)
    work.value = [tf.reduce_mean(tf.exp(tf.reduce_sum(work.x, 1))), work.value[1]]
    left_alone(work, path, "value")


@pytest.mark.parametrize("damage", [
    lambda content: content[:len(content) // 2], lambda content: b"", lambda content: b"text",
    lambda content: content[:200] + bytes(reversed(content[200:300])) + content[300:]])
def test_damaged_files(work, tmp_path, damage):
    path = tmp_path / "kept.npz"
    work.stream(path)
    path.write_bytes(damage(path.read_bytes()))
    left_alone(work, path, "no checkpoint of tf1_hessian, or a damaged one")


def test_files_of_others(work, tmp_path):
    path = tmp_path / "kept.npz"
    np.savez(str(path), x=np.ones(3))
    left_alone(work, path, "no checkpoint")
    np.savez(str(path), header=np.array([{"format": 1}], object))
    left_alone(work, path, "no checkpoint")


def test_no_place_to_write_is_found_before_the_first_batch(work, tmp_path):
    for path in (tmp_path / "missing" / "kept.npz", tmp_path):
        work.ran = 0
        with pytest.raises(OSError) as caught:
            work.stream(path)
        assert str(path) in str(caught.value) and work.ran == 0


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_checkpoint_before(work, tmp_path, monkeypatch, call):
    path, expected = tmp_path / "kept.npz", work.stream(None)
    with pytest.raises(Stopped):
        work.stream(path, stop=2)
    before = path.read_bytes()
    probed = []
    real = getattr(checkpoints.os, call)
    # The probe of the place goes through; what is written later meets the full disk.
    monkeypatch.setattr(checkpoints.os, call, lambda *a: real(*a) if call == "fsync" and not probed.append(1)
                        and len(probed) == 1 else full())
    with pytest.raises(OSError, match="No space left on device.*kept.npz.*stands"):
        work.stream(path, every=1)
    monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(str(tmp_path)) == ["kept.npz"]
    assert same(work.stream(path), expected)


def test_leftovers_of_a_kill_go_and_files_of_others_stay(work, tmp_path):
    for name in ("kept.0123456789ab.part", "kept.npy.part", "kept.other.part"):
        (tmp_path / name).write_bytes(b"rows")
    work.stream(tmp_path / "kept")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "kept.npy.part", "kept.other.part"]


def test_any_bit_of_a_checkpoint(work, tmp_path):
    """It is refused, or changes nothing (a date in the zip file)."""
    path = tmp_path / "kept.npz"
    expected = work.stream(path)
    content = path.read_bytes()
    draw, refused = np.random.RandomState(0), 0
    for position in range(0, len(content), 23):
        damaged = bytearray(content)
        damaged[position] ^= 1 << draw.randint(8)
        path.write_bytes(bytes(damaged))
        try:
            assert same(work.stream(path), expected)
        except th.CheckpointError:
            refused += 1
        assert path.read_bytes() == bytes(damaged)
    assert refused > len(content) // 23 // 2
