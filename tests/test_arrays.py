"""TensorArrays of v1 control flow: in loops, in branches, and where neither is."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th
from small_net import evaluated

pytestmark = pytest.mark.usefixtures("frames")

D = tf.float64
POINT = np.array([0.5, -0.8, 1.1])
# TF 1.13 has lists, but none that grows.
IS_113 = tf.__version__.startswith("1.13")


def assert_differences_agree(loss, x):
    point = np.array([[0.5, -0.8], [1.1, 0.3], [-0.4, 0.9]])
    true = finite_differences.hessian(loss, x, {x: point})
    full, diagonal = evaluated([th.hessian(loss, x), th.hessian_diag(loss, x)], {x: point})
    np.testing.assert_allclose(np.reshape(full, true.shape), true, atol=1e-8)
    np.testing.assert_allclose(np.ravel(diagonal), np.diag(true.reshape(6, 6)), atol=1e-8)


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


def assert_growing_is_refused(loss, x):
    before = len(x.graph.get_operations())
    with pytest.raises(LookupError, match="on TensorFlow 1.13, TensorArrays that grow or are filled in part"):
        th.hessian_diag(loss, x, engine="slices")
    assert len(x.graph.get_operations()) == before


@pytest.mark.parametrize("times", [1, 2, 4])
def test_an_array_that_grows(times):
    x, count = tf.placeholder(D, [3]), tf.placeholder(tf.int32, [])
    array = tf.TensorArray(D, 0, dynamic_size=True, element_shape=[3])
    array = tf.while_loop(lambda i, *_: i < count, lambda i, a, out: (i + 1, a * x, out.write(i, a * x)),
                          [tf.constant(0), tf.ones_like(x), array])[2]
    loss = tf.reduce_sum(array.stack())
    if IS_113:
        return assert_growing_is_refused(loss, x)
    found = th.hessian_diag(loss, x)
    true = sum(k * (k - 1) * POINT ** max(k - 2, 0) for k in range(times + 1))
    np.testing.assert_allclose(evaluated(found, {x: POINT, count: times}), true, atol=1e-12)


def rows_then_one(array, rows, one):
    return array.scatter([0, 1, 2], rows).write(3, one)


def one_then_rows(array, rows, one):
    return array.write(3, one).scatter([0, 1, 2], rows)


def one_then_a_range(array, rows, one):
    return array.write(3, one).scatter(tf.range(tf.shape(rows)[0]), rows)


def rows_out_of_order(array, rows, one):
    return array.scatter([3, 0, 1], rows).write(2, one)


def rows_at_fed_places(array, rows, one):
    return array.scatter(tf.placeholder_with_default([3, 0, 1], [None]), rows).write(2, one)


def rows_alone(array, rows, one):
    """What was never written is read as zeros."""
    return array.unstack(rows)


def repeated_sine(x):
    """A loop that can't be unrolled, so that arrays become lists."""
    count = tf.placeholder_with_default(3, [])
    return tf.while_loop(lambda i, y: i < count, lambda i, y: [i + 1, tf.sin(y) * x], [0, x])[1]


@pytest.mark.parametrize("grows", [False, True])
@pytest.mark.parametrize("filled", [
    rows_then_one, one_then_rows, one_then_a_range, rows_out_of_order, rows_at_fed_places, rows_alone])
def test_scattered_rows_and_other_writes(filled, grows):
    x = tf.placeholder(D, [3])
    y = repeated_sine(x)
    array = tf.TensorArray(D, 0 if grows else 4, dynamic_size=grows, element_shape=[3], clear_after_read=False)
    stacked = filled(array, tf.stack([y, y * x, x * x]), tf.exp(x)).stack()
    loss = tf.reduce_sum(stacked ** 2) / tf.cast(tf.shape(stacked)[0], D)
    if IS_113 and (grows or filled in (rows_alone, rows_then_one)):
        return assert_growing_is_refused(loss, x)
    true = np.diag(finite_differences.hessian(loss, x, {x: POINT}))
    found = evaluated([th.hessian_diag(loss, x, engine=engine) for engine in ("auto", "slices")], {x: POINT})
    np.testing.assert_allclose(found, [true, true], atol=1e-8)


def test_scattered_rows_whose_number_is_not_known_over_others_are_refused():
    """Lists are filled anew from 0, 1, 2, ..., which would forget what was written before."""
    x, rows = tf.placeholder(D, [3]), tf.placeholder(D, [None, 3])
    array = tf.TensorArray(D, 4, element_shape=[3]).write(3, repeated_sine(x))
    loss = tf.reduce_sum(array.scatter(tf.range(tf.shape(rows)[0]), rows * x).stack() ** 2)
    before = len(x.graph.get_operations())
    with pytest.raises(LookupError, match="TensorArrayScatter.*an unknown number of rows.*after other writes"):
        th.hessian_diag(loss, x, engine="slices")
    assert len(x.graph.get_operations()) == before
