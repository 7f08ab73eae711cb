"""precision="float64": a float32 model's second derivatives in double precision."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th
from untouched import assert_refused

# Numbers that float32 and float64 hold alike, so that the model in float64 is the same function.
WEIGHTS = np.random.RandomState(0).randint(-32, 32, (3, 4)) / 32.0
INPUTS = np.random.RandomState(1).randint(-32, 32, (5, 3)) / 32.0
BIAS = WEIGHTS[0] + 0.5


def variable(name, value, dtype, **options):
    return tf.get_variable(name, initializer=np.asarray(value, dtype.as_numpy_dtype), **options)


def network(dtype):
    w, b = variable("w", WEIGHTS, dtype, use_resource=True), variable("b", BIAS, dtype, use_resource=False)
    hidden = tf.nn.tanh(tf.matmul(tf.constant(INPUTS, dtype), w) + b)
    labels = tf.one_hot([0, 1, 2, 3, 0], 4, dtype=dtype)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=hidden * 3)), [w, b]


def embedding(dtype):
    w = variable("w", WEIGHTS, dtype, use_resource=True)
    rows = tf.nn.embedding_lookup(w, [0, 2, 2, 1])
    joined = tf.concat([rows, tf.ones([1, 4], dtype)], 0)
    return tf.reduce_sum(tf.sin(tf.nn.l2_normalize(rows, -1)) * rows) + tf.reduce_sum(joined ** 3), [w]


def data_dependent_loop(dtype):
    w = variable("w", BIAS, dtype)
    steps = tf.placeholder_with_default(3, [])
    _, y = tf.while_loop(
        lambda i, a: i < steps, lambda i, a: (i + 1, tf.sin(a * w) + 0.5 * w), [0, tf.ones([4], dtype)])
    return tf.reduce_sum(y * y), [w]


def unrolled_scan(dtype):
    w = variable("w", BIAS[:3], dtype)
    y = tf.scan(lambda a, e: tf.tanh(a * w + e), tf.constant(INPUTS, dtype), initializer=tf.zeros([3], dtype))
    return tf.reduce_sum(y * y), [w]


def scan_of_unknown_length(dtype):
    w = variable("w", BIAS[:3], dtype)
    rows = tf.placeholder_with_default(INPUTS.astype(dtype.as_numpy_dtype), [None, 3])
    y = tf.scan(lambda a, e: tf.tanh(a * w + e), rows, initializer=tf.zeros([3], dtype))
    return tf.reduce_sum(y * y), [w]


def conditional(dtype):
    w = variable("w", BIAS, dtype)
    y = tf.cond(tf.reduce_sum(w) > 100, lambda: tf.ones([4], dtype), lambda: tf.exp(w) * w)
    return tf.reduce_sum(y * y), [w]


def complex_between(dtype):
    w = variable("w", BIAS, dtype)
    wide = tf.complex64 if dtype == tf.float32 else tf.complex128
    return tf.reduce_sum(tf.abs(tf.fft(tf.cast(w, wide)) + 1) ** 3), [w]


def half_between(dtype):
    w = variable("w", BIAS, dtype)
    return tf.reduce_sum(tf.sin(tf.cast(tf.cast(w, tf.float16), dtype) if dtype == tf.float32 else w)), [w]


def double_between(dtype):
    w = variable("w", BIAS, dtype)
    return tf.reduce_sum(tf.exp(tf.cast(tf.sin(tf.cast(w, tf.float64)), dtype)) * w), [w]


def partitioned(dtype):
    w = tf.get_variable(
        "w", [3, 4], dtype, partitioner=tf.fixed_size_partitioner(2, axis=1), initializer=tf.ones_initializer())
    hidden = tf.sin(tf.matmul(tf.constant(INPUTS, dtype), tf.convert_to_tensor(w)))
    return tf.reduce_sum(hidden ** 2), [w]


def fed_between(dtype):
    x = tf.placeholder_with_default(INPUTS.astype(dtype.as_numpy_dtype), [5, 3])
    inner = tf.transpose(x)
    return tf.reduce_sum(tf.exp(inner) * tf.cumsum(inner, 0)), [inner]


MODELS = [network, embedding, data_dependent_loop, unrolled_scan, scan_of_unknown_length, conditional, complex_between,
          half_between, double_between, partitioned, fed_between]


def built(model, dtype, ask):
    """What `ask(loss, xs)` gives, evaluated in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        loss, xs = model(dtype)
        asked = ask(loss, xs)
        session.run(tf.global_variables_initializer())
        return th.evaluate(asked, session=session)


def truth(model):
    with tf.Graph().as_default():
        return finite_differences.hessian(*model(tf.float64))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_a_float32_model_in_double(model):
    """Finite differences are good to 1e-10 or so; in float32 the same Hessian is off by 1e-7 and more."""
    true = truth(model)
    scale = np.abs(true).max()
    plain, full, diag, product = built(model, tf.float32, lambda loss, xs: [
        th.hessian(loss, xs, flat=True), th.hessian(loss, xs, flat=True, precision="float64"),
        th.hessian_diag(loss, xs, precision="float64"),
        th.hvp(loss, xs, [np.ones(x.shape.as_list()) for x in xs], precision="float64")])
    assert full.dtype == np.float64 and np.abs(full - true).max() < 1e-9 * scale < np.abs(plain - true).max()
    np.testing.assert_allclose(np.concatenate([d.ravel() for d in diag]), np.diag(true), atol=1e-9 * scale)
    np.testing.assert_allclose(np.concatenate([p.ravel() for p in product]), true.sum(1), atol=1e-8 * scale)


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_every_engine(engine):
    full = built(network, tf.float32, lambda loss, xs: th.hessian(
        loss, xs, flat=True, engine=engine, precision="float64"))
    np.testing.assert_allclose(full, truth(network), atol=1e-9)


