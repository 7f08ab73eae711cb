"""Diagonal and trace from random signs, over all elements or over those of one colour at a time.

Source: Hutchinson, Communications in Statistics 18 (1989), for the trace; Bekas, Kokiopoulou and Saad, Applied
Numerical Mathematics 57 (2007), for the diagonal; Tang and Saad, Numerical Linear Algebra with Applications 19 (2012),
for colours.
"""
import collections
import warnings

import numpy as np

from tf1_hessian import errors
from tf1_hessian.estimators.products import BLOCK, count_of, generator
from tf1_hessian.estimators.results import Estimate

__all__ = ["Effort", "effort_of", "estimate", "exact", "relative", "told"]

Effort = collections.namedtuple("Effort", "samples tolerance max_samples seed")
Effort.__doc__ = """samples: how many to begin with; tolerance: the relative standard error to go on for, or None;
max_samples: where to stop all the same; seed."""


def effort_of(samples, tolerance, max_samples, seed):
    """An Effort that makes sense. Raises ValueError else."""
    if tolerance is not None and not (isinstance(tolerance, (int, float)) and tolerance > 0):
        raise errors.bad_option("tolerance", tolerance, "a positive number, or None")
    generator(seed)
    samples = count_of("samples", samples, 2)
    return Effort(samples, tolerance, max(samples, count_of("max_samples", max_samples, 2)), seed)


def estimate(products, quantity, effort, colors=None, is_fixed=True):
    """The Estimate of the "diag" [n] or the "trace". colors: of the elements, [n]; None for one colour.

    is_fixed: whether a product is the same each time. With colours, a sample is one product for each: an element is
    disturbed by those of its own colour alone. Where the matrix is fixed and all samples would take n products or more,
    the n columns are taken: exact.
    """
    number = 1 if colors is None else int(colors.max()) + 1
    method = "hutchinson" if colors is None else "probing"
    if is_fixed and effort.samples * number >= products.n:
        return exact(products, quantity, method)
    random, running = generator(effort.seed), _Running()
    masks = np.ones([products.n, 1]) if colors is None else np.eye(number)[colors]
    while running.count < effort.samples or _goes_on(running, effort):
        goal = effort.samples if running.count < effort.samples else effort.max_samples
        for _ in range(min(BLOCK, goal - running.count)):
            signs = random.randint(0, 2, [products.n, 1]) * 2.0 - 1
            seeds = signs * masks
            found = np.sum(seeds * products.times(seeds), axis=1)
            running.add(found if quantity == "diag" else found.sum())
    told(running.relative_error, effort)
    value, deviation = running.mean, running.standard_error
    if quantity == "trace":
        value, deviation = float(value), float(deviation)
    return Estimate(value, deviation, running.count, products.count, method)


def _goes_on(running, effort):
    return (effort.tolerance is not None and running.relative_error > effort.tolerance
            and running.count < effort.max_samples)


def exact(products, quantity, method):
    """The Estimate that n products make exact."""
    diagonal, count = products.diagonal(), products.n
    if quantity == "diag":
        return Estimate(diagonal, np.zeros_like(diagonal), count, products.count, method)
    return Estimate(float(diagonal.sum()), 0.0, count, products.count, method)


def told(relative_error, effort):
    """Warns where the tolerance was not reached."""
    if effort.tolerance is not None and relative_error > effort.tolerance:
        warnings.warn("The relative standard error is %.2g after max_samples=%d, and tolerance=%g was asked for." % (
            relative_error, effort.max_samples, effort.tolerance), RuntimeWarning, stacklevel=4)


class _Running(object):
    """Mean and standard error of samples that come one by one (Welford, Technometrics 4, 1962)."""

    def __init__(self):
        self.count, self.mean, self._squares = 0, 0.0, 0.0

    def add(self, sample):
        self.count += 1
        step = sample - self.mean
        self.mean = self.mean + step / self.count
        self._squares = self._squares + step * (sample - self.mean)

    @property
    def standard_error(self):
        return np.sqrt(self._squares / (self.count - 1) / self.count)

    @property
    def relative_error(self):
        return relative(self.mean, self.standard_error)


def relative(value, deviation):
    """The length of the standard errors as a share of that of the values."""
    error, size = np.linalg.norm(deviation), np.linalg.norm(value)
    return 0.0 if not error else error / size if size else np.inf
