"""Each repaired op against its definition in numpy, inside a loss that is nonlinear in all of its outputs."""
import numpy as np
import numpy_truth
import tensorflow.compat.v1 as tf

import tf1_hessian as th


def assert_right(build, value, *xs, **options):
    """Asserts gradient and Hessian of sum(w sin(y)) over all outputs y of `build`.

    build, value: the op in TensorFlow and in numpy, from xs to an output or a list of outputs. dtype: of the sources
    in TensorFlow; numpy always computes in float64. tolerance: of the largest entry. engine: as in th.hessian.
    directions: their number; the one source is then where to go along that many random directions from xs, all at once.
    """
    if "directions" in options:
        build, value, xs = _along(build, value, xs, options["directions"], options.get("dtype", tf.float64))
    tolerance = options.get("tolerance", 1e-6)
    given = [tf.placeholder(options.get("dtype", tf.float64), np.shape(x)) for x in xs]
    loss = tf.add_n([_wavy_in_graph(y, i) for i, y in enumerate(_as_list(build(*given)))])
    gradient = tf.concat([tf.reshape(g, [-1]) for g in th.gradients([loss], given)], 0)
    hessian = th.hessian(loss, given, flat=True, engine=options.get("engine", numpy_truth.ENGINES[0]))
    with tf.Session() as session:
        found = session.run([gradient, hessian], dict(zip(given, xs)))
    _assert_close(found[0], _gradient(_loss_of(value), *xs), tolerance)
    _assert_close(found[1], numpy_truth.hessian(_loss_of(value), *xs), tolerance)


def _along(build, value, xs, count, dtype):
    """The same functions of the steps taken along `count` directions: a smaller Hessian that sees every entry."""
    chosen = np.random.RandomState(0)
    directions = [chosen.uniform(-1, 1, (x.size, count)) for x in xs]

    def build_along(steps):
        moves = [tf.matmul(tf.constant(d, dtype), tf.expand_dims(steps, 1)) for d in directions]
        return build(*[tf.constant(x, dtype) + tf.reshape(move, x.shape) for x, move in zip(xs, moves)])

    def value_along(steps):
        return value(*[x + d.dot(steps).reshape(x.shape) for x, d in zip(xs, directions)])

    return build_along, value_along, [np.zeros(count)]


def plain(build, *xs, **options):
    """What TensorFlow alone gives for the same loss: the gradient and the Hessian's row sums, None where it says so.

    second: False for the gradient alone.
    """
    given = [tf.placeholder(options.get("dtype", tf.float64), np.shape(x)) for x in xs]
    loss = tf.add_n([_wavy_in_graph(y, i) for i, y in enumerate(_as_list(build(*given)))])
    first = tf.gradients(loss, given)
    made = [g for g in first if g is not None] if options.get("second", True) else []
    second = tf.gradients(made, given) if made else [None] * len(given)
    with tf.Session() as session:
        return [[None if g is None else session.run(g, dict(zip(given, xs))) for g in found]
                for found in (first, second)]


def created(kind, inputs, dtypes, **attributes):
    """The outputs of a new op by its type name; an attribute is a dict of tf.AttrValue's fields, or a type."""
    inputs = [tf.convert_to_tensor(x) for x in inputs]
    attributes = {name: {"type": value.as_datatype_enum} if isinstance(value, tf.DType) else value
                  for name, value in attributes.items()}
    attributes = {name: tf.AttrValue(**fields) for name, fields in attributes.items()}
    return tf.get_default_graph().create_op(kind, inputs, dtypes, attrs=attributes).outputs


def true_gradient(value, *xs):
    """The flat gradient of the same loss, by differences of numpy values."""
    return _gradient(_loss_of(value), *xs)


def true_row_sums(value, *xs):
    """The flat row sums of the same loss's Hessian."""
    return numpy_truth.hessian(_loss_of(value), *xs).sum(1)


def _as_list(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _weights(count, number):
    return 0.5 + (0.37 * np.arange(count) + 0.11 * number) % 1.0


def _wavy_in_graph(y, number):
    if y.dtype.is_complex:
        y = tf.stack([tf.real(y), tf.imag(y)])
    y = tf.reshape(y, [-1])
    if y.shape.as_list()[0] is None:
        shift = 0.11 * number
        weights = 0.5 + tf.floormod(0.37 * tf.cast(tf.range(tf.size(y)), y.dtype) + shift, 1.0)
    else:
        weights = tf.constant(_weights(y.shape.as_list()[0], number), y.dtype)
    return tf.reduce_sum(weights * tf.sin(0.9 * y + 0.3))


def _loss_of(value):
    def loss(*xs):
        total = 0.0
        for number, y in enumerate(_as_list(value(*xs))):
            y = np.stack([np.real(y), np.imag(y)]) if np.iscomplexobj(y) else np.asarray(y)
            y = y.ravel()
            total += np.sum(_weights(y.size, number) * np.sin(0.9 * y + 0.3))
        return total

    return loss


def _gradient(loss, *xs):
    """The flat gradient of a numpy function by differences of sixth order."""
    found = []
    for k, x in enumerate(xs):
        x = np.asarray(x, np.float64)
        for i in range(x.size):
            total = 0.0
            for moves, weight in ((1, 3 / 4.0), (2, -3 / 20.0), (3, 1 / 60.0)):
                for sign in (1, -1):
                    moved = x.copy()
                    moved.flat[i] += sign * moves * numpy_truth.STEP
                    total += sign * weight * loss(*[moved if j == k else other for j, other in enumerate(xs)])
            found.append(total / numpy_truth.STEP)
    return np.array(found)


def _assert_close(found, true, tolerance):
    scale = max(np.max(np.abs(true)), 1e-3)
    assert np.shape(found) == np.shape(true)
    np.testing.assert_allclose(np.asarray(found, np.float64) / scale, true / scale, rtol=0, atol=tolerance)
