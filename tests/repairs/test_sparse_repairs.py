"""Sparse tensors: values that are moved, joined, compared or dropped."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, created, plain
from numpy_truth import numbers

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
PLACES = np.array([[0, 0], [0, 2], [1, 1]])
OTHERS = np.array([[0, 1], [0, 2], [1, 1]])


def sparse(values, places=PLACES, shape=(2, 3)):
    return tf.SparseTensor(np.asarray(places, np.int64), values, np.asarray(shape, np.int64))


def dense(values, places=PLACES, shape=(2, 3)):
    found = np.zeros(shape)
    found[tuple(np.transpose(places))] = values
    return found


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_concat(engine):
    """Along the columns the values of both mingle: rows 0, 0, 0, 0, 1, 1."""
    assert_right(lambda a, b: tf.sparse_concat(1, [sparse(a), sparse(b, OTHERS)]).values,
                 lambda a, b: np.array([a[0], a[1], b[0], b[1], a[2], b[2]]), numbers(1, 3), numbers(2, 3),
                 engine=engine)


def test_tensorflow_loses_concat():
    assert plain(lambda a: tf.sparse_concat(1, [sparse(a), sparse(a)]).values, numbers(1, 3))[0] == [None]


def test_slice():
    assert_right(lambda a: tf.sparse_slice(sparse(a), [0, 1], [2, 2]).values, lambda a: a[1:], numbers(1, 3))
    with pytest.raises(LookupError, match="SparseSliceGrad"):
        plain(lambda a: tf.sparse_slice(sparse(a), [0, 1], [2, 2]).values, numbers(1, 3))


@pytest.mark.parametrize("part,kept", [(0, [0, 2]), (1, [1])])
def test_split(part, kept):
    assert_right(lambda a: tf.sparse_split(sp_input=sparse(a), num_split=2, axis=1)[part].values, lambda a: a[kept],
                 numbers(1, 3))


def test_all_parts_of_a_split():
    assert_right(lambda a: [p.values for p in tf.sparse_split(sp_input=sparse(a), num_split=2, axis=1)],
                 lambda a: [a[[0, 2]], a[[1]]], numbers(1, 3))


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_sum(engine):
    """The union of both: (0, 0), (0, 1), (0, 2), (1, 1)."""
    assert_right(lambda a, b: tf.sparse_add(sparse(a), sparse(b, OTHERS)).values,
                 lambda a, b: np.array([a[0], b[0], a[1] + b[1], a[2] + b[2]]), numbers(1, 3), numbers(2, 3),
                 engine=engine)


def test_sum_above_a_threshold():
    """The second sum, 0.9 - 0.85, is dropped."""
    assert_right(lambda a, b: tf.sparse_add(sparse(a), sparse(b, OTHERS), 0.15).values,
                 lambda a, b: np.array([a[0], b[0], a[2] + b[2]]), np.array([0.5, 0.9, -0.25]),
                 np.array([0.25, -0.85, -0.5]))


def test_tensorflow_loses_the_second_derivative_of_a_sum():
    found = plain(lambda a: tf.sparse_add(sparse(a), sparse(a, OTHERS)).values, numbers(1, 3))
    assert found[0][0] is not None and found[1] == [None]


def test_a_loss_that_contains_the_gradient_of_a_sum():
    def build(a, b):
        total = tf.sparse_add(sparse(a), sparse(b, OTHERS)).values
        return tf.gradients(tf.reduce_sum(total ** 3), [a, b])

    def value(a, b):
        shared = [a[1] + b[1], a[2] + b[2]]
        return [3 * np.array([a[0]] + shared) ** 2, 3 * np.array([b[0]] + shared) ** 2]

    assert_right(build, value, numbers(1, 3), numbers(2, 3))


@pytest.mark.parametrize("name,function", [("maximum", np.maximum), ("minimum", np.minimum)])
def test_larger_and_smaller(name, function):
    def value(a, b):
        found = function(dense(a), dense(b, OTHERS))
        return found[(0, 0, 0, 1), (0, 1, 2, 1)]

    assert_right(lambda a, b: getattr(tf, "sparse_" + name)(sparse(a), sparse(b, OTHERS)).values, value,
                 numbers(1, 3), numbers(2, 3))


@pytest.mark.parametrize("shape", [(2, 3), (3,), (1, 3), (2, 1)])
def test_sum_with_dense(shape):
    def build(a, b):
        inputs = [tf.constant(PLACES, tf.int64), a, tf.constant([2, 3], tf.int64), b]
        return created("SparseDenseCwiseAdd", inputs, [tf.float64], T=tf.float64)[0]

    assert_right(build, lambda a, b: a + np.broadcast_to(b, [2, 3])[tuple(PLACES.T)], numbers(1, 3),
                 numbers(2, *shape))


def test_softmax():
    def value(a):
        e = np.exp(a)
        return np.array([e[0] / (e[0] + e[1]), e[1] / (e[0] + e[1]), 1.0])

    assert_right(lambda a: tf.sparse_softmax(sparse(a)).values, value, numbers(1, 3))
    with pytest.raises(NotImplementedError, match="SparseDenseCwiseAdd"):
        plain(lambda a: tf.sparse_softmax(sparse(a)).values, numbers(1, 3))


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_filling_empty_rows(engine):
    """Rows 0 and 2 have values, 1 and 3 get the default."""
    def build(a, b):
        filled = tf.sparse_fill_empty_rows(sparse(a, [[0, 0], [0, 2], [2, 1]], (4, 3)), b[0])[0]
        return filled.values

    assert_right(build, lambda a, b: np.array([a[0], a[1], b[0], a[2], b[0]]), numbers(1, 3), numbers(2, 1),
                 engine=engine)


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
def test_dense_from_sparse(engine):
    def value(a, default):
        found = np.full([2, 3], default[0])
        found[tuple(PLACES.T)] = a
        return found

    assert_right(lambda a, default: tf.sparse_tensor_to_dense(sparse(a), default[0]), value, numbers(1, 3),
                 numbers(2, 1), engine=engine)


@pytest.mark.parametrize("places", [2, [0, 2]])
def test_dense_from_one_value(places):
    def value(a):
        found = np.zeros(4)
        found[places] = a[0]
        return found

    assert_right(lambda a: tf.sparse_to_dense(places, [4], a[0]), value, numbers(1, 1))


def test_tensorflow_loses_dense_from_sparse_before_1_14():
    found, = plain(lambda a: tf.sparse_tensor_to_dense(sparse(a)), numbers(1, 3))[0]
    assert (found is None) == (VERSION < (1, 14))


def test_what_tensorflow_gets_right_stays_right():
    def build(a, b):
        x = sparse(a)
        return [tf.sparse_tensor_dense_matmul(x, b), tf.sparse_reduce_sum(x, 1), tf.sparse_tensor_to_dense(x),
                tf.sparse_add(x, tf.transpose(b)), tf.sparse_transpose(x).values]

    def value(a, b):
        x = dense(a)
        return [x.dot(b), x.sum(1), x, x + b.T, a[[0, 2, 1]]]

    assert_right(build, value, numbers(1, 3), numbers(2, 3, 2))
