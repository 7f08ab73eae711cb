"""Functions with a closed form, scalars, and entries that are exactly zero."""
import numpy as np
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, register, scenario, variable


@scenario(closed=lambda x: np.array([[-2.0, -1, -3], [-1, -2, 3], [-3, 3, 2]]))
def root_function(dtype):
    f = variable("f", [1.0, 2, 0], dtype)
    return Case(tf.reduce_prod(f ** 2 - 3 * f + 1), f)


@scenario(closed=lambda x: 2 * np.eye(2), zeros=[(0, 1), (1, 0)])
def sum_of_squares(dtype):
    x, y = variable("x", 0.7, dtype), variable("y", -1.1, dtype)
    return Case(x ** 2 + y ** 2, [x, y])


@scenario(closed=lambda x: np.array([[1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0]], [-400 * x[0], 200]]))
def rosenbrock_of_scalars(dtype):
    x, y = variable("x", 0.3, dtype, use_resource=True), variable("y", -0.2, dtype, use_resource=False)
    return Case(100 * tf.square(y - tf.square(x)) + tf.square(1 - x), {"a": x, "b": y})


@scenario(closed=lambda x: numbers(2, 4, 4) + numbers(2, 4, 4).T)
def quadratic_form(dtype):
    x = variable("x", numbers(1, 4), dtype)
    return Case(tf.reduce_sum(x * tf.linalg.matvec(constant(numbers(2, 4, 4), dtype), x)), x)


@scenario(closed=lambda x: np.diag(np.exp(x)))
def scalar_source(dtype):
    x = variable("x", 0.4, dtype)
    return Case(tf.exp(x), x)


@scenario(closed=lambda x: np.diag(np.exp(x)))
def source_of_one_element(dtype):
    x = variable("x", [[0.4]], dtype)
    return Case(tf.exp(x), [x])


def _linear_closed(x):
    return np.diag([0, 0, 0, 6 * x[3], 6 * x[4]])


@scenario(closed=_linear_closed, zeros=[(r, c) for r in range(5) for c in range(5) if r != c or r < 3])
def linear_entries(dtype):
    x, y = variable("x", numbers(1, 3), dtype), variable("y", numbers(2, 2), dtype)
    return Case(tf.reduce_sum(constant([1.0, -2, 3], dtype) * x) + tf.reduce_sum(y ** 3), [x, y])


@scenario(closed=lambda x: np.zeros((3, 3)), zeros=[(r, c) for r in range(3) for c in range(3)])
def linear_loss(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(tf.tensordot(x, constant([1.0, -2, 3], dtype), 1), x)


def _unconnected_closed(x):
    return np.diag([0, 0, -np.sin(x[2]), -np.sin(x[3]), -np.sin(x[4])])


@scenario(closed=_unconnected_closed, zeros=[(r, c) for r in range(5) for c in range(5) if r != c or r < 2])
def unconnected_source(dtype):
    aside = variable("aside", numbers(1, 2), dtype)
    x = variable("x", numbers(2, 3), dtype)
    return Case(tf.reduce_sum(tf.sin(x)), [aside, x])


def _stopped_closed(x):
    """d/dx of stopped(y) * 2 x along the diagonal; y gets nothing."""
    return np.diag(np.concatenate([2 * np.exp(x[2:]), [0, 0]]))


@scenario(closed=_stopped_closed, differences=False, zeros=[(0, 2), (2, 0), (2, 2), (3, 3), (0, 1)])
def stop_gradient_by_the_user(dtype):
    x, y = variable("x", numbers(1, 2), dtype), variable("y", numbers(2, 2), dtype)
    return Case(tf.reduce_sum(tf.square(x) * tf.stop_gradient(tf.exp(y))) + tf.reduce_sum(y), [x, y])


@scenario(closed=lambda x: np.diag([6 * x[0], 6 * x[1], 0]), zeros=[(2, 2), (0, 2), (2, 0)])
def linear_in_one_element(dtype):
    x = variable("x", numbers(1, 3), dtype)
    return Case(x[0] ** 3 + x[1] ** 3 + x[2], x)


# name: (function, lowest, highest argument). Each is put inside exp, so that a lost term shows.
_ELEMENTWISE = {
    "powers": (lambda x: tf.exp(x) * tf.log(x) + tf.sqrt(x) * tf.rsqrt(x + 1) + tf.pow(x, x), 0.5, 2.0),
    "trigonometric": (lambda x: tf.sin(x) * tf.cos(2 * x) + tf.tan(x) * tf.asin(x) + tf.atan(x), -0.8, 0.8),
    "hyperbolic": (lambda x: tf.sinh(x) / tf.cosh(x) + tf.tanh(x) * x + tf.log1p(x) * tf.expm1(x), -0.5, 1.0),
    "activations": (lambda x: tf.sigmoid(x) * tf.nn.softplus(x) - tf.log_sigmoid(2 * x), -1.0, 1.0),
    "error_and_gamma": (lambda x: tf.erf(x) + tf.lgamma(x) + tf.digamma(x) * tf.reciprocal(x), 0.5, 2.0),
    "piecewise": (lambda x: tf.abs(x) * tf.nn.leaky_relu(x) + tf.clip_by_value(x, -2.0, 2.0) * tf.sign(x), -1.0, 1.0),
    "rounding": (lambda x: x * tf.floor(x) + tf.square(tf.floormod(x, 0.75)) + tf.round(x) * x * x, 0.1, 2.0),
}


def _elementwise(function, low, high):
    def build(dtype):
        x = variable("x", numbers(3, 3, low=low, high=high), dtype)
        return Case(tf.exp(0.3 * tf.reduce_sum(function(x) * constant([1.0, -0.5, 0.25], dtype))), x)

    return build


for _name in sorted(_ELEMENTWISE):
    register("elementwise_" + _name, _elementwise(*_ELEMENTWISE[_name]))
register("elementwise_elu", _elementwise(lambda x: tf.nn.elu(x) * x + tf.nn.selu(x), -1.0, 1.0))


def _angle_closed(x):
    a, b = x
    return np.array([[2 * a * b, b * b - a * a], [b * b - a * a, -2 * a * b]]) / (a * a + b * b) ** 2


@scenario(closed=_angle_closed)
def atan2(dtype):
    x = variable("x", [0.7, -0.4], dtype)
    return Case(tf.atan2(x[1], x[0]), x)
