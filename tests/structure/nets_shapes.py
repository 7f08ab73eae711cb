"""Nets that differ in how they are put together: what is skipped, shared, cut, centred, added up."""
import tensorflow.compat.v1 as tf

from tests.structure.nets_dense import dense, dense_net, entropy

__all__ = [
    "by_inputs", "centered", "customized", "decayed", "dropped", "factors", "features_first", "gates", "generalized",
    "gradient_penalty", "left_weights", "masked_by_fixed_draw", "norm_penalty", "pairs", "read_often", "residual",
    "root", "shared_trunk", "skipped", "split_heads"]

ROWS = 5


def _ended(g, h, classes=2):
    return tf.reduce_mean(entropy(g, dense(g, h, classes)))


def decayed(g):
    loss = dense_net(2, "tanh", "softmax")(g)
    loss += 0.125 * tf.add_n([tf.nn.l2_loss(w) for w in g.weights]) + 0.5 * tf.reduce_sum(tf.square(g.weights[0]))
    return loss + 0.25 * tf.reduce_sum(tf.abs(g.weights[2])) + 0.5 * tf.reduce_mean(g.weights[4] ** 4)


def norm_penalty(g):
    """A norm that is not squared: all elements of one weight meet."""
    return dense_net(1, "tanh", "softmax")(g) + tf.sqrt(tf.reduce_sum(tf.square(g.weights[0])) + 0.25)


def skipped(act, concatenated):
    def function(g):
        a = g.batch(ROWS, 3)
        h = act(dense(g, a, 4))
        h = tf.concat([h, act(dense(g, h, 2)), a], 1) if concatenated else h + act(dense(g, act(dense(g, h, 2)), 4))
        return _ended(g, h)

    return function


def residual(blocks, act):
    """A trunk that each block adds to; as wide as its blocks, so that only what is inside them is cheap."""
    def function(g):
        h = act(dense(g, g.batch(ROWS, 3), 6))
        for _ in range(blocks):
            h = h + act(dense(g, h, 6))
        return _ended(g, h)

    return function


def dropped(g):
    h = tf.tanh(dense(g, g.batch(ROWS, 3), 4))
    h = tf.nn.dropout(h, rate=0.375)
    return _ended(g, tf.nn.relu(dense(g, h, 3)))


def masked_by_fixed_draw(g):
    """Dropout with the same draw in each call."""
    h = tf.tanh(dense(g, g.batch(ROWS, 3), 4))
    kept = tf.cast(tf.random.stateless_uniform(tf.shape(h), [3, 7]) < 0.625, g.dtype)
    return _ended(g, tf.nn.softplus(dense(g, h * kept / 0.625, 3)))


def factors(transposed):
    def function(g):
        u, v = g.weight(5, 2), g.weight(*((4, 2) if transposed else (2, 4)))
        return tf.reduce_sum(tf.squared_difference(tf.matmul(u, v, transpose_b=transposed), g.constant(5, 4)))

    return function


def shared_trunk(g):
    h = tf.tanh(dense(g, g.batch(ROWS, 3), 4))
    values = dense(g, h, 1)
    return _ended(g, tf.nn.softplus(dense(g, h, 3))) + 0.5 * tf.reduce_mean(tf.square(values - g.constant(ROWS, 1)))


def features_first(g):
    """Examples along the last axis."""
    a = g.batch(3, ROWS, unknown=(1,))
    h = tf.tanh(tf.matmul(g.weight(4, 3), a) + g.weight(4, 1))
    z = tf.matmul(g.weight(2, 4), h)
    return tf.reduce_mean(entropy(g, tf.transpose(z)))


def left_weights(g):
    """Weights on the left, minus signs, quotients."""
    h = tf.tanh(g.constant(ROWS, 3) - g.weight(3))
    h = tf.tanh(g.weight(4) - tf.matmul(h, g.weight(3, 4)) / g.constant(4, low=0.5))
    z = tf.matmul(g.weight(2, 4), h, transpose_b=True)
    return tf.reduce_mean(entropy(g, tf.transpose(z) - g.weight(2) / 2.0)) - tf.nn.l2_loss(g.weights[1])


def root(over_rows):
    """Not a sum over rows; over_rows: one root for each column."""
    def function(g):
        z = dense(g, tf.tanh(dense(g, g.batch(ROWS, 3), 4)), 2)
        return tf.reduce_sum(tf.sqrt(tf.reduce_mean(tf.square(z - 0.25), 0 if over_rows else None)))

    return function


def centered(axis):
    """The mean of the rows is a sum of slices: it does not carry them."""
    def function(g):
        z = g.weight(4, 3)
        u = z - tf.reduce_mean(z, axis, keepdims=True)
        return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(u, g.constant(3, 2)))))

    return function


def by_inputs(act):
    """The derivative by inputs, as for a map of their curvature."""
    def function(g):
        x = g.weight(ROWS, 3)
        h = act(tf.matmul(act(tf.matmul(x, g.constant(3, 6))), g.constant(6, 4)))
        return tf.reduce_sum(tf.tanh(tf.matmul(h, g.constant(4, 2))))

    return function


def gradient_penalty(act):
    def function(g):
        a = g.batch(ROWS, 3)
        y = tf.matmul(act(dense(g, a, 4)), g.weight(4, 1))
        slope, = tf.gradients(y, [a])
        norm = tf.sqrt(tf.reduce_sum(tf.square(slope), 1) + 0.25)
        return tf.reduce_mean(y) + tf.reduce_mean(tf.square(norm - 1.0))

    return function


def generalized(g):
    """A generalised linear model with many outputs."""
    eta = tf.matmul(g.batch(ROWS, 3), g.weight(3, 4))
    return tf.reduce_sum(tf.exp(eta) - g.constant(ROWS, 4, low=0.0) * eta)


def gates(g):
    """One variable read as a scale, one as a gate, one as a filter of features."""
    h = tf.tanh(dense(g, g.batch(ROWS, 3), 4)) * tf.sigmoid(g.weight(4)) * g.weight(4)
    return _ended(g, tf.nn.relu(h + 0.5 * g.weight(1)))


def read_often(g):
    """Each weight is read twice; in places that never meet in a curved op."""
    a = g.batch(ROWS, 3)
    w, b = g.weight(3, 2), g.weight(2)
    y = tf.matmul(a, w) + b
    other = tf.matmul(g.constant(4, 3), w) - b
    return tf.reduce_mean(tf.exp(y)) + tf.reduce_mean(tf.reduce_logsumexp(other, 1))


def split_heads(g):
    """A layer whose result is cut: a mean and a variance."""
    z = dense(g, tf.tanh(dense(g, g.batch(ROWS, 3), 4)), 4)
    mean, scale = tf.split(z, 2, 1)
    off = tf.square(g.constant(ROWS, 2) - mean) * tf.exp(-scale)
    return 0.5 * tf.reduce_mean(off + scale)


def customized(g):
    """An op with the user's own gradient: nothing is known of it."""
    @tf.custom_gradient
    def clipped(x):
        y = tf.tanh(x)
        return y, lambda grad: grad * (1 - tf.square(tf.tanh(x)))

    return _ended(g, clipped(dense(g, g.batch(ROWS, 3), 4)))


def pairs(g):
    """What a ranking loss is made of: each row meets each other one."""
    z = tf.matmul(tf.tanh(dense(g, g.batch(ROWS, 3), 4)), g.weight(4, 1))
    return tf.reduce_mean(tf.nn.softplus(z - tf.transpose(z)))
