"""Sizes read through shape arithmetic: what is told is what the graph gives when it runs."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tf1_hessian.graph.dimensions import dimensions_of, quotient

SHAPE = (4, 3, 6)


def _sizes(x):
    """tf.shape(x), in a form that TensorFlow's own inference of shapes does not look into."""
    return tf.gather(tf.shape(x), [0, 1, 2])


def _last(x):
    return _sizes(x)[2]


def _flat_logits(x):
    """As TF's own cross-entropy flattens its logits."""
    rank = tf.rank(x)
    return tf.concat([[-1], tf.slice(_sizes(x), [rank - 1], [1])], 0)


def _hidden(value):
    """An integer that only the session knows."""
    return tf.placeholder_with_default(tf.constant(value), [])


# name: (the shape asked for, of x [4, 3, 6] whose first size is not known; the sizes that are to be known)
SHAPES = {
    "flattened for a loss": (_flat_logits, [None, 6]),
    "stacked": (lambda x: tf.stack([-1, _last(x)]), [None, 6]),
    "stacked, nothing left out": (lambda x: tf.stack([_sizes(x)[0] * 3, _last(x)]), [None, 6]),
    "unstacked": (lambda x: tf.stack([-1, tf.unstack(_sizes(x))[1]]), [None, 3]),
    "plain": (lambda x: tf.concat([[-1], tf.shape(x)[2:]], 0), [None, 6]),
    "gathered": (lambda x: tf.stack([-1, tf.gather(_sizes(x), 2)]), [None, 6]),
    "gathered together": (lambda x: tf.concat([[-1], tf.gather(_sizes(x), [2])], 0), [None, 6]),
    "a product": (lambda x: tf.stack([-1, tf.reduce_prod(_sizes(x)[1:])]), [None, 18]),
    "a product of a gathering": (lambda x: tf.stack([-1, tf.reduce_prod(tf.gather(_sizes(x), [1, 2]))]), [None, 18]),
    "a kept product": (lambda x: tf.concat([[-1], tf.reduce_prod(_sizes(x)[1:], keepdims=True)], 0), [None, None]),
    "a product along no axis": (lambda x: tf.concat([[-1], tf.reduce_prod(_sizes(x)[1:], axis=[])], 0), [None] * 3),
    "sums": (lambda x: tf.stack([-1, _last(x) + _sizes(x)[1]]), [None, 9]),
    "differences and quotients": (lambda x: tf.stack([-1, (_last(x) - 1) // 2]), [None, 2]),
    "scaled": (lambda x: tf.stack([-1, _last(x) // 2, 2 * _sizes(x)[1]]), [None, 3, 6]),
    "maxima": (lambda x: tf.stack([-1, tf.maximum(_last(x), 4), tf.minimum(_last(x), 2)]), [None, 6, 2]),
    "as another type": (lambda x: tf.cast(tf.stack([-1, tf.cast(_last(x), tf.int64)]), tf.int32), [None, 6]),
    "through fractions": (lambda x: tf.stack([-1, 2 * tf.cast(tf.cast(_last(x), tf.float32) * 0.6, tf.int32)]),
                          [None, None]),
    "from behind": (lambda x: tf.concat([[-1], _sizes(x)[-1:]], 0), [None, 6]),
    "backwards": (lambda x: tf.concat([[-1], _sizes(x)[2:0:-1]], 0), [None, 6, 3]),
    "with a step": (lambda x: tf.concat([_sizes(x)[::2], [-1]], 0), [None, 6, None]),
    "up to the last": (lambda x: tf.concat([_sizes(x)[:-1], [2, 3]], 0), [None, 3, 2, 3]),
    "a size with a new axis": (lambda x: tf.concat([[-1], _last(x)[tf.newaxis]], 0), [None, None]),
    "expanded": (lambda x: tf.concat([[-1], tf.expand_dims(_last(x), 0)], 0), [None, 6]),
    "squeezed": (lambda x: tf.stack([-1, tf.squeeze(_sizes(x)[2:])]), [None, 6]),
    "reshaped": (lambda x: tf.stack([-1, tf.reshape(_sizes(x)[2:], [])]), [None, 6]),
    "a slice from a hidden place": (lambda x: tf.concat([[-1], tf.slice(_sizes(x), [_hidden(2)], [1])], 0),
                                    [None, None]),
    "an entry of a hidden place": (lambda x: tf.stack([-1, _sizes(x)[_hidden(2)]]), [None, None]),
    "a hidden size": (lambda x: tf.stack([-1, _hidden(3), _last(x)]), [None, None, 6]),
    "a slice of a matrix": (lambda x: tf.slice(tf.stack([_sizes(x), _sizes(x)]), [1, 1], [1, 2])[0],
                            [None, None]),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shape_arithmetic(name):
    make, expected = SHAPES[name]
    x = tf.placeholder(tf.float32, (None,) + SHAPE[1:])
    shape = make(x)
    shape.set_shape([len(expected)])
    told = dimensions_of(tf.reshape(x, tf.placeholder_with_default(shape, shape.shape)))
    assert told == [None] * len(expected)
    reshaped = tf.reshape(x, shape)
    found = dimensions_of(reshaped)
    assert [f for f, e in zip(found, expected) if e is not None] == [e for e in expected if e is not None]
    with tf.Session() as session:
        truth = session.run(shape, {x: np.zeros(SHAPE)})
    assert all(f is None or t in (-1, f) for f, t in zip(found, truth))


def test_one_unknown_size_follows_from_the_others():
    x = tf.placeholder(tf.float32, [4, 3, 6])
    hidden = tf.placeholder(tf.int32, [])
    assert dimensions_of(tf.reshape(x, tf.stack([hidden, tf.shape(x)[1] * 2]))) == [12, 6]


def test_nothing_follows_from_nothing():
    """With a size of zero the other one may be anything."""
    hidden = tf.placeholder(tf.int32, [])
    reshaped = tf.reshape(tf.placeholder(tf.float32, [0, 3]), tf.stack([hidden, tf.constant(0)]))
    assert dimensions_of(reshaped) == [None, 0]


def test_a_reshape_of_a_reshape():
    x = tf.placeholder(tf.float32, [None, 3, 6])
    flat = tf.reshape(x, _flat_logits(x))
    assert dimensions_of(tf.reshape(flat, tf.stack([-1, tf.shape(flat)[1] // 2, 2]))) == [None, 3, 2]


def test_what_is_told_may_be_changed():
    x = tf.placeholder(tf.float32, [None, 3, 6])
    flat = tf.reshape(x, _flat_logits(x))
    dimensions_of(flat).append(1)
    assert dimensions_of(flat) == [None, 6]


def test_unknown_rank():
    assert dimensions_of(tf.placeholder(tf.float32)) is None
    assert dimensions_of(tf.reshape(tf.placeholder(tf.float32), tf.placeholder(tf.int32))) is None


def test_quotient():
    assert quotient([4, 6], [8]) == 3
    assert quotient([4, 6], [5]) is None
    assert quotient([4, None], [2]) is None
    assert quotient([4], [None]) is None
    assert quotient([], []) == 1
    assert quotient([4], [0]) is None
