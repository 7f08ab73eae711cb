"""executor=: batches and rows dealt to processes, the same to the last bit, whatever is lost or comes twice."""
import concurrent.futures as futures
import multiprocessing
import os
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.runners import models


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Two processes, and a file with the number of each that builds `models.built`."""
    os.environ[models.LOG] = str(tmp_path_factory.mktemp("pool") / "built")
    with futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as made:
        yield made
    del os.environ[models.LOG]


def alone(recipe, feeds, **options):
    """The same stream in this process."""
    with tf.Graph().as_default():
        found = recipe()
        with found[-1]:
            return th.stream(found[0], feeds, found[-1], weight=found[1] if len(found) == 3 else None, **options)


def assert_same(found, expected):
    assert found["loss"] == expected["loss"]
    np.testing.assert_array_equal(found["hessian"], expected["hessian"])


# --- an executor of one's own, in this process

class Here(object):
    """Does everything when it is submitted; what `ends` gives of (number of the submission, work) ends the future."""

    _max_workers = 3

    def __init__(self, ends=lambda number, work: work()):
        self._ends, self.submitted, self.is_shut = ends, 0, False

    def submit(self, function, *arguments):
        future = futures.Future()
        self.submitted += 1
        try:
            future.set_result(self._ends(self.submitted, lambda: function(*arguments)))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self):
        self.is_shut = True


class KilledWorker(Exception):
    """Named as Dask's."""


def test_means_of_batches_and_of_rows():
    feeds = models.batches(9)
    for recipe, is_weighted in ((models.built, False), (models.weighted, True)):
        found = th.stream(recipe, feeds, executor=Here())
        loss, full = models.truth(feeds, is_weighted)
        np.testing.assert_allclose(found["loss"], loss, rtol=1e-14)
        np.testing.assert_allclose(found["hessian"], full, rtol=1e-13, atol=1e-15)
        assert_same(found, alone(recipe, feeds))


def test_work_that_is_done_twice_counts_once():
    feeds = models.batches(7)
    assert_same(th.stream(models.built, feeds, executor=Here(lambda _, work: [work(), work()][1])),
                alone(models.built, feeds))


class Late(Here):
    """Finishes what it was given last first."""

    def __init__(self):
        super(Late, self).__init__()
        self._open, self.order = [], []

    def submit(self, function, *arguments):
        future = _Awaited(self)
        self._open.append((future, lambda: function(*arguments), arguments[2]))
        return future

    def finish(self):
        while self._open:
            future, work, position = self._open.pop()
            self.order.append(position)
            future.set_result(work())


class _Awaited(futures.Future):
    def __init__(self, executor):
        super(_Awaited, self).__init__()
        self._executor = executor

    def result(self, timeout=None):
        self._executor.finish()
        return super(_Awaited, self).result(timeout)


def test_the_order_of_arrival_changes_nothing():
    feeds, late = models.batches(13), Late()
    found = th.stream(models.built, feeds, executor=late)
    assert late.order[:4] == [5, 4, 3, 2] and sorted(late.order) == list(range(13))
    assert_same(found, alone(models.built, feeds))


def test_a_lost_unit_is_sent_again():
    def ends(number, work):
        if number in (2, 5, 8):
            raise KilledWorker("gone")
        return work()

    feeds, lossy = models.batches(7), Here(ends)
    assert_same(th.stream(models.built, feeds, executor=lossy), alone(models.built, feeds))
    assert lossy.submitted == 7 + 3


def test_not_for_ever():
    def ends(number, work):
        raise KilledWorker("gone")

    lossy = Here(ends)
    with pytest.raises(KilledWorker):
        th.stream(models.built, models.batches(1), executor=lossy)
    assert lossy.submitted == 4


class Breaking(object):
    """A function that makes executors of which each breaks after some units."""

    def __init__(self, after):
        self.made, self._after = [], after

    def __call__(self):
        self.made.append(Here(self._ends))
        return self.made[-1]

    def _ends(self, number, work):
        if number > self._after:
            raise BrokenProcessPool("all are gone")
        return work()


def test_a_broken_executor_is_made_anew():
    feeds, breaking = models.batches(11), Breaking(4)
    assert_same(th.stream(models.built, feeds, executor=breaking), alone(models.built, feeds))
    assert len(breaking.made) == 3 and all(made.is_shut for made in breaking.made)


