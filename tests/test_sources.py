"""Every kind of x that users have: the diagonal and the full Hessian of it, against closed forms."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.util import nest

import tf1_hessian as th

D = tf.float64
START = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def cubes(x):
    """sum of x^3 + (sum of x)^2: Hessian diag(6 x) + 2 everywhere."""
    return tf.reduce_sum(x ** 3) + tf.reduce_sum(x) ** 2


def truth(value):
    flat = np.ravel(value)
    return np.diag(6 * flat) + 2


def variable(name="x", use_resource=True, value=START, **options):
    return tf.get_variable(name, initializer=np.array(value), use_resource=use_resource, **options)


def partitioned(use_resource, axis=0, parts=2):
    """A variable in parts, whose value is START all the same."""
    def part(shape, dtype=None, partition_info=None, **offsets):
        at = offsets.get("partition_offset") or partition_info.var_offset
        sizes = offsets.get("partition_shape") or shape
        return tf.constant(START[tuple(slice(a, a + int(n)) for a, n in zip(at, sizes))], D)

    partitioner = tf.fixed_size_partitioner(parts, axis)
    return tf.get_variable("x", START.shape, D, part, partitioner=partitioner, use_resource=use_resource)


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


def assert_right(loss, x, value, expected, feed=None):
    """Diagonal, full matrix and a product of one x."""
    n, ones = np.size(value), np.ones(np.shape(value))
    diag, full, product = evaluated([th.hessian_diag(loss, x), th.hessian(loss, x), th.hvp(loss, x, ones)], feed)
    assert diag.shape == np.shape(value) and full.shape == np.shape(value) * 2
    np.testing.assert_allclose(np.ravel(diag), np.diag(expected), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(full.reshape(n, n), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.ravel(product), expected.sum(1), rtol=1e-12, atol=1e-12)


# --- one x

@pytest.mark.parametrize("use_resource", [False, True])
def test_variables(use_resource):
    x = variable(use_resource=use_resource)
    assert_right(cubes(x), x, START, truth(START))


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("name", ["x:0", "x"])
def test_names_of_variables(name, use_resource):
    x = variable(use_resource=use_resource)
    assert_right(cubes(x), name, START, truth(START))


def test_the_reference_tensor_by_name():
    x = variable(use_resource=False)
    reference = tf.get_default_graph().get_tensor_by_name("x:0")
    assert_right(cubes(x), reference, START, truth(START))


def test_the_handle_of_a_resource_variable():
    x = variable()
    assert_right(cubes(x), x.handle, START, truth(START))


@pytest.mark.parametrize("axis, parts", [(0, 2), (1, 3), (1, 2)])
@pytest.mark.parametrize("use_resource", [False, True])
def test_partitioned_variables(use_resource, axis, parts):
    x = partitioned(use_resource, axis, parts)
    assert len(list(x)) == parts
    assert_right(cubes(tf.convert_to_tensor(x)), x, START, truth(START))


def test_a_partition_that_the_loss_does_not_read_counts_as_zero():
    x = partitioned(True)
    expected = np.zeros((6, 6))
    expected[:3, :3] = truth(START[:1])
    assert_right(cubes(list(x)[0]), x, START, expected)


@pytest.mark.parametrize("name", [None, "x:0", "x"])
def test_placeholders(name):
    x = tf.placeholder(D, START.shape, name="x")
    assert_right(cubes(x), name or x, START, truth(START), {x: START})


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_an_interior_tensor_that_is_fed_has_the_fed_value(engine):
    z = tf.placeholder(D, [2])
    x = tf.tanh(z, name="interior")
    loss = tf.reduce_sum(x ** 4)
    found = [th.hessian_diag(loss, x, engine=engine), th.hessian(loss, "interior", engine=engine)]
    diag, full = evaluated(found, {x: [2.0, 3.0]})
    np.testing.assert_allclose(diag, [48, 108])
    np.testing.assert_allclose(full, np.diag([48, 108]))
    diag, full = evaluated(found, {z: [0.5, -1.0]})
    np.testing.assert_allclose(diag, 12 * np.tanh([0.5, -1.0]) ** 2)


def test_a_random_tensor():
    drawn = tf.random_normal([3], dtype=D)
    value, diag = evaluated([drawn, th.hessian_diag(tf.reduce_sum(drawn ** 3), drawn)])
    np.testing.assert_allclose(diag, 6 * value)


@pytest.mark.parametrize("use_resource", [False, True])
def test_scalars(use_resource):
    x = variable(value=3.0, use_resource=use_resource)
    assert_right(x ** 4, x, 3.0, np.array([[108.0]]))


def test_an_empty_x():
    x, y = tf.placeholder(D, [0, 3]), tf.placeholder(D, [2])
    loss = tf.reduce_sum(x ** 2) + tf.reduce_sum(y ** 2)
    found = [th.hessian_diag(loss, x), th.hessian(loss, [x, y], flat=True)]
    diag, full = evaluated(found, {x: np.zeros((0, 3)), y: [1, 2]})
    assert diag.shape == (0, 3)
    np.testing.assert_allclose(full, 2 * np.eye(2))


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
def test_the_dtype_of_x_is_kept(dtype):
    x = tf.placeholder(dtype, [3])
    loss = tf.reduce_sum(x ** 3)
    diag, full, product = evaluated(
        [th.hessian_diag(loss, x), th.hessian(loss, x), th.hvp(loss, x, np.ones(3))], {x: [1.0, 2.0, -1.0]})
    assert {diag.dtype, full.dtype, product.dtype} == {np.dtype(dtype.as_numpy_dtype)}
    np.testing.assert_allclose(diag, [6, 12, -6], rtol=1e-3)


# --- structures and duplicates

Pair = collections.namedtuple("Pair", "left right")


def product_of_sums():
    """(sum x)^2 (sum y)^2 with x of 2 and y of 3 ones: blocks 18, 24 and 8."""
    x, y = variable("a", value=np.ones(2)), variable("b", False, value=np.ones(3))
    return tf.reduce_sum(x) ** 2 * tf.reduce_sum(y) ** 2, x, y


@pytest.mark.parametrize("pack", [
    lambda x, y: [x, y], lambda x, y: (x, y), lambda x, y: {"k": x, "m": y}, lambda x, y: [x, {"deep": (y,)}],
    lambda x, y: Pair(x, y), lambda x, y: collections.OrderedDict([("z", x), ("y", y)])])
def test_results_have_the_structure_of_xs(pack):
    loss, x, y = product_of_sums()
    xs = pack(x, y)
    found = evaluated([th.hessian_diag(loss, xs), th.hvp(loss, xs, pack(np.ones(2), np.ones(3))), th.hessian(loss, xs)])
    expected = pack(np.full(2, 18.0), np.full(3, 8.0))
    nest.assert_same_structure(found[0], expected)
    for got, want in zip(nest.flatten(found[0]), nest.flatten(expected)):
        np.testing.assert_allclose(got, want)
    ones = [2 * 18 + 3 * 24, 3 * 8 + 2 * 24]
    for got, want in zip(nest.flatten(found[1]), nest.flatten(pack(np.full(2, ones[0]), np.full(3, ones[1])))):
        np.testing.assert_allclose(got, want)
    blocks = pack(pack(np.full((2, 2), 18.0), np.full((2, 3), 24.0)), pack(np.full((3, 2), 24.0), np.full((3, 3), 8.0)))
    nest.assert_same_structure(found[2], blocks)
    for got, want in zip(nest.flatten(found[2]), nest.flatten(blocks)):
        np.testing.assert_allclose(got, want)


def test_collections_and_names_among_variables():
    loss, x, _ = product_of_sums()
    found = evaluated(th.hessian_diag(loss, tf.trainable_variables()))
    assert [d.tolist() for d in found] == [[18.0] * 2, [8.0] * 3]
    diag, full, product = evaluated([th.hessian_diag(loss, [x, "b:0"]), th.hessian(loss, ["b", x], flat=True),
                                     th.hvp(loss, {"x": "a", "y": "b"}, {"x": np.ones(2), "y": np.zeros(3)})])
    assert [d.tolist() for d in diag] == [[18.0] * 2, [8.0] * 3]
    assert np.diag(full).tolist() == [8.0] * 3 + [18.0] * 2
    assert (product["x"].tolist(), product["y"].tolist()) == ([36.0] * 2, [48.0] * 3)


def test_flat_is_in_list_order():
    loss, x, y = product_of_sums()
    found = evaluated(th.hessian(loss, [y, x], flat=True))
    np.testing.assert_allclose(found[:3, :3], 8.0)
    np.testing.assert_allclose(found[3:, 3:], 18.0)
    np.testing.assert_allclose(found[:3, 3:], 24.0)


def test_duplicates_each_have_the_whole_answer():
    x, y = variable(value=[1.0, 2.0]), variable("y", value=3.0)
    loss = tf.reduce_sum(x ** 3) * y
    block = np.diag([18.0, 36.0])
    diag, full, blocks, product = evaluated([
        th.hessian_diag(loss, [x, x]), th.hessian(loss, [x, y, x], flat=True), th.hessians(loss, [x, x]),
        th.hvp(loss, [x, x], [np.array([1.0, 0.0]), np.array([0.0, 1.0])])])
    np.testing.assert_allclose(diag, [[18, 36], [18, 36]])
    for rows in (slice(0, 2), slice(3, 5)):
        for cols in (slice(0, 2), slice(3, 5)):
            np.testing.assert_allclose(full[rows, cols], block)
        np.testing.assert_allclose(full[rows, 2], [3, 12])
    np.testing.assert_allclose(blocks, [block, block])
    np.testing.assert_allclose(product, [[18, 36], [18, 36]])


def test_float32_and_float64_beside_each_other():
    x, y = tf.placeholder(tf.float32, [2]), tf.placeholder(D, [3])
    loss = tf.cast(tf.reduce_sum(x), D) ** 2 * tf.reduce_sum(y ** 2)
    feed = {x: [1, 2], y: [1, 2, 3]}
    diag, full = evaluated([th.hessian_diag(loss, [x, y]), th.hessian(loss, [x, y])], feed)
    assert [d.dtype for d in diag] == [np.float32, np.float64]
    np.testing.assert_allclose(full[0][1], [[12, 24, 36]] * 2)
    np.testing.assert_allclose(full[1][0], np.transpose([[12, 24, 36]] * 2))
    np.testing.assert_allclose(evaluated(th.hessian(loss, x, other=y), feed), full[0][1])
    np.testing.assert_allclose(evaluated(th.hessian(loss, y, other=x), feed), full[1][0])


# --- Keras

def initializer(weight):
    """The op that initializes a Keras 2 or Keras 3 weight."""
    return (weight if hasattr(weight, "read_value") else weight.value).initializer


def test_keras_weights():
    """Kernel 0 and bias 1, so that each unit is tanh(1 + 0 x)."""
    x = tf.placeholder(tf.float32, [None, 2])
    layer = tf.keras.layers.Dense(3, activation="tanh", bias_initializer="ones", kernel_initializer="zeros")
    loss = tf.reduce_sum(layer(x) ** 2)
    found = [th.hessian_diag(loss, list(layer.trainable_weights)), th.hessian(loss, layer.trainable_weights, flat=True)]
    with tf.Session() as session:
        session.run([initializer(w) for w in layer.trainable_weights])
        diag, full = th.evaluate(found, {x: [[1.0, 2.0], [3.0, -1.0]]}, session)
    t = np.tanh(1.0)
    curvature = 2 * (1 - t ** 2) ** 2 - 4 * t ** 2 * (1 - t ** 2)
    np.testing.assert_allclose(diag[1], np.full(3, 2 * curvature), rtol=1e-5)
    np.testing.assert_allclose(diag[0], np.full((2, 3), curvature) * np.array([[1 + 9], [4 + 1]]), rtol=1e-5)
    np.testing.assert_allclose(np.diag(full), np.concatenate([np.ravel(d) for d in diag]), rtol=1e-5)
