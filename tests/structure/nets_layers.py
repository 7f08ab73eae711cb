"""Nets of other layers: normalised, convolved, looked up, attended, unrolled, tied."""
import tensorflow.compat.v1 as tf

from tests.structure.nets_dense import dense, entropy

__all__ = [
    "attention", "batch_norm", "character_net", "cnn", "depthwise", "embedding", "gru", "group_norm", "heads",
    "layer_norm", "lenet", "residual_cnn", "sequence", "tied_autoencoder", "transposed_cnn"]

ROWS = 5


def _ended(g, h, classes=3):
    return tf.reduce_mean(entropy(g, dense(g, h, classes)))


def _sparse(z, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.constant(labels), logits=z))


def layer_norm(by_hand):
    def function(g):
        z = dense(g, g.batch(ROWS, 3), 4)
        mean = tf.reduce_mean(z, 1, keepdims=True)
        variance = tf.reduce_mean(tf.square(z - mean), 1, keepdims=True)
        if not by_hand:
            mean, variance = tf.nn.moments(z, [1], keep_dims=True)
        h = (z - mean) * tf.rsqrt(variance + 0.125) * g.weight(4) + g.weight(4)
        return _ended(g, tf.tanh(h))

    return function


def batch_norm(training, act=tf.tanh):
    def function(g):
        z = dense(g, g.batch(ROWS, 3), 4)
        mean, variance = tf.nn.moments(z, [0]) if training else (g.constant(4), g.constant(4, low=0.5))
        return _ended(g, act(tf.nn.batch_normalization(z, mean, variance, g.weight(4), g.weight(4), 0.125)))

    return function


def embedding(act, shape=(3,)):
    """Mean pooling over ids that may repeat in a row."""
    def function(g):
        table = g.weight(6, 3)
        h = tf.nn.embedding_lookup(table, g.ids(6, ROWS, *shape))
        if shape:
            h = tf.reduce_mean(h, 1)
        return _ended(g, act(dense(g, h, 4)), 2)

    return function


def _conv(g, a, high, wide, channels, padding="VALID", stride=1):
    kernel = g.weight(high, wide, a.shape.as_list()[3], channels)
    found = tf.nn.conv2d(a, kernel, strides=[1, stride, stride, 1], padding=padding)
    return tf.nn.bias_add(found, g.weight(channels))


def lenet(act):
    def function(g):
        h = act(_conv(g, g.batch(4, 7, 6, 1), 3, 2, 2, "SAME"))
        h = tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        h = act(_conv(g, h, 2, 2, 3))
        h = tf.nn.avg_pool(h, ksize=[1, 2, 1, 1], strides=[1, 2, 1, 1], padding="VALID")
        h = act(dense(g, tf.reshape(h, [-1, 6]), 4))
        return _sparse(dense(g, h, 3), [0, 2, 1, 0])

    return function


def cnn(act, flat):
    """One convolution; flattened at once, or pooled."""
    def function(g):
        h = act(tf.nn.conv2d(g.batch(ROWS, 4, 5, 2), g.weight(2, 3, 2, 3), strides=[1, 2, 1, 1], padding="SAME"))
        h = tf.reshape(h, [-1, h.shape[1:].num_elements()]) if flat else tf.reduce_mean(h, [1, 2])
        return _ended(g, h)

    return function


def residual_cnn(act):
    def function(g):
        h = _conv(g, g.batch(4, 4, 3, 1), 2, 2, 2, "SAME")
        h = h + _conv(g, act(h), 2, 3, 2, "SAME")
        h = tf.reduce_mean(act(h), [1, 2])
        return _sparse(dense(g, h, 3), [0, 2, 1, 0])

    return function


def depthwise(act):
    def function(g):
        h = tf.nn.depthwise_conv2d(g.batch(ROWS, 4, 3, 2), g.weight(2, 2, 2, 2), [1, 1, 1, 1], "VALID")
        return _ended(g, tf.reduce_max(act(h), [1, 2]))

    return function


