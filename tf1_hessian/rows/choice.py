"""Which engine lays second derivatives by row, by what each costs."""
import collections

from tf1_hessian import errors
from tf1_hessian.rows.engines import ByColumns, ByTangents, tangents_of
from tf1_hessian.structure.costs import COLUMN_TO_PATH, Costs, columns_at_once, elements

__all__ = ["Choice", "choose"]

# Memory that tangents may take.
_TANGENT_BYTES = 2 ** 30
# A direction through an op that has no forward derivative of its own takes that many times one that has.
_GENERAL = 4.0

Choice = collections.namedtuple("Choice", "laid gradients bytes reasons")
Choice.__doc__ = "The engine chosen, laid; its price in gradients of ys, its memory, and why, as sentences."


class _Prices(object):
    """Of both ways, in gradients of ys."""

    def __init__(self, problem, tangents):
        separation = problem.separation
        costs = Costs(separation.flow)
        outputs, width = problem.outputs or 1, problem.width
        gradient = float(max(1, costs.vjp(problem.x, problem.ys, 3)))
        self.columns = (1 + costs.hvp(problem.x, problem.ys, width * outputs) / gradient) if separation.ops else 1.0
        forward = sum(costs.op(part.op, width) * (1 if part.is_cheap else _GENERAL) for part in tangents.pushed)
        bent = sum(costs.op(part.op, width) * (1 if part.is_cheap else _GENERAL) for part in tangents.curved)
        self.tangents = (forward + outputs * (bent + costs.vjp(problem.x, problem.ys, 2))) / gradient
        unit = problem.dtype.size
        path = costs.elements(problem.x, problem.ys)
        self.path_bytes = path * unit
        held = [o for part in tangents.pushed for o in part.op.outputs]
        self.tangent_bytes = width * unit * sum(elements(o.shape.as_list()) for o in held if o.shape.ndims is not None)


def choose(problem, engine, chunk_size):
    """The Choice for a problem. engine: "auto" or the one that is forced."""
    if problem.separation.is_constant:
        return Choice(_Nothing(problem), 0.0, 0, ["the graph proves that ys do not depend on x in a way that bends"])
    tangents, reasons = tangents_of(problem), []
    prices = _Prices(problem, tangents)
    refusal = None if problem.symmetric else "a custom gradient on the path may make Hessians unsymmetric"
    if engine == "tangents" and refusal:
        raise errors.engine_does_not_fit("tangents", refusal)
    size = _tangents_at_once(problem, prices, chunk_size)
    if engine == "tangents" and not size:
        raise errors.engine_does_not_fit("tangents", (
            "matrices pair all %d tangents, which are more than chunk_size or than fit" % problem.width))
    by_tangents = engine == "tangents" or (engine == "auto" and not refusal and _are_better(prices, size, reasons))
    if refusal and engine == "auto":
        reasons.append("columns: " + refusal)
    if problem.narrow:
        reasons.append("these have no float64 kernel and stay as they are, between casts: " + ", ".join(problem.narrow))
    if by_tangents:
        held = prices.tangent_bytes * size // max(1, problem.width)
        return Choice(ByTangents(problem, tangents, size), prices.tangents, held, reasons)
    column_bytes = COLUMN_TO_PATH * prices.path_bytes
    laid = ByColumns(problem, engine, chunk_size or columns_at_once(column_bytes))
    return Choice(laid, prices.columns, column_bytes * laid.size, reasons)


def _tangents_at_once(problem, prices, chunk_size):
    """How many tangents fit the memory, or were asked for; 0 for matrices that need more."""
    fitting = int(_TANGENT_BYTES * problem.width // max(1, prices.tangent_bytes))
    size = max(1, min(problem.width, chunk_size or fitting))
    return 0 if problem.quantity == "batch" and size < problem.width else size


def _are_better(prices, size, reasons):
    if not size:
        reasons.append("matrices pair all tangents: about %.3g MB, or more than chunk_size" % (
            prices.tangent_bytes / 1e6))
        return False
    reasons.append("tangents cost about %.3g gradients, and nested columns %.3g" % (prices.tangents, prices.columns))
    return prices.tangents <= prices.columns


class _Nothing(object):
    """Zeros."""

    engine, columns, size, needed = "none", 0, 0, ()

    def __init__(self, problem):
        self._problem = problem

    def lay(self, emission):
        """Zeros in the default graph."""
        problem = self._problem
        return problem.shaped(None, problem.counted(emission))
