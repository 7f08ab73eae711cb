"""th.gradients: what tf.gradients gives on ordinary graphs, zeros for None, dense for IndexedSlices."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
A = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def assert_same(ys, xs, feed=None, **options):
    """As tf.gradients where that has an answer; returns the values."""
    ours, theirs = th.gradients(ys, xs, **options), tf.gradients(ys, xs, **options)
    assert isinstance(ours, list) and all(t is not None for t in theirs)
    found = evaluated([ours, [tf.convert_to_tensor(t) for t in theirs]], feed)
    for ours, theirs in zip(*found):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    return found[0]


# --- ordinary graphs

def test_one_tensor_gives_a_list_of_one():
    x = tf.placeholder(D, [2, 3])
    found, = assert_same(tf.reduce_sum(x ** 3), x, {x: A})
    np.testing.assert_allclose(found, 3 * A ** 2)


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables(use_resource):
    w = tf.get_variable("w", initializer=A, use_resource=use_resource)
    b = tf.get_variable("b", initializer=A[0], use_resource=use_resource)
    x = tf.constant([[1.0, 2.0]], D)
    assert_same(tf.reduce_sum(tf.tanh(tf.matmul(x, w) + b) ** 2), [w, b])


def test_several_ys_are_summed():
    x = tf.placeholder(D, [3])
    found, = assert_same([tf.reduce_sum(x ** 2), x ** 3], [x], {x: A[0]})
    np.testing.assert_allclose(found, 2 * A[0] + 3 * A[0] ** 2)


def test_a_variable_may_be_a_y():
    for use_resource in (False, True):
        w = tf.get_variable("w%d" % use_resource, initializer=A, use_resource=use_resource)
        np.testing.assert_allclose(evaluated(th.gradients(w, w))[0], np.ones((2, 3)))


def test_y_is_x_and_x_is_repeated():
    x = tf.placeholder(D, [3])
    found = evaluated(th.gradients([x, 2 * x], [x, x]), {x: A[0]})
    np.testing.assert_allclose(found, np.full((2, 3), 3.0))


def test_no_ys_are_refused_and_no_xs_give_nothing():
    x = tf.placeholder(D, [3])
    assert th.gradients(x ** 2, []) == []
    with pytest.raises(ValueError):
        th.gradients([], x)


UNARY = [tf.tanh, tf.exp, tf.sin, tf.sigmoid, tf.nn.softplus, tf.square, tf.nn.softmax, tf.nn.relu, tf.abs,
         tf.transpose, lambda a: tf.reduce_mean(a, -1, keepdims=True) * a, lambda a: tf.reshape(a, [-1]),
         lambda a: tf.cumsum(a, -1),
         lambda a: tf.concat([a, a * a], 0), lambda a: a[::-1], lambda a: tf.stack(tf.unstack(a))]
BINARY = [tf.add, tf.multiply, tf.subtract, tf.maximum, lambda a, b: a / (1.5 + b * b),
          lambda a, b: tf.where(a > b, a * b, b)]


def random_graph(rng, xs):
    """A loss of a dozen random ops on tensors that share and broadcast."""
    nodes = list(xs)
    for _ in range(12):
        if rng.rand() < 0.5:
            nodes.append(UNARY[rng.randint(len(UNARY))](nodes[rng.randint(len(nodes))]))
        else:
            a = nodes[rng.randint(len(nodes))]
            same = [b for b in nodes if b.shape == a.shape]
            nodes.append(BINARY[rng.randint(len(BINARY))](a, same[rng.randint(len(same))] * 0.5))
    return sum(tf.reduce_sum(tf.sin(n)) for n in nodes)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_are_as_in_tensorflow(seed):
    rng = np.random.RandomState(seed)
    xs = [tf.placeholder(D, [2, 3]), tf.placeholder(D, [2, 3]), tf.placeholder(D, [4])]
    loss = random_graph(rng, xs)
    assert_same(loss, xs, {x: rng.uniform(-1, 1, x.shape.as_list()) for x in xs})


# --- zeros

def test_unconnected_and_stopped_are_zeros_of_the_right_shape_and_dtype():
    x, y = tf.placeholder(D, [2, 3]), tf.placeholder(tf.float32, [4])
    stopped, ref = tf.placeholder(D, [None, 2]), tf.get_variable("ref", initializer=A[0], use_resource=False)
    resource = tf.get_variable("resource", initializer=np.float32(A), use_resource=True)
    loss = tf.reduce_sum(x ** 2) + tf.reduce_sum(tf.stop_gradient(stopped) ** 2)
    feed = {x: A, y: np.ones(4), stopped: np.ones((5, 2))}
    found = evaluated(th.gradients(loss, [x, y, stopped, ref, resource]), feed)
    np.testing.assert_allclose(found[0], 2 * A)
    assert [(f.shape, f.dtype) for f in found[1:]] == [
        ((4,), np.float32), ((5, 2), np.float64), ((3,), np.float64), ((2, 3), np.float32)]
    assert not any(np.any(f) for f in found[1:])


@pytest.mark.parametrize("dead", [tf.floor, tf.ceil, tf.round, tf.rint, tf.sign, tf.zeros_like, tf.ones_like,
                                  tf.stop_gradient, lambda a: a // 0.3, lambda a: tf.cast(tf.cast(a, tf.int32), D)])
def test_ops_that_are_flat_by_definition_give_zeros(dead):
    x = tf.placeholder(D, [2, 3])
    loss = tf.reduce_sum(dead(x) * x)
    value, found = evaluated([dead(x), th.gradients(loss, x)[0]], {x: A})
    np.testing.assert_allclose(found, value)
    np.testing.assert_allclose(evaluated(th.gradients(tf.reduce_sum(dead(x)), x), {x: A})[0], np.zeros((2, 3)))


def test_all_results_are_tensors_never_none():
    x, y = tf.placeholder(D, [3]), tf.placeholder(D, [2])
    assert tf.gradients(tf.reduce_sum(x), [x, y])[1] is None
    assert all(isinstance(g, tf.Tensor) for g in th.gradients(tf.reduce_sum(x), [x, y]))


# --- IndexedSlices

@pytest.mark.parametrize("use_resource", [False, True])
def test_indexed_slices_are_made_dense(use_resource):
    w = tf.get_variable("w", initializer=A, use_resource=use_resource)
    loss = tf.reduce_sum(tf.nn.embedding_lookup(w, [1, 1, 0]) ** 2)
    assert isinstance(tf.gradients(loss, w)[0], tf.IndexedSlices)
    found = th.gradients(loss, w)[0]
    assert isinstance(found, tf.Tensor)
    np.testing.assert_allclose(evaluated(found), np.array([[2], [4]]) * A)


def test_indexed_slices_and_dense_parts_are_added():
    w = tf.get_variable("w", initializer=A, use_resource=True)
    loss = tf.reduce_sum(tf.gather(w, [0, 0])) + tf.reduce_sum(w ** 2)
    np.testing.assert_allclose(evaluated(th.gradients(loss, w)[0]), 2 * A + [[2], [0]])


# --- grad_ys, stop_gradients

def test_grad_ys_weigh_the_ys():
    x = tf.placeholder(D, [2, 3])
    weights = np.arange(6.0).reshape(2, 3)
    found, = assert_same(x ** 2, x, {x: A}, grad_ys=[tf.constant(weights)])
    np.testing.assert_allclose(found, 2 * A * weights)
    np.testing.assert_allclose(evaluated(th.gradients(x ** 2, x, grad_ys=weights), {x: A})[0], 2 * A * weights)


def test_grad_ys_may_have_gaps():
    x = tf.placeholder(D, [3])
    found, = assert_same([x ** 2, x ** 3], x, {x: A[0]}, grad_ys=[None, tf.constant([1.0, 0.0, 2.0], D)])
    np.testing.assert_allclose(found, 2 * A[0] + 3 * A[0] ** 2 * [1, 0, 2])


def test_grad_ys_may_depend_on_x_and_are_held_constant():
    x = tf.placeholder(D, [3])
    found, = assert_same(x ** 2, x, {x: A[0]}, grad_ys=[tf.sin(x)])
    np.testing.assert_allclose(found, 2 * A[0] * np.sin(A[0]))


def test_stop_gradients_hold_tensors_constant():
    x = tf.placeholder(D, [3])
    y = tf.sin(x)
    found, = assert_same(tf.reduce_sum(x * y), x, {x: A[0]}, stop_gradients=[y])
    np.testing.assert_allclose(found, np.sin(A[0]))
    found = evaluated(th.gradients(tf.reduce_sum(y), x, stop_gradients=y), {x: A[0]})
    np.testing.assert_allclose(found[0], np.zeros(3))


def test_stop_gradients_may_be_xs():
    x, w = tf.placeholder(D, [3]), tf.get_variable("w", initializer=A[1], use_resource=True)
    y = x ** 2 * w
    found = assert_same(tf.reduce_sum(y * x), [x, y], {x: A[0]}, stop_gradients=[x, y])
    np.testing.assert_allclose(found, [A[0] ** 2 * A[1], A[0]])
    np.testing.assert_allclose(evaluated(th.gradients(tf.reduce_sum(w ** 2), w, stop_gradients=w))[0], 2 * A[1])


# --- gradients of the user's own

@tf.custom_gradient
def clipped(a):
    """Forward a^3, backward 2 instead of 3 a^2."""
    return a ** 3, lambda g: g * 2.0


@tf.custom_gradient
def closed_over(a):
    inside = tf.exp(a)
    return inside, lambda g: g * inside * 3.0


def test_a_custom_gradient_is_respected():
    x = tf.placeholder(D, [3])
    found, = assert_same(tf.reduce_sum(clipped(x ** 2)), x, {x: A[0]})
    np.testing.assert_allclose(found, 4 * A[0])


@pytest.mark.parametrize("engine", ["loop", "vectorized", "auto"])
def test_a_custom_gradient_on_the_path_of_a_hessian_is_right(engine):
    """Its gradient is differentiated as the user wrote it: 3 exp(x)."""
    x = tf.placeholder(D, [3])
    found = evaluated(th.hessian(tf.reduce_sum(closed_over(x)), x, engine=engine), {x: A[0]})
    np.testing.assert_allclose(found, np.diag(3 * np.exp(A[0])), rtol=1e-12)


@tf.RegisterGradient("TestStraightThrough")
def straight_through(op, grad):
    return [grad] + [None] * (len(op.inputs) - 1)


@pytest.mark.parametrize("kind, flat", [("Round", tf.round), ("Sign", tf.sign), ("Floor", tf.floor)])
def test_gradient_override_map_is_respected(kind, flat, graph):
    """Straight-through estimators override just those ops whose own derivative is zero."""
    x = tf.placeholder(D, [3])
    with graph.gradient_override_map({kind: "TestStraightThrough"}):
        r = flat(x)
    loss = tf.reduce_sum(r ** 2 + r * x ** 2)
    found, = assert_same(loss, x, {x: A[0]})
    value, full = evaluated([r, th.hessian(loss, x)], {x: A[0]})
    np.testing.assert_allclose(found, 2 * value + A[0] ** 2 + 2 * A[0] * value)
    np.testing.assert_allclose(full, np.diag(2 + 2 * A[0] + 2 * A[0] + 2 * value))


@pytest.mark.parametrize("kind, call", [
    ("Cumprod", tf.cumprod), ("MatrixInverse", lambda a: tf.matrix_inverse(a + np.diag([3.0, 4.0])))])
def test_an_override_goes_before_a_repair(kind, call, graph):
    x = tf.placeholder(D, [2, 2])
    with graph.gradient_override_map({kind: "TestStraightThrough"}):
        y = call(x)
    assert_same(tf.reduce_sum(y ** 2), x, {x: A[:, :2]})
