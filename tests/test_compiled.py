"""XLA on request: the same numbers up to rounding, what is not a number stays so, and the faster way is kept."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.untouched import assert_refused
from tf1_hessian import _compat
from tf1_hessian._compat import XLA_KEEPS_NAN
from tf1_hessian.graph import compiled

D = tf.float64
# As far as this TensorFlow lets one go: before 2.15 "auto" means TensorFlow's own kernels, and True is refused.
COMPILED = True if XLA_KEEPS_NAN else "auto"
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-300, 7.0, 1e3]


def chain(x):
    return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1]))


def diagonal_of_chain(x):
    found = np.zeros_like(x)
    found[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    found[1:] += 200
    return found


def marked(graph):
    return [op.type for op in graph.get_operations() if "_XlaCompile" in op.node_def.attr]


@pytest.mark.parametrize("jit", sorted({COMPILED, "auto"}, key=str))
def test_results_are_the_same(jit):
    x = tf.placeholder(D, [200])
    loss, start = chain(x), np.random.RandomState(0).normal(size=200)
    before = marked(x.graph)
    found = {"diag": th.hessian_diag(loss, x, jit=jit), "sparse": th.sparse_hessian(loss, x, jit=jit),
             "columns": th.hessian_diag(loss, x, engine="vectorized", jit=jit)}
    assert not before and (marked(x.graph).count("Mul") > 4) == XLA_KEEPS_NAN
    true, n = diagonal_of_chain(start), np.arange(199)
    with tf.Session() as session:
        for _ in range(10):
            values = th.evaluate(found, {x: start}, session)
            np.testing.assert_allclose(values["diag"], true, rtol=1e-12)
            np.testing.assert_allclose(values["columns"], true, rtol=1e-12)
            matrix = values["sparse"].toarray()
            np.testing.assert_allclose(np.diag(matrix), true, rtol=1e-12)
            np.testing.assert_allclose(matrix[n, n + 1], -400 * start[:-1], rtol=1e-12)


def test_rows_compiled():
    x = tf.placeholder(D, [None, 3])
    ys = tf.reduce_sum(tf.sin(x) * x, 1)
    with tf.Session() as session:
        for rows in (2, 5):
            start = np.random.RandomState(rows).normal(size=(rows, 3))
            found = th.evaluate(th.laplacian(ys, x, jit=COMPILED), {x: start}, session)
            np.testing.assert_allclose(found, (2 * np.cos(start) - start * np.sin(start)).sum(1), rtol=1e-12)
    assert ("Cos" in marked(x.graph)) == XLA_KEEPS_NAN


def test_what_is_no_number_stays_so():
    """d2/dx2 of x log x - x log x at NaN, and of 0 * sqrt(x) at a negative x."""
    x = tf.placeholder(D, [1])
    loss = tf.reduce_sum(x * tf.log(x) / 3 - x * tf.log(x) * (1 / 3.) + 0 * tf.sqrt(x))
    diagonal = th.hessian_diag(loss, x, jit=COMPILED)
    with tf.Session() as session:
        found = [th.evaluate(diagonal, {x: [point]}, session)[0] for point in (np.nan, 2, -1)]
    assert np.isnan(found[0]) and abs(found[1]) < 1e-12 and np.isnan(found[2])


@pytest.mark.skipif(not XLA_KEEPS_NAN, reason="no op is compiled here: test_an_old_xla_is_refused")
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64], ids=["float32", "float64"])
def test_each_type_computes_as_tensorflow_does(dtype):
    """Each element-wise op of the table, at numbers of all kinds."""
    values = np.array(SPECIAL, dtype.as_numpy_dtype)
    left, right = (tf.constant(v.ravel()) for v in np.meshgrid(values, values))
    fed, other = (tf.placeholder_with_default(t, [len(values) ** 2]) for t in (left, right))
    tried = {}
    for name in sorted(compiled.ELEMENTWISE):
        for way in (False, True):
            op = single(name, fed, other)
            if op is not None:
                assert compiled.is_safe(op.outputs[0].op)
                if way:
                    _compat.mark_for_xla(op)
                tried.setdefault(name, []).append(op.outputs[0])
    assert len(tried) > 45
    with tf.Session() as session:
        found = session.run(tried)
    few = 64 * np.finfo(dtype.as_numpy_dtype).eps
    tiny = 1e-37 if dtype == tf.float32 else 1e-290
    wrong = {}
    for name, (plain, fast) in sorted(found.items()):
        same = (plain == fast) | (np.isnan(plain) & np.isnan(fast)) if plain.dtype != bool else plain == fast
        if plain.dtype != bool:
            with np.errstate(all="ignore"):
                same |= np.abs(plain - fast) <= few * np.abs(plain) + tiny
        if not same.all():
            k = np.flatnonzero(~same)
            grid = np.meshgrid(values, values)
            wrong[name] = [(grid[0].ravel()[i], grid[1].ravel()[i], plain[i], fast[i]) for i in k[:4]]
    assert not wrong, "\n".join("%s %s" % item for item in sorted(wrong.items()))


def single(name, a, b):
    """One op of a type, or None where this TensorFlow has none of that name for these numbers."""
    raw = getattr(tf.raw_ops, name, None)
    if raw is None:
        return None
    for arguments in ({"x": a}, {"x": a, "y": b}, {"features": a}, {"features": a, "gradients": b}, {"y": a, "dy": b},
                      {"outputs": a, "gradients": b}, {"inputs": [a, b]}, {"input": a},
                      {"condition": tf.greater(b, 0), "x": a, "y": b}, {"condition": tf.greater(b, 0), "t": a, "e": b}):
        try:
            return raw(**arguments).op
        except TypeError:
            continue
    raise AssertionError("no arguments for " + name)


def test_values_that_are_checked_are_not_compiled():
    """XLA moves an index that is outside to the edge, where TensorFlow raises."""
    x, at = tf.placeholder(D, [4]), tf.placeholder(tf.int32, [2])
    diagonal = th.hessian_diag(tf.reduce_sum(tf.gather(x, at) ** 3), x, jit=COMPILED)
    found = marked(x.graph)
    assert bool(found) == XLA_KEEPS_NAN
    assert not [t for t in found if "Gather" in t or "Segment" in t or "Scatter" in t]
    with tf.Session() as session:
        np.testing.assert_allclose(th.evaluate(diagonal, {x: [1, 2, 3, 4.], at: [3, 3]}, session), [0, 0, 0, 48])
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(diagonal, {x: [1, 2, 3, 4.], at: [3, 4]})


@pytest.mark.parametrize("slow", ["plain", "compiled"])
def test_the_faster_way_is_kept(slow):
    plain, fast = tf.constant(1.0), tf.constant(2.0)
    trial = compiled.Trial([plain], [fast])
    fetched = []
    while trial.is_open:
        chosen = trial.chosen(plain)
        fetched.append(chosen is fast)
        trial.took(9.0 if len(fetched) < 3 else 3.0 if (chosen is plain) == (slow == "plain") else 1.0)
    assert fetched == [False, True] * 4
    assert trial.chosen(plain) is (fast if slow == "plain" else plain)


def test_an_old_xla_is_refused(monkeypatch):
    monkeypatch.setattr(_compat, "XLA_KEEPS_NAN", False)
    x = tf.placeholder(D, [20])
    loss = chain(x)
    said = assert_refused(ValueError, lambda: th.hessian_diag(loss, x, jit=True), x.graph)
    assert "before 2.15 XLA takes NaN - NaN for 0" in said
    assert "not compiled: before TensorFlow 2.15" in str(th.plan(loss, x, jit="auto"))
    th.hessian_diag(loss, x, jit="auto")
    assert not marked(x.graph)


@pytest.mark.parametrize("jit", [None, "yes", 1])
def test_what_jit_may_be(jit):
    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(x ** 3)
    rows = tf.placeholder(D, [None, 3])
    ys = tf.reduce_sum(rows ** 3, 1)
    for call in (lambda: th.hessian_diag(loss, x, jit=jit), lambda: th.laplacian(ys, rows, jit=jit)):
        assert "expected True, False or 'auto'" in assert_refused(ValueError, call, x.graph)
