"""Every way in which a loss reads a variable: each read counts, with the value that the loss saw."""
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
START = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def variable(name="x", use_resource=True, value=START):
    return tf.get_variable(name, initializer=np.array(value), use_resource=use_resource)


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("engine", ["slices", "auto"])
def test_reads_captured_by_a_conditional(use_resource, taken, engine):
    x = variable(value=[0.5, 1.5], use_resource=use_resource)
    flag = tf.placeholder(tf.bool, [])
    loss = tf.reduce_sum(tf.cond(flag, lambda: x ** 3, lambda: x ** 4)) + tf.reduce_sum(x) ** 2
    expected = np.diag([3.0, 9.0] if taken else [3.0, 27.0]) + 2
    found = evaluated(th.hessian(loss, x, engine=engine), {flag: taken})
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_several_reads_all_count(engine):
    x = variable(value=[0.5, 1.5])
    loss = tf.reduce_sum(x.read_value() * x.value() * tf.identity(x) + x.read_value() ** 2)
    found = evaluated(th.hessian(loss, x, engine=engine))
    np.testing.assert_allclose(found, np.diag([3.0 + 2, 9.0 + 2]))


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_gathers_of_repeated_rows(use_resource, engine):
    x = variable(use_resource=use_resource)
    rows = tf.nn.embedding_lookup(x, [1, 1, 0])
    if use_resource:
        assert "ResourceGather" in [op.type for op in tf.get_default_graph().get_operations()]
    value = START[[1, 1, 0]]
    weights = np.array([[1.0], [2.0], [4.0]])
    expected = np.zeros((2, 3))
    np.add.at(expected, [1, 1, 0], weights * 6 * value)
    found = evaluated(th.hessian(tf.reduce_sum(weights * rows ** 3), x, engine=engine))
    np.testing.assert_allclose(found.reshape(6, 6), np.diag(expected.ravel()), atol=1e-12)


def test_a_gather_nd_of_a_resource_variable():
    x = variable()
    loss = tf.reduce_sum(tf.gather_nd(x, [[0, 1], [1, 2], [0, 1]]) ** 3)
    expected = np.zeros((2, 3))
    expected[0, 1], expected[1, 2] = 2 * 6 * START[0, 1], 6 * START[1, 2]
    np.testing.assert_allclose(evaluated(th.hessian_diag(loss, x)), expected)


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_a_read_after_an_assignment_has_the_assigned_value(engine):
    """A refusal is right as well; the value before the assignment is not."""
    x = variable(value=[0.5, 1.5])
    slow = tf.py_func(lambda: time.sleep(0.05) or np.array([2.0, 3.0]), [], D)
    with tf.control_dependencies([tf.assign(x, slow)]):
        loss = tf.reduce_sum(x.read_value() ** 3)
    try:
        found = th.hessian(loss, x, engine=engine)
    except LookupError:
        return
    np.testing.assert_allclose(evaluated(found), np.diag([12.0, 18.0]))


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("engine", ["slices", "auto"])
def test_names_after_import_meta_graph(use_resource, engine, tmp_path):
    with tf.Graph().as_default():
        x = variable("layer/x", use_resource)
        flag = tf.placeholder_with_default(True, [])
        loss = tf.cond(flag, lambda: tf.reduce_sum(x ** 3) + tf.reduce_sum(x) ** 2, lambda: tf.reduce_sum(x))
        tf.identity(loss, name="loss")
        tf.train.export_meta_graph(str(tmp_path / "model.meta"))
    tf.train.import_meta_graph(str(tmp_path / "model.meta"))
    diag, full = evaluated([th.hessian_diag("loss", "layer/x", engine=engine),
                            th.hessian("loss:0", "layer/x:0", engine=engine, flat=True)])
    np.testing.assert_allclose(full, np.diag(6 * START.ravel()) + 2, rtol=1e-12)
    np.testing.assert_allclose(diag, 6 * START + 2, rtol=1e-12)
