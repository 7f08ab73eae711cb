"""What random graphs are made of: loops, conditionals, arrays, and these in each other. See random_ops.py."""
import tensorflow.compat.v1 as tf

__all__ = ["BINARY"]


def _once_more(y, b):
    return tf.sin(y) * tf.reduce_mean(b) + 0.5 * y


def _larger(y, b):
    return y + 0.3125 + 0.125 * tf.sin(y * tf.reduce_mean(b))


def _repeated(step, count, y):
    return tf.while_loop(lambda i, y: i < count, lambda i, y: [i + 1, step(y)], [0, y])[1]


def _mapped(rows, b):
    return tf.map_fn(lambda row: _once_more(row, b) * tf.reduce_sum(row), rows)


def _loop(g, a, b):
    """The number of iterations stands in the graph, or does not."""
    count = g.pick([2, 3, tf.placeholder_with_default(3, [])])
    return _repeated(lambda y: _once_more(y, b), count, a)


def _loop_until(g, a, b):
    return tf.while_loop(lambda i, y: tf.logical_and(i < 4, tf.reduce_mean(y) < 0.6875),
                         lambda i, y: [i + 1, _larger(y, b)], [0, a])[1]


def _nested_loop(g, a, b):
    return _repeated(lambda y: _repeated(lambda z: _once_more(z, b), 2, y), 2, a)


def _cond_in_loop(g, a, b):
    def body(i, y):
        return [i + 1, tf.cond(tf.equal(i, 1), lambda: _once_more(y, b), lambda: tf.tanh(y * y))]

    return tf.while_loop(lambda i, y: i < 3, body, [0, a])[1]


def _written(g, a, b):
    """Rows written to a TensorArray by a loop."""
    rows, array = g.resized(a, [3, 2]), tf.TensorArray(g.dtype, 3)
    done = tf.while_loop(
        lambda i, array: i < 3, lambda i, array: [i + 1, array.write(i, _once_more(rows[i], b))], [0, array])
    return tf.ensure_shape(done[1].stack(), [3, 2])


def _cond(g, a, b):
    return tf.cond(tf.reduce_mean(a) > g.pick([-9.0, 0.0]), lambda: tf.sin(a) * tf.reduce_mean(b), lambda: a * a * 0.5)


def _cond_in_cond(g, a, b):
    def inner():
        return tf.cond(tf.reduce_sum(b) > 0, lambda: tf.sin(a) * tf.reduce_sum(b), lambda: tf.tanh(a))

    return tf.cond(tf.reduce_mean(a) > -9, inner, lambda: tf.exp(a))


def _is_taken(g, b):
    """Which branch, in most programs known to no one before the run."""
    return tf.reduce_mean(b) > g.pick([-9.0, 0.0, 0.125])


def _case(g, a, b):
    mean = tf.reduce_mean(a)
    return tf.case([(mean > 0.25, lambda: _once_more(a, b)), (mean > -0.25, lambda: a * a * 0.5)],
                   default=lambda: tf.tanh(a) * tf.reduce_sum(b))


def _loop_in_cond(g, a, b):
    taken, count = _is_taken(g, b), g.pick([2, tf.placeholder_with_default(3, [])])
    return tf.cond(taken, lambda: _repeated(lambda y: _once_more(y, b), count, a), lambda: tf.exp(a) * 0.5)


def _array_in_cond(g, a, b):
    """A loop that makes its arrays in a branch."""
    taken, rows, first = _is_taken(g, b), g.resized(a, [3, 2]), g.resized(b, [2])
    inner = g.pick([lambda: tf.scan(_once_more, rows, first), lambda: _mapped(rows, b)])
    return tf.ensure_shape(tf.cond(taken, inner, lambda: rows * rows * 0.5), [3, 2])


def _array_in_cond_in_loop(g, a, b):
    rows = g.resized(a, [3, 2])

    def body(i, y):
        return [i + 1, tf.cond(tf.equal(i, 1), lambda: y * tf.reduce_sum(b), lambda: tf.foldl(_once_more, rows, y))]

    return tf.while_loop(lambda i, y: i < 3, body, [0, g.resized(b, [2])])[1]