def test_a_broken_executor_is_not_made_for_ever():
    breaking = Breaking(0)
    with pytest.raises(futures.BrokenExecutor, match="4 executors in turn"):
        th.stream(models.built, models.batches(3), executor=breaking)
    assert len(breaking.made) == 4


def test_one_that_can_not_be_made_anew_says_so_and_the_checkpoint_goes_on(tmp_path):
    feeds, path = models.batches(11), str(tmp_path / "kept.npz")
    with pytest.raises(futures.BrokenExecutor, match="pass a function that makes one"):
        th.stream(models.built, feeds, executor=Breaking(4)(), checkpoint=path)
    left = Here()
    found = th.stream(models.built, feeds, executor=left, checkpoint=path)
    assert left.submitted == 11 - 4
    assert_same(found, alone(models.built, feeds))


def test_arrays_that_the_loop_fills_again_are_copied():
    buffer, feeds = np.zeros([2, 3]), models.batches(9, rows=2)

    def filled():
        for feed in feeds:
            buffer[:] = feed["x:0"]
            yield {"x:0": buffer}

    assert_same(th.stream(models.built, filled(), executor=Late()), alone(models.built, feeds))


def test_batches_that_raise_lose_nothing_and_both_ways_go_on_from_one_checkpoint(tmp_path):
    feeds, path = models.batches(9), str(tmp_path / "kept.npz")
    expected, told = alone(models.built, feeds), []

    def breaking(end):
        for position, feed in enumerate(feeds):
            if position == end:
                raise RuntimeError("no more")
            yield feed

    with pytest.raises(RuntimeError, match="no more"):
        th.stream(models.built, breaking(3), executor=Here(), checkpoint=path)
    with pytest.raises(RuntimeError, match="no more"):
        alone(models.built, breaking(6), checkpoint=path, progress=lambda done, *_: told.append(done))
    assert told == [4, 5, 6]
    found = th.stream(
        models.built, feeds, executor=Here(), checkpoint=path, progress=lambda done, *_: told.append(done))
    assert told == list(range(4, 10))
    assert_same(found, expected)
    assert_same(th.stream(models.built, feeds, executor=Here(), checkpoint=path), expected)


def test_files_and_weights_by_function(tmp_path, monkeypatch):
    feeds = models.batches(5)
    monkeypatch.chdir(str(tmp_path))
    for position, feed in enumerate(feeds):
        np.savez("%d.npz" % position, **feed)
    names = ["%d.npz" % position for position in range(5)]
    found = th.stream(models.built, names, executor=Here(), weight=lambda feed: [len(v) for v in feed.values()][0])
    assert_same(found, alone(models.weighted, feeds))


def test_threads_share_the_graph():
    feeds = models.batches(9)
    with futures.ThreadPoolExecutor(3) as threads:
        assert_same(th.stream(models.built, feeds, executor=threads), alone(models.built, feeds))


# --- what is refused

@pytest.mark.parametrize("executor", [3, "processes", None.__class__])
def test_what_is_no_executor(executor):
    with pytest.raises(TypeError, match="submit"):
        th.stream(models.built, models.batches(1), executor=executor)


def test_forked_processes():
    with futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as forked:
        for executor in (forked, lambda: forked):
            with pytest.raises(ValueError, match="spawn"):
                th.stream(models.built, models.batches(1), executor=executor)


@pytest.mark.parametrize("options, words", [
    ({"session": 1}, "session="), ({"weight": 2.0}, "weight="), ({"value": 3}, "without arguments"),
    ({"value": models.weighted, "weight": len}, "weight="), ({"value": models.weighted, "weight": "x:0"}, "weight=")])
def test_what_does_not_go_together(options, words):
    value = options.pop("value", models.built)
    with pytest.raises((TypeError, ValueError), match=words):
        th.stream(value, models.batches(1), executor=Here(), **options)


def test_a_recipe_without_a_session():
    with pytest.raises(TypeError, match=r"\(value, weight, session\)"):
        th.stream(models.zeros, models.batches(1), executor=Here())


