"""Values with their errors, as the estimators give them."""
import collections

import numpy as np
from scipy import special

from tf1_hessian import _compat, errors

__all__ = ["Eigenpairs", "Estimate", "SpectralDensity"]


class Estimate(collections.namedtuple("Estimate", "value standard_error samples products method")):
    """A mean over random samples, and how far it may be off.

    value, standard_error: numbers for a trace, arrays for a diagonal (in the structure of xs where that is known);
    standard_error is zero where the value is exact. samples: how many were averaged. products: how many products with
    the matrix they took.
    """

    __slots__ = ()

    def __new__(cls, value, standard_error, samples, products, method):
        """Raises ValueError for an error that is no error of the value."""
        pairs = list(zip(_compat.flatten(value), _compat.flatten(standard_error)))
        if not all(np.shape(v) == np.shape(e) and np.all(np.asarray(e) >= 0) for v, e in pairs):
            raise errors.bad_option("standard_error", standard_error, "numbers from 0 up, of the value's shape")
        return super(Estimate, cls).__new__(cls, value, standard_error, samples, products, method)

    def interval(self, level=0.95):
        """(low, high), each like value: holds the truth for a share `level` of seeds (Student's t, normal samples)."""
        if not 0 < level < 1:
            raise errors.bad_option("level", level, "a number between 0 and 1")
        half = special.stdtrit(max(1, self.samples - 1), (1 + level) / 2)
        return (_compat.map_structure(lambda v, e: v - half * e, self.value, self.standard_error),
                _compat.map_structure(lambda v, e: v + half * e, self.value, self.standard_error))

    def __str__(self):
        cost = "%s of %s, %s" % (
            errors.counted(self.samples, "sample"), self.method, errors.counted(self.products, "product"))
        if isinstance(self.value, float):
            return "Estimate(%.6g +- %.2g, %s)" % (self.value, self.standard_error, cost)
        values, deviations = _compat.flatten(self.value), _compat.flatten(self.standard_error)
        size, error = (np.sqrt(sum(np.sum(np.square(v)) for v in parts)) for parts in (values, deviations))
        return "Estimate(%s, relative error %.2g, %s)" % (
            errors.counted(sum(np.size(v) for v in values), "value"), error / size if size else error, cost)

    __repr__ = __str__


class Eigenpairs(collections.namedtuple("Eigenpairs", "values vectors errors products which")):
    """Eigenvalues [k] of a symmetric matrix, the most extreme first, and their vectors, [n, k].

    errors: `|A v - value v|` of each, measured anew: some eigenvalue of the matrix lies within that of the value.
    products: how many products with the matrix they took.
    """

    __slots__ = ()

    def __new__(cls, values, vectors, errors, products, which):
        """Raises ValueError where the shapes do not agree."""
        if not len(values) == len(errors) == np.shape(vectors)[1]:
            raise ValueError("%d values, %d errors and vectors %s do not belong together." % (
                len(values), len(errors), list(np.shape(vectors))))
        return super(Eigenpairs, cls).__new__(cls, values, vectors, errors, products, which)

    def __str__(self):
        shown = ", ".join("%.6g" % v for v in self.values[:6]) + (", ..." if len(self.values) > 6 else "")
        return "Eigenpairs(%s: %s; errors up to %.2g, n=%d, %s)" % (
            self.which, shown, max(self.errors) if len(self.errors) else 0, len(self.vectors),
            errors.counted(self.products, "product"))

    __repr__ = __str__


class SpectralDensity(collections.namedtuple(
        "SpectralDensity", "grid density standard_error width nodes weights n products")):
    """The density of the eigenvalues of an [n, n] matrix: how many lie where, as a share of n, smoothed.

    density, standard_error: at the points of grid, of the sum of normal bells of standard deviation `width` around each
    eigenvalue over n; it integrates to 1. nodes, weights: of each sample, [samples, steps], a rule with which
    `sum(weights * f(nodes))` estimates the mean of f over the eigenvalues; weights of a sample add up to 1.
    """

    __slots__ = ()

    def __new__(cls, grid, density, standard_error, width, nodes, weights, n, products):
        """Raises ValueError where the shapes do not agree."""
        if not np.shape(grid) == np.shape(density) == np.shape(standard_error) or nodes.shape != weights.shape:
            raise ValueError("A grid %s, densities %s, errors %s, nodes %s and weights %s do not belong together."
                             % tuple(list(np.shape(p)) for p in (grid, density, standard_error, nodes, weights)))
        return super(SpectralDensity, cls).__new__(
            cls, grid, density, standard_error, width, nodes, weights, n, products)

    @property
    def samples(self):
        """How many starting vectors were averaged."""
        return len(self.nodes)

    def mean_of(self, function):
        """The Estimate of the mean of function(eigenvalue) over all eigenvalues: n times this is the trace of f(A).

        function: of an array, smooth on the spectrum: np.square, np.exp, np.log where all are positive.
        """
        means = np.sum(self.weights * function(self.nodes), axis=1)
        deviation = np.std(means, ddof=1) / np.sqrt(self.samples)
        return Estimate(float(np.mean(means)), float(deviation), self.samples, self.products, "lanczos quadrature")

    def __str__(self):
        return ("SpectralDensity(n=%d, eigenvalues from about %.4g to %.4g, bells of width %.2g, error up to %.2g of "
                "the peak, %s of %s, %s)" % (
                    self.n, self.nodes.min(), self.nodes.max(), self.width,
                    self.standard_error.max() / self.density.max(), errors.counted(self.samples, "sample"),
                    errors.counted(self.nodes.shape[1], "step"), errors.counted(self.products, "product")))

    __repr__ = __str__
