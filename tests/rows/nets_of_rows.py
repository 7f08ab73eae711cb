"""Functions of rows [B, 3] -> [B] or [B, q], each with the engine that "auto" is to choose."""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["NETS", "START", "dense", "mlp"]

START = np.random.RandomState(1).uniform(-1.2, 1.2, (5, 3))


def dense(x, width, seed, bias=True):
    """A layer whose weights depend on the seed alone."""
    rng = np.random.RandomState(seed)
    weights = rng.normal(size=(int(x.shape[-1]), width)) * 0.7
    found = tf.matmul(x, tf.constant(weights, x.dtype))
    return tf.nn.bias_add(found, tf.constant(rng.normal(size=width), x.dtype)) if bias else found


def mlp(x, activation=tf.tanh, width=5):
    """Two hidden layers and two outputs."""
    return dense(activation(dense(activation(dense(x, width, 1)), 4, 2)), 2, 3)


def _residual(x):
    hidden = tf.tanh(dense(x, 4, 1))
    hidden += tf.nn.softplus(dense(hidden, 4, 2))
    return tf.reduce_sum(dense(hidden + tf.sigmoid(dense(hidden, 4, 3)), 2, 4), 1)


def _layer_norm(x):
    hidden = dense(x, 4, 1)
    mean, variance = tf.nn.moments(hidden, [1], keep_dims=True)
    return mlp((hidden - mean) * tf.rsqrt(variance + 0.1))


def _periodic(x):
    angles = dense(x, 4, 1, bias=False)
    return mlp(tf.concat([tf.sin(angles), tf.cos(angles)], 1))


def _columns(x):
    a, b, c = x[:, 0:1], x[:, 1:2], x[:, 2:3]
    return tf.exp(0.3 * tf.concat([a * b, tf.cos(c) / (2.0 + b ** 2)], 1))


def _scalars(x):
    a, b, c = tf.unstack(x, axis=1)
    return tf.sin(a) * b ** 2 + tf.squared_difference(a, c) * tf.log1p(b ** 2)


def _own_derivative(x):
    return tf.gradients(mlp(x)[:, 0], x)[0]


def _slope(x):
    """Its gradients of broadcasting sum over axes that shapes tell when they run."""
    scaled = mlp(x) * tf.constant([1.0, 0.5], x.dtype)
    return tf.reduce_sum(tf.square(tf.gradients(scaled, x)[0]), 1)


def _matrices(x):
    left, right = (tf.reshape(tf.tanh(dense(x, 4, seed)), [-1, 2, 2]) for seed in (1, 2))
    return tf.reduce_sum(tf.matmul(left, right), [1, 2])


def _turned(x):
    return tf.square(tf.transpose(tf.tanh(tf.matmul(tf.ones([4, 3], x.dtype), x, transpose_b=True))))


NETS = {
    "tanh": mlp,
    "relu": lambda x: mlp(tf.nn.relu(x * 3.0) + tf.tanh(x)),
    "softplus": lambda x: mlp(x, tf.nn.softplus),
    "elu": lambda x: tf.squeeze(dense(mlp(x, tf.nn.elu), 1, 9), 1),
    "residual": _residual,
    "layer_norm": _layer_norm,
    "periodic": _periodic,
    "softmax": lambda x: tf.nn.softmax(mlp(x)),
    "curved_behind_softmax": lambda x: tf.sin(dense(tf.nn.softmax(mlp(x)), 2, 7)) ** 2,
    "curved_behind_product": lambda x: tf.exp(0.3 * tf.reduce_prod(1.5 + tf.tanh(dense(x, 4, 1)), 1)),
    "curved_behind_matrices": lambda x: tf.sin(_matrices(x)),
    "log_softmax": lambda x: tf.nn.log_softmax(mlp(x)),
    "columns": _columns,
    "scalars": _scalars,
    "own_derivative": _own_derivative,
    "slope": _slope,
    "matrices": _matrices,
    "turned": _turned,
    "one_output": lambda x: dense(tf.tanh(dense(x, 4, 1)), 1, 2),
    "squares": lambda x: tf.reduce_sum(x * x, 1),
    "with_itself": lambda x: tf.reduce_sum(x * x * tf.reduce_sum(x, 1, keep_dims=True), 1),
}
