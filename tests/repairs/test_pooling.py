"""Pooling and dilation: second and third derivatives away from ties, and gradients in the loss."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_hessian, assert_linear, numbers, numpy_wave, run, variables, wave
from tensorflow.python.ops import gen_nn_ops

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
# No two elements nearer than twice the step at which the choice of maxima is read off.
STEP = 2.0 ** -9


def apart(seed, *shape):
    """Numbers with gaps of 1/64."""
    size = int(np.prod(shape))
    return (np.random.RandomState(seed).permutation(size).reshape(shape) - size // 2) / 64.0


IMAGE, VOLUME = apart(1, 2, 4, 3, 2), apart(2, 1, 3, 2, 4, 1)
# Strides of 1 with padding SAME keep the size: there TF's kernel of the second derivative overwrites its input.
WINDOWS = [([2, 2], [1, 1], "SAME"), ([3, 2], [2, 1], "SAME"), ([2, 2], [1, 2], "VALID"), ([1, 1], [1, 1], "SAME"),
           ([1, 1], [2, 1], "VALID")]


@pytest.mark.parametrize("size,strides,padding", WINDOWS)
def test_max_pool(size, strides, padding):
    assert_linear(lambda x: tf.nn.max_pool(x, [1] + size + [1], [1] + strides + [1], padding), IMAGE, STEP)


@pytest.mark.parametrize("size,strides,padding", WINDOWS[:4])
def test_max_pool_with_sizes_as_tensors(size, strides, padding):
    assert_linear(lambda x: gen_nn_ops.max_pool_v2(x, [1] + size + [1], [1] + strides + [1], padding), IMAGE, STEP)


@pytest.mark.parametrize("size,strides,padding", WINDOWS[:3])
def test_max_pool_of_volumes(size, strides, padding):
    assert_linear(lambda x: tf.nn.max_pool3d(x, [1, 2] + size + [1], [1, 1] + strides + [1], padding), VOLUME, STEP)


def test_hessian_that_tensorflow_takes_for_zero():
    """tf.hessians of a pool that keeps the size is zero throughout, up to TF 2.21: its kernel overwrites its input."""
    x, = variables(IMAGE)
    pooled = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
    loss = tf.reduce_sum(tf.square(pooled))
    mine, theirs = run([th.hessian(loss, x, flat=True, engine="loop"), tf.hessians(loss, x)[0]])
    assert np.trace(mine) == 2 * IMAGE.size
    assert not theirs.any()


def test_max_pool_of_one_pixel():
    """As large as it goes in, whatever the strides."""
    assert_linear(lambda x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), apart(3, 2, 1, 1, 3), STEP)


if VERSION >= (2, 8):
    def test_max_pool_with_explicit_padding():
        """TF's derivative of the gradient hands on a padding that its op does not take."""
        padding = [[0, 0], [1, 0], [0, 1], [0, 0]]
        assert_linear(lambda x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 2, 1], padding), IMAGE, STEP)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_ties_are_read_where_they_were_written(dtype):
    """Behind a ReLU many maxima are shared. The Hessian of sum(exp(pooled)) is J^T exp J with TF's own choice J."""
    x = tf.get_variable("x", initializer=tf.constant(np.maximum(IMAGE, 0), dtype))
    y = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
    rows = [tf.reshape(tf.gradients(y[index], x)[0], [-1]) for index in np.ndindex(*IMAGE.shape)]
    found = [th.hessian(tf.reduce_sum(tf.exp(y)), x, flat=True, engine=engine) for engine in ("auto", "loop")]
    found, j, y = run([found, tf.stack(rows), y])
    for each in found:
        np.testing.assert_allclose(each, j.T.dot(np.exp(y).reshape(-1, 1) * j), atol=1e-5)


ARGMAX_OPTIONS = [{}] + ([{"include_batch_in_index": True}] if VERSION >= (1, 15) else [])


