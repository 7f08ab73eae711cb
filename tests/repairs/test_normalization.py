"""Batch norm in one op and local response normalisation, in every input and output."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_hessian, numbers, numpy_wave, run, variables, wave

import tf1_hessian as th
from finite_differences import jacobian
from tf1_hessian import _compat
from tf1_hessian.graph.marks import mark_column_loop

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
EPSILON = 0.01
X, SCALE, OFFSET = numbers(1, 3, 2, 2, 2), numbers(2, 2, low=0.5, high=1.5), numbers(3, 2)
MEAN, VARIANCE = numbers(4, 2), numbers(5, 2, low=0.5, high=1.5)


def numpy_norm(x, scale, offset, mean, variance):
    return (x - mean) / np.sqrt(variance + EPSILON) * scale + offset


def numpy_training(x, scale, offset):
    """(y, mean, unbiased variance) of a batch [..., channels]."""
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    count = x.size // x.shape[-1]
    return numpy_norm(x, scale, offset, mean, variance), mean, variance * count / (count - 1)


def trained(x, scale, offset, **options):
    return tf.nn.fused_batch_norm(x, scale, offset, epsilon=EPSILON, **options)


def test_training():
    assert_hessian(lambda *xs: wave(trained(*xs)[0]), lambda *xs: numpy_wave(numpy_training(*xs)[0]),
                   [X[:, :1], SCALE, OFFSET])


def test_mean_and_variance_of_a_batch():
    """TF's gradient drops what comes in at them, in silence."""
    def loss(x, scale):
        y, mean, variance = trained(x, scale, tf.zeros([2]))
        return wave(y) + tf.reduce_sum(tf.exp(mean) * variance) + wave(variance)

    def numpy_loss(x, scale):
        y, mean, variance = numpy_training(x, scale, 0.0)
        return numpy_wave(y) + np.sum(np.exp(mean) * variance) + numpy_wave(variance)

    assert_hessian(loss, numpy_loss, [X[:, :1], SCALE])


def test_inference():
    """TF has no gradient for the mean and the variance."""
    def loss(*xs):
        return wave(tf.nn.fused_batch_norm(*xs, epsilon=EPSILON, is_training=False)[0])

    assert_hessian(loss, lambda *xs: numpy_wave(numpy_norm(*xs)), [X[:, :1], SCALE, OFFSET, MEAN, VARIANCE])


if VERSION >= (2, 0):
    @pytest.mark.parametrize("training", [True, False])
    def test_channels_first(training):
        """On the CPU in TF 2 only."""
        statistics = () if training else (tf.constant(MEAN, tf.float32), tf.constant(VARIANCE, tf.float32))

        def loss(x, scale, offset):
            x = tf.transpose(x, [0, 3, 1, 2])
            return wave(trained(x, scale, offset, data_format="NCHW", is_training=training,
                                **dict(zip(("mean", "variance"), statistics)))[0])

        def numpy_loss(x, scale, offset):
            mean, variance = (MEAN, VARIANCE) if not training else (x.mean((0, 1, 2)), x.var((0, 1, 2)))
            return numpy_wave(np.transpose(numpy_norm(x, scale, offset, mean, variance), [0, 3, 1, 2]))

        assert_hessian(loss, numpy_loss, [X[:, :1], SCALE, OFFSET])

    def test_running_averages():
        """Output 1 is 0.7 of the given mean and 0.3 of the batch's; output 2 alike."""
        def loss(x, mean, variance):
            outputs = trained(x, tf.ones([2]), tf.zeros([2]), mean=mean, variance=variance, exponential_avg_factor=0.3)
            return wave(outputs[1]) + wave(outputs[2])

        def numpy_loss(x, mean, variance):
            _, new_mean, new_variance = numpy_training(x, 1.0, 0.0)
            return numpy_wave(0.7 * mean + 0.3 * new_mean) + numpy_wave(0.7 * variance + 0.3 * new_variance)

        assert_hessian(loss, numpy_loss, [X[:, :1], MEAN, VARIANCE])


def test_third_derivative_of_training():
    """Along u twice, against central differences of checked Hessian products in numpy: d^3 f(x + t u) / dt^3."""
    x, = variables(X[:, :1])
    u = numbers(9, *X[:, :1].shape)
    loss = wave(trained(x, tf.constant(SCALE, tf.float32), tf.constant(OFFSET, tf.float32))[0])
    second = tf.reduce_sum(th.hvp(loss, x, u) * u.astype(np.float32))
    third = tf.reduce_sum(th.gradients(second, x)[0] * u.astype(np.float32))

    def at(t):
        return numpy_wave(numpy_training(X[:, :1] + t * u, SCALE, OFFSET)[0])

    step = 0.01
    true = sum(w * at(k * step) for k, w in ((-3, 1), (-2, -8), (-1, 13), (1, -13), (2, 8), (3, -1))) / (8 * step ** 3)
    np.testing.assert_allclose(run(third), true, rtol=1e-3)


def numpy_training_gradient(x, scale, offset):
    """d wave / dx by the chain rule."""
    y = numpy_training(x, scale, offset)[0]
    g = 2 * np.cos(2 * y + np.arange(y.size).reshape(y.shape))
    r = 1 / np.sqrt(x.var((0, 1, 2)) + EPSILON)
    z = (x - x.mean((0, 1, 2))) * r
    return scale * r * (g - g.mean((0, 1, 2)) - z * (g * z).mean((0, 1, 2))), (g * z).sum((0, 1, 2))


def penalty(loss, *xs):
    """A loss with TF's first gradients in it: their squares, and a term that is linear in them."""
    return sum(tf.nn.l2_loss(g) + tf.reduce_sum(tf.sin(x) * g) for x, g in zip(xs, tf.gradients(loss, xs)))