def test_an_iterator_of_the_graph():
    with tf.Graph().as_default():
        iterator = tf.data.make_one_shot_iterator(tf.data.Dataset.range(3))
        value = tf.cast(iterator.get_next(), tf.float64)
        with tf.Session() as session, pytest.raises(ValueError, match="batches="):
            th.stream(lambda: (value, session), iterator, executor=Here())


def test_feeds_without_names():
    with pytest.raises(TypeError, match="names of tensors"):
        th.stream(models.built, [{3: 1.0}], executor=Here())


# --- processes

def test_processes_build_once_and_agree_to_the_last_bit(pool):
    feeds = models.batches(12)
    for _ in range(2):
        assert_same(th.stream(models.built, feeds, executor=pool), alone(models.built, feeds))
    with open(os.environ[models.LOG]) as file:
        builders = [int(line) for line in file]
    others = [number for number in builders if number != os.getpid()]
    assert 0 < len(others) <= 2 * 2 and max(others.count(number) for number in others) <= 2


def test_a_process_that_builds_another_model_is_an_error(pool):
    with pytest.raises(ValueError, match="gave something else in a worker: .*restore a checkpoint"):
        th.stream(models.other, models.batches(2), executor=pool)


def test_errors_of_tensorflow_come_as_they_are(pool):
    feeds = [{"x:0": np.ones([2, 3])}, {"x:0": -np.ones([2, 3])}]
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative"):
        th.stream(models.fragile, feeds, executor=pool)


def test_a_model_from_files(pool, tmp_path):
    path, feeds = str(tmp_path / "model"), models.batches(5)
    with tf.Graph().as_default():
        value, session = models.built()
        with session:
            tf.train.Saver().save(session, path)
            names = {"loss": value["loss"].name, "hessian": value["hessian"].name}
    recipe = th.GraphRecipe(path + ".meta", path, names, weight="x:0")
    with pytest.raises(ValueError):
        th.stream(recipe, feeds, executor=pool)
    recipe = th.GraphRecipe(path + ".meta", path, names)
    assert_same(th.stream(recipe, feeds, executor=pool), alone(models.built, feeds))


def test_a_recipe_from_files_without_values(tmp_path):
    with tf.Graph().as_default():
        models.built()[1].close()
        tf.train.Saver()
        tf.train.export_meta_graph(str(tmp_path / "model.meta"), saver_def=tf.train.Saver().as_saver_def())
    with tf.Graph().as_default(), pytest.raises(ValueError, match="has variables"):
        th.GraphRecipe(tmp_path / "model.meta", None, "x:0")()
    with pytest.raises(ValueError, match="weight="):
        th.GraphRecipe("model.meta", None, "x:0", weight=2)


def test_rows_of_a_column_feed(pool, tmp_path):
    (feed,) = models.batches(1, rows=4)
    with tf.Graph().as_default():
        rows, session = models.feed_of_rows()
        with session:
            found = rows.run(str(tmp_path / "h.npy"), session, feed, executor=pool, recipe=models.feed_of_rows)
            expected = rows.run(str(tmp_path / "alone.npy"), session, feed)
            with pytest.raises(ValueError, match="recipe="):
                rows.run(str(tmp_path / "no.npy"), session, feed, executor=pool)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(found, models.truth([feed])[1], rtol=1e-13, atol=1e-15)
    assert sorted(os.listdir(str(tmp_path)))[0] == "alone.npy" and not os.path.exists(str(tmp_path / "no.npy"))


# --- libraries

@pytest.fixture
def death(tmp_path, monkeypatch):
    """A file at whose sight the next worker dies."""
    path = tmp_path / "death"
    path.write_text("")
    monkeypatch.setenv(models.DEATH, str(path))
    return path


@pytest.mark.slow
def test_joblib_with_a_worker_that_dies(death):
    from joblib.externals.loky import get_reusable_executor

    feeds = models.batches(9)
    found = th.stream(models.mortal, feeds, executor=lambda: get_reusable_executor(2))
    assert not death.exists()
    assert_same(found, alone(models.built, feeds))


@pytest.mark.slow
@pytest.mark.parametrize("as_executor", [False, True])
def test_dask_with_a_worker_that_dies(death, as_executor):
    distributed = pytest.importorskip("distributed")
    feeds = models.batches(30)
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            found = th.stream(models.mortal, feeds, executor=client.get_executor() if as_executor else client)
    assert not death.exists()
    assert_same(found, alone(models.built, feeds))
