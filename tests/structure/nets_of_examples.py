"""Nets that end in one loss for each example of a batch, with the plan that is expected of them."""
import collections

import tensorflow.compat.v1 as tf

from tests.structure import nets_shared
from tests.structure.nets_dense import dense, entropy
from tests.structure.program import Program

__all__ = ["BATCH_NORM", "MIXING", "NETS", "Net", "ROWS", "decayed"]

ROWS = 5

Net = collections.namedtuple("Net", "program engine")
Net.__doc__ = """engine: of the expected plan, or several, "a|b"."""


def mlp(act):
    def function(g):
        h = act(dense(g, g.batch(ROWS, 3), 4))
        return entropy(g, dense(g, h, 2))

    return function


def decayed(g):
    """Weight decay in every row, and one that each row scales."""
    losses = mlp(tf.tanh)(g)
    decay = sum(tf.reduce_sum(tf.square(w)) for w in g.weights)
    return losses + 0.25 * decay + g.constant(ROWS) * tf.reduce_sum(g.weights[0] ** 4)


def lifted_decay(g):
    """A decay that lies behind linear ops: no axis of those is the batch's."""
    a, start = g.batch(ROWS, 3, unknown=()), g.constant(3, 40)
    w, v = g.weight(3, 40), g.weight(40, 2)
    losses = entropy(g, tf.matmul(tf.nn.relu(tf.matmul(a, w)), v))
    return losses + g.constant(ROWS) * tf.reduce_sum(tf.square(w - start)) + tf.reduce_sum((2.0 * v) ** 4)


def weighted(g):
    return mlp(tf.tanh)(g) * g.constant(ROWS)


def convolved(act):
    def function(g):
        z = tf.nn.conv2d(g.batch(ROWS, 5, 4, 2), g.weight(2, 3, 2, 3), strides=[1, 1, 1, 1], padding="VALID")
        h = act(tf.nn.bias_add(z, g.weight(3)))
        h = tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        return entropy(g, dense(g, tf.reshape(h, [-1, 6]), 2))

    return function


def convolved_alone(g):
    """All places of the convolution stay apart."""
    z = tf.nn.conv2d(g.batch(ROWS, 4, 3, 2), g.weight(2, 2, 2, 3), strides=[1, 1, 1, 1], padding="SAME")
    return tf.reduce_sum(tf.square(tf.tanh(z)), [1, 2, 3])


def depthwise(g):
    z = tf.nn.depthwise_conv2d(g.batch(ROWS, 4, 3, 2), g.weight(2, 2, 2, 2), [1, 1, 1, 1], "VALID")
    return tf.reduce_sum(tf.square(tf.tanh(z)), [1, 2, 3])


def embedded(*places):
    def function(g):
        h = tf.nn.embedding_lookup(g.weight(6, 3), g.ids(6, ROWS, *places))
        h = tf.reduce_mean(h, 1) if places else h
        return entropy(g, dense(g, tf.tanh(dense(g, h, 4)), 2))

    return function


def layer_norm(g):
    z = dense(g, g.batch(ROWS, 3), 4)
    mean, variance = tf.nn.moments(z, [1], keep_dims=True)
    h = (z - mean) * tf.rsqrt(variance + 0.125) * g.weight(4) + g.weight(4)
    return entropy(g, dense(g, tf.tanh(h), 2))


def fixed_batch_norm(g):
    z = dense(g, g.batch(ROWS, 3), 4)
    z = tf.nn.batch_normalization(z, g.constant(4), g.constant(4, low=0.5), g.weight(4), g.weight(4), 0.125)
    return entropy(g, dense(g, tf.tanh(z), 2))


def attention(g):
    a = g.batch(ROWS, 4, 6)
    q, k, v = (tf.tensordot(a, g.weight(6, width), [[2], [0]]) for width in (2, 2, 3))
    h = tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True)), v)
    return entropy(g, dense(g, tf.tanh(tf.reduce_mean(h, 1)), 2))


def features_first(g):
    """The batch along the last axis."""
    h = tf.tanh(tf.matmul(g.weight(4, 3), g.batch(3, ROWS, unknown=(1,))) + g.weight(4, 1))
    return tf.reduce_sum(tf.exp(tf.matmul(g.weight(2, 4), h)), 0)


def products(g):
    """A weight that is repeated for a batch of matrices, and a scalar that all rows share."""
    z = tf.matmul(g.batch(ROWS, 2, 3), tf.tile(tf.expand_dims(g.weight(3, 4), 0), [ROWS, 1, 1]))
    return tf.reduce_sum(tf.square(tf.tanh(tf.reduce_sum(z, [1, 2]) * g.weight())[:, None] + g.constant(ROWS, 1)), 1)


def per_row(g):
    """A source that has the batch's axis itself."""
    w = g.weight(ROWS, 3)
    return entropy(g, dense(g, tf.tanh(w), 2)) + tf.reduce_sum(tf.square(w), 1)


