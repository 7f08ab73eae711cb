"""What is random, or read once, is drawn once: loss and Hessian of one session call are of one draw."""
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

try:
    from tensorflow import function as FUNCTION
except ImportError:
    from tensorflow.python.eager.def_function import function as FUNCTION

D = tf.float64
POINT = np.array([0.5, 1.5, 2.0])


def dropout(x):
    return tf.nn.dropout(x ** 3, rate=0.5)


def random_weights(x):
    return tf.random_uniform([3], dtype=D) * x ** 3


def next_of_iterator(x):
    iterator = tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 1000))
    return tf.cast(iterator.get_next(), D) * x ** 3


def in_a_conditional(x):
    return tf.cond(x[0] > 0, lambda: random_weights(x), lambda: x)


def in_a_nested_conditional(x):
    return tf.cond(x[0] > 0, lambda: tf.cond(x[1] > 0, lambda: random_weights(x), lambda: x), lambda: x)


def iterator_read_in_a_conditional(x):
    iterator = tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 1000))
    return tf.cond(x[0] > 0, lambda: tf.cast(iterator.get_next(), D) * x ** 3, lambda: x)


def in_a_function(x):
    return FUNCTION(random_weights)(x)


def counter_moved_in_a_conditional(x):
    count = tf.get_variable("count", initializer=np.array(1.0), use_resource=True)

    def moved():
        slow = tf.py_func(lambda: time.sleep(0.05) or 1.0, [], D)
        with tf.control_dependencies([count.assign_add(slow)]):
            return count.read_value() * x ** 3

    return tf.cond(x[0] > 0, moved, lambda: x)


DRAWN = [dropout, random_weights, next_of_iterator, in_a_conditional, in_a_nested_conditional,
         iterator_read_in_a_conditional, in_a_function, counter_moved_in_a_conditional]


@pytest.mark.parametrize("engine", ["slices", "loop", "auto"])
@pytest.mark.parametrize("model", DRAWN)
def test_loss_and_hessian_of_one_call_are_of_one_draw(model, engine):
    """Each y is c x^3 with a drawn c, so that its second derivative is 6 y / x^2. A refusal is right too."""
    x = tf.placeholder(D, [3])
    y = model(x)
    try:
        found = th.hessian(tf.reduce_sum(y), x, engine=engine)
    except LookupError as refusal:
        assert model not in (dropout, random_weights, next_of_iterator), refusal
        return
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            drawn, matrix = session.run([y, found], {x: POINT})
            np.testing.assert_allclose(matrix, np.diag(6 * drawn / POINT ** 2), rtol=1e-12, atol=1e-12)
