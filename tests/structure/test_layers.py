"""Layers of tf.keras and tf.layers, whatever the installed TensorFlow has: each net against a column for each element
and finite differences of its gradient, and the plan that is expected."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from finite_differences import jacobian
from tests.random_truths import CONFIG

D = tf.float64
ROWS = 5
VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
HAS_TF_LAYERS = hasattr(getattr(tf, "layers", None), "dense")
# Keras 2 would take the fused op, which has no float64.
UNFUSED = {"fused": False} if HAS_TF_LAYERS else {}

Net = collections.namedtuple("Net", "function engine columns")


def numbers(*shape):
    return np.random.RandomState(len(shape) + sum(shape)).uniform(-1, 1, shape)


def starting(shape, dtype=None, **_):
    """An initializer."""
    return tf.constant(0.75 * numbers(*[int(s) for s in shape]), dtype)


def moved(shape, dtype=None, **_):
    return tf.constant(1.5 + 0.25 * numbers(*[int(s) for s in shape]), dtype)


class Starting(tf.keras.initializers.Initializer):
    """The same, for layers that copy what initializes their parts."""

    def __call__(self, shape, dtype=None, **_):
        return starting(shape, dtype)

    def get_config(self):
        return {}


def _layer(name, *args, **options):
    return getattr(tf.keras.layers, name)(*args, dtype="float64", **options)


def _weighted(name, *args, **options):
    return _layer(name, *args, kernel_initializer=starting, bias_initializer=starting, **options)


def _entropy(z):
    labels = tf.one_hot(np.arange(ROWS) % int(z.shape[-1]), int(z.shape[-1]), dtype=D)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=z))


def _through(layers, a):
    """(the loss of a chain of layers and functions, the weights of all)."""
    for layer in layers:
        a = layer(a, training=False) if type(layer).__name__.startswith("BatchNorm") else layer(a)
    return _entropy(a), [w for layer in layers for w in getattr(layer, "trainable_weights", ())]


def _batch(*shape):
    return tf.placeholder_with_default(numbers(ROWS, *shape), (None,) + shape)


def _mean(axes):
    return lambda a: tf.reduce_mean(a, axes)


def dense():
    return _through([_weighted("Dense", 4, activation="tanh"), _weighted("Dense", 3)], _batch(3))


def convolutions():
    normalized = _layer("BatchNormalization", gamma_initializer=moved, beta_initializer=starting,
                        moving_mean_initializer=starting, moving_variance_initializer=moved, **UNFUSED)
    return _through([_weighted("Conv2D", 3, 2), normalized, tf.nn.relu, _mean([1, 2]), _weighted("Dense", 2)],
                    _batch(4, 3, 2))


def separable():
    convolution = _layer("SeparableConv2D", 3, 2, padding="same", depthwise_initializer=starting,
                         pointwise_initializer=starting, bias_initializer=starting)
    return _through([convolution, tf.nn.relu, _mean([1, 2]), _weighted("Dense", 2)], _batch(4, 3, 2))


def transposed():
    return _through([_weighted("Conv2DTranspose", 3, 2, strides=2), tf.tanh, _mean([1, 2]), _weighted("Dense", 2)],
                    _batch(2, 3, 2))


def words():
    embedded = _layer("Embedding", 12, 3, embeddings_initializer=starting)
    ids = tf.placeholder_with_default(np.arange(4 * ROWS).reshape(ROWS, 4) % 5 + 1, (None, 4))
    return _through([embedded, _weighted("Conv1D", 4, 2), tf.nn.relu, _mean(1), _weighted("Dense", 2)], ids)


def attention():
    a = _batch(3, 4)
    attend = _layer("MultiHeadAttention", 2, 2, kernel_initializer=Starting(), bias_initializer=Starting())
    normalized = _layer("LayerNormalization", gamma_initializer=moved, beta_initializer=starting)
    last = _weighted("Dense", 2)
    loss = _entropy(last(tf.reduce_mean(tf.nn.relu(normalized(a + attend(a, a))), 1)))
    return loss, attend.trainable_weights + normalized.trainable_weights + last.trainable_weights


def tf_layers():
    options = {"kernel_initializer": starting, "bias_initializer": starting}
    h = tf.layers.conv1d(_batch(5, 2), 3, 2, **options)
    h = tf.layers.batch_normalization(h, gamma_initializer=moved, beta_initializer=starting, training=False)
    h = tf.layers.separable_conv1d(tf.nn.relu(h), 4, 2, depthwise_initializer=starting, pointwise_initializer=starting)
    return _entropy(tf.layers.dense(tf.reduce_mean(tf.nn.relu(h), 1), 2, **options)), tf.trainable_variables()


NETS = {
    "dense": Net(dense, "structured", 7), "convolutions": Net(convolutions, "structured", 4),
    "separable": Net(separable, "structured", 4), "transposed": Net(transposed, "structured", 5),
    "words": Net(words, "structured", 4)}
if VERSION >= (2, 15):  # where its parts take its dtype
    NETS["attention"] = Net(attention, "structured", 32)
if HAS_TF_LAYERS:
    NETS["tf_layers"] = Net(tf_layers, "structured", 4)


@pytest.mark.parametrize("name", sorted(NETS))
def test_layers(name):
    net = NETS[name]
    loss, weights = net.function()
    xs = [getattr(w, "value", w) if type(w).__module__.startswith("keras") else w for w in weights]
    columns = th.hessian_diag(loss, xs, engine="loop")
    gradient = tf.concat([tf.reshape(g, [-1]) for g in th.gradients(loss, xs)], 0)
    plan = th.plan(loss, xs, verify="never")
    assert plan.engine in net.engine.split("|") and plan.cost.columns <= net.columns, plan
    diagonal = plan.build()
    with tf.Session(config=CONFIG) as session:
        session.run(tf.global_variables_initializer())
        ours, true = (np.concatenate([np.ravel(v) for v in session.run(d)]) for d in (diagonal, columns))
        differences = np.diag(jacobian(gradient, xs, session))
    assert np.abs(true).max() > 1e-3
    np.testing.assert_allclose(ours, true, rtol=0, atol=1e-10 * np.abs(true).max())
    np.testing.assert_allclose(ours, differences, rtol=0, atol=1e-8 * np.abs(true).max())


@pytest.mark.parametrize("mixes", [False, True])
def test_images_in_front_of_batch_norm_with_given_moments(mixes):
    """Its scale is no single factor of the images."""
    scale, variance = np.array([0.5, 2.0, 3.0], np.float32), np.array([1.0, 4.0, 2.0], np.float32)
    start = numbers(2, 3, 2, 3).astype(np.float32)
    images = tf.get_variable("images", initializer=start)
    z = tf.nn.fused_batch_norm(images, scale, np.ones(3, np.float32), np.zeros(3, np.float32), variance,
                               epsilon=0.001, is_training=False)[0]
    slope = scale / np.sqrt(variance + 0.001)
    if mixes:
        made = np.exp(start * slope + 1)
        soft = made / made.sum((1, 2, 3), keepdims=True)
        loss, true = tf.reduce_sum(tf.reduce_logsumexp(tf.reshape(z, [2, -1]), 1)), soft * (1 - soft) * slope ** 2
    else:
        loss, true = tf.reduce_sum(tf.exp(z)), np.exp(start * slope + 1) * slope ** 2
    diagonal = th.hessian_diag(loss, images)
    with tf.Session(config=CONFIG) as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(diagonal), true, rtol=1e-4, atol=1e-6)
