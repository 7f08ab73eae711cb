"""The diagonal of a Hessian as a sum of terms, one for each segment between cuts, and the search for the cheapest.

With psi = <g_u, u>, g_u held, the Hessian of psi with respect to z is, for a cut c between them,
J^T R J + the Hessian of <g_c, c> with respect to z: J from z to c, R the Hessian of psi with respect to c. Mathematics,
section 3, (B).
"""
import collections

from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS
from tf1_hessian.structure.axes import point_at
from tf1_hessian.structure.costs import elements
from tf1_hessian.structure.rows import rows_between

__all__ = [
    "DIAGONAL", "Direct", "FULL", "Ones", "Push", "Scaled", "Search", "Sum", "Sweep", "all_terms", "columns_of",
    "curvature_of", "name_of", "width_of",
]

# What is known of the curvature R at a cut: one number an element, or a matrix for each row.
DIAGONAL, FULL = "diagonal", "full"

Ones = collections.namedtuple("Ones", "point end")
Ones.__doc__ = "All axes of the point are separable up to `end`: one product with a seed of ones gives the diagonal."

Direct = collections.namedtuple("Direct", "point end rows")
Direct.__doc__ = "Products with `rows.width` seeds at the point itself, each with ones along the separable axes."

Push = collections.namedtuple("Push", "point cut end steps")
Push.__doc__ = """R is diagonal and J one linear op among element-wise ones: steps are (start, op, result), so that
diag(J^T R J) is R through the slopes and the squared op."""

Sweep = collections.namedtuple("Sweep", "point cut end rows kind")
Sweep.__doc__ = """J by pulling `rows.width` seeds back from the cut to the point; kind of R: DIAGONAL or FULL."""

Scaled = collections.namedtuple("Scaled", "point cut end terms")
Scaled.__doc__ = "J element by element: the diagonal of R, given by terms of its own, times the squared slopes."

Sum = collections.namedtuple("Sum", "terms price")
Sum.__doc__ = "The terms that add up to a diagonal, and what they cost."

# Beyond this many columns a cut is not considered.
_MOST_COLUMNS = 20000


