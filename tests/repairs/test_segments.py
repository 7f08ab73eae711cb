"""Products and sums over segments."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, plain, true_row_sums
from numpy_truth import numbers

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
IDS = [0, 0, 1, 1, 1, 3]
# No zero, one zero and two zeros among the factors of one product.
FACTORS = np.array([[0.0, 2.0], [0.0, 0.5], [1.5, 0.0], [0.5, 0.0], [-0.75, 0.0], [1.25, 0.25]])


def _products(x, ids, count):
    return np.stack([np.prod(x[np.asarray(ids) == k], 0) for k in range(count)])


def test_segment_product():
    assert_right(lambda x: tf.segment_prod(x, IDS), lambda x: _products(x, IDS, 4), FACTORS)


def test_segment_product_of_unknown_length():
    """Up to 4096 factors each; a larger product is NaN, never wrong."""
    def build(x):
        return tf.segment_prod(tf.placeholder_with_default(x, [None, 2]), IDS)

    assert_right(build, lambda x: _products(x, IDS, 4), FACTORS)
    x = tf.placeholder(tf.float64, [None])
    found = th.hvp(tf.segment_prod(x, tf.cast(x - 1, tf.int32)), x, tf.ones_like(x))
    with tf.Session() as session:
        assert np.all(session.run(found, {x: np.full(4096, 1.0)})[0] == 4095)
        assert np.all(np.isnan(session.run(found, {x: np.full(4097, 1.0)})))


def test_unsorted_segment_product():
    ids = [2, 0, 2, -1, 0, 2]
    assert_right(lambda x: tf.math.unsorted_segment_prod(x, ids, 4), lambda x: _products(x, ids, 4), FACTORS)


def test_unsorted_segment_product_by_a_matrix_of_ids():
    ids = np.array([[0, 2], [0, 1], [2, 2], [2, 1], [1, -1], [0, 0]])
    assert_right(lambda x: tf.math.unsorted_segment_prod(x, ids, 3),
                 lambda x: _products(x.ravel(), ids.ravel(), 3), FACTORS)


def test_tensorflow_is_wrong_where_two_factors_are_zero():
    x = np.array([[0.0, 2.0], [0.0, 0.5], [0.5, 0.25]])
    if VERSION < (2, 8):
        with pytest.raises(LookupError, match="SegmentProd"):
            plain(lambda x: tf.segment_prod(x, [0, 0, 1]), x)
    else:
        found = plain(lambda x: tf.segment_prod(x, [0, 0, 1]), x)[1][0].ravel()
        assert not np.allclose(found, true_row_sums(lambda x: _products(x, [0, 0, 1], 2), x), atol=1e-2)


@pytest.mark.parametrize("name,value", [
    ("segment_sum", np.sum), ("segment_mean", np.mean), ("segment_max", np.max), ("segment_min", np.min)])
def test_what_tensorflow_gets_right_stays_right(name, value):
    def segments(x):
        return np.stack([value(x[k], 0) for k in ([0, 1], [2], [3, 4])])

    assert_right(lambda x: getattr(tf, name)(x, [0, 0, 1, 2, 2]), segments, numbers(1, 5, 2))


SCALES = {"sum": lambda n: 1, "mean": lambda n: n, "sqrt_n": np.sqrt}
INDICES, SEGMENTS = [0, 2, 2, 1, 0], [0, 0, 1, 3, 3]


def _sparse_segments(kind, count):
    def value(x):
        rows = np.zeros([count] + list(x.shape[1:]))
        np.add.at(rows, SEGMENTS, x[INDICES])
        sizes = np.maximum(np.bincount(SEGMENTS, minlength=count), 1).reshape([-1] + [1] * (x.ndim - 1))
        return rows / SCALES[kind](sizes)

    return value


@pytest.mark.parametrize("kind", sorted(SCALES))
@pytest.mark.parametrize("count", [None, 6])
def test_sparse_segments(kind, count):
    function = getattr(tf, "sparse_segment_" + kind)
    assert_right(lambda x: function(x, INDICES, SEGMENTS, num_segments=count), _sparse_segments(kind, count or 4),
                 numbers(2, 3, 2))


@pytest.mark.parametrize("engine", ["loop", "auto"])
def test_sparse_segments_of_matrices(engine):
    assert_right(lambda x: tf.sparse_segment_mean(x, INDICES, SEGMENTS), _sparse_segments("mean", 4),
                 numbers(3, 3, 1, 2), engine=engine)


def _lookup(x, kind, weights=None):
    ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [2, 0], [2, 1]], INDICES, [3, 2])
    if weights is not None:
        weights = tf.SparseTensor(ids.indices, tf.constant(weights, x.dtype), ids.dense_shape)
    return tf.nn.embedding_lookup_sparse(x, ids, weights, combiner=kind)


@pytest.mark.parametrize("kind,combiner", [("sum", "sum"), ("mean", "mean"), ("sqrt_n", "sqrtn")])
def test_embedding_lookup(kind, combiner):
    def value(x):
        return _sparse_segments(kind, 4)(x)[[0, 1, 3]]

    assert_right(lambda x: _lookup(x, combiner), value, numbers(4, 3, 2))


def test_embedding_lookup_with_weights():
    weights = np.array([0.5, 1.5, 2.0, 0.75, 0.25])

    def value(x):
        rows = weights[:, None] * x[INDICES]
        return np.stack([rows[:2].sum(0) / 2, rows[2] / 2, rows[3:].sum(0) / 1])

    assert_right(lambda x: _lookup(x, "mean", weights), value, numbers(5, 3, 2))


@pytest.mark.parametrize("kind", sorted(SCALES))
def test_a_loss_that_contains_the_gradient(kind):
    """A gradient penalty: TensorFlow's own gradient op is on the path."""
    function = getattr(tf, "sparse_segment_" + kind)

    def build(x):
        return tf.gradients(tf.reduce_sum(function(x, INDICES, SEGMENTS) ** 3), x)[0]

    def value(x):
        y = _sparse_segments(kind, 4)(x)
        matrix = _sparse_segments(kind, 4)(np.eye(3))
        return matrix.T.dot(3 * y ** 2)

    assert_right(build, value, numbers(6, 3, 2))


def test_a_loss_that_contains_the_gradient_of_a_lookup():
    def build(x):
        return tf.convert_to_tensor(tf.gradients(tf.reduce_sum(_lookup(x, "mean") ** 3), x)[0])

    def value(x):
        matrix = _sparse_segments("mean", 4)(np.eye(3))[[0, 1, 3]]
        return matrix.T.dot(3 * matrix.dot(x) ** 2)

    assert_right(build, value, numbers(7, 3, 2))
