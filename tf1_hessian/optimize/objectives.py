"""A loss as the callables that scipy.optimize.minimize asks for."""
import collections
import sys

import numpy as np
from scipy import optimize

from tf1_hessian import _compat, errors
from tf1_hessian.optimize.flat import FlatLoss, vector_of
from tf1_hessian.optimize.operators import FlatProduct
from tf1_hessian.optimize.sums import Sum
from tf1_hessian.runners.evaluate import evaluate

__all__ = ["ScipyObjective", "scipy_objective"]

# What methods take beside fun and jac; the others of scipy take no second derivative.
_WITH_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_WITH_MATRIX = {"dogleg", "trust-exact"}
_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}
# Evaluations of which the loss is remembered, to tell it of the iterate that scipy goes on from.
_REMEMBERED = 20


def scipy_objective(loss, variables, session=None, feeds=None, *, weight=None, reduce="mean", precision=None,
                    dense=False):
    """A loss as a function of one flat vector of float64, for scipy.optimize: a ScipyObjective.

    `.minimize(method="trust-krylov")` runs scipy and leaves the variables at the minimum; `.fun`, `.jac`, `.hess`,
    `.hessp`, `.x0` go into `scipy.optimize.minimize` or any other solver, `.assign(x)` writes a result back.

    **Evaluating at x writes x into the variables**, cast to their dtypes, so that all that reads them sees one point
    (masks and indices, too); tensors among `variables` (placeholders, interior ones) are fed. They stay at the point
    that was last evaluated; `minimize` alone puts them where it says.

    loss, variables: as in th.hvp. feeds, weight, reduce, precision: as in th.HessianOperator; with batches, all of them
    are read for each evaluation. A loss that draws anew at each call (dropout, iterators) is another function each
    time. What is laid into the graph is laid now, `hess` when it is first asked for or, with dense=True, now as well.

    Errors as in th.hvp; ValueError for sources given twice.
    """
    return ScipyObjective(loss, variables, session, feeds, weight, reduce, precision, dense)


class ScipyObjective(object):
    """What scipy_objective gives. n: the length of the flat vector; n_iter: iterations of the last `minimize`."""

    def __init__(self, loss, variables, session, feeds, weight, reduce, precision, dense):
        self._sum, self._session = Sum(session, feeds, weight, reduce), session
        if not isinstance(dense, bool):
            raise errors.bad_option("dense", dense, "True or False")
        self._flat = FlatLoss("scipy_objective", loss, variables, precision)
        self.n, self.n_iter = self._flat.layout.n, 0
        if dense:
            self._flat.hessian()
        self._product = FlatProduct(self._flat, self._sum)
        self._first = self._flat.value_and_gradient()
        self._present, self._writing = self._flat.present(), self._flat.writing()
        self._fed, self._at, self._is_alone = {}, None, False
        self._waiting, self._seen = {}, collections.deque(maxlen=_REMEMBERED)

    @property
    def x0(self):
        """The present values of the variables, [n] in float64; of a tensor what it is fed or computed."""
        feed = dict(self._sum.first())
        feed.update(self._fed)
        return np.asarray(evaluate(self._present, feed, self._session))

    def assign(self, x):
        """Writes x into the variables; a tensor among them is fed with it from now on."""
        self._waiting = {}
        self._write(vector_of("x", x, self.n))

    def _write(self, x):
        self._fed, self._at = self._flat.fed(x), None
        if self._writing is not None:
            vector, write = self._writing
            evaluate(write, {vector: x}, self._session)
        self._at = x.copy()

    def _point(self, x):
        """x, once the variables are there. In `minimize` nobody else writes them."""
        x = vector_of("x", x, self.n)
        if not (self._is_alone and self._at is not None and np.array_equal(x, self._at)):
            self._write(x)
        return x

    def fun(self, x):
        """The loss at x. `jac` at the same x right after it (and the other way round) costs nothing more."""
        return self._evaluated("fun", x)

    def jac(self, x):
        """The gradient at x, [n], from the same session call as the loss."""
        return self._evaluated("jac", x)

    def _evaluated(self, name, x):
        x = vector_of("x", x, self.n)
        if name not in self._waiting or not np.array_equal(x, self._waiting["x"]):
            self._point(x)
            (value, gradient), = self._sum.of(self._first, [self._fed])
            self._waiting = {"fun": value.item(), "jac": gradient, "x": x.copy()}
            self._seen.append((x.copy(), value.item(), np.linalg.norm(gradient)))
        return self._waiting.pop(name)

    def hessp(self, x, p):
        """The Hessian at x times p, [n]."""
        p = vector_of("p", p, self.n)
        self._point(x)
        return self._product.times(p[:, None], self._fed.items())[:, 0]

    def hess(self, x):
        """The Hessian at x, [n, n], by th.hessian; symmetric."""
        tensors = self._flat.hessian()
        self._point(x)
        blocks, = self._sum.of(tensors, [self._fed])
        return matrix_of(blocks, self._flat)

    def bounds(self, lower=None, upper=None):
        """A scipy.optimize.Bounds. lower, upper: a number, or numbers and arrays in the structure of the variables;
        None, there too, for no bound."""
        ends = [self._end("lower", lower, -np.inf), self._end("upper", upper, np.inf)]
        crossed = np.isnan(ends[0]) | np.isnan(ends[1]) | (np.nan_to_num(ends[0]) > np.nan_to_num(ends[1]))
        if crossed.any():
            first = int(np.argmax(crossed))
            raise errors.bad_option("lower", ends[0][first].item(), "at most upper=%r, for %s" % (
                ends[1][first].item(), self._flat.label(first)))
        return optimize.Bounds(*ends)

    def _end(self, name, side, infinite):
        if side is None or np.isscalar(side):
            return np.full(self.n, infinite if side is None else side, np.float64)
        return self._flat.pack(name, _compat.map_structure(lambda v: infinite if v is None else v, side))

    def pack(self, values):
        """Numbers or arrays in the structure of the variables as one array [n]."""
        return self._flat.pack("values", values)

    def unpack(self, x):
        """An array [n] as arrays in the structure of the variables."""
        return self._flat.unpack(x)

    def minimize(self, method=None, x0=None, *, bounds=None, constraints=(), callback=None, progress=None, tol=None,
                 options=None):
        """Runs scipy.optimize.minimize from x0, the present values by default, and leaves the variables at its result.

        method: any of scipy's; what it can use of gradient, products and matrix it gets. By default "trust-krylov",
        with bounds "L-BFGS-B", with constraints "trust-constr". bounds, constraints (on the flat vector), tol, options:
        as in scipy; `bounds` makes the first. callback(x), after each iteration, may stop as scipy's may. progress:
        True for a line on stderr an iteration, or a function of (n_iter, loss, length of the gradient).

        Returns scipy's OptimizeResult. Where anything raises, the variables are left at the last iterate. ValueError
        for a loss that is not finite at x0. The successor of contrib's ScipyOptimizerInterface.
        """
        method = method or ("trust-constr" if _has(constraints) else "trust-krylov" if bounds is None else "L-BFGS-B")
        start = vector_of("x0", self.x0 if x0 is None else x0, self.n).copy()
        run = _Run(self, start, callback, progress)
        self.n_iter, self._waiting = 0, {}
        self._seen.clear()
        try:
            self._is_alone, self._at = True, None
            if not np.isfinite(self.fun(start)):
                raise ValueError("The loss is not finite at x0: there is nothing to go down from.")
            result = optimize.minimize(self.fun, start, method=method, bounds=bounds, constraints=constraints, tol=tol,
                                       callback=run.step, options=options, **self._derivatives(method))
            run.last = vector_of("scipy's result", result.x, self.n)
        finally:
            self._is_alone = False
            self.assign(run.last)
        self.n_iter = int(getattr(result, "nit", self.n_iter))
        return result

    def _derivatives(self, method):
        name = method.lower() if isinstance(method, str) else ""
        wanted = [] if name in _WITHOUT_GRADIENT else ["jac"]
        wanted += ["hessp"] if name in _WITH_PRODUCTS or not name else []
        wanted += ["hess"] if name in _WITH_MATRIX else []
        return {each: getattr(self, each) for each in wanted}

    def stepped(self, x):
        """(the loss, the length of the gradient) at an iterate of `minimize`, nan where it is long past."""
        self.n_iter += 1
        return next((seen[1:] for seen in reversed(self._seen) if np.array_equal(seen[0], x)), (np.nan, np.nan))

    def __repr__(self):
        return "ScipyObjective(n=%d: %s)" % (self.n, ", ".join(
            "%s %s" % (s.name, s.shape) for s in self._flat.layout.sources))


