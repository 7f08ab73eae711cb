"""Results are tensors like all others: their derivatives against third derivatives in closed form."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
A = np.array([[0.5, -1.0, 2.0]])


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        return session.run(fetches, feed)


def quartic(x):
    """sum(x)^2 sum(x^2) at hand: third derivatives by finite differences of its closed-form Hessian."""
    return tf.reduce_sum(x) ** 2 * tf.reduce_sum(x ** 2)


def quartic_hessian(x):
    s, q, ones = x.sum(), (x ** 2).sum(), np.ones_like(x)
    mixed = np.outer(ones, x)
    return 2 * q + 4 * s * (mixed + mixed.T) + 2 * s ** 2 * np.eye(x.size)


def third(x, weights, step=1e-3):
    """d(sum of weights * H)/dx; central differences are exact up to x^4 but for rounding: H is quadratic."""
    moves = [(quartic_hessian(x + step * e) - quartic_hessian(x - step * e)) / (2 * step) for e in np.eye(x.size)]
    return np.array([(weights * m).sum() for m in moves])


WEIGHTS = np.arange(1.0, 10.0).reshape(3, 3) / 7


@pytest.mark.parametrize("engine, chunk", [("slices", None), ("loop", None), ("loop", 2), ("vectorized", None),
                                           ("vectorized", 2), ("auto", None)])
@pytest.mark.parametrize("take", [th.gradients, tf.gradients])
def test_a_result_of_every_engine_can_be_differentiated(engine, chunk, take):
    x = tf.placeholder(D, [3])
    full = th.hessian(quartic(x), x, engine=engine, chunk_size=chunk)
    diag = th.hessian_diag(quartic(x), x, engine=engine, chunk_size=chunk)
    try:
        found = take(tf.reduce_sum(full * WEIGHTS), x) + take(tf.reduce_sum(diag * WEIGHTS[0]), x)
    except LookupError:
        assert take is tf.gradients, "th.gradients knows its own loops"
        return
    of_full, of_diag = evaluated(found, {x: A[0]})
    np.testing.assert_allclose(of_full, third(A[0], WEIGHTS), rtol=1e-8)
    np.testing.assert_allclose(of_diag, third(A[0], np.diag(WEIGHTS[0])), rtol=1e-8)


def test_a_curvature_penalty_has_the_right_hessian():
    """sum of squared second derivatives of x^4 + (x y)^2: (12 x^2 + 2 y^2)^2 + 4 x^4, differentiated twice more."""
    x = tf.placeholder(D, [2])
    penalty = tf.reduce_sum(th.hessian_diag(x[0] ** 4 + (x[0] * x[1]) ** 2, x) ** 2)
    first, full = evaluated([th.gradients(penalty, x)[0], th.hessian(penalty, x)], {x: [0.5, 2.0]})
    s, t = 0.5, 2.0
    inner = 12 * s ** 2 + 2 * t ** 2
    np.testing.assert_allclose(first, [48 * s * inner + 16 * s ** 3, 8 * t * inner])
    mixed = 192 * s * t
    np.testing.assert_allclose(full, [[48 * inner + 48 * s * 24 * s + 48 * s ** 2, mixed],
                                      [mixed, 8 * inner + 8 * t * 4 * t]])


def test_a_product_can_be_differentiated_and_its_vector_is_held():
    x = tf.placeholder(D, [3])
    product = th.hvp(quartic(x), x, tf.sin(x))
    found = evaluated(th.gradients(product, x, grad_ys=np.ones(3))[0], {x: A[0]})
    held = third(A[0], np.outer(np.ones(3), np.sin(A[0])))
    through = quartic_hessian(A[0]).dot(np.ones(3)) * np.cos(A[0])
    np.testing.assert_allclose(found, held + through, rtol=1e-8)
