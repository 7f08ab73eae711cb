"""The independent truth for kernels in float32: Hessians of a loss in numpy, in float64.

Nothing of the library under test is used, nor any gradient: a Hessian is made of values of the loss alone, or of an
op's own matrix, read off its values one unit input after the other.
"""
import itertools

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

# f'(0) = sum of weight * f(offset * step) / step; the mixed second derivative is the product of two of these.
_FIRST = ((-2, 1 / 12.0), (-1, -2 / 3.0), (1, 2 / 3.0), (2, -1 / 12.0))
_SECOND = ((-2, -1 / 12.0), (-1, 4 / 3.0), (0, -5 / 2.0), (1, 4 / 3.0), (2, -1 / 12.0))
STEP = 5e-4
# TF 1.x takes three times as long to build columns side by side; there, random programs and scenarios meet that engine.
ENGINES = ("auto",) if tf.__version__ > "2" else ("loop",)


def hessian(loss, *xs):
    """The Hessian [n, n] of a numpy function at xs, by second differences of fourth order; error near 1e-7."""
    start = np.concatenate([np.ravel(x) for x in xs]).astype(np.float64)

    def at(*moves):
        flat = start.copy()
        for i, k in moves:
            flat[i] += k * STEP
        parts = np.split(flat, np.cumsum([np.size(x) for x in xs])[:-1])
        return loss(*[np.reshape(p, np.shape(x)) for p, x in zip(parts, xs)])

    found = np.zeros([start.size, start.size])
    for i in range(start.size):
        found[i, i] = sum(w * at((i, k)) for k, w in _SECOND) / STEP ** 2
        for j in range(i):
            pairs = itertools.product(_FIRST, _FIRST)
            found[i, j] = found[j, i] = sum(v * w * at((i, k), (j, m)) for (k, v), (m, w) in pairs) / STEP ** 2
    return found


def matrix(function, x, step=1.0):
    """The matrix [outputs, inputs] of a TensorFlow function that is linear near x, read off its values."""
    given = tf.placeholder(tf.float32, np.shape(x))
    output = function(given)
    columns = []
    with tf.Session() as session:
        base = session.run(output, {given: x}).astype(np.float64)
        for unit in np.eye(np.size(x)):
            moved = x + step * unit.reshape(np.shape(x))
            columns.append((session.run(output, {given: moved}) - base).ravel() / step)
    return np.stack(columns, 1)


def wave(y):
    """A nonlinear loss of a tensor, with another phase for each element: sum of sin(2 y_i + i)."""
    flat = tf.reshape(y, [-1])
    return tf.reduce_sum(tf.sin(2 * flat + tf.cast(tf.range(tf.size(flat)), flat.dtype)))


def numpy_wave(y):
    """The same in numpy."""
    flat = np.ravel(y)
    return np.sum(np.sin(2 * flat + np.arange(flat.size)))


def numbers(seed, *shape, **limits):
    """Repeatable numbers in [low, high), -1 and 1 by default, no two of them equal."""
    return np.random.RandomState(seed).uniform(limits.get("low", -1.0), limits.get("high", 1.0), shape)


def variables(*values):
    """Float32 variables that start at `values`."""
    return [tf.get_variable("x%d" % i, initializer=np.asarray(v, np.float32)) for i, v in enumerate(values)]


def run(fetches):
    """The values of fetches at the variables' initial values."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


def assert_linear(function, x, step=1.0, penalty=True):
    """Checks the second and third derivatives of wave(function(x)) where function is linear near x.

    With J its matrix and p = 2 J x + phase: H = -4 J^T sin(p) J, and the third derivative along u twice is
    -8 J^T (cos(p) (J u)^2). penalty: also the Hessian of |d wave / dx|^2 / 2, whose graph has TF's gradient op.
    """
    x = np.asarray(x, np.float32)
    j = matrix(function, x if step < 1 else np.zeros_like(x), step)
    x, = variables(x)
    loss, u = wave(function(x)), numbers(77, *x.shape.as_list())
    found = [th.hessian(loss, x, flat=True, engine=engine) for engine in ("auto", "loop")]
    along = tf.reduce_sum(th.hvp(loss, x, u) * u.astype(np.float32))
    third = tf.reshape(th.gradients(along, x)[0], [-1])
    if penalty:
        found.append(th.hessian(tf.nn.l2_loss(tf.gradients(loss, x)[0]), x, flat=True))
    values, third, y = run([found, third, function(x)])
    p = 2 * np.ravel(y) + np.arange(y.size)
    true = j.T.dot(-4 * np.sin(p)[:, None] * j)
    assert abs(true).max() > 0.01
    for value in values[:2]:
        np.testing.assert_allclose(value, true, atol=3e-5 * abs(true).max())
    expected = -8 * j.T.dot(np.cos(p) * j.dot(u.ravel()) ** 2)
    np.testing.assert_allclose(third, expected, atol=3e-5 * abs(expected).max())
    if penalty:
        true = true.dot(true) + j.T.dot(-8 * np.cos(p)[:, None] * j.dot(j.T.dot(2 * np.cos(p)))[:, None] * j)
        np.testing.assert_allclose(values[2], true, atol=1e-4 * abs(true).max())


def assert_hessian(loss, numpy_loss, values, tolerance=3e-5):
    """Checks the Hessian of loss(*variables) over all variables, and first its value."""
    xs = variables(*values)
    total = loss(*xs)
    found = [th.hessian(total, xs, flat=True, engine=engine) for engine in ENGINES]
    value, found = run([total, found])
    rounded = [np.asarray(v, np.float32).astype(np.float64) for v in values]
    np.testing.assert_allclose(value, numpy_loss(*rounded), rtol=2e-5, atol=2e-5)
    true = hessian(numpy_loss, *rounded)
    for each in found:
        np.testing.assert_allclose(each, true, atol=tolerance * abs(true).max())
