"""th.stream: batches add up to the whole; what can't be added up is refused."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
ROWS = np.random.RandomState(0).randn(23, 3)
LABELS = (ROWS.sum(1) > 0).astype(np.float64)
POINT = np.array([0.1, -0.2, 0.3])
SIZES = (4, 9, 1, 7, 2)


def parts(values):
    return np.split(values, np.cumsum(SIZES)[:-1])


class Model(object):
    """Logistic regression: the mean of the losses of the rows that are fed."""

    def __init__(self, dtype=D):
        self.x = tf.placeholder(dtype, [None, 3], "x")
        self.y = tf.placeholder(dtype, [None], "y")
        self.w = tf.get_variable("w", initializer=POINT.astype(dtype.as_numpy_dtype), use_resource=True)
        self.loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(
            labels=self.y, logits=tf.reduce_sum(self.x * self.w, 1)), name="loss")
        self.feeds = [{self.x: x, self.y: y} for x, y in zip(parts(ROWS), parts(LABELS))]

    def size(self, feed):
        return len(feed[self.x])


def true_hessian():
    """sum_i p (1 - p) x x' / N."""
    p = 1 / (1 + np.exp(-ROWS.dot(POINT)))
    return (ROWS * (p * (1 - p))[:, None]).T.dot(ROWS) / len(ROWS)


@pytest.fixture
def session(graph):
    with tf.Session() as made:
        yield made


def started(session, dtype=D):
    model = Model(dtype)
    session.run(tf.global_variables_initializer())
    return model


