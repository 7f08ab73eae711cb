"""Arrays: norms, ranges, padding, and what is joined or overwritten."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, created, plain, true_gradient
from numpy_truth import numbers

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])


def _euclidean_norm(axes, keep):
    return lambda x: created("EuclideanNorm", [x, axes], [tf.float64], T=tf.float64, Tidx=tf.int32,
                             keep_dims={"b": keep})[0]


@pytest.mark.parametrize("axes,keep", [([1], False), ([0], True), ([0, 1], False)])
def test_euclidean_norm(axes, keep):
    x = numbers(1, 2, 3, low=0.25)
    if VERSION < (1, 14):
        with pytest.raises(tf.errors.NotFoundError, match="EuclideanNorm"):
            _euclidean_norm(axes, keep)(x)
        return
    assert_right(_euclidean_norm(axes, keep), lambda x: np.sqrt(np.sum(x * x, tuple(axes), keepdims=keep)), x)
    lost = plain(_euclidean_norm(axes, keep), x)[0][0] is None
    assert lost == (VERSION < (2, 0))


def _lin_space(count):
    return lambda x: created("LinSpace", [x[0], x[1], count], [tf.float64], T=tf.float64, Tidx=tf.int32)[0]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_lin_space(count):
    x = np.array([0.5, 2.0])
    assert_right(_lin_space(count), lambda x: np.linspace(x[0], x[1], count), x)
    assert plain(_lin_space(count), x)[0] == [None]


def test_lin_space_of_unknown_length():
    assert_right(lambda x: _lin_space(tf.placeholder_with_default(4, []))(x), lambda x: np.linspace(x[0], x[1], 4),
                 np.array([0.5, 2.0]))


def test_range():
    """0.1, 0.45, 0.8: the limit only counts."""
    assert_right(lambda x: tf.range(x[0], x[2], x[1]), lambda x: x[0] + x[1] * np.arange(3),
                 np.array([0.1, 0.35, 1.0]))
    assert plain(lambda x: tf.range(x[0], 1.0, x[1]), np.array([0.1, 0.35]))[0] == [None]


@pytest.mark.parametrize("axis", [-1, 1])
def test_one_hot(axis):
    def value(x):
        hot = np.array([[[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]])
        return x[0] * (hot if axis == -1 else hot.transpose(0, 2, 1)) + x[1] * (
            1 - (hot if axis == -1 else hot.transpose(0, 2, 1)))

    def build(x):
        return tf.one_hot([[0, 2, -1, 1]], 3, x[0], x[1], axis=axis, dtype=tf.float64)

    assert_right(build, value, np.array([0.5, -1.25]))
    assert plain(build, np.array([0.5, -1.25]))[0] == [None]


def test_padding_with_a_computed_value():
    def build(x, value):
        return tf.pad(x, [[1, 0], [0, 2]], constant_values=value[0] * value[0])

    def value(x, value):
        return np.pad(x, [[1, 0], [0, 2]], "constant", constant_values=value[0] ** 2)

    x, c = numbers(2, 2, 3), np.array([0.75])
    assert_right(build, value, x, c)
    assert plain(build, x, c)[0][1] is None


@pytest.mark.parametrize("engine", ["loop", "vectorized"])
def test_parallel_stack(engine):
    assert_right(lambda x, y: tf.parallel_stack([x, y, x * y]), lambda x, y: np.stack([x, y, x * y]),
                 numbers(3, 2), numbers(4, 2), engine=engine)


def _stitched(x, y):
    return np.array([x[0], y[0], y[1], y[2]])


def test_stitching_where_a_later_input_overwrites():
    """Indices (0, 3) and (1, 2, 3): the second element of the first input is lost."""
    def build(x, y):
        return tf.dynamic_stitch([[0, 3], [1, 2, 3]], [x, y])

    x, y = numbers(5, 2), numbers(6, 3)
    assert_right(build, _stitched, x, y)
    assert plain(build, x, y)[0][0][1] != 0
    assert abs(true_gradient(_stitched, x, y)[1]) < 1e-9


@pytest.mark.parametrize("engine", ["slices", "loop"])
def test_stitching_by_indices_known_at_run_time(engine):
    def build(x, y):
        return tf.dynamic_stitch([tf.placeholder_with_default([[0, 3], [3, 0]], [None, 2]), [1, 2]], [x, y])

    def value(x, y):
        return np.stack([x[1, 1], y[0], y[1], x[1, 0]])

    assert_right(build, value, numbers(7, 2, 2, 2), numbers(8, 2, 2), engine=engine)


def test_stitching_by_unique_indices():
    assert_right(lambda x, y: tf.dynamic_stitch([[0, 3], [1, 2, 4]], [x, y]),
                 lambda x, y: np.array([x[0], y[0], y[1], x[1], y[2]]), numbers(5, 2), numbers(6, 3))
