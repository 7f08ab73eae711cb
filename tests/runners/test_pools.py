"""Units sent out and taken back: the same to the last bit, whatever is lost, late or comes twice."""
import concurrent.futures as futures
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

import tf1_hessian as th
from tests.runners import models
from tests.runners.models import Here, alone, assert_same


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
