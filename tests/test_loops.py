"""Loops of v1 control flow beyond their Hessians: what the plan says, what may be fed, what lies around them."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th

D = tf.float64
POINT = np.array([0.5, -0.8, 1.1])


@pytest.fixture(autouse=True)
def frames():
    """Loops are frames of v1 control flow here."""
    if not hasattr(tf, "control_flow_v2_enabled") or not tf.control_flow_v2_enabled():
        yield
        return
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


def cubed(x, count):
    return tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, a * x], [0, tf.ones_like(x)])[1]


def evaluated(fetches, feed):
    with tf.Session() as session:
        return session.run(fetches, feed)


def test_the_plan_says_that_a_loop_is_unrolled():
    x = tf.placeholder(D, [3])
    plan = th.plan(tf.reduce_sum(cubed(x, 3)), x)
    assert plan.engine == "vectorized" and "are unrolled" in str(plan)


def test_the_plan_says_why_a_loop_is_lifted():
    x, count = tf.placeholder(D, [3]), tf.placeholder(tf.int32, [])
    plan = th.plan(tf.reduce_sum(cubed(x, count)), x)
    assert plan.engine == "loop" and "the graph does not tell how often" in str(plan)
    found = plan.build()
    for times in (0, 1, 2, 4):
        true = times * (times - 1) * POINT ** max(times - 2, 0)
        np.testing.assert_allclose(evaluated(found, {x: POINT, count: times}), true, rtol=1e-12)


def test_many_iterations_are_lifted():
    x = tf.placeholder(D, [3])
    plan = th.plan(tf.reduce_sum(cubed(x, 5000)), x)
    assert "would add more than" in str(plan) and plan.cost.ops < 1000


def test_what_decides_an_unrolled_loop_can_not_be_fed_in_silence():
    x, sizes = tf.placeholder(D, [3]), tf.constant([3, 7])
    count = sizes[0]
    found = th.hessian_diag(tf.reduce_sum(cubed(x, count)), x)
    np.testing.assert_allclose(evaluated(found, {x: POINT}), 6 * POINT)
    for tensor, value in ((sizes, [4, 7]), (count, 4)):
        with pytest.raises(ValueError, match="may not be fed"):
            evaluated(found, {x: POINT, tensor: value})


@pytest.mark.parametrize("count", [3, None])
def test_a_tensor_behind_a_loop_may_be_fed(count):
    """What follows a loop is the user's own: sin(y) y with y fed keeps dy/dx = 3 x^2 and d2y/dx2 = 6 x."""
    x = tf.placeholder(D, [3])
    y = cubed(x, tf.placeholder_with_default(3, []) if count is None else count)
    found = th.hessian_diag(tf.reduce_sum(tf.sin(y)), x)
    fed = np.array([0.3, 0.2, -0.4])
    true = -np.sin(fed) * (3 * POINT ** 2) ** 2 + np.cos(fed) * 6 * POINT
    np.testing.assert_allclose(evaluated(found, {x: POINT, y: fed}), true, rtol=1e-12)


def test_sources_before_and_behind_a_loop():
    x = tf.placeholder(D, [3])
    y = cubed(x, 3)
    diagonals = evaluated(th.hessian_diag(tf.reduce_sum(tf.exp(y)), [x, y]), {x: POINT})
    np.testing.assert_allclose(diagonals[0], np.exp(POINT ** 3) * (9 * POINT ** 4 + 6 * POINT), rtol=1e-12)
    np.testing.assert_allclose(diagonals[1], np.exp(POINT ** 3), rtol=1e-12)


def test_a_custom_gradient_behind_a_loop():
    x = tf.placeholder(D, [3])

    @tf.custom_gradient
    def doubled(a):
        return a, lambda g: 2 * g

    found = th.hessian_diag(tf.reduce_sum(doubled(cubed(x, 3))), x)
    np.testing.assert_allclose(evaluated(found, {x: POINT}), 12 * POINT, rtol=1e-12)


