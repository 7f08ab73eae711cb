"""Diagonal, trace and spectrum of the Hessian from products with vectors, with their errors."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian.estimators import exchangeable, hutchinson, lanczos, spectrum
from tf1_hessian.estimators.products import Products, check_symmetric
from tf1_hessian.optimize.operators import HessianOperator
from tf1_hessian.sparsity.coloring import Coloring
from tf1_hessian.sparsity.pattern import SparsityPattern

__all__ = ["eigenvalues", "estimate_diag", "estimate_trace", "spectral_density"]


def estimate_diag(loss, xs=None, *, session=None, feeds=None, method="hutchinson", samples=30, tolerance=None,
                  max_samples=1000, coloring=None, seed=0, weight=None, reduce="mean", precision=None):
    """An Estimate of the diagonal of the Hessian, from products with random vectors: in the structure of xs.

    For losses whose exact diagonal is too dear; th.plan(loss, xs) tells what that costs. method: "hutchinson", a
    product with random signs each sample, the variance of an entry the sum of the squares of the others in its row;
    "xdiag", two products a sample, better where few eigenvalues are large; "probing", a product a sample for each
    colour of `coloring`, in which elements of one colour alone disturb each other. coloring: a th.Coloring, a
    SparsityPattern, or a colour for each element.

    tolerance: goes on until the length of the standard errors is that share of the diagonal's, up to max_samples; a
    RuntimeWarning where that is not reached. Where products would be n or more, n are taken, and the result is exact.
    seed: the same seed gives the same numbers; numpy's global state plays no part.

    loss may also be a th.HessianOperator, another real symmetric scipy LinearOperator or a matrix, and xs is left out;
    the value is [n] then, for a HessianOperator in the structure of its xs. session, feeds, weight, reduce, precision:
    as in th.HessianOperator. Where a session call draws anew (dropout, an iterator), signs estimate the mean over
    draws, and no column is taken for exact; "xdiag" is refused.

    Source: Bekas, Kokiopoulou and Saad, Applied Numerical Mathematics 57 (2007), signs; Epperly, Tropp and Webber, SIAM
    Journal on Matrix Analysis and Applications 45 (2024), "xdiag" and "xtrace"; Tang and Saad, Numerical Linear Algebra
    with Applications 19 (2012), "probing".
    """
    operator = _operator(loss, xs, session, feeds, weight, reduce, precision)
    found = _estimated(operator, "diag", method, (samples, tolerance, max_samples, seed), coloring)
    unpack = getattr(operator, "unpack", None)
    return found if unpack is None else found._replace(
        value=unpack(found.value), standard_error=unpack(found.standard_error))


def estimate_trace(loss, xs=None, *, session=None, feeds=None, method="hutchinson", samples=30, tolerance=None,
                   max_samples=1000, coloring=None, seed=0, weight=None, reduce="mean", precision=None):
    """An Estimate of the trace of the Hessian, from products with random vectors.

    method: "hutchinson", "xtrace" (as "xdiag") or "probing"; value and standard error are floats, all else is as in
    `estimate_diag`. Source: Hutchinson, Communications in Statistics 18 (1989), signs; as there for others.
    """
    operator = _operator(loss, xs, session, feeds, weight, reduce, precision)
    return _estimated(operator, "trace", method, (samples, tolerance, max_samples, seed), coloring)


def eigenvalues(loss, xs=None, *, k=6, which="LM", session=None, feeds=None, tolerance=None, max_iterations=None,
                seed=0, weight=None, reduce="mean", precision=None):
    """The Eigenpairs of the Hessian for k of its eigenvalues, by Lanczos' method (scipy.sparse.linalg.eigsh).

    which: "LM" the largest in magnitude, "LA" and "SA" the largest and smallest, "SM" the smallest in magnitude (slow),
    "BE" some of both ends. tolerance: relative, by default the rounding error of a product. max_iterations: restarts,
    10 n by default; scipy's ArpackNoConvergence, with what was found, where they are not enough. Vectors are [n, k];
    HessianOperator.unpack(vector) puts one into the structure of xs. Other arguments as in `estimate_diag`; ValueError
    for a matrix that is not symmetric, and for a loss that draws anew in each call.
    """
    products = _symmetric(_operator(loss, xs, session, feeds, weight, reduce, precision), seed)
    return lanczos.eigenpairs(products, k, which, tolerance, max_iterations, seed)


def spectral_density(loss, xs=None, *, session=None, feeds=None, samples=10, steps=64, width=None, grid=None,
                     points=500, tolerance=None, max_samples=100, seed=0, weight=None, reduce="mean", precision=None):
    """The SpectralDensity of the Hessian: how its eigenvalues are spread, with the error of each point.

    samples: random starts, `steps` products each, whose vectors (n * steps numbers) are kept to be made orthogonal.
    width: standard deviation of the bell that stands for an eigenvalue, by default as narrow as the steps resolve.
    grid: points to tell the density at, by default `points` of them over the range found. tolerance: goes on until the
    largest standard error is that share of the largest density. Other arguments as in `estimate_diag`; errors as in
    `eigenvalues`. Source: Golub and Meurant, Matrices, Moments and Quadrature (2010), chapter 6; Ghorbani, Krishnan and
    Xiao, ICML 2019.
    """
    effort = hutchinson.effort_of(samples, tolerance, max_samples, seed)
    products = _symmetric(_operator(loss, xs, session, feeds, weight, reduce, precision), seed)
    return spectrum.density(products, effort, steps, width, grid, points)


def _operator(loss, xs, session, feeds, weight, reduce, precision):
    """The HessianOperator of a loss, or a matrix that came in its place."""
    if xs is not None:
        return HessianOperator(loss, xs, session, feeds, weight=weight, reduce=reduce, precision=precision)
    given = {"session": session, "feeds": feeds, "weight": weight, "precision": precision}
    for name in sorted(given):
        if given[name] is not None:
            raise errors.bad_option(name, given[name], "none without xs: a matrix needs none")
    return loss


def _symmetric(operator, seed):
    products = Products(operator)
    if isinstance(operator, HessianOperator):
        operator.refuse_draws()
    else:
        check_symmetric(products, seed)
    return products


def _estimated(operator, quantity, method, effort, coloring):
    effort, exchangeable_method = hutchinson.effort_of(*effort), exchangeable.METHODS[quantity]
    methods = ("hutchinson", exchangeable_method, "probing")
    if method not in methods:
        raise errors.bad_option("method", method, "one of " + ", ".join(methods))
    if (coloring is None) != (method != "probing"):
        raise errors.bad_option("coloring", coloring, "a th.Coloring, a SparsityPattern or a colour for each element "
                                "with method='probing', and none with others")
    products, is_fixed = Products(operator), _is_fixed(operator, method == exchangeable_method)
    if method == exchangeable_method:
        return exchangeable.estimate(products, quantity, effort)
    colors = None if coloring is None else _colors_of(coloring, products.n)
    return hutchinson.estimate(products, quantity, effort, colors, is_fixed)


def _is_fixed(operator, must_be):
    """Whether each product is with the same matrix. Raises ValueError where it must be, and is not."""
    try:
        if isinstance(operator, HessianOperator):
            operator.refuse_draws()
        return True
    except ValueError:
        if must_be:
            raise
        return False


def _colors_of(coloring, n):
    if isinstance(coloring, SparsityPattern):
        coloring = Coloring.of(coloring, "distance1")
    colors = np.asarray(coloring.colors if isinstance(coloring, Coloring) else coloring)
    if colors.shape != (n,) or colors.dtype.kind not in "iu" or colors.min() < 0:
        raise errors.bad_option("coloring", "%s %s" % (colors.dtype, list(colors.shape)),
                                "a whole number from 0 up for each of the %d elements" % n)
    return np.unique(colors, return_inverse=True)[1].ravel()
