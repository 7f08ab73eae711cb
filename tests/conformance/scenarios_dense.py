"""Dense networks and regressions: weights, biases, cross blocks, ties, weight decay."""
import numpy as np
import tensorflow.compat.v1 as tf

from scenario import VERSION, Case, constant, numbers, scenario, variable


def _layers(dtype, *shapes):
    return [variable("w%d" % i, numbers(i, *shape), dtype) for i, shape in enumerate(shapes)]


def _two_layers(dtype, activation, inputs=1):
    w, b, v = _layers(dtype, (inputs, 2), (2,), (2, 1))
    hidden = activation(tf.matmul(constant(numbers(10, 5, inputs), dtype), w) + b)
    residual = tf.matmul(hidden, v) - constant(numbers(11, 5, 1), dtype)
    return Case(tf.reduce_mean(tf.square(residual)), [w, b, v])


@scenario()
def dense_tanh(dtype):
    return _two_layers(dtype, tf.tanh, inputs=5)


@scenario()
def dense_relu(dtype):
    return _two_layers(dtype, tf.nn.relu)


@scenario()
def dense_softplus(dtype):
    return _two_layers(dtype, tf.nn.softplus)


@scenario()
def dense_sigmoid_ref_and_resource(dtype):
    w = variable("w", numbers(1, 1, 2), dtype, use_resource=True)
    b = variable("b", numbers(2, 2), dtype, use_resource=False)
    v = variable("v", numbers(3, 2), dtype, use_resource=False)
    s = variable("s", 0.4, dtype, use_resource=True)
    hidden = tf.sigmoid(tf.nn.xw_plus_b(constant(numbers(4, 4, 1), dtype), w, b))
    return Case(tf.reduce_sum(tf.exp(s * tf.reduce_sum(hidden * v, 1))), [w, b, v, s])


@scenario()
def dense_batch_none(dtype):
    x = tf.placeholder(dtype, [None, 1])
    w = variable("w", numbers(1, 1, 3), dtype)
    b = variable("b", numbers(2, 3), dtype)
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.nn.bias_add(tf.matmul(x, w), b)) - 0.3))
    return Case(loss, [w, b], {x: numbers(3, 5, 1)})


@scenario()
def dense_loss_per_row(dtype):
    x = tf.placeholder(dtype, [None, 3])
    w = variable("w", numbers(1, 3, 2), dtype)
    return Case(tf.square(tf.tanh(tf.matmul(x, w))), w, {x: numbers(2, 4, 3)})


@scenario()
def tied_autoencoder_with_weight_decay(dtype):
    w = variable("w", numbers(1, 3, 2), dtype)
    x = constant(numbers(2, 4, 3), dtype)
    decoded = tf.matmul(tf.tanh(tf.matmul(x, w)), w, transpose_b=True)
    return Case(tf.reduce_mean(tf.squared_difference(decoded, x)) + 0.1 * tf.nn.l2_loss(w), [w])


@scenario()
def tied_reads_of_a_resource(dtype):
    w = variable("w", numbers(1, 3, 3)[:, :2], dtype, use_resource=True)
    once, twice = w.read_value(), w.read_value()
    return Case(tf.reduce_sum(tf.exp(tf.matmul(once, twice, transpose_b=True))) + tf.nn.l2_loss(w), w)


@scenario()
def residual_connection(dtype):
    w, b = _layers(dtype, (2, 2), (2,))
    h = constant(numbers(5, 3, 2), dtype)
    for _ in range(2):
        h = h + tf.nn.softplus(tf.matmul(h, w) + b)
    return Case(tf.reduce_mean(tf.square(h)), (w, b))


@scenario()
def recurrent_cell_unrolled(dtype):
    w, u, b = _layers(dtype, (2, 2), (1, 2), (2,))
    inputs = tf.unstack(constant(numbers(6, 2, 4, 1), dtype))
    state = tf.zeros([4, 2], dtype)
    for x in inputs:
        state = tf.tanh(tf.matmul(state, w) + tf.matmul(x, u) + b)
    return Case(tf.reduce_sum(tf.square(state)), {"recurrent": w, "input": u, "bias": b})


def _softmax_closed(x, features):
    probabilities = np.exp(features @ x.reshape(2, 3))
    probabilities /= probabilities.sum(1, keepdims=True)
    total = np.zeros((2, 3, 2, 3))
    for f, p in zip(features, probabilities):
        total += np.einsum("i,j,kl->ikjl", f, f, np.diag(p) - np.outer(p, p))
    return total.reshape(6, 6) / len(features)


@scenario(closed=lambda x: _softmax_closed(x, numbers(2, 5, 2)))
def softmax_cross_entropy(dtype):
    w = variable("w", numbers(1, 2, 3), dtype)
    logits = tf.matmul(constant(numbers(2, 5, 2), dtype), w)
    labels = constant(np.eye(3)[[0, 2, 2, 0, 1]], dtype)
    return Case(tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)), w)


@scenario()
def softmax_cross_entropy_by_hand(dtype):
    w = variable("w", numbers(1, 2, 3), dtype)
    logits = tf.matmul(constant(numbers(2, 5, 2), dtype), tf.tanh(w))
    labels = constant(np.eye(3)[[0, 2, 2, 0, 1]], dtype)
    picked = -tf.reduce_sum(labels * tf.nn.log_softmax(logits), 1)
    return Case(tf.reduce_mean(picked) + tf.reduce_sum(tf.square(tf.nn.softmax(logits))), w)


if VERSION >= (2, 0):
    @scenario(closed=lambda x: _softmax_closed(x, numbers(2, 5, 2)))
    def sparse_softmax_cross_entropy(dtype):
        w = variable("w", numbers(1, 2, 3), dtype)
        logits = tf.matmul(constant(numbers(2, 5, 2), dtype), w)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 2, 2, 0, 1], logits=logits)
        return Case(tf.reduce_mean(losses), w)


def _logistic_closed(x):
    features = numbers(2, 6, 3)
    p = 1 / (1 + np.exp(-features @ x))
    return features.T @ np.diag(p * (1 - p)) @ features


@scenario(closed=_logistic_closed)
def sigmoid_cross_entropy(dtype):
    w = variable("w", numbers(1, 3), dtype)
    logits = tf.tensordot(constant(numbers(2, 6, 3), dtype), w, 1)
    labels = constant([0.0, 1, 1, 0, 1, 0], dtype)
    return Case(tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)), [w])


@scenario()
def layer_norm(dtype):
    w, gain = _layers(dtype, (1, 3), (3,))
    h = tf.matmul(constant(numbers(7, 2, 1), dtype), w)
    centred = h - tf.reduce_mean(h, 1, keepdims=True)
    scale = tf.rsqrt(tf.reduce_mean(tf.square(centred), 1, keepdims=True) + 0.1)
    return Case(tf.reduce_sum(tf.tanh(gain * centred * scale)), [w, gain])


@scenario()
def batch_norm_inference(dtype):
    w, gain = _layers(dtype, (1, 3), (3,))
    h = tf.matmul(constant(numbers(8, 4, 1), dtype), w)
    mean, variance = constant(numbers(9, 3), dtype), constant(numbers(10, 3, low=0.5), dtype)
    return Case(tf.reduce_sum(tf.exp(tf.nn.batch_normalization(h, mean, variance, None, gain, 1e-3))), [w, gain])
