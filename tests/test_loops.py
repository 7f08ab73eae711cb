"""Loops of v1 control flow beyond their Hessians: what the plan says, what may be fed, what lies around them."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th
from small_net import evaluated

pytestmark = pytest.mark.usefixtures("frames")

D = tf.float64
POINT = np.array([0.5, -0.8, 1.1])


def cubed(x, count):
    return tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, a * x], [0, tf.ones_like(x)])[1]


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