def test_a_custom_gradient_inside_a_loop_is_refused():
    x = tf.placeholder(D, [3])

    @tf.custom_gradient
    def doubled(a):
        return a * x, lambda g: 2 * g

    y = tf.while_loop(lambda i, a: i < 2, lambda i, a: [i + 1, doubled(a)], [0, x])[1]
    with pytest.raises(LookupError, match="IdentityN"):
        th.hessian(tf.reduce_sum(y), x)


def test_first_gradients_and_products_go_through_loops():
    x, count = tf.placeholder(D, [3]), tf.placeholder_with_default(3, [])
    loss = tf.reduce_sum(cubed(x, count) ** 2)
    first, product = evaluated([th.gradients(loss, x)[0], th.hvp(loss, x, np.ones(3))], {x: POINT})
    np.testing.assert_allclose(first, 6 * POINT ** 5, rtol=1e-12)
    np.testing.assert_allclose(product, 30 * POINT ** 4, rtol=1e-12)


def test_elements_of_an_array_that_is_written_and_read_outside_of_loops():
    """f is computed from what was read before, and written behind it."""
    x = tf.placeholder(D, [3])
    array = tf.TensorArray(D, 2, clear_after_read=False).write(0, x ** 2)
    array = array.write(1, tf.sin(array.read(0)))
    loss = tf.reduce_sum(array.stack() ** 3)
    s, c = np.sin(POINT ** 2), np.cos(POINT ** 2)
    inner = 6 * s * c ** 2 - 3 * s ** 3
    true = 30 * POINT ** 4 + inner * 4 * POINT ** 2 + 3 * s ** 2 * c * 2
    np.testing.assert_allclose(evaluated(th.hessian_diag(loss, x), {x: POINT}), true, rtol=1e-12)


def test_a_loop_is_rewritten_onto_other_sources():
    x, z = tf.placeholder(D, [3]), tf.placeholder(D, [3])
    count = tf.placeholder_with_default(3, [])
    loss = tf.reduce_sum(cubed(x, count) * x)
    moved = th.rewrite(loss, {x: tf.exp(z)})
    found = evaluated(th.hessian_diag(moved, z), {z: POINT, x: np.zeros(3)})
    np.testing.assert_allclose(found, 16 * np.exp(4 * POINT), rtol=1e-12)


def test_two_results_of_one_loop():
    x = tf.placeholder(D, [3])
    _, a, b = tf.while_loop(
        lambda i, a, b: i < 3, lambda i, a, b: [i + 1, tf.sin(a) + b, a * x], [0, x, tf.ones_like(x)])
    loss = tf.reduce_sum(a ** 2 * b)
    true = finite_differences.hessian(loss, x, {x: POINT})
    np.testing.assert_allclose(evaluated(th.hessian(loss, x), {x: POINT}), true, atol=1e-8)


def added(types, build):
    """How many ops of some types `build` adds to the graph."""
    def number():
        return sum(op.type in types for op in tf.get_default_graph().get_operations())

    before = number()
    build()
    return number() - before


def test_all_results_of_an_unrolled_loop_come_from_one_copy_of_it():
    """Gradients read what the sinh of all iterations but the last one gives."""
    x, array = tf.placeholder(D, [3]), tf.TensorArray(D, 3)
    _, a, b, array = tf.while_loop(
        lambda i, *_: i < 3, lambda i, a, b, c: (i + 1, tf.sinh(a) + b, a * x, c.write(i, a)), [0, x, x, array])
    loss = tf.reduce_sum(a ** 2 * tf.sin(b) * tf.exp(array.stack()))
    assert added(["Sinh"], lambda: th.gradients(loss, x)) == 2


