"""Loops between sources and loss, as frames of v1 control flow and as functional whiles, unrolled and lifted."""
import functools

import numpy as np
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, variable
from scenarios_control_flow import for_each_form

# Building a lifted loop takes seconds: some loops meet every engine, the others the one that is chosen.
_for_auto = functools.partial(for_each_form, engines=("auto",))


def _times(count):
    """A number of iterations that the graph does not tell."""
    return tf.placeholder_with_default(np.int32(count), [])


def _repeated(body, first, count):
    return tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, body(a)], [0, first])[1]


def _loss(result):
    return tf.reduce_sum(tf.sin(result))


def _growth(at):
    """d2/dx2 of sin(x^3) in each element."""
    return np.diag(6 * at * np.cos(at ** 3) - 9 * at ** 4 * np.sin(at ** 3))


@for_each_form(closed=_growth)
def loop_counted(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(_loss(_repeated(lambda a: a * x, tf.ones_like(x), 3)), x)


@for_each_form(closed=_growth)
def loop_counted_at_run_time(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(_loss(_repeated(lambda a: a * x, tf.ones_like(x), _times(3))), x)


@for_each_form()
def loop_that_ends_by_its_values(dtype):
    x = variable("x", numbers(1, 2, low=0.5), dtype)
    result = tf.while_loop(lambda a: tf.reduce_sum(a) < 20.0, lambda a: [a * 1.3 + x * tf.sin(a)], [tf.exp(x)])
    return Case(_loss(result[0] if isinstance(result, (list, tuple)) else result), x)


@_for_auto()
def loop_of_no_iteration(dtype):
    x = variable("x", numbers(1, 2), dtype)
    return Case(_loss(_repeated(lambda a: a * x, tf.exp(x), _times(0))), x)


@_for_auto()
def loop_nested(dtype):
    x = variable("x", numbers(1, 2), dtype)
    inner = lambda a: _repeated(lambda b: tf.sin(b * a) + x, a, 2)  # noqa: E731
    return Case(_loss(_repeated(inner, x, 2)), x)


@_for_auto(since=(1, 14))  # in TF 1.13 the condition and the body of a functional while can't read the same tensor
def loop_nested_at_run_time(dtype):
    x, count = variable("x", numbers(1, 2), dtype), _times(2)
    inner = lambda a: _repeated(lambda b: tf.sin(b * a) + x, a, count)  # noqa: E731
    return Case(_loss(_repeated(inner, x, count)), x)


def _with_cond(dtype, count):
    x = variable("x", numbers(1, 2), dtype)

    def body(i, a):
        return [i + 1, tf.cond(tf.equal(i, 1), lambda: a * a * x, lambda: tf.sin(a))]

    return Case(_loss(tf.while_loop(lambda i, a: i < count, body, [0, tf.exp(x)])[1]), x)


@_for_auto()
def cond_in_loop(dtype):
    return _with_cond(dtype, 3)


@_for_auto()
def cond_in_loop_at_run_time(dtype):
    return _with_cond(dtype, _times(3))


@_for_auto()
def loop_in_cond(dtype):
    x, flag = variable("x", numbers(1, 2), dtype), tf.placeholder(tf.bool, [])
    result = tf.cond(flag, lambda: _repeated(lambda a: tf.tanh(a * a + x), x, 2), lambda: x ** 3)
    return Case(_loss(result), x, [{flag: True}, {flag: False}])


@_for_auto()
def loop_reads_resource_inside(dtype):
    x = variable("x", numbers(1, 2), dtype, use_resource=True)
    return Case(_loss(_repeated(lambda a: tf.tanh(a + x) * x, constant([0.5, 1.0], dtype), _times(2))), x)


@_for_auto()
def loop_reads_ref_inside(dtype):
    x = variable("x", numbers(1, 2), dtype, use_resource=False)
    return Case(_loss(_repeated(lambda a: tf.tanh(a + x) * x, constant([0.5, 1.0], dtype), 2)), x)


@_for_auto()
def loop_beside_another_term(dtype):
    x = variable("x", numbers(1, 2), dtype)
    result = _repeated(lambda a: a * x, tf.ones_like(x), _times(3))
    return Case(_loss(result) + tf.reduce_sum(x ** 2), x)


@_for_auto()
def loop_followed_by_a_loop(dtype):
    x = variable("x", numbers(1, 2), dtype)
    first = _repeated(lambda a: tf.sin(a) * x, x, 2)
    return Case(_loss(_repeated(lambda a: a * first, tf.exp(x), 2)), x)


@_for_auto()
def map_fn(dtype):
    x = variable("x", numbers(1, 3, 1), dtype)
    return Case(_loss(tf.map_fn(lambda row: tf.tanh(row) ** 2, x)), x)


@for_each_form()
def scan(dtype):
    x = variable("x", numbers(1, 3, 1), dtype)
    return Case(_loss(tf.scan(lambda a, row: tf.tanh(a * row) + row, x)), x)


@_for_auto(since=(1, 14))  # TF 1.13's lists of tensors abort the process
def scan_at_run_time(dtype):
    x = variable("x", numbers(1, 3, 1), dtype)
    rows = tf.gather(x, tf.range(_times(3)))
    return Case(_loss(tf.scan(lambda a, row: tf.tanh(a * row) + row, rows)), x)


@_for_auto()
def foldl(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(_loss(tf.foldl(lambda a, b: tf.tanh(a * b) + b, x)), x)


@_for_auto()
def tensor_array(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(_loss(tf.TensorArray(dtype, 3).unstack(x ** 2).stack() * x), x)


@_for_auto()
def loop_writes_and_reads_arrays(dtype):
    x, w = variable("x", numbers(1, 3, 1), dtype), variable("w", numbers(2, 1), dtype)
    rows, count = tf.TensorArray(dtype, 3).unstack(x), _times(3)

    def body(i, a, written):
        a = tf.tanh(rows.read(i) * w + a)
        return i + 1, a, written.write(i, a * a)

    first = [0, tf.zeros_like(w), tf.TensorArray(dtype, 3, element_shape=[1])]
    _, last, written = tf.while_loop(lambda i, *_: i < count, body, first)
    return Case(_loss(written.stack()) * tf.reduce_sum(tf.exp(last)), [x, w])


class _Cell(object):
    """A gated recurrent cell, as tf.nn.dynamic_rnn wants one; tf.nn.rnn_cell is gone from the newest TF."""

    def __init__(self, w, size):
        self._w, self.output_size, self.state_size = w, size, size

    def zero_state(self, batch_size, dtype):
        return tf.zeros([batch_size, self.state_size], dtype)

    def __call__(self, inputs, state, scope=None):
        new = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), self._w))
        return new, tf.sigmoid(state) * new


def _recurrent(dtype, lengths=None):
    w = variable("w", numbers(1, 3, 2), dtype)
    inputs = constant(numbers(2, 2, 3, 1), dtype)
    outputs, last = tf.nn.dynamic_rnn(_Cell(w, 2), inputs, sequence_length=lengths, dtype=dtype)
    return Case(_loss(outputs) + tf.reduce_sum(last ** 2), w)


@for_each_form()
def dynamic_rnn(dtype):
    return _recurrent(dtype)


@_for_auto()
def dynamic_rnn_with_lengths(dtype):
    return _recurrent(dtype, tf.placeholder_with_default(np.int32([3, 1]), [2]))
