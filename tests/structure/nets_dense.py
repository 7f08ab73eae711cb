"""Nets of dense layers: depth by activation, each loss, and what people add to them."""
import tensorflow.compat.v1 as tf

__all__ = ["ACTIVATIONS", "HIDDEN", "LOSSES", "ROWS", "CLASSES", "INPUTS", "dense_net", "dense", "entropy"]

ROWS, INPUTS, CLASSES = 5, 3, 2
HIDDEN = [3, 4, 2, 3, 5]
MIXED = [tf.tanh, tf.nn.relu, tf.nn.softplus, tf.sigmoid, tf.nn.elu]
ACTIVATIONS = {
    "tanh": tf.tanh, "relu": tf.nn.relu, "softplus": tf.nn.softplus, "sigmoid": tf.sigmoid, "elu": tf.nn.elu,
    "swish": tf.nn.swish, "mixed": None}


def dense(g, a, width):
    """An affine layer."""
    return tf.matmul(a, g.weight(a.shape.as_list()[-1], width)) + g.weight(width)


def dense_net(depth, activation, loss):
    """The function of a net with `depth` hidden layers."""
    def function(g):
        a = g.batch(ROWS, INPUTS)
        for i, width in enumerate(HIDDEN[:depth]):
            act = ACTIVATIONS[activation] or MIXED[(i + depth) % len(MIXED)]
            a = act(dense(g, a, width))
        return LOSSES[loss](g, dense(g, a, CLASSES))

    return function


def _labels(g):
    return tf.constant(g.rng.randint(0, CLASSES, ROWS))


def entropy(g, z):
    """Softmax cross-entropy of each row."""
    classes = z.shape.as_list()[-1]
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=g.one_hot(ROWS, classes), logits=z)


def _masked(g, rows):
    mask = tf.constant([1.0, 0.0, 1.0, 1.0, 0.0], g.dtype)
    return tf.reduce_sum(rows * mask) / tf.reduce_sum(mask)


def _huber(g, z):
    off = z - g.constant(ROWS, CLASSES)
    return tf.reduce_mean(tf.where(tf.abs(off) < 0.75, 0.5 * tf.square(off), 0.75 * tf.abs(off) - 0.28125))


def _mixture(g, z):
    """The negative logarithm of a mixture of two Gaussians, one weight and one mean each out of the net."""
    target = g.constant(ROWS, 1)
    means = tf.concat([z, -z], 1)[:, :CLASSES] * 1.5
    scores = tf.nn.log_softmax(z) - tf.square(target - means)
    return -tf.reduce_mean(tf.reduce_logsumexp(scores, 1))


LOSSES = {
    "softmax": lambda g, z: tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(labels=g.one_hot(ROWS, CLASSES), logits=z)),
    "softmax_v2": lambda g, z: tf.reduce_mean(entropy(g, z)),
    "sparse": lambda g, z: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=_labels(g), logits=z)),
    "sigmoid": lambda g, z: tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=g.constant(ROWS, CLASSES, low=0.0), logits=z)),
    "squares": lambda g, z: tf.reduce_mean(tf.squared_difference(z, g.constant(ROWS, CLASSES))),
    "huber": _huber,
    "poisson": lambda g, z: tf.reduce_mean(
        tf.nn.log_poisson_loss(g.constant(ROWS, CLASSES, low=0.0), z)),
    "weighted": lambda g, z: tf.tensordot(entropy(g, z), g.constant(ROWS, low=0.0), 1),
    "sum": lambda g, z: tf.reduce_sum(entropy(g, z)),
    "masked": lambda g, z: _masked(g, entropy(g, z)),
    "rows": entropy,
    "log_softmax": lambda g, z: -tf.reduce_mean(tf.reduce_sum(g.one_hot(ROWS, CLASSES) * tf.nn.log_softmax(z), -1)),
    "log_of_softmax": lambda g, z: -tf.reduce_mean(
        tf.reduce_sum(g.one_hot(ROWS, CLASSES) * tf.log(tf.nn.softmax(z) + 1e-3), -1)),
    "mixture": _mixture,
    "norms": lambda g, z: tf.reduce_mean(tf.norm(z - 2.0, axis=1)),
}
