"""Where plain TensorFlow is wrong in silence, and what this library does there.

Each test asserts both, by version: a new TensorFlow that changes a fact is noticed. The truth is a closed form, or
finite differences of what is known to be right.
"""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th

D = tf.float64
VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
FUNCTIONAL_LOOPS = getattr(tf, "control_flow_v2_enabled", lambda: False)()


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def of_tensorflow(loss, x):
    """The Hessian of an x of known size by tf.gradients alone, row by row; None where TF says None."""
    flat = tf.unstack(tf.reshape(tf.gradients(loss, x)[0], [-1]))
    rows = [tf.gradients(g, x)[0] for g in flat]
    return None if any(r is None for r in rows) else tf.reshape(tf.stack(rows), [len(flat), -1])


def truth_by_loss(loss, x, feed):
    """The Hessian by finite differences of finite differences: nothing of TF's gradients is used."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        at = finite_differences.Coordinates([x], session, feed)
        step, n = 2e-3, at.start.size

        def value(move):
            return float(at.evaluate(loss, at.start + step * move))

        def slope(a, b):
            return (value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (4 * step ** 2)

        return np.array([[slope(a, b) for a in np.eye(n)] for b in np.eye(n)])


def both(loss, x, feed=None):
    return evaluated([of_tensorflow(loss, x), th.hessian(loss, x, flat=True)], feed)


# --- the question that started it

def test_gradients_of_gradients_are_row_sums():
    f = tf.placeholder(D, [3])
    loss = tf.reduce_prod(f ** 2 - 3 * f + 1)
    rows, diag, full = evaluated(
        [tf.gradients(tf.gradients(loss, f)[0], f)[0], th.hessian_diag(loss, f), th.hessian(loss, f)], {f: [1, 2, 0]})
    np.testing.assert_allclose(rows, [-6, 0, 2])
    np.testing.assert_allclose(diag, [-2, -2, 2])
    np.testing.assert_allclose(full, [[-2, -1, -3], [-1, -2, 3], [-3, 3, 2]])


def test_a_slice_made_after_the_loss_has_no_gradient():
    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(x ** 3)
    assert tf.gradients(loss, x[0])[0] is None
    with pytest.raises(ValueError):
        th.hessian(loss, x[0])


# --- loops

def cube_by_loop(x):
    return tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1, a * x], [0, tf.ones_like(x)])[1]


def test_the_second_derivative_of_a_loop():
    """Ours first: where TF raises for it, it leaves the graph inside the frame of the loop."""
    x = tf.placeholder(D, [2])
    loss = tf.reduce_sum(cube_by_loop(x))
    np.testing.assert_allclose(evaluated(th.hessian(loss, x), {x: [1, 2]}), np.diag([6, 12]))
    if FUNCTIONAL_LOOPS:
        np.testing.assert_allclose(evaluated(of_tensorflow(loss, x), {x: [1, 2]}), np.diag([6, 12]))
        return
    try:
        assert of_tensorflow(loss, x) is None
    except TypeError as refusal:
        assert "Second-order gradient for while loops not supported" in str(refusal)


def test_a_gradient_of_a_loop_beside_an_l2_term():
    """sum((3 x^2)^2) + sum(x^2): Hessian 108 x^2 + 2. Stacks hide what the v1 gradient depends on."""
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0]), use_resource=True)
    inner = tf.gradients(tf.reduce_sum(cube_by_loop(x)), x)[0]
    loss = tf.reduce_sum(inner ** 2) + tf.reduce_sum(x ** 2)
    if FUNCTIONAL_LOOPS:
        np.testing.assert_allclose(evaluated(th.hessian(loss, x)), np.diag([110, 434]))
    else:
        with pytest.raises(th.NoSecondDerivativeError):
            th.hessian(loss, x)
    found = evaluated(of_tensorflow(loss, x))
    assert np.allclose(found, np.diag([110, 434])) is FUNCTIONAL_LOOPS


# --- ops that drop a dependence

def resized(x):
    return tf.image.resize_bilinear(x, [4, 6])


def quantized(x):
    """Straight-through: its derivative counts as one."""
    return tf.quantization.fake_quant_with_min_max_args(x, -6, 6)


@pytest.mark.parametrize("linear, least, since", [(resized, 2.1, (2, 18)), (quantized, 4.0, (2, 17))])
def test_a_gradient_op_that_is_declared_not_differentiable(linear, least, since):
    """sum(x^2) + sum(y^2): the diagonal is 2 from x and more from y, which TF 2 drops from some version on."""
    x = tf.placeholder(tf.float32, [1, 2, 3, 1])
    loss, ones = tf.reduce_sum(x ** 2) + tf.reduce_sum(linear(x) ** 2), np.ones((1, 2, 3, 1))
    full, slope = evaluated([th.hessian(loss, x), tf.gradients(loss, x)[0]], {x: ones})
    assert np.diag(full.reshape(6, 6)).min() >= least
    np.testing.assert_allclose(full.reshape(6, 6).dot(np.ones(6)), slope.ravel(), rtol=0.02)
    if VERSION < since:
        with pytest.raises(LookupError):
            of_tensorflow(loss, x)
    else:
        np.testing.assert_allclose(np.diag(evaluated(of_tensorflow(loss, x), {x: ones})), 2)


SILENT = {
    "OneHot": lambda x: tf.one_hot([0, 2], 3, on_value=x[0], off_value=x[1], dtype=D),
    "HSVToRGB": lambda x: tf.image.hsv_to_rgb(tf.reshape(tf.sigmoid(x), [1, 1, 3])),
    "SparseConcat": lambda x: tf.sparse.concat(0, [tf.SparseTensor([[0]], x[:1], [3])] * 2).values,
}
SINCE_TF_2 = {"LinSpace": lambda x: tf.linspace(x[0], x[1], 4)}
if hasattr(tf.math, "reduce_euclidean_norm"):
    SINCE_TF_2["EuclideanNorm"] = lambda x: tf.math.reduce_euclidean_norm(x, keepdims=True)
OPAQUE = {
    "PyFunc": lambda x: tf.py_func(lambda a: a ** 2, [x], D),
    "PyFuncStateless": lambda x: tf.py_func(lambda a: a ** 2, [x], D, stateful=False),
}


@pytest.mark.parametrize("kind", sorted(SILENT) + sorted(SINCE_TF_2))
def test_first_gradients_that_are_none_in_silence(kind):
    """All of them on TF 1, some since repaired by TF."""
    x, point = tf.placeholder(D, [3]), [0.5, 1.5, -1.0]
    loss = tf.reduce_sum(tf.sin(dict(SILENT, **SINCE_TF_2)[kind](x)))
    assert (tf.gradients(loss, x)[0] is None) is (kind in SILENT or VERSION < (2, 0))
    np.testing.assert_allclose(
        evaluated(th.hessian(loss, x), {x: point}), truth_by_loss(loss, x, {x: point}), atol=1e-5)


@pytest.mark.parametrize("kind", sorted(OPAQUE))
def test_what_tensorflow_can_not_see_into_is_refused(kind):
    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(OPAQUE[kind](x) ** 2)
    assert tf.gradients(loss, x)[0] is None
    with pytest.raises(LookupError) as caught:
        th.hessian(loss, x)
    assert "(op type: %s)" % kind in str(caught.value)


def test_a_max_pool_that_keeps_its_size():
    """tf.hessians gives zeros for it in every version; the truth is by the loss itself."""
    x = tf.placeholder(D, [1, 2, 3, 1])
    loss = tf.reduce_sum(tf.sin(tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "SAME")))
    point = {x: np.array([0.3, -0.5, 1.0, 0.1, 0.7, -0.2]).reshape(1, 2, 3, 1)}
    found, theirs = evaluated([th.hessian(loss, x), tf.hessians(loss, x)[0]], point)
    truth = truth_by_loss(loss, x, point)
    assert np.abs(theirs).max() == 0 and np.abs(truth).max() > 0.1
    np.testing.assert_allclose(found.reshape(6, 6), truth, atol=1e-5)


def test_labels_of_a_cross_entropy_that_depend_on_x():
    """The entropy of softmax(x): TF drops the labels' part of the op's second output, up to 2.21, symmetrically."""
    x = tf.placeholder(D, [3])
    logits = tf.reshape(x, [1, 3])
    loss = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(logits), logits=logits))
    point = {x: [0.3, -0.5, 1.0]}
    truth = evaluated(of_tensorflow(-tf.reduce_sum(tf.nn.softmax(x) * tf.nn.log_softmax(x)), x), point)
    found = evaluated(of_tensorflow(loss, x), point)
    assert np.abs(found - truth).max() > 0.1 and np.allclose(found, found.T)
    np.testing.assert_allclose(evaluated(th.hessian(loss, x), point), truth, rtol=1e-9)


# --- gradients that are wrong

def inverse_of_adjoint(x):
    inverse = tf.matrix_inverse(tf.reshape(x, [2, 2]), adjoint=True)
    return tf.reduce_sum(tf.sin(inverse * np.array([[1.0, 2.0], [3.0, 4.0]])))


LINEAR_ALGEBRA = {
    "inverse": inverse_of_adjoint, "determinant": lambda x: tf.matrix_determinant(tf.reshape(x, [2, 2])) ** 2,
    "slogdet": lambda x: tf.linalg.slogdet(tf.reshape(x, [2, 2]))[1]}


@pytest.mark.parametrize("name", sorted(LINEAR_ALGEBRA))
def test_the_adjoint_of_a_matrix_inverse(name):
    """TF to 2.8 ignores `adjoint` in the gradient of MatrixInverse, which the gradients of det and slogdet use."""
    x = tf.placeholder(D, [4])
    loss = LINEAR_ALGEBRA[name](x)
    point = {x: [1.5, 0.4, -0.7, 2.0]}
    truth = truth_by_loss(loss, x, point)
    theirs, ours = both(loss, x, point)
    assert np.allclose(theirs, truth, atol=1e-4) is (VERSION >= (2, 11))
    np.testing.assert_allclose(ours, truth, atol=1e-4)


def test_the_variance_of_moments():
    """tf.nn.moments stops the gradient of the mean: 2 / n (I - 1 / n) loses its second term."""
    x = tf.placeholder(D, [5])
    theirs, ours = both(tf.nn.moments(x, [0])[1], x, {x: [1.0, 2.0, 0.5, -1.0, 3.0]})
    np.testing.assert_allclose(theirs, 2 / 5.0 * np.eye(5), atol=1e-12)
    np.testing.assert_allclose(ours, 2 / 5.0 * (np.eye(5) - 1 / 5.0), atol=1e-12)


def test_moments_that_results_of_ours_read():
    """The loop of the first call reads the stopped mean: the second call, and one after an import, see through that."""
    x = tf.placeholder(D, [5], "x")
    loss = tf.sin(tf.nn.moments(x, [0])[1], "loss")
    first, again = th.hessian(loss, x, engine="loop", name="first"), th.hessian(loss, x, engine="loop", name="again")
    point, meta = [1.0, 2.0, 0.5, -1.0, 3.0], tf.train.export_meta_graph()
    with tf.Session() as session:
        first, again = session.run([first, again], {x: point})
    assert np.abs(first - np.diag(np.diag(first))).max() > 0.1
    np.testing.assert_allclose(again, first, rtol=0, atol=1e-14)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(meta)
        np.testing.assert_allclose(session.run(th.hessian("loss:0", "x:0"), {"x:0": point}), first, rtol=0, atol=1e-14)


def test_batch_normalization_in_training():
    x = tf.placeholder(D, [4, 2])
    mean, variance = tf.nn.moments(x, [0])
    loss = tf.reduce_sum(tf.nn.batch_normalization(x, mean, variance, 0.5, 2.0, 0.1) ** 3)
    point = {x: np.random.RandomState(4).uniform(-1, 1, (4, 2))}
    truth = truth_by_loss(loss, x, point)
    theirs, ours = both(loss, x, point)
    assert 0.02 < np.abs(theirs - truth).max() / np.abs(truth).max() < 0.5 and np.allclose(theirs, theirs.T)
    np.testing.assert_allclose(ours, truth, atol=1e-4 * np.abs(truth).max())


def test_other_stopped_gradients_are_the_users():
    """The same sum with a stopped mean that is not the mean of what it is taken from."""
    x = tf.placeholder(D, [3])
    loss = tf.reduce_mean(tf.squared_difference(x ** 2, tf.stop_gradient(tf.reduce_mean(x))))
    theirs, ours = both(loss, x, {x: [1.0, 2.0, 0.5]})
    np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("point, truth", [
    ([0, 2, 3], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]), ([0, 0, 3], [[0, 3, 0], [3, 0, 0], [0, 0, 0]])])
@pytest.mark.parametrize("product", [tf.reduce_prod, lambda x: tf.cumprod(x)[2]])
def test_a_product_with_zeros_among_its_factors(product, point, truth):
    x = tf.placeholder(D, [3])
    theirs, ours = both(product(x), x, {x: point})
    assert not np.allclose(theirs, truth)
    np.testing.assert_allclose(ours, truth)


def test_segment_products_with_zeros_are_right_or_not_a_number():
    """What is not repaired must not look like an answer."""
    x = tf.placeholder(D, [3])
    truth = [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    for product in (tf.segment_prod(x, [0, 0, 0]), tf.unsorted_segment_prod(x, [0, 0, 0], 1)):
        try:
            found = evaluated(th.hessian(tf.reduce_sum(product), x), {x: [0, 0, 3]})
        except LookupError:
            continue
        assert np.isnan(found).any() or np.allclose(found, truth), product.op.type


# --- what TF does right, and the library stands on

def test_a_conditional_is_differentiated_twice():
    x = tf.placeholder(D, [2])
    loss = tf.reduce_sum(tf.cond(x[0] > 0, lambda: x ** 3, lambda: x ** 4))
    for point, truth in (([1.0, 2.0], np.diag([6, 12])), ([-1.0, 2.0], np.diag([12, 48]))):
        theirs, ours = both(loss, x, {x: point})
        np.testing.assert_allclose(theirs, truth)
        np.testing.assert_allclose(ours, truth)


def test_singular_points_are_not_a_number():
    """norm(x)^2 at 0, and a branch of tf.where that is not taken: NaN in both, never a number that is wrong."""
    x = tf.placeholder(D, [2])
    for loss in (tf.norm(x) ** 2, tf.reduce_sum(tf.where(x > 0, tf.sqrt(x), x))):
        theirs, ours = both(loss, x, {x: [0.0, 0.0]})
        assert np.isnan(theirs).any() and np.isnan(ours).any()
