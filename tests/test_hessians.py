"""th.hessians, the drop-in for tf.hessians: TensorFlow's own test scenarios written anew, and every option's effect."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from untouched import assert_refused

D = tf.float64


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def both(ys, xs, feed=None):
    """The values of th.hessians and of tf.hessians, one an x."""
    return evaluated([th.hessians(ys, xs), tf.hessians(ys, xs)], feed)


def quadratic_form(rng, n):
    matrix = rng.uniform(-1, 1, (n, n))
    return matrix, matrix + matrix.T


# --- TensorFlow's scenarios: sums of x^T A x, whose Hessian is A + A^T

@pytest.mark.parametrize("dtype, tolerance", [(tf.float32, 1e-5), (D, 1e-12)])
def test_one_dimension(dtype, tolerance):
    rng = np.random.RandomState(1)
    matrix, truth = quadratic_form(rng, 4)
    x = tf.constant(rng.uniform(-1, 1, 4), dtype)
    y = tf.reduce_sum(x * tf.linalg.matvec(tf.constant(matrix, dtype), x))
    ours, theirs = both(y, x)
    assert isinstance(th.hessians(y, x), list) and len(ours) == 1
    assert ours[0].dtype == dtype.as_numpy_dtype
    np.testing.assert_allclose(ours[0], truth, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_several_xs_each_have_their_own_block():
    rng = np.random.RandomState(2)
    forms = [quadratic_form(rng, 4) for _ in range(3)]
    xs = [tf.constant(rng.uniform(-1, 1, 4)) for _ in forms]
    y = sum(tf.reduce_sum(x * tf.linalg.matvec(tf.constant(m), x)) for x, (m, _) in zip(xs, forms))
    ours, theirs = both(y, xs)
    assert len(ours) == 3
    np.testing.assert_allclose(ours, [truth for _, truth in forms], rtol=1e-12)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_several_xs_of_one_product_have_no_cross_blocks():
    x, y = tf.placeholder(D, [2]), tf.placeholder(D, [3])
    found = th.hessians(tf.reduce_sum(x) ** 2 * tf.reduce_sum(y ** 3), [x, y])
    of_x, of_y = evaluated(found, {x: [1, 2], y: [1, 2, 3]})
    np.testing.assert_allclose(of_x, np.full((2, 2), 2 * 36))
    np.testing.assert_allclose(of_y, 9 * np.diag([6, 12, 18]))


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (5, 3), (2, 1, 4)])
def test_square_and_non_square(shape):
    rng = np.random.RandomState(3)
    value, n = rng.uniform(-1, 1, shape), int(np.prod(shape))
    matrix, truth = quadratic_form(rng, n)
    x = tf.constant(value)
    flat = tf.reshape(x, [-1])
    ours, theirs = both(tf.reduce_sum(flat * tf.linalg.matvec(tf.constant(matrix), flat)), x)
    assert ours[0].shape == shape + shape
    np.testing.assert_allclose(ours[0].reshape(n, n), truth, rtol=1e-12)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_product_of_two_matrices():
    """x x^T summed: every element meets those of its own column, 2 each."""
    x = tf.placeholder(D, [2, 3])
    ours, theirs = both(tf.matmul(x, x, transpose_b=True), x, {x: np.arange(6.0).reshape(2, 3)})
    np.testing.assert_allclose(ours[0], 2 * np.einsum("ik,jl->ijkl", np.ones((2, 2)), np.eye(3)))
    np.testing.assert_allclose(ours, theirs)


def test_an_unknown_shape_is_refused(graph):
    x = tf.placeholder(D, [None, 3], name="x")
    y = tf.reduce_sum(x ** 3)
    text = assert_refused(ValueError, lambda: th.hessians(y, x), graph)
    assert "'x:0'" in text and "static shape" in text


# --- where tf.hessians raises by accident

@pytest.mark.parametrize("linear", [
    lambda x: tf.reduce_sum(3 * x), lambda x: tf.reduce_sum(tf.concat([x, x], 0)), lambda x: x[0] * 2, tf.reduce_mean,
    lambda x: tf.reduce_sum(tf.nn.relu(x))])
def test_a_loss_linear_in_x_gives_zeros(linear):
    x = tf.placeholder(D, [2, 3])
    found, = evaluated(th.hessians(linear(x), x), {x: np.ones((2, 3))})
    assert found.shape == (2, 3, 2, 3) and found.dtype == np.float64 and not found.any()


def test_tensorflow_itself_raises_for_a_linear_loss():
    x = tf.placeholder(D, [3])
    with pytest.raises((ValueError, TypeError)):
        tf.hessians(tf.reduce_sum(3 * x), x)


def test_an_unconnected_x_gives_zeros_beside_a_connected_one():
    x, y = tf.placeholder(D, [3]), tf.placeholder(tf.float32, [2])
    of_x, of_y = evaluated(th.hessians(tf.reduce_sum(x ** 3), [x, y]), {x: [1, 2, 3], y: [0, 0]})
    np.testing.assert_allclose(of_x, np.diag([6, 12, 18]))
    assert of_y.shape == (2, 2) and of_y.dtype == np.float32 and not of_y.any()


def test_no_xs_give_no_blocks():
    x = tf.placeholder(D, [3])
    assert tf.hessians(tf.reduce_sum(x ** 2), []) == []
    assert th.hessians(tf.reduce_sum(x ** 2), []) == []


# --- ys

@pytest.mark.parametrize("xs", [lambda x: x, lambda x: [x], lambda x: (x,)])
def test_always_a_list(xs):
    x = tf.placeholder(D, [2])
    found = th.hessians(tf.reduce_sum(x ** 2), xs(x))
    assert isinstance(found, list) and len(found) == 1 and found[0].shape.as_list() == [2, 2]


def test_ys_that_are_no_scalars_are_summed():
    x = tf.placeholder(D, [3])
    ours, theirs = both(tf.stack([x ** 2, x ** 3]), x, {x: [1, 2, 3]})
    np.testing.assert_allclose(ours[0], np.diag([8, 14, 20]))
    np.testing.assert_allclose(ours, theirs)


def test_a_list_of_ys_of_different_shapes_is_summed():
    x = tf.placeholder(D, [3])
    ours, theirs = both([tf.reduce_sum(x ** 2), x ** 3], x, {x: [1, 2, 3]})
    np.testing.assert_allclose(ours[0], np.diag([8, 14, 20]))
    np.testing.assert_allclose(ours, theirs)
    np.testing.assert_allclose(evaluated(th.hessians([x ** 3], [x]), {x: [1, 2, 3]})[0], np.diag([6, 12, 18]))


# --- options

def test_order_and_defaults_are_tensorflows():
    x = tf.placeholder(D, [2])
    found = th.hessians(tf.reduce_sum(x ** 2), x, "curvature", True, True, tf.AggregationMethod.ADD_N)
    assert found[0].op.name.startswith("curvature/")
    assert th.hessians(tf.reduce_sum(x ** 2), x)[0].op.name.startswith("hessians/")


def shared_loss():
    """A loss whose gradient adds up three terms; x is on one device, the loss on another."""
    with tf.device("/cpu:1"):
        x = tf.get_variable("x", initializer=np.array([0.5, 1.5]), use_resource=True)
        value = tf.identity(x)
    with tf.device("/cpu:0"):
        return tf.reduce_sum(value ** 3 * tf.sin(value) * tf.exp(value)), value


def truth(x):
    """The second derivative of x^3 sin(x) exp(x)."""
    return np.exp(x) * (x ** 3 * 2 * np.cos(x) + 6 * x ** 2 * (np.sin(x) + np.cos(x)) + 6 * x * np.sin(x))


def made_by(graph, **options):
    loss, x = shared_loss()
    before = len(graph.get_operations())
    found = th.hessians(loss, x, **options)
    return found, graph.get_operations()[before:]


def assert_truth(found):
    with tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(found)[0], np.diag(truth(np.array([0.5, 1.5]))), rtol=1e-12)


def colocations(ops):
    return {c for op in ops for c in op.colocation_groups() if c != b"loc:@" + op.name.encode()}


def test_colocation_places_new_ops_with_the_users(graph):
    found, made = made_by(graph)
    assert colocations(made) == set()
    assert_truth(found)


def test_colocation_asked_for(graph):
    found, made = made_by(graph, colocate_gradients_with_ops=True)
    users = {b"loc:@" + op.name.encode() for op in graph.get_operations() if op not in made}
    assert len(colocations(made) & users) >= 3
    assert_truth(found)


@pytest.mark.parametrize("asked", [False, True])
def test_a_gate_holds_back_the_gradients_of_an_op_until_all_are_there(graph, asked):
    """A gated gradient goes through an identity that waits for the others."""
    found, made = made_by(graph, gate_gradients=asked)
    waiting = [op for op in made if op.type == "Identity" and op.control_inputs]
    assert bool(waiting) is asked
    assert_truth(found)


def test_gradients_that_are_held_back_in_a_loop_of_columns(graph):
    """cos(a . sin(x)), in more columns than are laid at once."""
    a = np.linspace(-1, 1, 600)
    x = tf.constant(np.linspace(0, 0.1, 600))
    found, = th.hessians(tf.cos(tf.reduce_sum(a * tf.sin(x))), x, gate_gradients=True)
    assert any("While" in op.type for op in graph.get_operations())
    at = np.linspace(0, 0.1, 600)
    inner = np.sum(a * np.sin(at))
    slope = a * np.cos(at)
    expected = -np.outer(slope, slope) * np.cos(inner) + np.diag(np.sin(inner) * a * np.sin(at))
    np.testing.assert_allclose(evaluated(found), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("method, in_one_sum", [
    (None, True), (tf.AggregationMethod.ADD_N, True), (tf.AggregationMethod.EXPERIMENTAL_TREE, False),
    (tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N, False)])
def test_the_aggregation_method_says_how_gradients_are_added_up(graph, method, in_one_sum):
    """One AddN of all that arrive, or, as in tf.gradients, one addition after the other to save memory."""
    found, made = made_by(graph, aggregation_method=method)
    assert any(op.type == "AddN" and len(op.inputs) > 2 for op in made) is in_one_sum
    assert_truth(found)


def test_options_are_part_of_the_question(graph):
    loss, x = shared_loss()
    plain = th.hessians(loss, x)[0]
    assert th.hessians(loss, x)[0] is plain
    assert th.hessians(loss, x, colocate_gradients_with_ops=True)[0] is not plain
    assert th.hessians(loss, x, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE)[0] is not plain