def transposed_cnn(act):
    def function(g):
        small = dense(g, g.batch(3, 2, unknown=()), 6)
        image = tf.reshape(act(small), [3, 2, 3, 1])
        made = tf.nn.conv2d_transpose(image, g.weight(2, 2, 2, 1), [3, 4, 6, 2], strides=[1, 2, 2, 1])
        return tf.reduce_mean(tf.squared_difference(tf.tanh(made), g.constant(3, 4, 6, 2)))

    return function


def group_norm(act):
    """Channels of a convolution in two groups, normalised by group."""
    def function(g):
        z = tf.nn.conv2d(g.batch(ROWS, 3, 4, 2), g.weight(2, 2, 2, 4), strides=[1, 1, 1, 1], padding="VALID")
        z = tf.reshape(z, [-1, 2, 3, 2, 2])
        mean, variance = tf.nn.moments(z, [1, 2, 4], keep_dims=True)
        h = tf.reshape((z - mean) * tf.rsqrt(variance + 0.25), [-1, 2, 3, 4]) * g.weight(4)
        return _ended(g, tf.reduce_mean(act(h), [1, 2]), 2)

    return function


def attention(act, residual=True):
    def function(g):
        a = g.batch(ROWS, 3, 4)
        q, k, v = (tf.tensordot(a, g.weight(4, width), [[2], [0]]) for width in (2, 2, 4))
        h = tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.75), v)
        h = h + a if residual else h
        return _ended(g, tf.reduce_mean(act(h), 1), 2)

    return function


def heads(g):
    """Two heads: a dense layer whose result is taken apart."""
    a = g.batch(ROWS, 3, 4)
    z = tf.matmul(tf.reshape(a, [-1, 4]), g.weight(4, 6)) + g.weight(6)
    q = tf.transpose(tf.reshape(z, [-1, 3, 2, 3]), [0, 2, 1, 3])
    h = tf.matmul(tf.nn.softmax(tf.matmul(q, q, transpose_b=True)), q)
    h = tf.reshape(tf.transpose(h, [0, 2, 1, 3]), [-1, 3, 6])
    return _ended(g, tf.reduce_max(h, 1), 2)


def gru(steps, time_major=False):
    def function(g):
        a = g.batch(steps, ROWS, 2, unknown=(1,)) if time_major else g.batch(ROWS, steps, 2)
        w, u, b, c = g.weight(2, 9), g.weight(3, 6), g.weight(9), g.weight(3, 3)
        state = tf.zeros([ROWS, 3], g.dtype)
        for t in range(steps):
            gates = tf.matmul(a[t] if time_major else a[:, t], w) + b
            z, r = tf.split(tf.sigmoid(gates[:, :6] + tf.matmul(state, u)), 2, 1)
            state = z * state + (1 - z) * tf.tanh(gates[:, 6:] + tf.matmul(r * state, c))
        return _ended(g, state, 2)

    return function


def tied_autoencoder(g):
    a, w = g.batch(ROWS, 4), g.weight(4, 3)
    h = tf.tanh(tf.matmul(a, w) + g.weight(3))
    return tf.reduce_mean(tf.squared_difference(tf.matmul(h, w, transpose_b=True) + g.weight(4), a))


def sequence(act, pooled):
    """The same layer at each step; a loss of each row, or of each step."""
    def function(g):
        h = act(tf.tensordot(g.batch(ROWS, 4, 2), g.weight(2, 3), [[2], [0]]) + g.weight(3))
        if pooled:
            return _ended(g, tf.reduce_mean(h, 1), 2)
        z = tf.tensordot(h, g.weight(3, 2), [[2], [0]])
        return _sparse(z, g.rng.randint(0, 2, (ROWS, 4)))

    return function


def character_net(g):
    """One-dimensional convolution over embedded characters, maximum over time."""
    h = tf.gather(g.weight(5, 2), g.ids(5, ROWS, 4))
    h = tf.nn.relu(tf.nn.conv1d(h, g.weight(2, 2, 3), 1, "VALID") + g.weight(3))
    return _ended(g, tf.reduce_max(h, 1), 2)
