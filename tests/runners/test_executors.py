"""executor=: batches and rows dealt to processes, and what no executor can do."""
import concurrent.futures as futures
import multiprocessing
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.runners import models
from tests.runners.models import Here, alone, assert_same


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Two processes, and a file with the number of each that builds `models.built`."""
    os.environ[models.LOG] = str(tmp_path_factory.mktemp("pool") / "built")
    with futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as made:
        yield made
    del os.environ[models.LOG]


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


def test_draws():
    with pytest.raises(ValueError, match="RandomUniform.*draws, reads input or assigns"):
        th.stream(models.drawn, models.batches(2), executor=Here())


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
    path.write_text(str(os.getpid()))
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
