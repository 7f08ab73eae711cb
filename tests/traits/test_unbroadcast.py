"""Sums over axes that shapes decide when they run, of all small broadcasts, put to what they do in numpy."""
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.ops.gen_array_ops import broadcast_gradient_args

from tf1_hessian.graph.traits import Carried, Question, trait_of

SHAPES = [s for rank in (1, 2, 3) for s in itertools.product((1, 3), repeat=rank)]


def masked(shape, rng):
    """A shape with some sizes unknown."""
    share = rng.choice([0.3, 0.8])
    return [None if rng.uniform() < share else size for size in shape]


def graph_of(shape, other, keep_dims, rng):
    """(the sum, the reshape behind it, x, g) that bring g, of the broadcast shape, back to that of x; sizes masked."""
    x, y = (tf.placeholder(tf.float32, masked(s, rng)) for s in (shape, other))
    g = tf.placeholder(tf.float32, masked(np.broadcast(np.empty(shape), np.empty(other)).shape, rng))
    sizes = tf.shape(x)
    axes, _ = broadcast_gradient_args(sizes, tf.shape(y))
    summed = tf.reduce_sum(g, axes, keep_dims=keep_dims)
    return summed.op, tf.reshape(summed, sizes).op, x, g


def answered(op, state):
    """(the state of an output, the pairs required)."""
    required = []
    found = trait_of(op).axes(Question(op, [state, None], 0, None, lambda *pair: required.append(pair)))
    return found, required


def is_true(shape, whole, axis, found):
    """Whether the slices of the whole, along an axis, arrive at the same slices of the sum."""
    gone = tuple(range(len(whole) - len(shape)))
    for i in range(whole[axis]):
        g = np.zeros(whole)
        g[(slice(None),) * axis + (i,)] = 1
        arrived = g.sum(gone) if gone else g
        ones = tuple(a for a, size in enumerate(shape) if size == 1)
        arrived = arrived.sum(ones, keepdims=True)
        if shape[found.axis] != whole[axis] or np.delete(arrived, i, found.axis).any():
            return False
    return True


@pytest.mark.parametrize("keep_dims", [False, True])
def test_what_is_said_is_true(keep_dims):
    """Wherever the sizes that are required to be equal are; and something is said of a third of what could be."""
    rng, said, possible = np.random.RandomState(0), 0, 0
    for shape, other in itertools.product(SHAPES, SHAPES):
        with tf.Graph().as_default():
            summed, reshaped, x, g = graph_of(shape, other, keep_dims, rng)
            whole = np.broadcast(np.empty(shape), np.empty(other)).shape
            for axis, size in enumerate(whole):
                if size == 1:
                    continue
                between, required = answered(summed, Carried(axis))
                place = axis - len(whole) + len(shape)
                possible += place >= 0 and shape[place] == size
                if between is None or any(shape[i] != whole[j] for _, i, _, j in required):
                    continue
                assert all(a is x and b is g for a, _, b, _ in required)
                found, _ = answered(reshaped, between)
                assert is_true(shape, whole, axis, found), (shape, other, axis, found)
                said += 1
    assert said > 0.3 * possible


def test_a_batch_of_none():
    """The common case: the slope of a bias's sum, [None, 3] against [3]."""
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [3])
    of_x, of_y = tf.shape(x), tf.shape(y)
    axes, others = broadcast_gradient_args(of_x, of_y)
    g = tf.placeholder(tf.float32, [None, 3])
    summed = tf.reduce_sum(g, axes)
    found, required = answered(summed.op, Carried(0))
    assert found == Carried(0) and required == [(x, 0, g, 0)]
    assert answered(tf.reshape(summed, of_x).op, found) == (Carried(0), [])
    to_y = tf.reduce_sum(g, others)
    assert answered(to_y.op, Carried(0))[0] is None and answered(to_y.op, Carried(1))[0] == Carried(0)
    assert answered(tf.reshape(to_y, of_y).op, Carried(0))[0] == Carried(0)