class Search(object):
    """Finds the terms of the diagonal at points. What one point has paid for (the columns of a sweep, the curvature at
    a cut) is free for the next one.
    """

    def __init__(self, axes, costs):
        self.axes, self.flow, self.costs = axes, axes.flow, costs
        self._bought, self._known = {}, {}

    def best(self, point, end):
        """The cheapest Sum for the diagonal of the Hessian of <g_end, end> at a point, or None where there is none."""
        name = key(point.tensor), key(end)
        if name not in self._known:
            found = list(self._ways(point, end))
            self._known[name] = min(found, key=lambda way: way.price) if found else None
        return self._known[name]

    def own(self, leaf, end):
        """What the diagonal of a leaf may be made of at the leaf itself: a Sum, or None."""
        return self.best(leaf, end)

    def buy(self, terms):
        """Counts what terms need as paid for."""
        for term in terms:
            if isinstance(term, Sweep):
                self._bought[columns_of(term)] = max(
                    self._bought.get(columns_of(term), 0), self._pulled(term.point, term.cut, term.rows.width))
            self._bought.setdefault(name_of(term), 1)
            if isinstance(term, (Direct, Push, Sweep)):
                self._bought[curvature_of(term)] = 1
        self._known = {}

    def _ways(self, point, end):
        if self.axes.is_linear(point.tensor, end):
            yield Sum((), 0)
            return
        price = self.costs.hvp(point.tensor, end, 1)
        rows = rows_between(self.axes, point, point, end)
        if rows is not None and rows.width == 1:
            ones = Ones(point, end)
            yield Sum((ones,), 0 if name_of(ones) in self._bought else price)
            return
        if rows is not None:
            direct = Direct(point, end, rows)
            paid = curvature_of(direct) in self._bought
            yield Sum((direct,), 0 if paid else self.costs.hvp(point.tensor, end, rows.width))
        cuts = list(self.cuts(point, end))
        for tensor in cuts or self._inner_cuts(point, end):
            rest = self.best(point, tensor)
            if rest is not None:
                for first in (self.through(point, tensor, end), self._scaled(point, tensor, end)):
                    if first is not None:
                        yield Sum(first.terms + rest.terms, first.price + rest.price)

    def cuts(self, point, end):
        """Those worth a term: at the others nothing is curved before the next one, which is no wider."""
        cuts = self.flow.cuts(point.tensor, end)
        for tensor, later in zip(cuts, cuts[1:] + [end]):
            here, there = (elements(dimensions_of(t)) for t in (tensor, later))
            if tensor.shape.ndims is not None and tensor.dtype.is_floating and (
                    here < there or not self.axes.is_linear(tensor, later)):
                yield tensor

    def _inner_cuts(self, point, end):
        return [t for t in self.axes.inner_cuts(point.tensor, end) if t.shape.ndims is not None and (
            t.dtype.is_floating and not self.axes.is_linear(t, end))]

    def _scaled(self, point, tensor, end):
        cut = point_at(tensor)
        if not self._is_elementwise(point, tensor):
            return None
        found = self.best(cut, end)
        if found is None or not found.terms:
            return found
        return Sum((Scaled(point, cut, end, found.terms),), found.price + 2 * self._pulled(point, cut, 1))

    def through(self, point, tensor, end, may_push=True):
        """The Sum of the one term J^T R J at a cut, or None."""
        cut = point_at(tensor)
        if self.axes.is_linear(tensor, end):
            return Sum((), 0)
        rows = rows_between(self.axes, point, cut, end)
        whole = rows_between(self.axes, cut, cut, end)
        if rows is None or rows.width > _MOST_COLUMNS:
            return None
        kind = DIAGONAL if whole is not None and whole.width == 1 else FULL
        steps = self._pushed(point, cut) if kind == DIAGONAL and may_push else None
        if steps is not None:
            push = Push(point, cut, end, steps)
            return Sum((push,), self._curvature(push, 1) + 2 * self._pulled(point, cut, 1))
        sweep = Sweep(point, cut, end, rows, kind)
        return Sum((sweep,), self._swept(sweep))

    def _swept(self, term):
        """Curvature at the cut, the columns that nothing has paid for yet, and the sum over them."""
        width = term.rows.width
        columns = max(0, self._pulled(term.point, term.cut, width) - self._bought.get(columns_of(term), 0))
        each = elements(term.point.sizes) * (8 if term.kind == DIAGONAL else 8 + width)
        return self._curvature(term, 1 if term.kind == DIAGONAL else width) + columns + width * each

    def _curvature(self, term, columns):
        return 0 if curvature_of(term) in self._bought else self.costs.hvp(term.cut.tensor, term.end, columns)

    def _pulled(self, point, cut, columns):
        return self.costs.vjp(point.tensor, cut.tensor, columns)

    def _pushed(self, point, cut):
        """(a, op, y): point -> element by element -> a -> one linear op -> y -> element by element -> cut; or None."""
        ways = [point.tensor] + self.flow.cuts(point.tensor, cut.tensor) + [cut.tensor]
        for y in ways[1:]:
            if y.op.type not in _SQUARED or not y.dtype.is_floating:
                continue
            a = y.op.inputs[0]
            inside = any(key(a) == key(w) for w in ways)
            others = any(self.flow.depends(t, point.tensor) for t in list(y.op.inputs)[1:])
            if inside and not others and self._is_elementwise(point, a) and (
                    self._is_elementwise(point_at(y), cut.tensor)):
                return a, y.op, y
        return None

    def _is_elementwise(self, point, tensor):
        """Whether each element of a tensor depends on the same element of the point alone."""
        if key(tensor) == key(point.tensor):
            return True
        sizes = point_at(tensor).sizes
        return sizes == tuple(point.sizes) and all(
            self.axes.trace(point, k).state(tensor) == (k, 1, 1) for k in range(len(sizes)))


def all_terms(terms):
    """Terms and those that they are made of."""
    for term in terms:
        yield term
        for inner in all_terms(term.terms if isinstance(term, Scaled) else ()):
            yield inner


# Linear ops whose squared coefficients are those of the op with its other input squared.
_SQUARED = MATRIX_PRODUCTS | {"Conv2D"}


def columns_of(term):
    """What sweeps have in common that share their columns."""
    return "columns", key(term.cut.tensor), key(term.end), term.rows.signature


def name_of(term):
    """Equal for terms that are laid once."""
    if isinstance(term, Sweep):
        return columns_of(term)
    cut = key(term.cut.tensor) if isinstance(term, (Push, Scaled)) else None
    return type(term).__name__, key(term.point.tensor), key(term.end), cut


def width_of(term):
    """The columns that a term takes."""
    if isinstance(term, Scaled):
        return 0
    return term.rows.width if isinstance(term, (Direct, Sweep)) else 1


def curvature_of(term):
    """What terms have in common that need the same curvature: a Direct term its diagonal."""
    point = term.point if isinstance(term, Direct) else term.cut
    is_full = isinstance(term, Direct) or (isinstance(term, Sweep) and term.kind == FULL)
    return "curvature", key(point.tensor), key(term.end), term.rows.signature if is_full else ()
