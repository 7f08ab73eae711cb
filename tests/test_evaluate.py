"""th.evaluate: any structure, ONE session.run, numpy out."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.util import nest

import tf1_hessian as th

D = tf.float64


class CountingSession(tf.Session):
    """A session that remembers what it was asked."""

    def __init__(self):
        super(CountingSession, self).__init__()
        self.asked = []

    def run(self, fetches, feed_dict=None, **options):
        self.asked.append(fetches)
        return super(CountingSession, self).run(fetches, feed_dict=feed_dict, **options)


@pytest.fixture
def session(graph):
    with CountingSession() as made:
        yield made


@pytest.fixture
def x():
    return tf.placeholder(D, [3], name="x")


POINT = [1.0, 2.0, -1.0]


def test_the_root_question_in_one_call(session, x):
    loss = tf.reduce_prod(x ** 2 - 3 * x + 1)
    found = th.evaluate(
        {"diag": th.hessian_diag(loss, x), "full": th.hessian(loss, x), "loss": loss}, {x: [1.0, 2.0, 0.0]}, session)
    assert len(session.asked) == 1
    np.testing.assert_allclose(found["diag"], [-2, -2, 2])
    np.testing.assert_allclose(found["full"], [[-2, -1, -3], [-1, -2, 3], [-3, 3, 2]])
    np.testing.assert_allclose(found["loss"], 1)


def test_sums_of_squares_have_exact_zeros(session):
    x, y = tf.placeholder(D, []), tf.placeholder(D, [])
    found = th.evaluate(th.hessian(x ** 2 + y ** 2, [x, y], flat=True), {x: 0.7, y: -1.3}, session)
    assert found.tolist() == [[2, 0], [0, 2]]


Pair = collections.namedtuple("Pair", "left right")


@pytest.mark.parametrize("structure", [
    lambda a, b: a, lambda a, b: [a, b], lambda a, b: (a, [b, {"k": a}]), lambda a, b: {"p": a, "q": (b,)},
    lambda a, b: Pair(a, [b]), lambda a, b: collections.OrderedDict([("z", a), ("y", b)]), lambda a, b: []])
def test_any_structure_comes_back(session, x, structure):
    a, b = x ** 2, tf.reduce_sum(x)
    found = th.evaluate(structure(a, b), {x: POINT})
    expected = structure(np.square(POINT), 2.0)
    nest.assert_same_structure(found, expected)
    for got, want in zip(nest.flatten(found), nest.flatten(expected)):
        np.testing.assert_allclose(got, want)
    assert len(session.asked) == 1


def test_all_values_are_numpy(session, x):
    found = th.evaluate([x, tf.reduce_sum(x), tf.shape(x), tf.reduce_all(x > -5), "x:0"], {x: POINT}, session)
    assert all(isinstance(value, (np.ndarray, np.generic)) for value in found)
    assert [value.dtype for value in found] == [np.float64, np.float64, np.int32, np.bool_, np.float64]


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_names_and_operations(session, use_resource):
    v = tf.get_variable("v", initializer=[1.5, 2.5], use_resource=use_resource)
    session.run(v.initializer)
    session.asked = []
    add = tf.assign_add(v, [1.0, 1.0]).op
    named = v.value() if use_resource else "v:0"
    by_variable, by_name, nothing = th.evaluate([v, named, tf.no_op()], session=session)
    np.testing.assert_allclose([by_variable, by_name], [[1.5, 2.5]] * 2)
    assert nothing is None and len(session.asked) == 1
    assert th.evaluate(add, session=session) is None
    np.testing.assert_allclose(th.evaluate(v), [2.5, 3.5])


def test_a_partitioned_variable_is_one_array_and_the_graph_does_not_grow(session, graph):
    v = tf.get_variable("v", [4, 2], D, tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2))
    session.run(tf.global_variables_initializer())
    assert th.evaluate(v).shape == (4, 2)
    before = len(graph.get_operations())
    th.evaluate([v, v])
    assert len(graph.get_operations()) == before


def test_a_keras_weight(session):
    layer = tf.keras.layers.Dense(2, kernel_initializer="ones")
    layer(tf.ones([1, 3]))
    session.run([(w if hasattr(w, "read_value") else w.value).initializer for w in layer.weights])
    np.testing.assert_allclose(th.evaluate(layer.weights[0]), np.ones((3, 2)))


def test_sparse_tensors(session):
    found = th.evaluate([tf.SparseTensor([[0, 1]], [3.0], [2, 2])], session=session)
    assert found[0].values.tolist() == [3.0]


def test_a_plan_is_built_and_evaluated(session, x):
    plan = th.plan(tf.reduce_sum(x ** 3), x, "full")
    np.testing.assert_allclose(th.evaluate([plan, x], {x: POINT})[0], 6 * np.diag(POINT))
    before = len(x.graph.get_operations())
    np.testing.assert_allclose(th.evaluate(plan, {x: POINT}), 6 * np.diag(POINT))
    assert len(x.graph.get_operations()) == before


def test_a_slice_rewrite_gives_its_parts(session, x):
    rewritten = th.rewrite_on_slices(tf.reduce_sum(x ** 3), x)
    found = th.evaluate({"r": rewritten}, {x: POINT})["r"]
    assert (found["loss"], found["slices"], found["stacked"].tolist()) == (8.0, POINT, POINT)
    assert len(session.asked) == 1


# --- sessions

def test_the_default_session_is_used_where_none_is_given(session, x):
    assert th.evaluate(tf.reduce_sum(x), {x: POINT}) == 2.0
    assert len(session.asked) == 1


def test_a_session_given_goes_before_the_default_one(session, x):
    with CountingSession() as other:
        with session.as_default():
            th.evaluate(x, {x: POINT}, other)
    assert (len(other.asked), len(session.asked)) == (1, 0)


def test_no_session_is_an_error_with_the_way_out(x):
    with pytest.raises(ValueError) as caught:
        th.evaluate(x, {x: POINT})
    assert "default session" in str(caught.value) and "session=" in str(caught.value)


def test_works_in_a_monitored_session_when_built_before(x):
    found = th.hessian(tf.reduce_sum(x ** 3), x)
    plan = th.plan(tf.reduce_sum(x ** 3), x)
    diag = plan.build()
    with tf.train.MonitoredSession() as session:
        full, by_plan, by_tensor = th.evaluate([found, plan, diag], {x: POINT}, session)
    np.testing.assert_allclose(full, 6 * np.diag(POINT))
    np.testing.assert_allclose([by_plan, by_tensor], [6 * np.array(POINT)] * 2)


@pytest.mark.parametrize("wrong", [1.5, None, object(), np.zeros(2)])
def test_what_can_not_be_fetched_is_named(session, wrong):
    with pytest.raises(TypeError) as caught:
        th.evaluate([tf.constant(1.0), wrong])
    assert type(wrong).__name__ in str(caught.value) and "fetch" in str(caught.value)


# --- one draw

def test_a_batch_and_a_mask_are_drawn_once(session):
    """Each loss is c x^3 of its own c: in one call they must agree, over several calls they must differ."""
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0]), use_resource=True)
    session.run(x.initializer)
    batch = tf.cast(tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 100)).get_next(), D)
    mask = tf.random_uniform([2], 0.5, 1.0, dtype=D)
    loss = tf.reduce_sum(batch * mask * x ** 3)
    fetches = [th.hessian_diag(loss, x), th.hessian(loss, x), batch, mask]
    seen = []
    for _ in range(3):
        diag, full, of_batch, of_mask = th.evaluate(fetches)
        np.testing.assert_allclose(diag, of_batch * of_mask * 6 * np.array([1.0, 2.0]))
        np.testing.assert_allclose(full, np.diag(diag))
        seen.append(of_batch)
    assert seen == [1, 2, 3]