@pytest.mark.parametrize("options", ARGMAX_OPTIONS, ids=["of an image", "of the batch"][:len(ARGMAX_OPTIONS)])
@pytest.mark.parametrize("size,strides,padding", WINDOWS[:3])
def test_max_pool_with_argmax(size, strides, padding, options):
    def pooled(x):
        return tf.nn.max_pool_with_argmax(x, [1] + size + [1], [1] + strides + [1], padding=padding, **options)[0]

    # TF 1.13's own first gradient, which the penalty has in the loss, is wrong where the size is kept.
    assert_linear(pooled, IMAGE, STEP, penalty=VERSION >= (1, 14) or strides != [1, 1])


@pytest.mark.parametrize("size,strides,padding", WINDOWS[:3])
def test_average_pool(size, strides, padding):
    """As in TF, which is right."""
    assert_linear(lambda x: tf.nn.avg_pool(x, [1] + size + [1], [1] + strides + [1], padding), IMAGE)


@pytest.mark.parametrize("size,strides,padding", WINDOWS[:3])
def test_average_pool_of_volumes(size, strides, padding):
    """As in TF, which is right."""
    assert_linear(lambda x: tf.nn.avg_pool3d(x, [1, 2] + size + [1], [1, 1] + strides + [1], padding), VOLUME)


# In the way of no two sums of a pixel and a weight.
FILTER = apart(4, 2, 3, 2) + np.arange(12).reshape(2, 3, 2) / 1024.0
DILATIONS = [([1, 2], [1, 1], "SAME"), ([1, 1], [2, 1], "VALID")]


@pytest.mark.parametrize("strides,rates,padding", DILATIONS)
def test_dilation_of_image(strides, rates, padding):
    kernel = tf.constant(FILTER[:, :2], tf.float32)
    assert_linear(lambda x: tf.nn.dilation2d(x, kernel, [1] + strides + [1], [1] + rates + [1], padding), IMAGE,
                  2.0 ** -11)


def numpy_dilation(image, kernel):
    """VALID, with strides and rates of 1."""
    rows, columns = image.shape[1] - kernel.shape[0] + 1, image.shape[2] - kernel.shape[1] + 1
    return np.array([[[np.max(image[b, i:i + kernel.shape[0], j:j + kernel.shape[1]] + kernel, (0, 1))
                       for j in range(columns)] for i in range(rows)] for b in range(len(image))])


def test_dilation_of_image_and_filter():
    """With the loss near maxima that stay where they are while differences are taken."""
    assert_hessian(lambda x, kernel: wave(tf.nn.dilation2d(x, kernel, [1] * 4, [1] * 4, "VALID")),
                   lambda x, kernel: numpy_wave(numpy_dilation(x, kernel)), [2 * IMAGE[:1], 2 * FILTER[:, :2] + 0.01])


FRACTIONS = apart(5, 1, 7, 6, 2)


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("pool", ["fractional_max_pool", "fractional_avg_pool"])
def test_fractional_pool(pool, overlapping):
    """The cells are drawn once, in the forward op."""
    def pooled(x):
        return getattr(tf.nn, pool)(x, [1, 1.5, 1.4, 1], True, overlapping, deterministic=True, seed=3, seed2=4)[0]

    assert_linear(pooled, FRACTIONS, STEP if pool == "fractional_max_pool" else 1.0)


MOVES = {
    "space_to_depth": lambda x: tf.space_to_depth(x[:, :, :2], 2),
    "depth_to_space": lambda x: tf.depth_to_space(tf.concat([x, x], 3), 2),
    "space_to_batch": lambda x: tf.space_to_batch_nd(x, [2, 3], [[0, 0], [0, 0]]),
    "batch_to_space": lambda x: tf.batch_to_space_nd(x, [2, 1], [[0, 1], [0, 0]]),
    "patches": lambda x: tf.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 2, 1], [1, 1, 1, 1], "SAME"),
}


@pytest.mark.parametrize("move", sorted(MOVES))
def test_moved_pixels(move):
    """As in TF, which is right."""
    assert_linear(MOVES[move], numbers(6, 2, 4, 3, 2))