def test_all_results_of_a_lifted_loop_come_from_one_copy_of_it():
    """A loop that saves and one that goes back. A product runs and saves both, and goes back through both."""
    x, count = tf.placeholder(D, [3]), tf.placeholder_with_default(3, [])
    _, a, b = tf.while_loop(
        lambda i, *_: i < count, lambda i, a, b: (i + 1, tf.sinh(a) + b, a * x), [0, x, x])
    loss = tf.reduce_sum(a ** 2 * tf.sin(b))
    whiles = ["While", "StatelessWhile"]
    assert added(whiles, lambda: th.gradients(loss, x)) == 2
    assert added(whiles, lambda: th.hvp(loss, x, np.ones(3))) == 4


@pytest.mark.parametrize("count", [2, None])
def test_a_result_that_enters_the_next_loop_may_be_fed(count):
    """The second loop reads an array of the first one without a tensor between: y (x^2 + x^3) of y = x^3."""
    x = tf.placeholder(D, [3])
    count = tf.placeholder_with_default(2, []) if count is None else count
    array = tf.TensorArray(D, 2, element_shape=[3])
    _, y, array = tf.while_loop(
        lambda i, *_: i < count, lambda i, a, c: (i + 1, a * x, c.write(i, a * x)), [0, x, array])
    total = tf.while_loop(
        lambda i, *_: i < count, lambda i, s: (i + 1, s + y * array.read(i)), [0, tf.zeros_like(x)])[1]
    found = th.hessian_diag(tf.reduce_sum(total), x)
    fed = np.array([0.3, 0.2, -0.4])
    p = POINT
    true = 6 * p * (p ** 2 + p ** 3) + 6 * p ** 2 * (2 * p + 3 * p ** 2) + fed * (2 + 6 * p)
    np.testing.assert_allclose(evaluated(found, {x: p, y: fed}), true, rtol=1e-12)


def test_a_loop_behind_a_result_of_another_one():
    """Both results of the first loop are read again behind the second one."""
    x = tf.placeholder(D, [3])
    _, a, b = tf.while_loop(
        lambda i, *_: i < 2, lambda i, a, b: [i + 1, tf.sin(a) + b, a * x], [0, x, tf.ones_like(x)])
    c = tf.while_loop(lambda i, c: i < 2, lambda i, c: [i + 1, tf.cos(c * a)], [0, x])[1]
    loss = tf.reduce_sum(a * c * tf.exp(b))
    true = finite_differences.hessian(loss, x, {x: POINT})
    np.testing.assert_allclose(evaluated(th.hessian(loss, x), {x: POINT}), true, atol=1e-8)


def drawn(x):
    """A loop that may not be made anew."""
    return tf.while_loop(lambda i, a: i < 2, lambda i, a: [i + 1, a + tf.random_uniform([3], dtype=D)], [0, x])[1]


@tf.custom_gradient
def held(a, b):
    return a ** 2 * b, lambda g: (2 * a * g, None)


@pytest.mark.parametrize("behind", [lambda x: x ** 2 * tf.stop_gradient(drawn(x)), lambda x: held(x, drawn(x))],
                         ids=["stop_gradient", "custom gradient"])
def test_a_loop_that_no_gradient_arrives_at_is_left_alone(behind):
    x = tf.placeholder(D, [3])
    assert evaluated(th.gradients(tf.reduce_sum(behind(x)), x), {x: POINT})[0].shape == (3,)


def reads(array, x, i, a):
    return tf.cond(i >= 2, lambda: tf.ones_like(a), lambda: array.read(i + 1))


def nested_reads(array, x, i, a):
    return tf.cond(i >= 2, lambda: a, lambda: tf.cond(i > 0, lambda: array.read(i), lambda: array.read(i + 1) ** 2))


def scans(array, x, i, a):
    return tf.cond(i >= 2, lambda: a, lambda: tf.reduce_sum(tf.map_fn(lambda row: row * a, x), 0))


