"""Random functions: no entry is missed, and sparse Hessians and coloured diagonals are what slices give."""
import numpy as np
import tensorflow.compat.v1 as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import tf1_hessian as th
from shares import IS_WHOLE

N = 6
UNARY = [tf.sin, tf.square, tf.nn.relu, tf.identity, tf.exp, tf.stop_gradient, tf.nn.softplus,
         lambda v: tf.cumsum(v), lambda v: tf.reverse(v, [0]), lambda v: v * 0.5, lambda v: tf.abs(v)]
BINARY = [tf.add, tf.multiply, tf.maximum, lambda a, b: a / (2 + tf.square(b)), tf.subtract,
          lambda a, b: tf.where(a > b, a * a, b), lambda a, b: tf.squared_difference(a, b)]


def _gathered(v, places):
    return tf.gather(v, [p % N for p in places])


def _segments(v, places):
    return tf.math.unsorted_segment_sum(v, [p % N for p in places], N)


def _picked_by_value(v, places):
    return tf.gather(v, tf.cast(tf.floor(3 * tf.sigmoid(v)), tf.int32) + [p % 3 for p in places])


def _scattered(v, places):
    return tf.scatter_nd([[p % N] for p in places], v, [N])


def _matrix(v, places):
    """A product of 2 by 3 with one of 3 by 2 that a part of the same vector makes, and two elements more."""
    left, right = tf.reshape(v, [2, 3]), tf.reshape(tf.gather(v, [p % N for p in places]), [3, 2])
    return tf.concat([tf.reshape(tf.matmul(left, right), [4]) * 0.1, v[:2]], 0)


def _rows(v, places):
    rows = tf.reduce_sum(tf.sin(tf.reshape(v, [2, 3])), 1, keepdims=True)
    return tf.reshape(tf.tile(rows, [1, 3]), [N])


INDEXED = [_gathered, _segments, _picked_by_value, _scattered, _matrix, _rows]
STEP = st.one_of(
    st.tuples(st.just("one"), st.integers(0, len(UNARY) - 1), st.integers(0, 99)),
    st.tuples(st.just("two"), st.integers(0, len(BINARY) - 1), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("indexed"), st.integers(0, len(INDEXED) - 1), st.integers(0, 99),
              st.lists(st.integers(0, 5), min_size=N, max_size=N)))


def built(steps, x):
    """The loss that some steps make of a vector of N elements; each tensor is kept of moderate size."""
    made = [x]
    for step in steps:
        if step[0] == "one":
            new = UNARY[step[1]](made[step[2] % len(made)])
        elif step[0] == "two":
            new = BINARY[step[1]](made[step[2] % len(made)], made[step[3] % len(made)])
        else:
            new = INDEXED[step[1]](made[step[2] % len(made)], step[3])
        made.append(3 * tf.tanh(new / 3))
    weights = tf.constant(np.linspace(0.3, 1.7, N))
    return tf.reduce_sum(made[-1] * weights)


@settings(deadline=None, max_examples=15 if IS_WHOLE else 5, derandomize=True)
@given(steps=st.lists(STEP, min_size=1, max_size=5), seed=st.integers(0, 99))
def test_random_functions(steps, seed):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [N])
        loss = built(steps, x)
        pattern = th.hessian_sparsity(tf.identity(loss), x).to_scipy().toarray()
        asked = [th.hessian(loss, x, engine="loop"), th.sparse_hessian(loss, x),
                 th.hessian_diag(loss, x, engine="colored"), th.hessian_diag(loss, x, engine="slices")]
        with tf.Session():
            for k in range(3):
                point = np.random.RandomState(100 * k + seed).randn(N)
                full, entries, diagonal, true = th.evaluate(asked, {x: point})
                size = max(1.0, np.max(np.abs(full)))
                assert not (np.abs(full[~pattern]) > 0).any()
                assert np.allclose(entries.toarray(), full, rtol=0, atol=1e-9 * size)
                assert np.allclose(diagonal, true, rtol=0, atol=1e-9 * size)
                assert np.allclose(np.diag(full), true, rtol=0, atol=1e-9 * size)
