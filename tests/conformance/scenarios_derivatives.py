"""Losses that hold derivatives, complex values, or gradients that a user defines."""
import numpy as np
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, scenario, variable


def _network(dtype):
    w, v = variable("w", numbers(1, 1, 2), dtype), variable("v", numbers(2, 2, 1), dtype)
    return [w, v], lambda t: tf.matmul(tf.tanh(tf.matmul(t, w)), v)


@scenario()
def physics_informed_network(dtype):
    """u_xx + u u_x = f at three points, and u(1) = 0: the loss holds u, u_x and u_xx."""
    weights, u_of = _network(dtype)
    t = tf.placeholder(dtype, [None, 1])
    u = u_of(t)
    u_x = tf.gradients(u, t)[0]
    u_xx = tf.gradients(u_x, t)[0]
    residual = u_xx + u * u_x - tf.sin(t)
    loss = tf.reduce_mean(tf.square(residual)) + tf.reduce_sum(tf.square(u_of(tf.ones([1, 1], dtype))))
    return Case(loss, weights, {t: [[0.1], [0.5], [0.9]]})


@scenario()
def gradient_penalty(dtype):
    weights, score_of = _network(dtype)
    points = constant(numbers(5, 3, 1), dtype)
    slopes = tf.gradients(score_of(points), points)[0]
    norms = tf.sqrt(tf.reduce_sum(tf.square(slopes), 1) + 0.01)
    return Case(tf.reduce_mean(tf.square(norms - 1)), weights)


@scenario()
def loss_of_its_own_gradient(dtype):
    """A step of gradient descent inside the loss, as in meta-learning."""
    w = variable("w", numbers(1, 3), dtype)
    a = constant(numbers(2, 5, 3), dtype)

    def loss_at(x):
        return tf.reduce_mean(tf.nn.softplus(tf.linalg.matvec(a, x)))

    return Case(loss_at(w - 0.5 * tf.gradients(loss_at(w), w)[0]), w)


def _complex_type(dtype):
    return tf.complex64 if dtype == tf.float32 else tf.complex128


def _power_closed(x):
    """sum_k |F x|_k^2 weights_k + (x . x)^2, with F the discrete Fourier transform."""
    transform = np.fft.fft(np.eye(4))
    power = 2 * np.real(np.conj(transform).T @ np.diag([1, 2, 3, 4]) @ transform)
    return power + 4 * (x @ x) * np.eye(4) + 8 * np.outer(x, x)


@scenario(closed=_power_closed)
def fourier_power(dtype):
    x = variable("x", numbers(1, 4), dtype)
    spectrum = tf.fft(tf.cast(x, _complex_type(dtype)))
    power = tf.square(tf.real(spectrum)) + tf.square(tf.imag(spectrum))
    return Case(tf.reduce_sum(power * constant([1.0, 2, 3, 4], dtype)) + tf.square(tf.reduce_sum(tf.square(x))), x)


@scenario()
def fourier_filter(dtype):
    x, gain = variable("x", numbers(1, 3), dtype), variable("gain", numbers(2, 3), dtype)
    spectrum = tf.fft(tf.complex(x, tf.square(x))) * tf.complex(gain, tf.zeros_like(gain))
    return Case(tf.reduce_sum(tf.exp(tf.real(tf.ifft(spectrum)))) + tf.reduce_sum(tf.abs(spectrum)), [x, gain])


@scenario()
def complex_products(dtype):
    x, y = variable("x", numbers(1, 2), dtype), variable("y", numbers(2, 2), dtype)
    z = tf.complex(x, y)
    w = tf.exp(z) * tf.conj(z) + z * z
    return Case(tf.reduce_sum(tf.square(tf.real(w)) + tf.imag(w) * tf.real(z)), (x, y))


@tf.custom_gradient
def _log_one_plus_exp(x):
    e = tf.exp(x)

    def gradient(arrived):
        return arrived * (1 - 1 / (1 + e))

    return tf.log(1 + e), gradient


@scenario()
def custom_gradient(dtype):
    """The stable softplus of TensorFlow's documentation: its closure holds the tensors of its call."""
    w = variable("w", numbers(1, 3), dtype)
    return Case(tf.reduce_prod(_log_one_plus_exp(tf.square(w) + w)), w)


@tf.RegisterGradient("ConformanceScaledByItsInput")
def _scaled_by_its_input(op, arrived):
    return arrived * (1 + tf.square(op.inputs[0]) + tf.reduce_sum(op.inputs[0]))


def _overridden_closed(x):
    """The gradient is a factor, a = d exp(2 w.x) / dx, factor = 1 + 4 x^2 + 2 sum x. Where it is differentiated again,
    the user's rule holds again: the way back through a has the factor once more. The result isn't symmetric."""
    weights = np.array([1.0, -2, 0.5])
    a = 2 * weights * np.exp(2 * weights @ x)
    factor = 1 + 4 * x ** 2 + 2 * x.sum()
    return np.outer(factor * a, 2 * weights * factor) + np.diag(8 * x * a) + 2 * np.outer(a, np.ones(3))


@scenario(closed=_overridden_closed, differences=False)
def gradient_override(dtype):
    """Rows are what nested tf.gradients gives, as in tf.hessians."""
    x = variable("x", numbers(1, 3), dtype)
    with tf.get_default_graph().gradient_override_map({"Identity": "ConformanceScaledByItsInput"}):
        y = tf.identity(2 * x)
    return Case(tf.exp(tf.reduce_sum(y * constant([1.0, -2, 0.5], dtype))), x)
