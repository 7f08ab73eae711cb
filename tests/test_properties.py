"""Random small graphs: the Hessian that auto chooses against float64 finite differences of tf.gradients."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import finite_differences
import tf1_hessian as th
from shares import IS_WHOLE

D = tf.float64
MARGIN = 0.02


class Sketch(object):
    """A graph being drawn: its nodes, and the tensors that must stay away from zero, where a kink is."""

    def __init__(self, xs):
        self.nodes, self.kinks = list(xs), []

    def kink(self, tensor):
        self.kinks.append(tf.reshape(tensor, [-1]))
        return tensor

    def add(self, tensor):
        """A new node, kept small in size and values."""
        if int(np.prod(tensor.shape.as_list())) > 12:
            tensor = tf.reduce_mean(tensor, 0)
        self.nodes.append(tf.tanh(tensor) if len(self.nodes) % 3 == 0 else tensor)


def matrix(a):
    """Any tensor as a matrix of two or three columns."""
    size = int(np.prod(a.shape.as_list()))
    columns = 3 if size % 3 == 0 else 2 if size % 2 == 0 else 1
    return tf.reshape(a, [size // columns, columns])


def vector(a):
    return tf.reshape(a, [-1])


def size(a):
    return int(np.prod(a.shape.as_list()))


def positive(a):
    return tf.nn.softplus(a) + 0.3


def definite(a):
    """A symmetric positive definite 2 x 2 matrix."""
    m = matrix(a)[:, :1] * np.array([[1.0, 0.5]])
    return tf.matmul(m, m, transpose_a=True) + np.array([[1.5, 0.2], [0.2, 1.0]])


def general(a):
    """A 2 x 2 matrix that is not symmetric and far from singular."""
    return definite(a) + np.array([[0.0, 0.7], [-0.4, 0.0]]) * tf.reduce_mean(a)


def image(a):
    flat = tf.concat([vector(a), np.linspace(-1, 1, 12)], 0)[:12]
    return tf.reshape(flat, [1, 4, 3, 1])


def windows(sketch, a):
    """Max pooling, with the distance of every pixel pair as its kinks."""
    pixels = image(a) * np.linspace(1.0, 2.0, 12).reshape(1, 4, 3, 1)
    sketch.kink(pixels[:, 1:] - pixels[:, :-1])
    return tf.nn.max_pool(pixels, [1, 2, 1, 1], [1, 2, 1, 1], "VALID")


def branches(a):
    """A conditional in a conditional."""
    half = tf.reduce_mean(a)

    def inner():
        return tf.cond(half > -5.0, lambda: tf.sin(a) * a, lambda: a)

    return tf.cond(half < 5.0, inner, lambda: tf.exp(a))


def steps_of_one(sketch, a):
    """A floor, which is flat but for its jumps."""
    sketch.kink(a + 0.5 - tf.round(a + 0.5))
    return tf.floor(a + 0.5) * a


def moments(a):
    mean, variance = tf.nn.moments(matrix(a), [0])
    return (matrix(a) - mean) * tf.rsqrt(variance + 0.5)


UNARY = [
    lambda s, a: tf.exp(tf.tanh(a)), lambda s, a: tf.sin(a), lambda s, a: tf.cos(a) * 2, lambda s, a: tf.sigmoid(a),
    lambda s, a: tf.nn.softplus(a), lambda s, a: tf.square(a), lambda s, a: tf.log(positive(a)),
    lambda s, a: tf.sqrt(positive(a)), lambda s, a: tf.rsqrt(positive(a)), lambda s, a: positive(a) ** 1.5,
    lambda s, a: tf.log1p(positive(a)), lambda s, a: tf.expm1(tf.tanh(a)), lambda s, a: tf.atan(a),
    lambda s, a: tf.erf(a), lambda s, a: tf.sinh(tf.tanh(a)), lambda s, a: tf.asinh(a),
    lambda s, a: tf.lgamma(positive(a)), lambda s, a: tf.digamma(positive(a) + 1), lambda s, a: 1 / positive(a),
    lambda s, a: a ** 3, lambda s, a: -a, lambda s, a: tf.abs(s.kink(a)), lambda s, a: tf.nn.relu(s.kink(a)),
    lambda s, a: tf.nn.elu(s.kink(a)), lambda s, a: tf.nn.leaky_relu(s.kink(a)), lambda s, a: tf.nn.selu(s.kink(a)),
    steps_of_one, lambda s, a: tf.where(a > 0, tf.sin(s.kink(a)), a ** 2),
    lambda s, a: tf.nn.softmax(matrix(a)), lambda s, a: tf.nn.log_softmax(matrix(a)),
    lambda s, a: tf.reduce_logsumexp(matrix(a), 0), lambda s, a: tf.nn.l2_normalize(matrix(a) + 3.0, 1),
    lambda s, a: tf.reduce_prod(matrix(a), 1), lambda s, a: tf.reduce_mean(a) * a,
    lambda s, a: tf.reduce_sum(matrix(a), 0), lambda s, a: tf.cumsum(vector(a), reverse=True),
    lambda s, a: tf.cumprod(vector(a), exclusive=True), lambda s, a: tf.transpose(matrix(a)),
    lambda s, a: tf.reshape(a, [size(a), 1]), lambda s, a: vector(a)[::-1], lambda s, a: vector(a)[size(a) // 2:],
    lambda s, a: tf.concat([vector(a), tf.sin(vector(a))], 0), lambda s, a: tf.stack([a, a * a], -1),
    lambda s, a: tf.add_n(tf.unstack(matrix(a), axis=1)), lambda s, a: tf.pad(vector(a), [[1, 2]]),
    lambda s, a: tf.split(matrix(a), matrix(a).shape.as_list()[1], 1)[0], lambda s, a: tf.tile(vector(a)[:2], [3]),
    lambda s, a: tf.gather(vector(a), [0, size(a) - 1, 0]), lambda s, a: tf.gather_nd(matrix(a), [[0, 0], [0, 0]]),
    lambda s, a: tf.scatter_nd([[2], [0]], vector(a)[:1] * [1.0, 2.0], [4]),
    lambda s, a: tf.reshape(tf.segment_sum(tf.tile(vector(a)[:1], [3]) * [1.0, 2.0, 3.0], [0, 0, 1]), [2]),
    lambda s, a: tf.einsum("ij,kj->ik", matrix(a), matrix(a)), lambda s, a: tf.nn.l2_loss(a),
    lambda s, a: tf.cholesky(definite(a)), lambda s, a: tf.matrix_inverse(general(a)),
    lambda s, a: tf.matrix_determinant(general(a)), lambda s, a: tf.matrix_solve(general(a), tf.cos(definite(a))),
    lambda s, a: tf.linalg.logdet(definite(a)), lambda s, a: tf.matrix_triangular_solve(definite(a), general(a)),
    lambda s, a: tf.trace(general(a)), lambda s, a: tf.matrix_band_part(general(a), 0, -1),
    lambda s, a: tf.matrix_diag_part(general(a)),
    lambda s, a: tf.nn.conv2d(image(a), np.linspace(-1, 1, 8).reshape(2, 2, 1, 2), [1, 1, 1, 1], "SAME"),
    lambda s, a: tf.nn.conv2d(
        np.linspace(-1, 1, 12).reshape(1, 4, 3, 1), image(a)[0][:2, :2, :, None], [1, 1, 1, 1], "VALID"),
    lambda s, a: tf.nn.avg_pool(image(a), [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), windows,
    lambda s, a: branches(a), lambda s, a: moments(a),
    lambda s, a: tf.clip_by_value(s.kink(a - 0.37) + 0.37, -50.0, 0.37),
    lambda s, a: tf.abs(tf.fft(tf.complex(vector(a), vector(a) ** 2 + 1))) ** 2,
    lambda s, a: tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.nn.softmax(matrix(a) ** 2), logits=matrix(a)),
    lambda s, a: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid(a), logits=a),
]


def fitting(a, b):
    """b in a shape that broadcasts with a."""
    try:
        return b if tf.broadcast_static_shape(a.shape, b.shape) else b
    except ValueError:
        return tf.reduce_mean(b)


BINARY = [
    lambda s, a, b: a + b, lambda s, a, b: a * b, lambda s, a, b: a - 0.5 * b, lambda s, a, b: a / positive(b),
    lambda s, a, b: tf.squared_difference(a, b), lambda s, a, b: positive(a) ** tf.tanh(b),
    lambda s, a, b: tf.atan2(a + 0 * b, positive(b) + 0 * a), lambda s, a, b: tf.maximum(a, b) + 0 * s.kink(a - b),
    lambda s, a, b: tf.minimum(a, b * 0.5) + 0 * s.kink(a - b * 0.5),
    lambda s, a, b: tf.matmul(matrix(a), matrix(a) * tf.reduce_mean(b), transpose_b=True),
    lambda s, a, b: tf.gradients(tf.reduce_sum(tf.sin(a) * tf.reduce_mean(b ** 2)), a)[0],
]

# (which op, its first input, its second input), counted back from the newest node.
STEP = st.tuples(st.integers(0, len(UNARY) + 2 * len(BINARY) - 1), st.integers(0, 50), st.integers(0, 50))


def sources(rng, seed):
    """A resource variable, and a reference variable or a fed tensor, of lopsided shapes; what to feed."""
    w = tf.get_variable("w", initializer=rng.uniform(-1, 1, (2, 2)), use_resource=True)
    if seed % 2:
        return [w, tf.get_variable("v", initializer=rng.uniform(-1, 1, (3,)), use_resource=False)], {}
    x = tf.placeholder(D, [1, 3])
    return [w, x], {x: rng.uniform(-1, 1, (1, 3))}


def draw(xs, steps):
    """(loss, kinks) of the ops that the steps name, each on earlier nodes; every node is in the loss, not linearly."""
    sketch = Sketch([tf.convert_to_tensor(x) for x in xs])
    for kind, first, second in steps:
        a, b = (sketch.nodes[-1 - i % len(sketch.nodes)] for i in (first, second))
        if kind < len(UNARY):
            sketch.add(UNARY[kind](sketch, a))
        else:
            sketch.add(BINARY[(kind - len(UNARY)) % len(BINARY)](sketch, a, fitting(a, b)))
    loss = sum(tf.reduce_sum(tf.sin(n * 0.7)) for n in sketch.nodes[:3]) + tf.reduce_sum(tf.sin(sketch.nodes[-1])) ** 2
    return loss + sum(tf.reduce_mean(n) ** 2 for n in sketch.nodes[3:-1]), sketch.kinks


def check(steps, seed, quantity="full"):
    """Compares the plan that auto makes with finite differences, away from kinks."""
    rng = np.random.RandomState(seed)
    with tf.Graph().as_default():
        xs, feed = sources(rng, seed)
        loss, kinks = draw(xs, steps)
        first = finite_differences.gradient(loss, xs)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            assume(all(np.abs(k).min() > MARGIN for k in session.run(kinks, feed)))
            truth = finite_differences.jacobian(first, xs, session, feed)
            assume(np.isfinite(truth).all())
        plan = th.plan(loss, xs, quantity, flat=quantity == "full")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            found = th.evaluate(plan, feed, session)
    if quantity == "diag":
        found, truth = np.concatenate([np.ravel(d) for d in found]), np.diag(truth)
    np.testing.assert_allclose(found, truth, rtol=0, atol=2e-6 * max(1.0, np.abs(truth).max()))


@settings(derandomize=True, deadline=None, max_examples=12 if IS_WHOLE else 5, database=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
@given(st.lists(STEP, min_size=3, max_size=7), st.integers(0, 2 ** 20), st.sampled_from(["full", "diag"]))
def test_the_hessian_of_a_random_graph(steps, seed, quantity):
    check(steps, seed, quantity)


@pytest.mark.parametrize("first", range(0, len(UNARY) + len(BINARY), 6))
def test_every_op_of_the_set(first):
    """Six ops side by side on the first source, and the last one on their sum; what random draws may miss."""
    kinds = range(first, min(first + 6, len(UNARY) + len(BINARY)))
    check([(kind, 1 + i, i) for i, kind in enumerate(kinds)], 3)
