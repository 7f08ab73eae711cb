"""Matrices: factors, logarithms, least squares; Fourier transforms of three axes."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, plain
from numpy_truth import numbers
from scipy import linalg

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
SQUARE = numbers(1, 3, 3) + np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
TALL, WIDE = numbers(2, 3, 2) + np.eye(3, 2), numbers(3, 2, 3) + np.eye(2, 3)


def lu(a):
    """L below the diagonal, U on it and above, of the rows in the order of scipy's pivots."""
    return linalg.lu_factor(a)[0]


@pytest.mark.parametrize("engine", ["slices", "loop"])
def test_lu(engine):
    """With pivots: the first row of the matrix is not the first of the factors."""
    assert_right(lambda a: tf.linalg.lu(a)[0], lu, SQUARE, engine=engine)


def test_batch_of_lu():
    batch = np.stack([SQUARE, SQUARE.T - 0.5])
    assert_right(lambda a: tf.linalg.lu(a)[0], lambda a: np.stack([lu(x) for x in a]), batch, directions=6)


def test_tensorflow_has_no_gradient_of_lu():
    with pytest.raises(LookupError, match="Lu"):
        plain(lambda a: tf.linalg.lu(a)[0], SQUARE)


def test_determinant_and_inverse():
    def build(a):
        return [tf.matrix_determinant(a), tf.linalg.slogdet(a)[1], tf.matrix_inverse(a),
                tf.matrix_inverse(a, adjoint=True)]

    def value(a):
        return [np.linalg.det(a), np.linalg.slogdet(a)[1], np.linalg.inv(a), np.linalg.inv(a).T]

    assert_right(build, value, SQUARE)


def test_tensorflow_is_wrong_about_determinants_before_2_15():
    found = plain(tf.matrix_determinant, SQUARE)[1][0]

    def wave(a):
        return 0.5 * np.sin(0.9 * np.linalg.det(a) + 0.3)

    step = 1e-4
    units = np.eye(9).reshape([9, 3, 3]) * step
    ones = np.ones([3, 3]) * step
    true = [(wave(SQUARE + u + ones) - wave(SQUARE + u - ones) - wave(SQUARE - u + ones) + wave(SQUARE - u - ones))
            / (4 * step ** 2) for u in units]
    assert np.allclose(found.ravel(), true, atol=1e-3) == (VERSION >= (2, 15))


def test_logarithm():
    """Of a matrix without symmetry, and with no zero or negative eigenvalue."""
    a = np.array([[2.0, 0.5, -0.25], [0.75, 1.5, 0.5], [-0.5, 0.25, 1.75]])
    assert_right(lambda a: tf.linalg.logm(tf.complex(a, tf.zeros_like(a))), lambda a: linalg.logm(a).astype(complex), a)


@pytest.mark.parametrize("a", [TALL, WIDE], ids=["tall", "wide"])
def test_least_squares_by_the_slow_path(a):
    b = numbers(4, a.shape[0], 2)
    assert_right(lambda a, b: tf.matrix_solve_ls(a, b, fast=False), lambda a, b: np.linalg.pinv(a).dot(b), a, b)
    with pytest.raises(ValueError, match="fast=False"):
        plain(lambda a, b: tf.matrix_solve_ls(a, b, fast=False), a, b)


@pytest.mark.parametrize("a", [TALL, WIDE], ids=["tall", "wide"])
def test_least_squares_by_the_fast_path(a):
    def value(a, b):
        return a.T.dot(np.linalg.solve(a.dot(a.T) + 0.25 * np.eye(len(a)), b))

    assert_right(lambda a, b: tf.matrix_solve_ls(a, b, 0.25), value, a, numbers(4, a.shape[0], 1))


@pytest.mark.parametrize("length", [[2, 3, 4], [2, 3, 3], [2, 2, 4]])
def test_real_fourier_transform_of_three_axes(length):
    def build(x):
        return tf.signal.rfft3d(x, length)

    assert_right(build, lambda x: np.fft.rfftn(x, length, (-3, -2, -1)), numbers(5, 1, 2, 3, 4), dtype=tf.float32,
                 tolerance=1e-4, directions=6)


@pytest.mark.parametrize("length", [[2, 3, 4], [2, 3, 5]])
def test_inverse_of_it(length):
    def build(x, y):
        return tf.signal.irfft3d(tf.complex(x, y), length)

    assert_right(build, lambda x, y: np.fft.irfftn(x + 1j * y, length, (-3, -2, -1)), numbers(6, 2, 3, 3),
                 numbers(7, 2, 3, 3), dtype=tf.float32, tolerance=1e-4, directions=6)


def test_tensorflow_has_no_gradient_of_it():
    with pytest.raises(LookupError, match="RFFT3D"):
        plain(lambda x: tf.signal.rfft3d(x, [2, 3, 4]), numbers(5, 2, 3, 4), dtype=tf.float32)


def test_what_tensorflow_gets_right_stays_right():
    def build(a, b):
        lower = tf.matrix_band_part(a, -1, 0)
        return [tf.matrix_solve(a, b), tf.matrix_triangular_solve(lower, b, adjoint=True),
                tf.cholesky(tf.matmul(a, a, transpose_b=True)), tf.svd(a, compute_uv=False)]

    def value(a, b):
        return [np.linalg.solve(a, b), np.linalg.solve(np.tril(a).T, b), np.linalg.cholesky(a.dot(a.T)),
                np.linalg.svd(a, compute_uv=False)]

    assert_right(build, value, SQUARE + np.eye(3), numbers(8, 3, 1))