@pytest.mark.parametrize("count", [3, None])
@pytest.mark.parametrize("value", [reads, nested_reads, scans])
def test_arrays_in_branches_inside_of_loops(value, count):
    """The branch that is not taken must not run: it would read behind the end."""
    x = tf.placeholder(D, [3, 2])
    count = tf.placeholder_with_default(3, []) if count is None else count
    array = tf.TensorArray(D, 3, element_shape=[2], clear_after_read=False).unstack(x)
    last = tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, a + tf.sin(value(array, x, i, a)) * a],
                         [tf.constant(0), tf.ones([2], D)])[1]
    assert_differences_agree(tf.reduce_sum(last), x)


@pytest.mark.parametrize("count", [3, None])
def test_an_array_that_is_written_in_branches(count):
    x = tf.placeholder(D, [3, 2])
    count = tf.placeholder_with_default(3, []) if count is None else count

    def step(i, out):
        flow = tf.cond(i >= 2, lambda: out.write(i, x[0] * x[1]).flow, lambda: out.write(i, x[i + 1] ** 3).flow)
        return i + 1, tf.TensorArray(D, handle=out.handle, flow=flow)

    out = tf.while_loop(lambda i, _: i < count, step, [tf.constant(0), tf.TensorArray(D, 3, element_shape=[2])])[1]
    assert_differences_agree(tf.reduce_sum(tf.reduce_prod(out.stack(), 0)), x)


@pytest.mark.parametrize("count", [3, 0])
@pytest.mark.parametrize("branch", [
    lambda x: tf.map_fn(lambda row: tf.sin(row) * x[1], x),
    lambda x: tf.cond(x[0, 0] > 0, lambda: tf.scan(lambda a, row: tf.sin(a * row), x), lambda: x),
    lambda x: tf.TensorArray(D, 3, element_shape=[2]).unstack(x * x).gather([2, 0]) ** 2 * x[:1],
], ids=["map_fn", "scan in a branch of a branch", "array"])
def test_loops_and_arrays_that_are_made_in_a_branch(branch, count):
    x, given = tf.placeholder(D, [3, 2]), tf.placeholder_with_default(count, [])
    loss = tf.cond(given > 0, lambda: tf.reduce_sum(branch(x)), lambda: tf.reduce_sum(tf.exp(x[0] * x[2])))
    assert_differences_agree(loss, x)


def test_an_array_of_a_branch_that_is_made_outside_of_it_is_refused():
    x = tf.placeholder(D, [3, 2])
    array = tf.TensorArray(D, 3, element_shape=[2]).unstack(x * x)
    loss = tf.reduce_sum(tf.cond(x[0, 0] > 0, lambda: array.read(1), lambda: x[0]))
    before = len(x.graph.get_operations())
    with pytest.raises(LookupError, match="TensorArrayScatter.*a branch of tf.cond reads the array"):
        th.hessian(loss, x)
    assert len(x.graph.get_operations()) == before


def assert_differences_agree(loss, x):
    point = np.array([[0.5, -0.8], [1.1, 0.3], [-0.4, 0.9]])
    true = finite_differences.hessian(loss, x, {x: point})
    full, diagonal = evaluated([th.hessian(loss, x), th.hessian_diag(loss, x)], {x: point})
    np.testing.assert_allclose(np.reshape(full, true.shape), true, atol=1e-8)
    np.testing.assert_allclose(np.ravel(diagonal), np.diag(true.reshape(6, 6)), atol=1e-8)


@pytest.mark.parametrize("times", [1, 2, 4])
def test_an_array_that_grows(times):
    x, count = tf.placeholder(D, [3]), tf.placeholder(tf.int32, [])
    array = tf.TensorArray(D, 0, dynamic_size=True, element_shape=[3])
    array = tf.while_loop(lambda i, *_: i < count, lambda i, a, out: (i + 1, a * x, out.write(i, a * x)),
                          [tf.constant(0), tf.ones_like(x), array])[2]
    found = th.hessian_diag(tf.reduce_sum(array.stack()), x)
    true = sum(k * (k - 1) * POINT ** max(k - 2, 0) for k in range(times + 1))
    np.testing.assert_allclose(evaluated(found, {x: POINT, count: times}), true, atol=1e-12)
