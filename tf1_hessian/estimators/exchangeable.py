"""XTrace and XDiag: the range of a few products is taken exactly, the rest by the vector that was left out of it.

Source: Epperly, Tropp and Webber, XTrace: making the most of every sample in stochastic trace estimation, SIAM Journal
on Matrix Analysis and Applications 45 (2024), sections 2 and 4. The samples share most of their vectors, so that their
spread tells too little (in 60 to 90 % of seeds the truth was within the 95 % band): the standard error is the
jackknife's, which is too large on average rather than too small (Efron and Stein, Annals of Statistics 9, 1981).
"""
import numpy as np

from tf1_hessian.estimators.hutchinson import exact, relative, told
from tf1_hessian.estimators.products import generator
from tf1_hessian.estimators.results import Estimate

__all__ = ["estimate"]

# Beyond that the basis of the products is taken for dependent.
_LARGEST_CONDITION = 1e12
# Test vectors that are left out in turn for the standard error.
_MOST_LEFT_OUT = 40
METHODS = {"diag": "xdiag", "trace": "xtrace"}


def estimate(products, quantity, effort):
    """The Estimate of the "diag" [n] or the "trace"; two products a sample. Exact where that would be n or more."""
    method, count = METHODS[quantity], effort.samples
    random, sketch = generator(effort.seed), _Sketch(products)
    while 2 * count < products.n:
        draw = random.standard_normal if quantity == "trace" else _signs(random)
        sketch.extend(draw([count - sketch.size, products.n]).T)
        value, deviation = _jackknifed(sketch, _MEANS[quantity])
        error = relative(value, deviation)
        if effort.tolerance is None or error <= effort.tolerance or count == effort.max_samples:
            told(error, effort)
            if quantity == "trace":
                value, deviation = float(value), float(deviation)
            return Estimate(value, deviation, count, products.count, method)
        count = min(2 * count, effort.max_samples)
    return exact(products, quantity, method)


def _jackknifed(sketch, mean):
    """(value, standard error): of the mean over all test vectors, and from the means with one of them left out."""
    everything, count = range(sketch.size), min(sketch.size, _MOST_LEFT_OUT)
    value = mean(sketch, {i: sketch.left_out([i]) for i in everything})
    apart = np.stack([mean(sketch, {i: sketch.left_out([i, j]) for i in everything if i != j})
                      for j in np.linspace(0, sketch.size - 1, count).astype(int)])
    return value, np.sqrt(apart.var(0, ddof=1) * (sketch.size - 1) ** 2 / sketch.size)


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
        self._inverse = np.linalg.inv(self.r) if np.linalg.cond(self.r) < _LARGEST_CONDITION else None

    def left_out(self, some):
        """An orthonormal basis [k, d], in terms of q, of what the products without some of them do not span."""
        if self._inverse is None:
            return _complement(np.delete(self.r, some, 1))
        return np.linalg.qr(self._inverse[some].T)[0]


def _complement(columns):
    basis, sizes, _ = np.linalg.svd(columns)
    rank = int(np.sum(sizes > len(columns) * np.finfo(np.float64).eps * max(sizes.max(), np.finfo(np.float64).tiny)))
    return basis[:, rank:]


def _trace(sketch, left):
    """The mean over i of tr(P A P) + the share of what P, which does not know test vector i, leaves of it: its length
    there is fixed. left: {i: basis of what P leaves of q}."""
    inside, across = sketch.q.T.dot(sketch.tests), sketch.z.T.dot(sketch.tests)
    found = []
    for i, lost in left.items():
        part = inside[:, i] - lost.dot(lost.T.dot(inside[:, i]))
        image = sketch.tests[:, i].dot(sketch.y[:, i]) - 2 * across[:, i].dot(part) + part.dot(sketch.h).dot(part)
        length = sketch.tests[:, i].dot(sketch.tests[:, i]) - part.dot(part)
        rest = len(sketch.tests) - sketch.size + lost.shape[1]
        found.append(np.trace(sketch.h) - np.trace(lost.T.dot(sketch.h).dot(lost)) + rest * image / length)
    return np.mean(found)


def _diag(sketch, left):
    """The mean over i of diag(P A) + test * ((1 - P) A test), for signs that P does not know."""
    chosen, lost = list(left), np.concatenate(list(left.values()), 1)
    rest = np.stack([basis.dot(basis.T.dot(sketch.r[:, i])) for i, basis in left.items()], 1)
    known = np.sum(sketch.q * sketch.z, 1) - np.sum(sketch.q.dot(lost.dot(lost.T) / len(left)) * sketch.z, 1)
    return known + np.mean(sketch.tests[:, chosen] * sketch.q.dot(rest), 1)


_MEANS = {"trace": _trace, "diag": _diag}
