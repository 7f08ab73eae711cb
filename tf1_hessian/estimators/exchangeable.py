"""XTrace and XDiag: the range of a few products is taken exactly, the rest by the vector that was left out of it.

Source: Epperly, Tropp and Webber, XTrace: making the most of every sample in stochastic trace estimation, SIAM Journal on
Matrix Analysis and Applications 45 (2024), sections 2 and 4.
"""
import numpy as np

from tf1_hessian.estimators.hutchinson import exact, relative, told
from tf1_hessian.estimators.products import generator
from tf1_hessian.estimators.results import Estimate

__all__ = ["estimate"]

METHODS = {"diag": "xdiag", "trace": "xtrace"}


def estimate(products, quantity, effort):
    """The Estimate of the "diag" [n] or the "trace"; two products a sample. Exact where that would be n or more."""
    method, count = METHODS[quantity], effort.samples
    random, sketch = generator(effort.seed), _Sketch(products)
    while 2 * count < products.n:
        draw = random.standard_normal if quantity == "trace" else _signs(random)
        sketch.extend(draw([count - sketch.size, products.n]).T)
        samples = np.stack([_SAMPLES[quantity](sketch, i) for i in range(count)])
        value, deviation = samples.mean(0), samples.std(0, ddof=1) / np.sqrt(count)
        error = relative(value, deviation)
        if effort.tolerance is None or error <= effort.tolerance or count == effort.max_samples:
            told(error, effort)
            if quantity == "trace":
                value, deviation = float(value), float(deviation)
            return Estimate(value, deviation, count, products.count, method)
        count = min(2 * count, effort.max_samples)
    return exact(products, quantity, method)


def _signs(random):
    return lambda shape: random.randint(0, 2, shape) * 2.0 - 1


class _Sketch(object):
    """Test vectors [n, k], A times them, an orthonormal basis q of these products (y = q r), and z = A q."""

    def __init__(self, products):
        self._products, self._n = products, products.n
        self.tests, self.y, self.q, self.z = (np.zeros([self._n, 0]) for _ in range(4))
        self.r = np.zeros([0, 0])

    @property
    def size(self):
        """How many test vectors there are."""
        return self.tests.shape[1]

    def extend(self, tests):
        """More test vectors; the basis of those before stays as it is."""
        y = self._products.times(tests)
        rest, upper, lower = y, np.zeros([self.size, tests.shape[1]]), np.eye(tests.shape[1])
        for _ in range(2):  # once more, since the first time leaves rounding errors in what is nearly dependent
            inside = self.q.T.dot(rest)
            upper += inside.dot(lower)
            rest, factor = np.linalg.qr(rest - self.q.dot(inside))
            lower = factor.dot(lower)
        self.r = np.block([[self.r, upper], [np.zeros([len(lower), self.size]), lower]])
        self.tests, self.y, self.q, self.z = (np.concatenate(pair, 1) for pair in (
            (self.tests, tests), (self.y, y), (self.q, rest), (self.z, self._products.times(rest))))
        self.h = self.q.T.dot(self.z)
        self._left = _left_out(self.r)

    def left_out(self, i):
        """An orthonormal basis [k, d], in terms of q, of what the products without the i-th do not span."""
        return self._left[i]


def _left_out(r):
    """Of each column of r: a basis of what the other columns do not span; for an invertible r, rows of its inverse."""
    if not len(r) or np.linalg.cond(r) < 1e12:
        found = np.linalg.inv(r)
        return [row[:, None] / np.linalg.norm(row) for row in found]
    return [_complement(np.delete(r, i, 1)) for i in range(len(r))]


def _complement(columns):
    basis, sizes, _ = np.linalg.svd(columns)
    rank = int(np.sum(sizes > len(columns) * np.finfo(np.float64).eps * max(sizes.max(), np.finfo(np.float64).tiny)))
    return basis[:, rank:]


def _trace(sketch, i):
    """tr(P A P) + the share of what P leaves out, by a test vector that P does not know: its length there is fixed."""
    lost = sketch.left_out(i)
    inside = sketch.q.T.dot(sketch.tests[:, i])
    inside = inside - lost.dot(lost.T.dot(inside))
    outside = sketch.tests[:, i] - sketch.q.dot(inside)
    image = sketch.y[:, i] - sketch.z.dot(inside)
    rest = len(outside) - sketch.size + lost.shape[1]
    known = np.trace(sketch.h) - np.trace(lost.T.dot(sketch.h).dot(lost))
    return known + rest * outside.dot(image) / outside.dot(outside)


def _diag(sketch, i):
    """diag(P A) + test * ((1 - P) A test), for signs that P does not know."""
    lost = sketch.left_out(i)
    basis = sketch.q.dot(lost)
    known = np.sum(sketch.q * sketch.z, 1) - np.sum(basis * sketch.z.dot(lost), 1)
    return known + sketch.tests[:, i] * basis.dot(lost.T.dot(sketch.r[:, i]))


_SAMPLES = {"trace": _trace, "diag": _diag}
