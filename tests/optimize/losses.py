"""Losses whose minimum and derivatives are known."""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["KINDS", "made", "rosenbrock", "rosenbrock_hessian", "started"]

KINDS = ("ref", "resource", "partitioned", "keras", "placeholder")
START = np.array([[0.7, 1.1, 0.9], [1.2, 0.8, 1.1]])


def made(kind, value, name="w", dtype=tf.float64):
    """(what a source of this kind is, a tensor that reads it, what must be fed)."""
    value = np.asarray(value, dtype.as_numpy_dtype)
    if kind == "placeholder":
        tensor = tf.placeholder(dtype, value.shape, name)
        return tensor, tensor, {tensor: value}
    if kind == "keras":
        layer = tf.keras.layers.Dense(value.shape[1], use_bias=False, dtype=dtype.name,
                                      kernel_initializer=lambda *_, **__: tf.constant(value))
        output = layer(tf.eye(value.shape[0], dtype=dtype))
        return layer.weights[0], output, {}
    partitioner = tf.fixed_size_partitioner(2, axis=1) if kind == "partitioned" else None

    def initial(shape, dtype=None, partition_info=None):
        row, column = (0, 0) if partition_info is None else partition_info.var_offset
        return tf.constant(value[row:row + shape[0], column:column + shape[1]])

    variable = tf.get_variable(name, value.shape, dtype, initial, partitioner=partitioner,
                               use_resource=kind == "resource")
    return variable, tf.convert_to_tensor(variable), {}


def started(session, sources):
    """The session, with all variables initialised."""
    session.run(tf.global_variables_initializer())
    inner = [getattr(s, "value", None) for s in sources]
    session.run([v.initializer for v in inner if isinstance(v, tf.Variable)])
    return session


def rosenbrock(z):
    """The chained function of a flat tensor: minimum 0 at ones."""
    return tf.reduce_sum(100 * tf.square(z[1:] - tf.square(z[:-1])) + tf.square(1 - z[:-1]))


def rosenbrock_hessian(z):
    """By hand."""
    n = len(z)
    found = np.zeros([n, n])
    for i in range(n - 1):
        found[i, i] += 1200 * z[i] ** 2 - 400 * z[i + 1] + 2
        found[i + 1, i + 1] += 200
        found[i, i + 1] -= 400 * z[i]
        found[i + 1, i] -= 400 * z[i]
    return found
