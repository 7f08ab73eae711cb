"""Summary protos against TensorFlow's own ops, and event files read back by TensorFlow."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th


def of_tensorflow(values):
    """The histogram that tf.summary.histogram makes."""
    fed = tf.placeholder(tf.float64, [None])
    with tf.Session() as session:
        found = session.run(tf.summary.histogram("h", fed), {fed: values})
    return tf.Summary.FromString(found).value[0].histo


def by_tag(summary):
    return {value.tag: value for value in summary.value}


def events(folder):
    """[(step, {tag: value})] of all event files of a folder."""
    found = [event for name in sorted(os.listdir(str(folder)))
             for event in tf.train.summary_iterator(os.path.join(str(folder), name))]
    return sorted((e.step, sorted(by_tag(e.summary))) for e in found if e.summary.value)


RANDOM = np.random.RandomState(0)


@pytest.mark.parametrize("values", [
    RANDOM.standard_normal(200) * 10.0 ** RANDOM.randint(-15, 5, 200), np.zeros(3), np.array([]), np.array([-2.5]),
    np.array([0.0, 1, -1, 1e25, -1e25, 1e-12, 1.1e-12, -1e-12, 1e-300])], ids=lambda v: str(v.size))
def test_histograms_are_those_of_tensorflow(values):
    ours, theirs = th.tensorboard.summaries(values, "h").value[0].histo, of_tensorflow(values)
    assert list(ours.bucket_limit) == list(theirs.bucket_limit)
    assert list(ours.bucket) == list(theirs.bucket)
    assert (ours.min, ours.max, ours.num) == (theirs.min, theirs.max, theirs.num)
    np.testing.assert_allclose(ours.sum, theirs.sum, atol=1e-12 * np.abs(values).sum())
    np.testing.assert_allclose(ours.sum_squares, theirs.sum_squares)


def test_tags_are_paths():
    found = by_tag(th.tensorboard.summaries(
        {"a:0": np.ones([2, 3]), "deep": {"b": np.float32(2.5)}, "list": [np.int64(3), [1.0, 2.0]]}, "curvature"))
    assert sorted(found) == ["curvature/a", "curvature/deep/b", "curvature/list/0", "curvature/list/1"]
    assert found["curvature/deep/b"].simple_value == 2.5 and found["curvature/list/0"].simple_value == 3
    assert found["curvature/a"].histo.num == 6 and found["curvature/list/1"].histo.sum == 3
    assert [v.tag for v in th.tensorboard.summaries(7).value] == ["hessian"]


def test_a_sparse_hessian_is_the_histogram_of_its_entries():
    x = tf.placeholder(tf.float64, [3])
    with tf.Session():
        found = th.evaluate(th.sparse_hessian(tf.reduce_sum(x ** 3), x), {x: [1.0, 2.0, 3.0]})
    histogram = th.tensorboard.summaries(found).value[0].histo
    assert (histogram.num, histogram.min, histogram.max) == (3, 6, 18)


def test_what_is_not_finite_is_counted_beside_the_histogram():
    found = by_tag(th.tensorboard.summaries({"w": [1.0, np.nan, -np.inf, 2.0]}))
    assert found["hessian/w"].histo.num == 2 and found["hessian/w"].histo.sum == 3
    assert found["hessian/w/not_finite"].simple_value == 2
    assert np.isnan(th.tensorboard.summaries(float("nan")).value[0].simple_value)


@pytest.mark.parametrize("wrap", [lambda drawn: drawn, lambda drawn: drawn[0]])
def test_figures_are_images(wrap):
    drawn = th.plots.top_curvatures({"w": [1.0, 2.0]})
    image = by_tag(th.tensorboard.summaries({"map": wrap(drawn)}))["hessian/map"].image
    assert (image.width, image.height, image.colorspace) == (800, round(drawn[0].get_figheight() * 100), 4)
    with tf.Session() as session:
        shape = session.run(tf.image.decode_png(image.encoded_image_string)).shape
    assert shape == (image.height, image.width, 4)


def test_bytes_of_a_png_file_are_an_image():
    with tf.Session() as session:
        png = session.run(tf.image.encode_png(np.zeros([3, 5, 1], np.uint8)))
    image = th.tensorboard.summaries(png).value[0].image
    assert (image.height, image.width, image.colorspace, image.encoded_image_string) == (3, 5, 1, png)


@pytest.mark.parametrize("wrong, error, sentence", [
    (1j, ValueError, "'hessian': expected real"), ("text", TypeError, "expected an array of numbers"),
    (None, TypeError, "NoneType"), (b"GIF89a", ValueError, "no PNG file")])
def test_what_can_not_be_shown_is_refused_and_nothing_is_written(tmp_path, wrong, error, sentence):
    with pytest.raises(error, match=sentence):
        th.tensorboard.write(str(tmp_path / "new"), wrong, 1)
    assert not (tmp_path / "new").exists()


def test_a_tensor_is_told_the_way_to_numpy():
    with pytest.raises(TypeError, match="th.evaluate gives them"):
        th.tensorboard.summaries({"w": tf.constant([1.0])})


def test_event_files_are_whole_at_once_and_never_shared(tmp_path):
    for step in (3, 4, np.int64(5)):
        th.tensorboard.write(tmp_path / "logs", {"w": np.arange(3.0)}, step, "curvature")
    assert len(os.listdir(str(tmp_path / "logs"))) == 3
    assert events(tmp_path / "logs") == [(3, ["curvature/w"]), (4, ["curvature/w"]), (5, ["curvature/w"])]


def test_a_file_begins_with_its_version(tmp_path):
    th.tensorboard.write(str(tmp_path), 1.0, 0)
    path = os.path.join(str(tmp_path), os.listdir(str(tmp_path))[0])
    first, second = tf.train.summary_iterator(path)
    assert first.file_version == "brain.Event:2" and second.summary.value[0].simple_value == 1
    assert "events.out.tfevents." in path and second.wall_time > 1e9


def test_a_writer_of_tensorflow_takes_them(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        th.tensorboard.write(writer, {"w": [1.0]}, 7)
        th.tensorboard.write(writer, {"w": [2.0]}, 8)
    assert events(tmp_path) == [(7, ["hessian/w"]), (8, ["hessian/w"])]


@pytest.mark.parametrize("step", [None, 1.5, True, "1"])
def test_a_step_is_a_whole_number(tmp_path, step):
    with pytest.raises(TypeError, match="step="):
        th.tensorboard.write(str(tmp_path), 1.0, step)
    assert not os.listdir(str(tmp_path))