def _written_in_cond(g, a, b):
    """Every row is written, by one branch or the other; a branch may read what is written before."""
    rows, array = g.resized(a, [3, 2]), tf.TensorArray(g.dtype, 3, clear_after_read=False).write(0, g.resized(b, [2]))

    def body(i, array):
        return [i + 1, tf.cond(tf.reduce_sum(rows[i]) > 0, lambda: array.write(i, _once_more(rows[i], b)),
                               lambda: array.write(i, tf.sin(array.read(i - 1)) * rows[i]))]

    done = tf.while_loop(lambda i, array: i < 3, body, [1, array])
    return tf.ensure_shape(done[1].stack(), [3, 2])


def _read_in_cond(g, a, b):
    """Rows of an array that one branch reads and the other does not."""
    rows, start = g.resized(a, [3, 2]), g.resized(b, [2])
    array = tf.TensorArray(g.dtype, 3, clear_after_read=g.chance(0.5)).unstack(rows)

    def body(i, y):
        return [i + 1, tf.cond(tf.reduce_mean(y) < 0.25, lambda: tf.sin(array.read(i)) + y * y, lambda: tf.tanh(y))]

    return tf.while_loop(lambda i, y: i < 3, body, [0, start])[1]


def _grown(g, a, b):
    """An array that grows until a value is reached; how many rows, the graph does not tell."""
    array = tf.TensorArray(g.dtype, 0, dynamic_size=True, element_shape=[2])

    def body(i, y, array):
        y = _larger(y, b)
        return [i + 1, y, array.write(i, y * y)]

    done = tf.while_loop(lambda i, y, _: (i < 1) | ((i < 4) & (tf.reduce_mean(y) < 0.6875)), body,
                         [0, g.resized(a, [2]), array])
    return tf.reduce_sum(done[2].stack(), 0) * done[1]


def _array(g, a, b):
    """An array without a loop."""
    rows, other = g.resized(a, [3, 2]), g.resized(b, [2])
    array = tf.TensorArray(g.dtype, 4, element_shape=[2]).scatter([3, 0, 1], rows).write(2, tf.sin(other))
    return g.pick([lambda: tf.reshape(array.gather([1, 3, 0]), [3, 2]), lambda: tf.reshape(array.stack(), [4, 2]),
                   lambda: tf.reshape(array.concat()[1:7], [2, 3])])()


def _recurrent(g, a, b):
    """Sequences of two lengths, as recurrent nets take them: what is past the end of one keeps its state."""
    steps, state, lengths = g.resized(a, [3, 2, 1]), g.resized(b, [2, 1]), tf.constant([3, 1 + g.below(3)])
    inputs, outputs = tf.TensorArray(g.dtype, 3).unstack(steps), tf.TensorArray(g.dtype, 3)

    def body(i, y, outputs):
        new = tf.tanh(inputs.read(i) + 0.5 * y * tf.reduce_mean(b))
        step = tf.cond(i < tf.reduce_min(lengths), lambda: new, lambda: tf.where(i < lengths, new, y))
        return [i + 1, step, outputs.write(i, step)]

    done = tf.while_loop(lambda i, y, _: i < tf.reduce_max(lengths), body, [0, state, outputs])
    return tf.ensure_shape(done[2].stack(), [3, 2, 1])


BINARY = {
    "loop": _loop, "loop_until": _loop_until, "nested_loop": _nested_loop, "cond_in_loop": _cond_in_loop,
    "written": _written, "cond": _cond, "cond_in_cond": _cond_in_cond, "case": _case,
    "loop_in_cond": _loop_in_cond, "array": _array, "array_in_cond": _array_in_cond, "grown": _grown,
    "array_in_cond_in_loop": _array_in_cond_in_loop, "written_in_cond": _written_in_cond,
    "read_in_cond": _read_in_cond, "recurrent": _recurrent,
    "scan": lambda g, a, b: tf.scan(_once_more, g.resized(a, [3, 2]), g.resized(b, [2])),
    "fold": lambda g, a, b: tf.foldl(_once_more, g.resized(a, [3, 2]), g.resized(b, [2])),
    "map": lambda g, a, b: _mapped(g.resized(a, [3, 2]), b),
}
