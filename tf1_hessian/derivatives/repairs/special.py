"""Special functions, and elementary ones at the points where their formula divides by zero."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["FORWARDS", "GRADIENTS"]


def _xlogy(op, x, y):
    """x log(y), written out: TensorFlow's gradient log(y) becomes zero where x is zero; only y = 0 as well makes it so.

    Example: x = 0, y = 2: d/dx = log(2), d2/dxdy = 1/2.
    """
    return [x * tf.log(_replaced(y, _both_out(x, y, 0), 1))]


def _xlog1py(op, x, y):
    """x log(1 + y), written out: TensorFlow's gradient in x becomes zero where x is zero; only y = -1 makes it so."""
    return [x * tf.log1p(_replaced(y, _both_out(x, y, -1), 0))]


def _xdivy(op, x, y):
    """x / y, written out: TensorFlow's gradient 1 / y becomes zero where x is zero; only y = 0 as well makes it so."""
    out = _both_zero(x, y)
    return [x / _replaced(y, out, 1) * (1 - tf.cast(out, x.dtype))]


def _both_out(x, y, edge):
    """Where x is zero and y out of the logarithm's range, so that the product is zero by definition."""
    if x.dtype.is_complex:
        return _both_zero(x, y - edge)
    return tf.logical_and(tf.equal(x, 0), y <= edge)


def _both_zero(x, y):
    return tf.logical_and(tf.equal(x, 0), tf.equal(y, 0))


def _replaced(y, where, by):
    """y with a number in its place somewhere, and no derivative there; `where` may be larger than y."""
    mask = tf.cast(where, y.dtype)
    return y * (1 - mask) + by * mask


def _pow(op, grad):
    """x**k with a constant k: k x**(k - 1) with no power where its exponent is 0 or 1, so that zeros stay exact.

    TensorFlow's k (k - 1) x**(k - 2) is 0 * inf = NaN at x = 0 where k is 1, and one order higher where k is 2.
    """
    x, exponent = op.inputs
    known = _compat.static_value(exponent)
    if known is None or np.ndim(known):
        return _compat.gradient_function(op)(op, grad)
    k = known.item()
    if k in (0, 1):
        return [grad * k, None]
    slope = k * (x if k == 2 else tf.pow(x, k - 1))
    return [grad * (tf.conj(slope) if x.dtype.is_complex else slope), None]


def _atan2(op, grad):
    """TensorFlow's formula, added up over the axes along which an input was broadcast; TF 1.15 forgets that."""
    y, x = op.inputs
    slopes = _compat.gradient_function(op)(op, grad)
    return [_added_up(slope, t) for slope, t in zip(slopes, (y, x))]


def _added_up(tensor, like):
    """The sum over the axes along which `like` was broadcast to the shape of a tensor."""
    if tensor.shape.is_fully_defined() and tensor.shape.as_list() == _compat.dimensions(like.shape):
        return tensor
    axes = _compat.broadcast_axes(tf.shape(like), tf.shape(tensor))
    return tf.reshape(tf.reduce_sum(tensor, axes), tf.shape(like))


def _igamma_grad_a(op, a, x):
    """d/da of the lower incomplete gamma function, by its series: sum of t_n (log(x) - digamma(a + n + 1)).

    P(a, x) = sum of t_n with t_n = x**(a + n) exp(-x) / gamma(a + n + 1), all positive; as many terms as reach
    rounding for the largest x. Abramowitz and Stegun 6.5.29. Exact to rounding.
    """
    largest = tf.reduce_max(tf.concat([tf.reshape(x, [-1]), tf.ones([1], x.dtype)], 0))
    count = tf.cast(tf.ceil(largest + 12 * tf.sqrt(largest)), tf.int32) + 40
    at = tf.expand_dims(a + tf.zeros_like(x), -1) + tf.cast(tf.range(count), a.dtype)
    x = tf.expand_dims(x + tf.zeros_like(a), -1)
    terms = tf.exp(at * tf.log(x) - x - tf.lgamma(at + 1))
    return [tf.reduce_sum(terms * (tf.log(x) - tf.digamma(at + 1)), -1)]


# B_2k / (2k)! for k = 1 to 10: Abramowitz and Stegun, table 23.2.
_BERNOULLI = [
    1 / 12.0, -1 / 720.0, 1 / 30240.0, -1 / 1209600.0, 1 / 47900160.0, -691 / 1307674368000.0, 1 / 74724249600.0,
    -3617 / 10670622842880000.0, 43867 / 5109094217170944000.0, -174611 / 802857662698291200000.0,
]
_ZETA_TERMS = 12


def _zeta(op, x, q):
    """The Hurwitz zeta function by Euler's and Maclaurin's formula, so that x has a derivative as well.

    sum of (q + n)**-x over n < N, then with r = q + N: r**(1 - x) / (x - 1) + r**-x / 2 + sum over k of
    B_2k / (2k)! x (x + 1) ... (x + 2k - 2) r**(1 - x - 2k). Exact to rounding for q > 0.
    """
    wide_x, wide_q = tf.expand_dims(x + tf.zeros_like(q), -1), tf.expand_dims(q + tf.zeros_like(x), -1)
    start = tf.reduce_sum(tf.pow(wide_q + tf.range(_ZETA_TERMS, dtype=x.dtype), -wide_x), -1)
    r = q + _ZETA_TERMS
    at = wide_x + tf.constant([2 * k + 1 for k in range(len(_BERNOULLI))], x.dtype)
    rising = tf.exp(tf.lgamma(at) - tf.lgamma(wide_x) - at * tf.log(wide_q + _ZETA_TERMS))
    rest = tf.reduce_sum(tf.constant(_BERNOULLI, x.dtype) * rising, -1)
    return [start + tf.pow(r, -x) * (r / (x - 1) + 0.5) + rest]


def _truncate_mod(op, x, y):
    """x - trunc(x / y) y, written out; the whole number has no derivative. Example: (7, 2): d/dx = 1, d/dy = -3."""
    return [x - tf.stop_gradient((x - op.outputs[0]) / y) * y]


FORWARDS = {
    "IgammaGradA": _igamma_grad_a,
    "TruncateMod": _truncate_mod,
    "Xdivy": _xdivy,
    "Xlog1py": _xlog1py,
    "Xlogy": _xlogy,
    "Zeta": _zeta,
}

GRADIENTS = {
    "Atan2": _atan2,
    "Pow": _pow,
}
