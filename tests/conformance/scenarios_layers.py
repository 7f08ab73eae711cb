"""Layers of tf.keras (Keras 2 before TF 2.16, Keras 3 since) and of tf.layers, where TensorFlow has them."""
import numpy as np
import tensorflow.compat.v1 as tf

from forms import built_as
from scenario import VERSION, Case, constant, numbers, scenario

_HAS_TF_LAYERS = VERSION < (2, 16)


def _starting_at(seed):
    """An initializer of the same numbers for every dtype."""
    def initial(shape, dtype=None, **_):
        return tf.constant(numbers(seed, *[int(s) for s in shape]), dtype)

    return initial


def _options(dtype, seed):
    return {"kernel_initializer": _starting_at(seed), "bias_initializer": _starting_at(seed + 50), "dtype": dtype.name}


def _mean_square(y):
    return tf.reduce_mean(tf.square(y - 0.25))


@scenario()
def keras_dense(dtype):
    first = tf.keras.layers.Dense(2, activation="tanh", **_options(dtype, 1))
    second = tf.keras.layers.Dense(1, **_options(dtype, 2))
    loss = _mean_square(second(first(constant(numbers(3, 4, 1), dtype))))
    return Case(loss, first.trainable_weights + second.trainable_weights)


@scenario()
def keras_convolution_and_pooling(dtype):
    convolution = tf.keras.layers.Conv2D(2, (1, 2), activation="softplus", **_options(dtype, 1))
    pooling = tf.keras.layers.MaxPooling2D((2, 1), dtype=dtype.name)
    loss = _mean_square(pooling(convolution(constant(numbers(3, 1, 5, 3, 1), dtype))))
    return Case(loss, {"kernel": convolution.kernel, "bias": convolution.bias})


@scenario()
def keras_embedding(dtype):
    layer = tf.keras.layers.Embedding(3, 2, embeddings_initializer=_starting_at(1), dtype=dtype.name)
    rows = layer(tf.constant([[1, 2], [2, 2]]))
    return Case(tf.reduce_sum(tf.exp(tf.reduce_prod(rows, 1))), layer.embeddings)


if VERSION >= (1, 15):  # older TF starts the recurrence in float32
    @scenario()
    def keras_recurrent_unrolled(dtype):
        layer = tf.keras.layers.SimpleRNN(
            2, unroll=True, recurrent_initializer=_starting_at(7), **_options(dtype, 1))
        return Case(_mean_square(layer(constant(numbers(3, 2, 2, 1), dtype))), layer.trainable_weights)


@scenario()
def keras_batch_norm_inference(dtype):
    layer = tf.keras.layers.BatchNormalization(
        gamma_initializer=_starting_at(1), beta_initializer=_starting_at(2), dtype=dtype.name)
    normalized = layer(tf.exp(constant(numbers(3, 4, 3), dtype)), training=False)
    return Case(_mean_square(tf.sin(normalized)), layer.trainable_weights)


def _dropout_closed(x, dropped):
    return np.diag(2 * np.exp(2 * x) * (dropped != 0) / 0.5 ** 2)


@scenario(closed=_dropout_closed, differences=False)
def keras_dropout(dtype):
    x = tf.Variable(numbers(1, 5), dtype=dtype)
    dropped = tf.keras.layers.Dropout(0.5, dtype=dtype.name)(tf.exp(x), training=True)
    return Case(0.5 * tf.reduce_sum(tf.square(dropped)), x, drawn=[dropped])


if _HAS_TF_LAYERS:
    def _layer_options(seed):
        return {"kernel_initializer": _starting_at(seed), "bias_initializer": _starting_at(seed + 50)}

    @scenario()
    def tf_layers_network(dtype):
        inputs = constant(numbers(3, 4, 1), dtype)
        hidden = tf.layers.dense(inputs, 2, activation=tf.nn.tanh, name="hidden", **_layer_options(1))
        output = tf.layers.dense(hidden, 1, name="output", **_layer_options(2))
        return Case(_mean_square(output), tf.trainable_variables())

    @scenario()
    def tf_layers_convolution(dtype):
        image = constant(numbers(3, 1, 4, 5, 1), dtype)
        maps = tf.layers.conv2d(image, 2, (1, 2), activation=tf.nn.softplus, **_layer_options(1))
        pooled = tf.layers.average_pooling2d(maps, (2, 2), (1, 2))
        return Case(_mean_square(tf.layers.flatten(pooled)), tf.trainable_variables())

    @scenario(closed=_dropout_closed, differences=False)
    def tf_layers_dropout(dtype):
        """Training is fed, so the layer builds a cond."""
        training = tf.placeholder(tf.bool, [])
        x = tf.Variable(numbers(1, 5), dtype=dtype)
        with built_as("v1"):
            dropped = tf.layers.dropout(tf.exp(x), 0.5, training=training)
        return Case(0.5 * tf.reduce_sum(tf.square(dropped)), x, {training: True}, drawn=[dropped])

    @scenario()
    def tf_layers_batch_norm_inference(dtype):
        inputs = tf.exp(constant(numbers(3, 4, 3), dtype))
        normalized = tf.layers.batch_normalization(
            inputs, gamma_initializer=_starting_at(1), beta_initializer=_starting_at(2), training=False)
        return Case(_mean_square(tf.sin(normalized)), tf.trainable_variables())