def numpy_penalty(gradients, *xs):
    return sum(np.sum(g ** 2) / 2 + np.sum(np.sin(x) * g) for x, g in zip(xs, gradients))


def test_gradient_of_training_in_the_loss():
    """The loss holds TF's FusedBatchNormGrad."""
    offset = tf.constant(OFFSET, tf.float32)
    assert_hessian(lambda x, scale: penalty(wave(trained(x, scale, offset)[0]), x, scale),
                   lambda x, scale: numpy_penalty(numpy_training_gradient(x, scale, OFFSET), x, scale),
                   [X[:, :1], SCALE], tolerance=1e-4)


def test_gradient_of_inference_in_the_loss():
    """In the mean and the variance too, for which TF's derivative of FusedBatchNormGrad has None."""
    def loss(x, scale, mean, variance):
        y = trained(x, scale, tf.zeros([2]), mean=mean, variance=variance, is_training=False)[0]
        return penalty(wave(y), x, scale)

    def numpy_loss(x, scale, mean, variance):
        y = numpy_norm(x, scale, 0.0, mean, variance)
        g = 2 * np.cos(2 * y + np.arange(y.size).reshape(y.shape))
        r = 1 / np.sqrt(variance + EPSILON)
        return numpy_penalty([g * scale * r, (g * (x - mean) * r).sum((0, 1, 2))], x, scale)

    assert_hessian(loss, numpy_loss, [X[:2, :1], SCALE, MEAN, VARIANCE], tolerance=1e-4)


LRN = {"depth_radius": 1, "bias": 0.9, "alpha": 0.6, "beta": 0.4}
CHANNELS = numbers(6, 1, 2, 2, 4)


def numpy_sizes(x):
    squares = np.pad(x ** 2, [(0, 0)] * 3 + [(1, 1)], "constant")
    return 0.9 + 0.6 * (squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:])


def test_local_response_normalisation():
    assert_hessian(lambda x: wave(tf.nn.lrn(x, **LRN)), lambda x: numpy_wave(x * numpy_sizes(x) ** -0.4), [CHANNELS])


def test_gradient_of_local_response_normalisation_in_the_loss():
    """The loss holds TF's LRNGrad."""
    def numpy_loss(x):
        n = numpy_sizes(x)
        g = 2 * np.cos(2 * x * n ** -0.4 + np.arange(x.size).reshape(x.shape))
        across = np.pad(g * x * n ** -1.4, [(0, 0)] * 3 + [(1, 1)], "constant")
        return numpy_penalty(
            [g * n ** -0.4 - 0.48 * x * (across[..., :-2] + across[..., 1:-1] + across[..., 2:])], x)

    assert_hessian(lambda x: penalty(wave(tf.nn.lrn(x, **LRN)), x), numpy_loss, [CHANNELS], tolerance=1e-4)


def test_moments_that_a_result_reads_in_a_loop():
    """The mean that tf.nn.moments stops has readers in a loop then; the next result is the same."""
    x = tf.Variable(numbers(6, 3, 4), dtype=tf.float64)
    mean, variance = tf.nn.moments(x, [1], keep_dims=True)
    loss = tf.reduce_sum(tf.sin((x - mean) * tf.rsqrt(variance + EPSILON) + tf.range(4, dtype=tf.float64)))
    gradient = tf.reshape(tf.gradients(loss, x)[0], [-1])
    after = [th.hessian_diag(loss, x, engine=e, chunk_size=2) for e in ("vectorized", "loop", "vectorized")]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        true, found = np.diag(jacobian(gradient, [x], session)), session.run(after)
    assert np.abs(true).max() > 0.1
    for diagonal in found:
        np.testing.assert_allclose(diagonal.ravel(), true, rtol=0, atol=1e-8 * np.abs(true).max())


def test_moments_whose_mean_a_loop_of_ours_reads_by_itself():
    """Loops read slopes laid outside of them; one that reads the stopped mean leaves it the mean of moments."""
    x = tf.placeholder(tf.float64, [5])
    variance = tf.nn.moments(x, [0])[1]
    stopped, = [op.outputs[0] for op in x.graph.get_operations() if op.type == "StopGradient"]
    first = tf.constant(0)
    read = _compat.while_loop(lambda i, t: i < 2, lambda i, t: [i + 1, t * stopped],
                              [first, tf.ones([1], tf.float64)], [first.shape, tf.TensorShape([1])])
    mark_column_loop(read[0], first, 2)
    found = th.hessian(variance, x)
    with tf.Session() as session:
        np.testing.assert_allclose(
            session.run(found, {x: [1, 2, 0.5, -1, 3]}), 2 * (np.eye(5) - 0.2) / 5, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", ["fed", "resource", "ref"])
def test_moments_that_hessians_of_tensorflow_read_in_a_loop(kind):
    """The loop of tf.hessians reads the stopped mean, and the variable that is averaged, by copies of its own."""
    start = np.array([1.0, 2.0, 0.5, -1.0])
    x = (tf.placeholder_with_default(start, [4]) if kind == "fed" else
         tf.get_variable("x", initializer=start, use_resource=kind == "resource"))
    loss = tf.reduce_sum(x ** 4 / tf.nn.moments(x, [0])[1])
    gradient = tf.gradients(loss, x)[0]
    theirs = tf.hessians(loss, x)[0]
    ours = th.hessian(loss, x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {x: start} if kind == "fed" else None
        true = jacobian(gradient, [x], session, feed)
        theirs, ours = session.run([theirs, ours], feed)
    np.testing.assert_allclose(ours, true, rtol=0, atol=1e-8 * np.abs(true).max())
    assert np.abs(theirs - true).max() > 0.05 * np.abs(true).max()