class _Run(object):
    """What goes on between iterations of one minimisation."""

    def __init__(self, objective, start, callback, progress):
        if not (progress is None or progress is True or progress is False or callable(progress)):
            raise errors.bad_option("progress", progress, "None, True, or a function of (n_iter, loss, gradient)")
        self._objective, self._callback = objective, callback
        self._report = {True: _print, False: _no_report, None: _no_report}.get(progress, progress)
        self.last = start

    def step(self, x, *state):
        """scipy's callback."""
        self.last = np.array(x, np.float64)
        value, length = self._objective.stepped(self.last)
        self._report(self._objective.n_iter, value, length)
        return self._callback(self.last.copy()) if self._callback is not None else None


def _no_report(n_iter, value, length):
    return None


def _print(n_iter, value, length):
    sys.stderr.write("iteration %d: loss %.9g, |gradient| %.2g\n" % (n_iter, value, length))


def _has(constraints):
    return not (isinstance(constraints, (tuple, list)) and not constraints)


def matrix_of(blocks, flat):
    """One symmetric matrix [n, n] of the values of a FlatLoss's blocks. ValueError where they are not symmetric."""
    blocks, sizes = iter(blocks), flat.layout.sizes
    matrix = np.concatenate([np.concatenate([next(blocks).reshape(r, c) for c in sizes], 1) for r in sizes], 0)
    if not np.all(np.isfinite(matrix)):
        raise ValueError("The Hessian holds %d entries that are not finite." % np.sum(~np.isfinite(matrix)))
    apart = np.abs(matrix - matrix.T)
    if apart.max() > np.sqrt(flat.eps) * np.abs(matrix).max():
        row, column = np.unravel_index(np.argmax(apart), apart.shape)
        raise ValueError("The Hessian is not symmetric: the entry of %s and %s is %.8g, and %.8g the other way round. "
                         "A custom gradient that is no gradient does that." % (
                             flat.label(row), flat.label(column), matrix[row, column], matrix[column, row]))
    return (matrix + matrix.T) / 2