def test_batches_of_many_sizes_are_the_whole(session):
    model = started(session)
    diag, plan = th.hessian_diag(model.loss, model.w), th.plan(model.loss, model.w, "full")
    gradient = th.gradients(model.loss, model.w)
    value = {"loss": model.loss, "more": [gradient, (diag, plan)]}
    found = th.stream(value, model.feeds, session, weight=model.size)
    whole = th.evaluate(value, {model.x: ROWS, model.y: LABELS}, session)
    np.testing.assert_allclose(found["more"][1][1], true_hessian(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(found["more"][1][0], np.diag(true_hessian()), rtol=0, atol=1e-15)
    np.testing.assert_allclose(found["loss"], whole["loss"], rtol=1e-15)
    np.testing.assert_allclose(found["more"][0], whole["more"][0], rtol=0, atol=1e-16)
    assert isinstance(found["more"][1], tuple) and found["more"][1][1].dtype == np.float64


def test_weights(session):
    """None counts each batch once; a tensor is fetched along; the sum is not divided."""
    model = started(session)
    losses = [session.run(model.loss, feed) for feed in model.feeds]
    np.testing.assert_allclose(th.stream(model.loss, model.feeds), np.mean(losses), rtol=1e-15)
    rows = tf.shape(model.x)[0]
    np.testing.assert_allclose(th.stream(model.loss, model.feeds, weight=rows), np.dot(SIZES, losses) / 23, rtol=1e-15)
    np.testing.assert_allclose(
        th.stream(model.loss, model.feeds, weight=rows, reduce="sum"), np.dot(SIZES, losses), rtol=1e-15)
    np.testing.assert_allclose(th.stream("loss:0", iter(model.feeds), reduce="sum"), np.sum(losses), rtol=1e-15)


def test_one_call_a_batch_and_a_graph_that_does_not_grow(session):
    model, calls = started(session), []
    run = session.run
    session.run = lambda *args, **more: calls.append(1) or run(*args, **more)
    value = [model.loss, th.plan(model.loss, model.w)]
    th.stream(value, model.feeds, session, weight=tf.shape(model.x)[0])
    assert len(calls) == len(SIZES)
    before = len(session.graph.get_operations())
    th.stream(value, model.feeds * 40, session)
    assert len(session.graph.get_operations()) == before


def test_sparse_hessians_and_whole_numbers(session):
    x, scale = tf.placeholder(D, [4]), tf.placeholder(D, [])
    hessian = th.sparse_hessian(scale * tf.reduce_sum((x[1:] * x[:-1]) ** 2), x)
    feeds = [{x: [1.0, 2.0, 3.0, 4.0], scale: s} for s in (1.0, 3.0)]
    found, count = th.stream([hessian, tf.shape(x)[0]], feeds, session, reduce="sum")
    dense = 4 * np.array([[8, 8, 0, 0], [8, 20, 24, 0], [0, 24, 40, 48], [0, 0, 48, 18]], float)
    np.testing.assert_allclose(found.toarray(), dense)
    assert count == 8 and count.dtype == np.int64


def test_single_precision_is_added_up_in_double(session):
    """A hundred thousand times 0.1 in float32 is off by 1e-3 where float32 adds up."""
    value = tf.constant(0.1, tf.float32)
    found = th.stream(value, ({} for _ in range(3000)), session, reduce="sum")
    assert found == 3000 * np.float64(np.float32(0.1))


def test_an_iterator_of_the_graph(session):
    """One element a session call, until the end; the iterator may be started anew."""
    rows = tf.data.Dataset.from_tensor_slices(ROWS).batch(5)
    iterator = tf.data.make_initializable_iterator(rows)
    x = iterator.get_next()
    w = tf.get_variable("w", initializer=POINT, use_resource=True)
    loss = tf.reduce_sum(tf.exp(tf.reduce_sum(x * w, 1)))
    session.run([w.initializer, iterator.initializer])
    found = th.stream(th.hessian(loss, w), iterator, session, reduce="sum")
    weights = np.exp(ROWS.dot(POINT))
    np.testing.assert_allclose(found, (ROWS * weights[:, None]).T.dot(ROWS), rtol=1e-13)
    with pytest.raises(ValueError, match="no batch"):
        th.stream(loss, iterator, session)
    with pytest.raises(ValueError, match="get_next"):
        th.stream(tf.reduce_sum(w), iterator, session)


def test_an_iterator_and_names(session):
    """A name is looked up in the graph of the session, an iterator's value among them."""
    iterator = tf.data.make_one_shot_iterator(tf.data.Dataset.range(6))
    tf.cast(iterator.get_next(), D, name="value")
    assert th.stream({"v": "value:0"}, iterator, session, reduce="sum") == {"v": 15.0}
    with pytest.raises(ValueError, match="vaule"):
        th.stream("vaule:0", iterator, session)


def test_files(session, tmp_path):
    """Arrays by the name of the placeholder, with or without the output's number."""
    model, paths = started(session), []
    for i, (x, y) in enumerate(zip(parts(ROWS), parts(LABELS))):
        paths.append(str(tmp_path / ("%d.npz" % i)))
        np.savez(paths[-1], **{"x:0" if i % 2 else "x": x, "y": y})
    found = th.stream(th.hessian(model.loss, model.w), paths, session, weight=tf.shape(model.x)[0])
    np.testing.assert_allclose(found, true_hessian(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("content, said", [
    ({"z": np.ones(2)}, "'z'"), ({"x": np.array([None, 1], object)}, "pickle"), (None, "can't be read")])
def test_files_that_are_none_of_the_model(session, tmp_path, content, said):
    model, path = started(session), str(tmp_path / "odd.npz")
    if content is None:
        with open(path, "wb") as file:
            file.write(b"PK\x03\x04 not a file of numpy")
    else:
        np.savez(path, **content)
    with pytest.raises(ValueError, match="odd.npz") as caught:
        th.stream(model.loss, [path], session)
    assert said in str(caught.value)


# --- refusals

def test_what_is_not_finite_is_named(session):
    model = started(session)
    feeds = model.feeds[:2] + [{model.x: ROWS[:2] * np.nan, model.y: LABELS[:2]}]
    with pytest.raises(ValueError, match="'loss:0' is not finite in batch 2"):
        th.stream([model.loss], feeds, session)


def test_shapes_that_change_are_named(session):
    model = started(session)
    with pytest.raises(ValueError, match=r"'x:0' has shape \[9, 3\] in batch 1 .* and \[4, 3\] before"):
        th.stream(model.x, model.feeds, session)


@pytest.mark.parametrize("options, kind, said", [
    ({"reduce": "median"}, ValueError, "reduce"), ({"weight": 2.0}, ValueError, "weight"),
    ({"every": 3}, ValueError, "checkpoint"), ({"progress": "yes"}, ValueError, "progress"),
    ({"weight": lambda feed: [1, 2]}, ValueError, "batch 0"),
    ({"weight": lambda feed: float("nan")}, ValueError, "batch 0"),
    ({"weight": lambda feed: 0.0}, ValueError, "add up to zero")])
def test_options_that_mean_nothing(session, options, kind, said):
    model = started(session)
    with pytest.raises(kind, match=said):
        th.stream(model.loss, model.feeds, session, **options)


@pytest.mark.parametrize("batches, kind, said", [
    ([], ValueError, "no batch"), ({"x": 1}, TypeError, "goes into a list"), ("one.npz", TypeError, "goes into a list"),
    ([3], TypeError, "Batch 0")])
def test_batches_that_are_none(session, batches, kind, said):
    model = started(session)
    with pytest.raises(kind, match=said):
        th.stream(model.loss, batches, session)


def test_what_can_not_be_added_up(session):
    for value, said in ((tf.constant("text"), "string"), (tf.no_op(), "operation")):
        with pytest.raises(ValueError, match=said):
            th.stream(value, [{}], session)


def test_no_session(graph):
    model = Model()
    with pytest.raises(ValueError, match="default session"):
        th.stream(model.loss, model.feeds)


def test_what_the_batches_raise_passes_through(session):
    def broken():
        yield model.feeds[0]
        raise KeyError("the disk went away")

    model = started(session)
    with pytest.raises(KeyError, match="went away"):
        th.stream(model.loss, broken(), session)


# --- progress

def test_a_callback_hears_of_each_batch(session):
    model, heard = started(session), []
    th.stream(model.loss, model.feeds, session, progress=lambda *told: heard.append(told))
    assert [h[:2] for h in heard] == [(i + 1, len(SIZES)) for i in range(len(SIZES))]
    assert all(a[2] <= b[2] for a, b in zip(heard, heard[1:]))
    del heard[:]
    th.stream(model.loss, iter(model.feeds), session, progress=lambda *told: heard.append(told))
    assert heard[-1][:2] == (len(SIZES), None)


def test_a_bar_on_a_terminal_and_nothing_in_a_log(session, capsys):
    model = started(session)
    th.stream(model.loss, model.feeds, session)
    assert capsys.readouterr().err == ""
    th.stream(model.loss, model.feeds, session, progress=True)
    assert "5/5" in capsys.readouterr().err


@pytest.mark.parametrize("steps", [3000, pytest.param(100000, marks=pytest.mark.slow)])
def test_steps_take_no_more_memory_and_add_no_ops(session, steps):
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def told(done, total, seconds):
        if done % (steps // 10) == 0:
            seen.append((resident(), len(session.graph.get_operations())))

    model, seen = started(session), []
    value = [model.loss, th.hessian(model.loss, model.w)]
    th.stream(value, (model.feeds[i % 5] for i in range(steps)), session, progress=told)
    warm = 5 if tf.__version__.startswith("2.11") else 0  # which goes on to reserve memory for its threads
    assert len(seen) == 10 and seen[-1][0] - seen[warm][0] < (20e6 if steps > 3000 else 5e6)
    assert seen[-1][1] == seen[0][1]
