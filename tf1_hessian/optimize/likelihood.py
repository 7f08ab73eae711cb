"""Standard errors of maximum likelihood: from the inverse of the Hessian of a negative log likelihood."""
import collections
import warnings

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian.optimize.flat import FlatLoss
from tf1_hessian.optimize.objectives import matrix_of
from tf1_hessian.optimize.sums import Sum
from tf1_hessian.runners.evaluate import evaluate

__all__ = ["StandardErrors", "standard_errors"]

# Lines of a printed table, directions and components of a refusal.
_MOST_LINES, _MOST_DIRECTIONS, _MOST_COMPONENTS = 40, 3, 5


class StandardErrors(collections.namedtuple(
        "StandardErrors", "estimates standard_errors covariance correlation names decrement")):
    """What `standard_errors` gives; print it for a table.

    estimates, standard_errors: arrays in the structure of the variables. covariance, correlation: [n, n], in list
    order, C order inside; names: of the n elements. decrement: how far the minimum is away, in standard errors.
    """

    __slots__ = ()

    def __str__(self):
        values = [np.concatenate([np.ravel(v) for v in _compat.flatten(part)])
                  for part in (self.estimates, self.standard_errors)]
        width = max([len(name) for name in self.names[:_MOST_LINES]] + [len("element")])
        lines = ["%-*s  %14s  %14s" % (width, "element", "estimate", "standard error")]
        lines += ["%-*s  %14.6g  %14.6g" % ((width,) + row) for row in list(zip(self.names, *values))[:_MOST_LINES]]
        if len(self.names) > _MOST_LINES:
            lines.append("... %d more" % (len(self.names) - _MOST_LINES))
        return "\n".join(lines + ["%.2g standard errors from the minimum" % self.decrement])

    __repr__ = __str__


def standard_errors(nll, variables, session=None, feeds=None, *, weight=None, reduce="sum", precision=None,
                    tolerance=0.1):
    """The standard errors of maximum likelihood estimates: roots of the diagonal of the inverse Hessian.

    nll: the **sum** of the negative log likelihood over all observations, at its minimum, additive constants aside. For
    a mean, multiply by the number of observations: a mean gives errors that are too large by its root. variables: as in
    th.hessian, at their estimates now; tensors are fed. feeds: as in th.HessianOperator, and added up by default.
    precision="float64": for a model in float32, whose Hessian may be too rough to be inverted.

    Returns StandardErrors: .standard_errors in the structure of variables, .covariance and .correlation [n, n].

    Warns (RuntimeWarning) where the gradient g is far from zero: `sqrt(g' H^-1 g)`, which bounds how many standard
    errors a Newton step would move any element, is more than `tolerance`. ValueError where the Hessian H is singular or
    indefinite, with the directions in which the likelihood does not fall: parameters that the observations do not tell
    apart, or no minimum. That is judged with H scaled to a unit diagonal, so units of the variables do not matter.
    Errors as in th.hessian, too.
    """
    summed = Sum(session, feeds, weight, reduce)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not tolerance > 0:
        raise errors.bad_option("tolerance", tolerance, "a positive number of standard errors")
    flat = FlatLoss("standard_errors", nll, variables, precision)
    found, = summed.of(flat.hessian() + flat.value_and_gradient())
    gradient, hessian = found[-1], matrix_of(found[:-2], flat)
    estimates = evaluate(flat.present(), summed.first(), session)
    covariance = _inverse(hessian, flat, precision)
    decrement = float(np.sqrt(gradient.dot(covariance).dot(gradient)))
    if decrement > tolerance:
        warnings.warn(
            "The gradient is far from zero: the minimum is about %.2g standard errors away, and tolerance=%g. The "
            "standard errors are of the curvature here, not at the minimum; th.scipy_objective(nll, variables)."
            "minimize() goes there." % (decrement, tolerance), RuntimeWarning, stacklevel=2)
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    np.fill_diagonal(correlation, 1.0)
    return StandardErrors(flat.unpack(estimates), flat.unpack(deviations), covariance, correlation,
                          [flat.label(i) for i in range(flat.layout.n)], decrement)


def _inverse(hessian, flat, precision):
    """The inverse of a positive definite matrix. Raises ValueError for another one."""
    diagonal = np.abs(np.diag(hessian))
    units = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(hessian * units[:, None] * units)
    least = len(values) * max(flat.eps, np.finfo(np.float64).eps) * max(1.0, values[-1])
    if values[0] <= least:
        ways = vectors[:, values <= least] * units[:, None]
        raise _not_definite(hessian, ways / np.linalg.norm(ways, axis=0), flat, values[0] < -least, precision)
    scaled = vectors * units[:, None]
    return (scaled / values).dot(scaled.T)


def _not_definite(hessian, ways, flat, is_negative, precision):
    """The refusal: which directions, in the units of the variables, have no curvature upwards."""
    lines = ["%.3g along %s" % (way.dot(hessian).dot(way), _told(way, flat)) for way in ways.T[:_MOST_DIRECTIONS]]
    if ways.shape[1] > len(lines):
        lines.append("and %s more" % errors.counted(ways.shape[1] - len(lines), "direction"))
    advice = "this is no minimum" if is_negative else (
        "the observations do not tell these apart: leave one out, or add a prior%s" % (
            "" if precision or flat.eps < 1e-10 else "; or float32 is too rough: precision='float64'"))
    return ValueError("The Hessian of the negative log likelihood is %s, so that there are no standard errors: its "
                      "curvature is %s; %s." % ("indefinite" if is_negative else "singular", ", ".join(lines), advice))


def _told(way, flat):
    largest = [i for i in np.argsort(-np.abs(way), kind="stable")[:_MOST_COMPONENTS] if abs(way[i]) > 1e-2]
    return " ".join("%+.3g %s" % (way[i], flat.label(i)) for i in largest)