def looked_up_last(g):
    """The batch along the second axis of the ids."""
    return tf.reduce_sum(tf.tanh(tf.nn.embedding_lookup(g.weight(6, 3), g.ids(6, 2, ROWS))) ** 2, [0, 2])


def scaled_products(g):
    """Scales by number and by place, behind which curvature is known one by one."""
    h = g.batch(ROWS, 3, 4) * g.weight(1) + g.weight(3, 1)
    return tf.reduce_sum(tf.square(tf.tanh(h - g.weight())), [1, 2])


def masked(g):
    """Weights times a mask: by example, what arrives there is scaled."""
    w = g.weight(3, 4) * g.constant(3, 4)
    return entropy(g, tf.tanh(tf.matmul(g.batch(ROWS, 3), -w)))


def losses_of(function):
    """The losses that a net takes the mean of."""
    return lambda g: function(g).op.inputs[0]


def unrolled(g):
    """Uses of a weight that meet in curved ops."""
    a, u, w = g.batch(ROWS, 2, 3), g.weight(3, 2), g.weight(2, 2)
    h = tf.tanh(tf.matmul(a[:, 0], u))
    return entropy(g, tf.tanh(tf.matmul(a[:, 1], u) + tf.matmul(h, w)))


def single_row(g):
    h = tf.tanh(dense(g, g.batch(1, 3, unknown=()), 4))
    return tf.reduce_sum(tf.exp(dense(g, h, 2)), 1) + tf.nn.l2_loss(g.weights[0])


def batch_norm(g):
    """In training."""
    z = dense(g, g.batch(ROWS, 3), 4)
    mean, variance = tf.nn.moments(z, [0])
    return entropy(g, dense(g, tf.tanh(tf.nn.batch_normalization(z, mean, variance, None, None, 0.125)), 2))


def fused_batch_norm(g):
    z = tf.reshape(dense(g, g.batch(ROWS, 3), 4), [-1, 1, 1, 4])
    z = tf.nn.fused_batch_norm(tf.cast(z, tf.float32), tf.ones([4]), tf.zeros([4]), is_training=True)[0]
    return entropy(g, dense(g, tf.tanh(tf.cast(tf.reshape(z, [-1, 4]), g.dtype)), 2))


def softmax_over_the_batch(g):
    return -tf.nn.log_softmax(tf.reduce_sum(tf.tanh(dense(g, g.batch(ROWS, 3), 4)), 1))


def activity(g):
    """The mean over the batch of what a layer makes, in every row."""
    h = tf.tanh(dense(g, g.batch(ROWS, 3), 4))
    return entropy(g, dense(g, h, 2)) + tf.reduce_mean(tf.square(h))


KINDS = ("resource", "ref", "partitioned")
NETS = {name: Net(Program(name, function, 7, **options), engine) for name, function, engine, options in [
    ("mlp_tanh", mlp(tf.tanh), "structured", {}),
    ("mlp_relu", mlp(tf.nn.relu), "structured", {"kinds": KINDS}),
    ("mlp_flat", decayed, "structured", {"flat": True}),
    ("decayed", decayed, "structured", {}),
    ("lifted_decay", lifted_decay, "structured", {}),
    ("weighted", weighted, "structured", {"kinds": ("fed",)}),
    ("convolved_tanh", convolved(tf.tanh), "structured", {}),
    ("convolved_relu", convolved(tf.nn.relu), "structured", {}),
    ("convolved_alone", convolved_alone, "structured", {}),
    ("depthwise", depthwise, "structured", {}),
    ("embedded_pooled", embedded(3), "structured", {}),
    ("embedded_once", embedded(), "structured", {}),
    ("layer_norm", layer_norm, "structured", {}),
    ("fixed_batch_norm", fixed_batch_norm, "structured", {}),
    ("attention", attention, "structured|mixed", {}),
    ("features_first", features_first, "structured", {}),
    ("products", products, "mixed", {}),
    ("per_row", per_row, "mixed", {}),
    ("looked_up_last", looked_up_last, "structured", {}),
    ("scaled_products", scaled_products, "structured", {}),
    ("masked", masked, "structured", {}),
    ("unrolled", unrolled, "mixed", {}),
    ("single_row", single_row, "structured", {}),
]}
NETS.update((name, Net(Program(name, losses_of(getattr(nets_shared, name)(tf.nn.tanh)), 7), engine))
            for name, engine in [
    ("batched_matrix", "structured"), ("mixer", "structured|mixed"), ("normalized_images", "structured"),
    ("normalized_places", "structured"), ("scaled_by_one", "mixed"), ("time_first", "structured"),
    ("transposed", "structured"), ("words", "structured")])
# The part of the name and the type of the op that mixes the examples.
MIXING = {
    "moments/mean": (batch_norm, "Mean"), "FusedBatchNorm": (fused_batch_norm, "FusedBatchNorm"),
    "LogSoftmax": (softmax_over_the_batch, "LogSoftmax"), "Mean": (activity, "Mean")}
BATCH_NORM = Program("batch_norm", batch_norm, 2)
