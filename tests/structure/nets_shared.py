"""Nets whose weights are shared among places of a row: scales and shifts of normalised layers, kernels of all kinds."""
import tensorflow.compat.v1 as tf

from tests.structure.nets_dense import dense, entropy

__all__ = [
    "batched_matrix", "depthwise_strided", "heads_by_einsum", "mixer", "normalized_images", "normalized_groups",
    "normalized_places", "scaled_by_one", "separable", "time_first", "transposed", "volumes", "words"]

ROWS = 5


def _pooled(g, h, axes, classes=2):
    z = dense(g, tf.reduce_mean(h, axes), classes)
    return tf.reduce_mean(entropy(g, z))


def _image(g, channels=3):
    return tf.nn.conv2d(g.batch(ROWS, 4, 3, 2), g.weight(2, 2, 2, channels), strides=[1, 1, 1, 1], padding="VALID")


def normalized_images(act):
    """Batch norm with given moments, over channels of images: x * inv + (offset - mean * inv), inv read twice."""
    def function(g):
        h = tf.nn.batch_normalization(
            _image(g), g.constant(3), g.constant(3, low=0.5), g.weight(3), g.weight(3), 0.125)
        return _pooled(g, act(h), [1, 2])

    return function


def normalized_places(act):
    """Layer norm at each place, written with a product that has the size of the places."""
    def function(g):
        z = tf.tensordot(g.batch(ROWS, 3, 2), g.weight(2, 4), [[2], [0]])
        mean, variance = tf.nn.moments(z, [2], keep_dims=True)
        inverse = tf.rsqrt(variance + 0.125) * g.weight(4)
        return _pooled(g, act(z * inverse + (g.weight(4) - mean * inverse)), 1)

    return function


def normalized_groups(act):
    """Group norm whose scale has the axes of the groups."""
    def function(g):
        z = tf.reshape(g.batch(ROWS, 3, 4), [-1, 3, 2, 2])
        mean, variance = tf.nn.moments(z, [1, 3], keep_dims=True)
        h = (z - mean) * tf.rsqrt(variance + 0.25) * g.weight(1, 1, 2, 2) - g.weight(1, 1, 2, 2)
        return _pooled(g, act(h), [1, 2])

    return function


def scaled_by_one(act):
    """A number for all."""
    def function(g):
        return _pooled(g, act(g.batch(ROWS, 3, 4) * g.weight(1) / 1.5 - g.weight()), 1)

    return function


def words(act):
    """One-dimensional convolution with a stride."""
    def function(g):
        h = tf.nn.conv1d(g.batch(ROWS, 5, 2), g.weight(2, 2, 3), 2, "SAME") + g.weight(3)
        return _pooled(g, act(h), 1)

    return function


def volumes(act):
    def function(g):
        h = tf.nn.conv3d(g.batch(ROWS, 3, 4, 2, 2), g.weight(2, 2, 1, 2, 3), [1, 1, 2, 1, 1], "SAME") + g.weight(3)
        return _pooled(g, act(h), [1, 2, 3])

    return function


def depthwise_strided(act):
    def function(g):
        h = tf.nn.depthwise_conv2d(g.batch(ROWS, 5, 4, 2), g.weight(2, 3, 2, 3), [1, 2, 2, 1], "SAME") + g.weight(6)
        return _pooled(g, act(h), [1, 2])

    return function


def separable(act):
    def function(g):
        h = tf.nn.separable_conv2d(
            g.batch(ROWS, 4, 3, 2), g.weight(2, 2, 2, 2), g.weight(1, 1, 4, 3), [1, 1, 1, 1], "SAME")
        return _pooled(g, act(h + g.weight(3)), [1, 2])

    return function


def transposed(act):
    def function(g):
        images = g.batch(ROWS, 2, 3, 2)
        shape = tf.stack([tf.shape(images)[0], 4, 6, 3])
        h = tf.nn.conv2d_transpose(images, g.weight(3, 2, 3, 2), shape, strides=[1, 2, 2, 1]) + g.weight(3)
        return _pooled(g, act(tf.reshape(h, [-1, 4, 6, 3])), [1, 2])

    return function


def batched_matrix(act):
    """A stack of masked matrices, one a head, shared by rows."""
    def function(g):
        a = g.batch(ROWS, 2, 3, 4)
        return _pooled(g, act(tf.einsum("nhtd,hdk->nhtk", a, g.weight(2, 4, 3) * g.constant(2, 1, 3))), [1, 2])

    return function


def mixer(act):
    """Weights on the left, which mix places."""
    def function(g):
        a = g.batch(ROWS, 3, 4)
        h = act(tf.einsum("st,ntd->nsd", g.weight(2, 3), a) + g.weight(2, 1))
        return _pooled(g, h, 1)

    return function


def heads_by_einsum(act):
    """Attention of two heads with kernels [width, heads, size], and one that takes the heads together again."""
    def function(g):
        a = g.batch(ROWS, 3, 4)
        q, k, v = (tf.einsum("ntd,dhk->nthk", a, g.weight(4, 2, 3)) + g.weight(2, 3) for _ in range(3))
        soft = tf.nn.softmax(tf.einsum("nthk,nshk->nhts", q, k))
        h = tf.einsum("nhts,nshk->nthk", soft, v)
        h = act(tf.einsum("nthk,hkd->ntd", h, g.weight(2, 3, 4)) + g.weight(4))
        return _pooled(g, h, 1)

    return function


def time_first(act):
    """Rows along the second axis."""
    def function(g):
        a = g.batch(3, ROWS, 4, unknown=(1,))
        scale, shift = g.weight(4), g.weight(4)
        return _pooled(g, act(tf.tanh(a) * scale + shift), 0)

    return function
