"""Where the loss gets its numbers from: names, imported graphs, fed tensors, partitions, iterators, random draws."""
import os
import tempfile

import numpy as np
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, register, scenario, variable


def _small_loss(w, dtype):
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(constant(numbers(2, 4, 3), dtype), w))))


@scenario()
def placeholder_source(dtype):
    x = tf.placeholder(dtype, [3, 2])
    return Case(_small_loss(x, dtype), x, {x: numbers(1, 3, 2)})


@scenario()
def placeholder_with_default_source(dtype):
    x = tf.placeholder_with_default(numbers(1, 3, 2).astype(dtype.as_numpy_dtype), [3, 2])
    return Case(_small_loss(x, dtype), x)


@scenario()
def constant_source(dtype):
    x = constant(numbers(1, 3, 2), dtype)
    return Case(_small_loss(x, dtype), [x])


@scenario()
def interior_tensor(dtype):
    w = variable("w", numbers(1, 3, 2), dtype)
    hidden = tf.exp(w)
    return Case(_small_loss(hidden, dtype), hidden)


@scenario()
def interior_tensor_that_is_fed(dtype):
    """The fed value wins over the computed one, in the loss and in every derivative."""
    w = variable("w", numbers(1, 3, 2), dtype)
    hidden = tf.exp(w)
    return Case(_small_loss(hidden, dtype) + tf.reduce_sum(hidden ** 3), hidden, {hidden: numbers(3, 3, 2)})


@scenario()
def variable_above_a_fed_tensor(dtype):
    """A fed tensor on the path of another source: the loss reads the fed value."""
    w = variable("w", numbers(1, 3, 2), dtype)
    scale = tf.placeholder_with_default(constant(0.5, dtype), [])
    return Case(_small_loss(w * scale, dtype), w, {scale: 1.5})


@scenario()
def ref_by_name(dtype):
    w = variable("w", numbers(1, 3, 2), dtype, use_resource=False)
    return Case(_small_loss(w, dtype), "w:0")


@scenario()
def ref_tensor_by_name_among_others(dtype):
    v = variable("v", 0.5, dtype)
    w = variable("w", numbers(1, 3, 2), dtype, use_resource=False)
    return Case(_small_loss(v * w, dtype), [v, "w:0"])


@scenario()
def resource_by_name(dtype):
    w = variable("w", numbers(1, 3, 2), dtype, use_resource=True)
    return Case(_small_loss(w, dtype), "w:0")


@scenario()
def loss_by_name(dtype):
    w = variable("w", numbers(1, 3, 2), dtype)
    tf.identity(_small_loss(w, dtype), name="loss")
    return Case("loss:0", w)


def _imported(use_resource):
    """Built and exported in another graph; only names cross over."""
    def build(dtype):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.meta")
            with tf.Graph().as_default():
                w = variable("net/w", numbers(1, 3, 2), dtype, use_resource=use_resource)
                b = variable("net/b", numbers(4, 2), dtype, use_resource=use_resource)
                tf.identity(_small_loss(w + b, dtype), name="loss")
                tf.train.export_meta_graph(path)
            tf.train.import_meta_graph(path)
        return Case("loss:0", ["net/w:0", "net/b:0"])

    return build


register("after_import_meta_graph_of_refs", _imported(False))
register("after_import_meta_graph_of_resources", _imported(True))


def _imported_cond(dtype):
    """No CondContext and no FuncGraph come back with an imported graph."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.meta")
        with tf.Graph().as_default():
            w = variable("w", numbers(1, 3), dtype, use_resource=True)
            flag = tf.placeholder_with_default(True, [], name="flag")
            chosen = tf.cond(flag, lambda: tf.exp(w), lambda: tf.sin(w) * w)
            tf.identity(tf.square(tf.reduce_sum(chosen)), name="loss")
            tf.train.export_meta_graph(path)
        tf.train.import_meta_graph(path)
    return Case("loss:0", "w:0", [{"flag:0": True}, {"flag:0": False}])


# TF 1.13 itself takes the gradient of an imported conditional in float64 for one in float32.
register("after_import_meta_graph_of_a_cond", _imported_cond, since=(1, 14))


def _partitioned(axis, use_resource):
    def build(dtype):
        shape = [(3, 2), (2, 3)][axis]
        w = variable("w", numbers(1, *shape), dtype, use_resource=use_resource,
                     partitioner=tf.fixed_size_partitioner(2, axis))
        b = variable("b", numbers(4, 2), dtype)
        whole = tf.convert_to_tensor(w)
        return Case(_small_loss((tf.transpose(whole) if axis else whole) + b, dtype), [w, b])

    return build


register("partitioned_ref", _partitioned(0, False))
register("partitioned_resource", _partitioned(0, True))
register("partitioned_along_columns", _partitioned(1, True))


def _dropout_closed(x, dropped):
    a = numbers(3, 2, 4) * (dropped / x)
    return a.T @ np.diag(np.exp(a @ x)) @ a


@scenario(closed=_dropout_closed, differences=False)
def dropout(dtype):
    x = variable("x", numbers(1, 4), dtype)
    dropped = tf.nn.dropout(x, rate=0.4)
    return Case(tf.reduce_sum(tf.exp(tf.linalg.matvec(constant(numbers(3, 2, 4), dtype), dropped))), x, drawn=[dropped])


def _noise_closed(x, noise):
    return noise.T @ np.diag(-np.sin(noise @ x)) @ noise


@scenario(closed=_noise_closed)
def random_features(dtype):
    x, noise = variable("x", numbers(1, 3), dtype), tf.random_normal([4, 3], dtype=dtype)
    return Case(tf.reduce_sum(tf.sin(tf.linalg.matvec(noise, x))), x, drawn=[noise])


def _batch_closed(x, features, targets):
    """Half the squared error of exp(features @ x)."""
    y = np.exp(features @ x)
    return features.T @ np.diag(y * (2 * y - targets)) @ features


def _batches(dtype):
    data = tf.data.Dataset.from_tensor_slices(
        (numbers(2, 12, 3).astype(dtype.as_numpy_dtype), numbers(3, 12).astype(dtype.as_numpy_dtype)))
    return data.repeat().batch(4)


def _regression(iterator, dtype, setup=()):
    features, targets = iterator.get_next()
    x = variable("x", numbers(1, 3), dtype)
    errors = tf.exp(tf.linalg.matvec(features, x)) - targets
    return Case(0.5 * tf.reduce_sum(tf.square(errors)), x, drawn=[features, targets], setup=setup)


@scenario(closed=_batch_closed)
def one_shot_iterator(dtype):
    return _regression(tf.data.make_one_shot_iterator(_batches(dtype)), dtype)


@scenario(closed=_batch_closed)
def initializable_iterator(dtype):
    iterator = tf.data.make_initializable_iterator(_batches(dtype))
    return _regression(iterator, dtype, [iterator.initializer])