def test_a_mixed_block():
    block = built(network, tf.float32, lambda loss, xs: th.hessian(loss, xs[0], other=xs[1], precision="float64"))
    np.testing.assert_allclose(block.reshape(12, 4), truth(network)[:12, 12:], atol=1e-9)


def test_ops_without_a_double_kernel_stay_and_are_listed():
    def model(dtype):
        x = variable("x", INPUTS, dtype)
        y = tf.cast(tf.nn.lrn(tf.cast(tf.reshape(x, [1, 5, 1, 3]), tf.float32), 2, 1.0, 0.5, 0.5), dtype)
        return tf.reduce_sum(tf.exp(y) + y ** 3), [x]

    reasons, full = built(model, tf.float32, lambda loss, xs: [
        tf.constant("\n".join(th.plan(loss, xs, precision="float64").reasons)),
        th.hessian(loss, xs, flat=True, precision="float64")])
    assert b"no float64 kernel" in reasons and b"(LRN)" in reasons and b"Exp" not in reasons
    # The truth in closed form: LRN over the three channels c of a pixel is x_c / sqrt(1 + sum x^2 / 2).
    true = _numpy_hessian(lambda x: np.sum(np.exp(_lrn(x)) + _lrn(x) ** 3), INPUTS)
    np.testing.assert_allclose(full, true, atol=2e-5)


def _lrn(x):
    return x / np.sqrt(1.0 + 0.5 * np.sum(x ** 2, -1, keepdims=True))


def _numpy_hessian(function, x, step=1e-4):
    n = x.size
    moved = [step * np.eye(1, n, i).reshape(x.shape) for i in range(n)]
    return np.array([[(function(x + a + b) - function(x + a - b) - function(x - a + b) + function(x - a - b))
                      / (4 * step ** 2) for b in moved] for a in moved])


def test_sources_of_two_dtypes_make_one_matrix():
    def model():
        a, b = variable("a", BIAS, tf.float32), variable("b", BIAS + 1, tf.float64)
        return tf.reduce_sum(tf.sin(tf.cast(a, tf.float64) * b)), [a, b]

    loss, xs = model()
    with pytest.raises(ValueError, match="float32, float64"):
        th.hessian(loss, xs, flat=True)
    full = th.hessian(loss, xs, flat=True, precision="float64")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run(full)
    a, b = BIAS, BIAS + 1
    cross = np.cos(a * b) - a * b * np.sin(a * b)
    first, second = -b ** 2 * np.sin(a * b), -a ** 2 * np.sin(a * b)
    true = np.block([[np.diag(first), np.diag(cross)], [np.diag(cross), np.diag(second)]])
    np.testing.assert_allclose(found, true, atol=1e-12)


def test_a_product_with_a_tensor_of_the_models_dtype():
    x = tf.placeholder(tf.float32, [4])
    found = th.hvp(tf.reduce_sum(x ** 3), x, tf.ones([4]), precision="float64")
    assert found.dtype == tf.float64
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(found, {x: BIAS}), 6 * BIAS, rtol=1e-15)


def test_a_model_in_double_is_left_alone():
    @tf.custom_gradient
    def cube(x):
        return x ** 3, lambda grad: 3 * grad * x ** 2

    x = tf.placeholder(tf.float64, [4])
    full = th.hessian(tf.reduce_sum(cube(x)), x, precision="float64")
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(full, {x: BIAS}), np.diag(6 * BIAS), rtol=1e-14)


@pytest.mark.parametrize("ask", [
    th.hessian, th.hessian_diag, th.plan,
    lambda loss, x, precision: th.hvp(loss, x, np.ones(4), precision=precision)])
def test_a_custom_gradient_in_float32_is_refused(ask):
    @tf.custom_gradient
    def cube(x):
        return x ** 3, lambda grad: 3 * grad * x ** 2

    x = tf.placeholder(tf.float32, [4])
    loss = tf.reduce_sum(cube(x))
    said = assert_refused(ValueError, lambda: ask(loss, x, precision="float64"), x.graph)
    assert "has a custom gradient" in said and "Leave precision out" in said


@pytest.mark.parametrize("ask", [
    th.hessian, th.hessian_diag, th.plan,
    lambda loss, x, precision: th.hvp(loss, x, np.ones(4), precision=precision)])
def test_another_precision_is_refused(ask):
    x = tf.placeholder(tf.float32, [4])
    loss = tf.reduce_sum(x ** 3)
    assert "precision='float16' is not possible" in assert_refused(
        ValueError, lambda: ask(loss, x, precision="float16"), x.graph)


def test_the_check_agrees():
    loss, xs = network(tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = th.check(th.hessian(loss, xs, precision="float64"), session)
        assert found.ok and found.bound < 1e-8
        assert th.check(th.hessian(loss, xs), session).ok
