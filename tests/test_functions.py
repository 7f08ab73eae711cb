"""Calls of functions on the path beyond their Hessians: what TensorFlow alone can't differentiate even once."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import function

import tf1_hessian as th

D = tf.float64
POINT = np.array([0.5, -0.8, 1.1])


def evaluated(fetches, feed, graph=None):
    with tf.Session(graph=graph) as session:
        session.run([op for op in session.graph.get_operations() if op.name == "w/Assign"])
        return session.run(fetches, feed)


@pytest.fixture
def waving():
    """sin(a) a as a Defun."""
    @function.Defun(D)
    def waving(a):
        return tf.sin(a) * a

    return waving


def derivatives(x):
    """The first, second and third derivative of sin(x) x."""
    s, c = np.sin(x), np.cos(x)
    return s + x * c, 2 * c - x * s, -3 * s - x * c


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_the_gradient_of_a_function_in_the_loss(waving, engine):
    """TensorFlow's SymbolicGradient has no gradient. With f of sin(x) x, (f'^2 / 2)'' = f''^2 + f' f^(3)."""
    x = tf.placeholder(D, [3])
    slope = tf.gradients(waving(x), x)[0]
    assert slope.op.type == "SymbolicGradient"
    found = th.hessian_diag(tf.nn.l2_loss(slope), x, engine=engine)
    first, second, third = derivatives(POINT)
    np.testing.assert_allclose(evaluated(found, {x: POINT}), second ** 2 + first * third, rtol=1e-12)


def test_the_gradient_of_a_function_to_which_one_was_given():
    """The gradient is said to be a^3 w, whatever the function is: 6 a w and 3 a^2 are its derivatives."""
    @function.Defun(D, D)
    def cubed(a, grad):
        return grad * a ** 3

    @function.Defun(D, grad_func=cubed)
    def squared(a):
        return a * a

    x, w = tf.placeholder(D, [3]), tf.placeholder(D, [3])
    slope = tf.gradients(squared(x), x, w)[0]
    found = evaluated(th.hessian(tf.reduce_sum(slope), [x, w]), {x: POINT, w: [1.0, 2.0, 3.0]})
    np.testing.assert_allclose(found[0][0], np.diag(6 * POINT * [1, 2, 3]), rtol=1e-12)
    np.testing.assert_allclose(found[0][1], np.diag(3 * POINT ** 2), rtol=1e-12)


def test_a_variable_that_a_function_reads():
    """The loss is sum(exp(x w)). TensorFlow 1 gives a gradient of another dtype for w."""
    x, w = tf.placeholder(D, [3]), tf.get_variable("w", initializer=POINT, use_resource=True)

    @function.Defun(D)
    def score(a):
        return tf.reduce_sum(tf.exp(a * w))

    found = evaluated(th.hessian(score(x), [x, w]), {x: POINT})
    e = np.exp(POINT ** 2)
    np.testing.assert_allclose(found[1][1], np.diag(POINT ** 2 * e), rtol=1e-12)
    np.testing.assert_allclose(found[0][1], np.diag((1 + POINT ** 2) * e), rtol=1e-12)


def test_a_function_of_an_imported_graph(waving):
    x = tf.placeholder(D, [3], name="x")
    tf.reduce_sum(waving(tf.exp(x)), name="loss")
    saved = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(saved, name="")
        found = evaluated(th.hessian_diag("loss", "x:0"), {"x:0": POINT}, graph)
    e = np.exp(POINT)
    first, second, _ = derivatives(e)
    np.testing.assert_allclose(found, second * e ** 2 + first * e, rtol=1e-12)


@pytest.mark.skipif(not hasattr(tf, "switch_case"), reason="tf.switch_case came with TF 1.14")
def test_branches_of_an_imported_graph():
    """The loss is sum(sin(w x)) + |u|^2, or |x|^2."""
    w = tf.placeholder(D, [2, 3], name="w")
    x, u = tf.placeholder(D, [3, 1], name="x"), tf.placeholder(D, [4], name="u")
    which = tf.placeholder(tf.int32, [], name="which")
    chosen = tf.switch_case(which, [
        lambda: tf.reduce_sum(tf.sin(tf.matmul(w, x))) + tf.reduce_sum(u * u), lambda: tf.reduce_sum(x * x)])
    tf.identity(chosen, name="loss")
    saved, matrix = tf.get_default_graph().as_graph_def(), np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    feed = {"x:0": POINT[:, None], "w:0": matrix, "u:0": np.ones(4)}
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(saved, name="")
        hessian = th.hessian("loss:0", "x:0")
        found = [evaluated(hessian, dict(feed, **{"which:0": k}), graph).reshape(3, 3) for k in (0, 1)]
    np.testing.assert_allclose(found[0], matrix.T.dot(-np.sin(matrix.dot(POINT))[:, None] * matrix), rtol=1e-12)
    np.testing.assert_allclose(found[1], 2 * np.eye(3), rtol=1e-12)


def test_a_refusal_inside_a_function_leaves_the_graph_as_it_was():
    @function.Defun(D)
    def opaque(a):
        return tf.py_func(lambda value: value, [a], D)

    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(opaque(x))
    before = tf.get_default_graph().as_graph_def()
    with pytest.raises(LookupError, match="PyFunc"):
        th.hessian(loss, x)
    assert tf.get_default_graph().as_graph_def() == before
