"""HessianHook: the values are those of the step's loss, and training goes on bit by bit as without it."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.untouched import assert_refused

RANDOM = np.random.RandomState(0)
X, Y = RANDOM.standard_normal([24, 5]).astype("f"), RANDOM.standard_normal([24, 2]).astype("f")


def placeholders():
    x, y = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.float32, [None, 2])
    return x, y, lambda i: {x: X[i:i + 6], y: Y[i:i + 6]}


def batches():
    rows = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(24, seed=1).repeat().batch(8)
    return tf.data.make_one_shot_iterator(rows).get_next() + (lambda i: None,)


def build(inputs, use_resource):
    """(loss, weights, step, feed of each step) of a net with dropout, the same in every graph."""
    tf.set_random_seed(3)
    x, y, feed = inputs()
    w, v = (tf.get_variable(n, s, use_resource=use_resource) for n, s in (("w", [5, 3]), ("v", [3, 2])))
    hidden = tf.nn.dropout(tf.tanh(tf.matmul(x, w)), rate=0.4)
    loss = tf.reduce_mean(tf.square(tf.matmul(hidden, v) - y))
    step = tf.train.AdamOptimizer(0.05).minimize(loss, global_step=tf.train.get_or_create_global_step())
    return loss, [w, v], step, feed


def train(inputs, use_resource, steps=9, **options):
    """The weights after each step."""
    with tf.Graph().as_default():
        loss, weights, step, feed = build(inputs, use_resource)
        hooks = [th.HessianHook(loss, weights, **options)] if options else []
        with tf.train.MonitoredTrainingSession(hooks=hooks) as session:
            found = []
            for i in range(steps):
                session.run(step, feed(i))
                found.append(session.run(weights, feed(i)))
            return found


@pytest.mark.parametrize("inputs, use_resource, quantity", [
    (placeholders, False, "full"), (placeholders, True, "diag"), (batches, False, "diag"), (batches, True, "full")])
def test_training_is_the_same_bit_by_bit(inputs, use_resource, quantity):
    steps = []
    alone = train(inputs, use_resource)
    beside = train(inputs, use_resource, quantity=quantity, every_steps=2, callback=lambda s, _: steps.append(s))
    assert steps == [2, 4, 6, 8]
    for a, b in zip(alone, beside):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
    assert not np.array_equal(alone[0][0], alone[1][0])


@pytest.fixture
def line():
    """(loss, x, step): sum of c x^4 / 12 with c drawn from the numbers 1, 2, 3, ...; d2L/dx2 = c x^2."""
    c = tf.cast(tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 1000)).get_next(), tf.float64)
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0, -1.0]))
    loss = tf.reduce_sum(c * x ** 4 / 12)
    step = tf.train.GradientDescentOptimizer(1e-3).minimize(loss, global_step=tf.train.get_or_create_global_step())
    return loss, x, step


def test_values_are_of_the_batch_of_the_step_at_the_weights_it_leaves(line):
    loss, x, step = line
    seen = {}
    hook = th.HessianHook(loss, x, every_steps=1, callback=seen.__setitem__)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        for i in range(1, 5):
            session.run(step)
            np.testing.assert_allclose(seen[i], i * session.run(x) ** 2)
    assert sorted(seen) == [1, 2, 3, 4]


def test_values_of_a_mask_are_those_of_the_step():
    """The loss sum(mask x^2) has the Hessian 2 mask, and its gradient 2 mask x tells the mask of the step."""
    x = tf.get_variable("x", initializer=np.full(50, 3.0))
    mask = tf.floor(tf.random_uniform([50], dtype=tf.float64) + 0.5)
    loss = tf.reduce_sum(mask * x ** 2)
    step = tf.train.GradientDescentOptimizer(0.01).minimize(loss, global_step=tf.train.get_or_create_global_step())
    seen = []
    hook = th.HessianHook(loss, x, every_steps=1, callback=lambda s, values: seen.append(values))
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        for _ in range(3):
            before = session.run(x)
            session.run(step)
            moved = session.run(x) != before
            assert 5 < moved.sum() < 45
            np.testing.assert_array_equal(seen[-1], 2.0 * moved)


def test_a_feed_of_its_own(line):
    loss, x, step = line
    c = loss.graph.get_tensor_by_name("Cast:0")
    seen = {}
    hook = th.HessianHook(loss, [x], every_steps=2, feed_dict={c: 10.0}, callback=seen.__setitem__)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        for _ in range(4):
            session.run(step)
            values = session.run(x)
    np.testing.assert_allclose(seen[4][0], 10 * values ** 2)
    assert sorted(seen) == [2, 4]


def test_calls_that_do_not_train_are_passed_over(line):
    """Fetching the batch in such a call would take one that training misses."""
    loss, x, step = line
    seen = {}
    hook = th.HessianHook(loss, x, every_steps=2, callback=seen.__setitem__)
    add = tf.assign_add(tf.train.get_global_step(), 1)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        for fetches in (step, add, add, x, step):
            session.run(fetches)
        values = session.run(x)
    assert list(seen) == [4]
    np.testing.assert_allclose(seen[4], 2 * values ** 2)


def test_nothing_evaluated_is_said(line):
    loss, x, _ = line
    hook = th.HessianHook(loss, x, every_steps=1, callback=print)
    add = tf.assign_add(tf.train.get_global_step(), 1)
    with pytest.warns(UserWarning, match="HessianHook evaluated nothing: no call ran all of 'IteratorGetNext:0'"):
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            session.run(add)
            session.run(add)


def test_seconds(line, monkeypatch):
    loss, x, step = line
    now, seen = [100.0], {}
    monkeypatch.setattr("tf1_hessian.hooks.hook.time.time", lambda: now[0])
    hook = th.HessianHook(loss, x, every_secs=10, callback=seen.__setitem__)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        for passed in (1, 5, 5, 1, 9.5, 0):
            now[0] += passed
            session.run(step)
    assert sorted(seen) == [3, 5]


def test_steps_go_on_where_a_checkpoint_stands(line, tmp_path):
    loss, x, step = line
    seen = {}
    for _ in range(2):
        hook = th.HessianHook(loss, x, every_steps=4, callback=seen.__setitem__)
        with tf.train.MonitoredTrainingSession(
                checkpoint_dir=str(tmp_path), hooks=[hook], save_checkpoint_secs=600, log_step_count_steps=None) as s:
            for _ in range(3):
                s.run(step)
    assert list(seen) == [4]


def test_files_by_step_and_source(line, tmp_path):
    loss, x, step = line
    y = tf.get_variable("file", initializer=np.ones([2, 1]))
    total, folder = loss + tf.reduce_sum(y) * tf.reduce_sum(x ** 2), tmp_path / "new" / "curvature"
    hooks = [th.HessianHook(total, {"x": x, "y": y}, quantity=quantity, every_steps=2, out=folder)
             for quantity in ("diag", "full")]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(5):
            session.run(step)
    assert sorted(os.listdir(str(folder))) == ["diag-2.npz", "diag-4.npz", "full-2.npz", "full-4.npz"]
    with np.load(str(folder / "diag-4.npz")) as diag, np.load(str(folder / "full-4.npz")) as full:
        assert sorted(diag.files) == ["file:0", "x:0"]
        assert sorted(full.files) == ["file:0,file:0", "file:0,x:0", "x:0,file:0", "x:0,x:0"]
        np.testing.assert_allclose(np.diag(full["x:0,x:0"]), diag["x:0"])
        assert full["x:0,file:0"].shape == (3, 2, 1) and not diag["file:0"].any()


def test_summaries_by_source_and_their_trace(line, tmp_path):
    loss, x, step = line
    hooks = [th.HessianHook(loss, x, every_steps=2, summary_dir=tmp_path, tag="curvature"),
             th.HessianHook(loss, x, quantity="full", every_steps=3, summary_dir=tmp_path)]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(3):
            session.run(step)
        values = session.run(x)
    found = {(event.step, v.tag): v for name in os.listdir(str(tmp_path))
             for event in tf.train.summary_iterator(str(tmp_path / name)) for v in event.summary.value}
    assert sorted(found) == [(2, "curvature/x"), (2, "curvature_trace"), (3, "hessian/x"), (3, "hessian_trace")]
    assert found[2, "curvature/x"].histo.num == 3 and found[3, "hessian/x"].histo.num == 9
    np.testing.assert_allclose(found[3, "hessian_trace"].simple_value, (3 * values ** 2).sum(), rtol=1e-6)


def test_a_writer_of_the_user(line):
    class Writer(object):
        added = []

        def add_summary(self, summary, step):
            self.added.append((step, [v.tag for v in summary.value]))

    loss, x, step = line
    with tf.train.MonitoredSession(hooks=[th.HessianHook(loss, x, every_steps=1, writer=Writer())]) as session:
        session.run(step)
    assert Writer.added == [(1, ["hessian/x", "hessian_trace"])]


def test_a_structured_diagonal_is_verified_and_options_go_on():
    x, w = tf.placeholder(tf.float32, [None, 3]), tf.get_variable("w", [3, 4], use_resource=True)
    loss = tf.reduce_mean(tf.reduce_sum(tf.tanh(tf.matmul(x, w)), 1) ** 2)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=tf.train.get_or_create_global_step())
    seen = {}
    hook = th.HessianHook("%s" % loss.name, "w:0", every_steps=1, precision="float64", callback=seen.__setitem__)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run(step, {x: X[:4, :3]})
        value = session.run(w)
    assert seen[1].dtype == np.float64
    t = np.tanh(X[:4, :3].astype("d").dot(value))
    d, s = 1 - t ** 2, t.sum(1, keepdims=True)
    expected = np.einsum("ni,no->io", X[:4, :3].astype("d") ** 2, 2 * d ** 2 + 2 * s * -2 * t * d) / 4
    np.testing.assert_allclose(seen[1], expected, rtol=1e-10)


def test_an_estimator(tmp_path):
    if not hasattr(tf, "estimator"):  # TF 2.16 and newer have none
        assert int(tf.__version__.split(".")[0]) >= 2
        return
    seen = {}

    def model(features, labels, mode):
        w = tf.get_variable("w", [5, 2])
        loss = tf.reduce_mean(tf.nn.dropout(tf.matmul(features, w) - labels, rate=0.5) ** 2)
        step = tf.train.AdamOptimizer().minimize(loss, global_step=tf.train.get_global_step())
        hook = th.HessianHook(loss, w, every_steps=2, callback=seen.__setitem__)
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step, training_hooks=[hook])

    def inputs():
        return tf.data.Dataset.from_tensor_slices((X, Y)).repeat().batch(6)

    tf.estimator.Estimator(model, str(tmp_path)).train(inputs, steps=5)
    assert sorted(seen) == [2, 4] and seen[4].shape == (5, 2) and (seen[4] >= 0).all() and seen[4].any()


# --- refusals

@pytest.mark.parametrize("options, sentence", [
    ({"every_steps": 1}, "nothing would become of the values"),
    ({"callback": print}, "expected one of every_steps and every_secs"),
    ({"callback": print, "every_steps": 1, "every_secs": 1.0}, "expected one of every_steps and every_secs"),
    ({"callback": print, "every_steps": 0}, "every_steps=0"), ({"callback": print, "every_steps": 1.5}, "every_steps"),
    ({"callback": print, "every_secs": -1}, "every_secs=-1"),
    ({"callback": print, "every_secs": float("nan")}, "every_secs=nan"),
    ({"callback": print, "every_steps": 1, "quantity": "sparse"}, "one of diag, full"),
    ({"callback": print, "every_steps": 1, "flat": True}, "flat=True is not possible"),
    ({"callback": print, "every_steps": 1, "per_example": True}, "per_example=True"),
    ({"summary_dir": "a", "writer": "b", "every_steps": 1}, "not both")])
def test_options_that_can_not_be_meant(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        th.HessianHook("loss:0", "x:0", **options)


def test_without_a_global_step(graph):
    x = tf.get_variable("x", [2])
    hook = th.HessianHook(tf.reduce_sum(x ** 2), x, every_steps=1, callback=print)
    assert "get_or_create_global_step" in assert_refused(RuntimeError, hook.begin, graph)


def test_a_loss_that_updates_is_refused_and_the_graph_is_untouched(graph):
    x, moving = tf.get_variable("x", [2]), tf.get_variable("moving", [])
    tf.train.get_or_create_global_step()
    with tf.control_dependencies([tf.assign_add(moving, 1.0).op]):
        loss = tf.reduce_sum(x ** 2)
    hook = th.HessianHook(loss, x, every_steps=1, callback=print)
    assert "may change what is trained" in assert_refused(ValueError, hook.begin, graph)


@pytest.mark.parametrize("fed, sentence", [
    ([], "nothing may be drawn or read.*IteratorGetNext"), (["IteratorGetNext"], "gives no value for 'scale:0'")])
def test_a_feed_that_leaves_something_open_is_refused(graph, fed, sentence):
    batch = tf.data.make_one_shot_iterator(tf.data.Dataset.from_tensors(1.0)).get_next()
    x = tf.get_variable("x", [2])
    loss = tf.reduce_sum(x ** 2 * batch * tf.placeholder(tf.float32, [], name="scale"))
    tf.train.get_or_create_global_step()
    hook = th.HessianHook(loss, x, every_steps=1, callback=print, feed_dict={batch: 2.0} if fed else {x: [1.0, 2.0]})
    with pytest.raises(ValueError, match=sentence):
        hook.begin()
    assert_refused(ValueError, hook.begin, graph)


def test_what_has_no_second_derivative_is_refused_in_begin(graph):
    x = tf.get_variable("x", [2])
    tf.train.get_or_create_global_step()
    loss = tf.reduce_sum(tf.py_func(lambda v: v ** 2, [x], tf.float32))
    hook = th.HessianHook(loss, x, every_steps=1, callback=print)
    assert_refused((LookupError, ValueError), hook.begin, graph)
