"""Small graphs on which structure is easily read wrongly: each against a column for each element."""
import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
IDS = np.array([[1, 2, 0], [0, 2, 1], [0, 2, 2]])


def numbers(*shape):
    return np.random.RandomState(3).uniform(-1, 1, shape)


def variable(*shape):
    return tf.get_variable("x", initializer=numbers(*shape))


def rank_not_known():
    """Nothing is known of what follows a reshape to a shape of unknown rank."""
    x, shape = variable(6), tf.placeholder(tf.int32)
    return tf.reduce_sum(tf.square(tf.tanh(tf.reshape(x, shape)))), x, {shape: [2, 3]}


def rank_not_known_behind_a_product():
    x, shape = variable(3, 4), tf.placeholder(tf.int32)
    return tf.reduce_sum(tf.square(tf.tanh(tf.reshape(tf.matmul(numbers(5, 3), x), shape)))), x, {shape: [20]}


def columns_picked():
    """A gather along the second axis, of sizes that would fit an embedding: 3 ids for each of 3 rows, width 3."""
    x = variable(3, 3)
    h = tf.tanh(tf.tensordot(tf.gather(x, IDS, axis=1), numbers(3, 3, 2), [[1, 2], [0, 1]]))
    return tf.reduce_mean(tf.reduce_logsumexp(2.0 * h, 1)), x, {}


def rows_picked_by_batch():
    """The same with ids of its own for each row: gather_nd, which has no batch axis, of pairs."""
    x = variable(3, 3, 3)
    pairs = np.stack([np.arange(3)[:, None] + 0 * IDS, IDS], 2)
    h = tf.tanh(tf.matmul(tf.reduce_sum(tf.gather_nd(x, pairs), 1), numbers(3, 2)))
    return tf.reduce_mean(tf.reduce_logsumexp(2.0 * h, 1)), x, {}


def rows_picked_by_batch_axis():
    x = variable(3, 3, 3)
    h = tf.tanh(tf.matmul(tf.reduce_sum(tf.batch_gather(x, IDS), 1), numbers(3, 2)))
    return tf.reduce_mean(tf.reduce_logsumexp(2.0 * h, 1)), x, {}


def mean_of_what_is_left():
    """z - mean(z) is a sum of slices: it does not carry them."""
    x = variable(4, 3)
    u = x - tf.reduce_mean(x, 0, keepdims=True)
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(u, numbers(3, 2))))), x, {}


def sign_of_a_difference():
    """A squared coefficient has no sign."""
    x = variable(3)
    return tf.reduce_sum(tf.exp(numbers(5, 3) - (1.0 - x) / numbers(3))), x, {}


def one_row_for_all():
    """Features first, and a bias with an axis of size 1, which is broadcast along an axis of unknown size."""
    x, a = variable(4, 1), tf.placeholder(D, [4, None])
    z = tf.transpose(tf.matmul(numbers(2, 4), tf.tanh(a + x)))
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1, 1, 0, 1], logits=z)), x, {
        a: numbers(4, 5)}


def steps_behind_steps():
    """tf.tensordot reshapes [rows, steps, width] to [rows * steps, width] and back, rows not known."""
    x, a = variable(2, 3), tf.placeholder(D, [None, 4, 2])
    z = tf.tensordot(tf.tanh(tf.tensordot(a, x, [[2], [0]])), numbers(3, 2), [[2], [0]])
    labels = tf.constant(np.arange(20).reshape(5, 4) % 2)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=z)), x, {
        a: numbers(5, 4, 2)}


@tf.RegisterGradient("HalvedInPitfalls")
def _halved(op, grad):
    return 0.5 * grad


def read_with_a_gradient_of_its_own():
    """An identity that halves its gradient is no pure read."""
    x = variable(3, 4)
    with tf.get_default_graph().gradient_override_map({"Identity": "HalvedInPitfalls"}):
        read = tf.identity(x)
    return tf.reduce_mean(tf.square(tf.tanh(tf.matmul(numbers(5, 3), read)))), x, {}


def gradient_that_is_none():
    """What the user's gradient leaves out counts as constant, however it goes on to the loss."""
    x = variable(3, 4)
    half = tf.custom_gradient(lambda a, b: (a * b, lambda grad: (grad * b, None)))
    y = tf.tanh(tf.matmul(tf.tanh(tf.matmul(numbers(5, 3), x)), numbers(4, 4)))
    return tf.reduce_mean(tf.square(half(tf.matmul(numbers(5, 3), 2.0 * x), y))), x, {}


def _around(meet):
    """A trunk as wide as its block; meet: how they meet."""
    x = variable(3, 4)
    h = tf.tanh(tf.matmul(numbers(5, 3), x))
    return tf.reduce_sum(meet(h, tf.matmul(h, 2.0 * numbers(4, 4)))), x, {}


def curved_around_a_block():
    return _around(lambda h, c: tf.exp(h) + tf.tanh(c))


def block_times_what_is_around():
    return _around(lambda h, c: h * tf.tanh(c))


def block_behind_a_block():
    return _around(lambda h, c: tf.matmul(tf.tanh(c + h), numbers(4, 4)) * 0.5 + tf.tanh(c))


def one_cut_behind_points_of_two_ranks():
    """Nothing is apart between a cut and a matrix, nor between it and a vector."""
    x = variable(12)
    z = tf.tanh(tf.matmul(numbers(5, 3), tf.reshape(x, [3, 4])) + 2.0 * x[:4])
    return tf.reduce_sum(tf.reduce_logsumexp(tf.tanh(tf.matmul(tf.nn.relu(z), numbers(4, 4)) + x[:4]), 0)), x, {}


def parts_that_overlap():
    """One part is read twice, and shares a half with another one; a quarter of all is read by nothing."""
    x = variable(128)
    w, v = tf.reshape(x[:64], [8, 8]), tf.reshape(x[32:96], [8, 8])
    h = tf.tanh(tf.matmul(tf.tanh(tf.matmul(numbers(5, 8), w)), w))
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(h, v)))), x, {}


def two_shapes_of_one_vector():
    x = variable(64)
    w, v = tf.reshape(x, [8, 8]), tf.reshape(x, [4, 16])
    h = tf.tanh(tf.matmul(tf.tanh(tf.matmul(numbers(5, 8), w)), w))
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(h[:, :4], v)))), x, {}


PITFALLS = [
    parts_that_overlap, two_shapes_of_one_vector,
    one_cut_behind_points_of_two_ranks,
    curved_around_a_block, block_times_what_is_around, block_behind_a_block,
    rank_not_known, rank_not_known_behind_a_product, columns_picked, rows_picked_by_batch, rows_picked_by_batch_axis,
    mean_of_what_is_left, sign_of_a_difference, one_row_for_all, steps_behind_steps,
    read_with_a_gradient_of_its_own, gradient_that_is_none]


def test_pitfalls():
    fetches, feeds = [], {}
    for pitfall in PITFALLS:
        with tf.variable_scope(pitfall.__name__):
            loss, x, feed = pitfall()
        fetches.append((th.hessian_diag(loss, x, verify="never"), th.hessian_diag(loss, x, engine="loop")))
        feeds.update(feed)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(fetches, feeds)
    for pitfall, (ours, columns) in zip(PITFALLS, values):
        assert np.abs(columns).max() > 1e-4, pitfall.__name__
        np.testing.assert_allclose(
            ours, columns, rtol=0, atol=1e-11 * np.abs(columns).max(), err_msg=pitfall.__name__)
