"""What is computed, how, at what cost and why: made and rehearsed before the user's graph gets a single op."""
import collections
import numbers

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import columns, elements
from tf1_hessian.derivatives.gradients import Options
from tf1_hessian.graph import built
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.precision import check_precision
from tf1_hessian.problem import Problem

__all__ = ["Cost", "ENGINES", "HessianPlan", "QUANTITIES", "answer", "make_plan"]

ENGINES = ("auto", "slices", "loop", "vectorized")
QUANTITIES = ("diag", "full", "blocks")

# Memory that the tensors of one chunk may take: with more, caches lose what fewer loops win (benchmarks/dense.py).
_CHUNK_BYTES = 64 * 2 ** 20
# A column's tensors take about this many times the path's own: one for each op of the gradient and its derivatives.
_COLUMN_TO_PATH = 8
# Columns at once, however small.
_MOST_AT_ONCE = 512
# What an unknown dimension (a batch size) counts as in estimates.
_ASSUMED_DIMENSION = 128
# Ops that the slices engine may add: a GraphDef ends at 2 GB, and building takes minutes long before.
_MOST_OPS = 200000

Cost = collections.namedtuple("Cost", "columns gradients ops bytes")
Cost.__doc__ = """columns: seeds laid. gradients: their price, estimated in gradients of the same loss. ops: added to
the graph. bytes: estimated for the intermediate tensors of one chunk."""

_Rows = collections.namedtuple("_Rows", "source targets engine laid")
_Rows.__doc__ = "The rows of one source against `targets` (indices of layouts), rehearsed: `laid.lay(emission, count)`."


class HessianPlan(object):
    """A rehearsed way to a Hessian: `print(plan)` explains it, `plan.build()` gives the tensors, `plan.cost` is data.

    quantity: "diag", "full" or "blocks". n: all elements. engine: what was chosen. chunk_size: columns at once.
    reasons: why, as sentences. Every error there is to find was found in the rehearsal: building adds ops and can't
    refuse.
    """

    def __init__(self, problem, rows, cost, reasons):
        self._problem, self._rows = problem, tuple(rows)
        self.quantity, self.n, self.sources = problem.quantity, problem.layout.n, problem.layout.sources
        self.cost, self.reasons = cost, tuple(reasons)
        engines = {r.engine for r in rows}
        self.engine = engines.pop() if len(engines) == 1 else "mixed" if engines else "none"
        self.chunk_size = max([r.laid.size for r in rows] or [0])

    def __repr__(self):
        return "HessianPlan(%s, n=%d, engine=%s, %d columns in chunks of %d, ~%.3g gradients, %d ops, ~%.3g MB)" % (
            self.quantity, self.n, self.engine, self.cost.columns, self.chunk_size, self.cost.gradients, self.cost.ops,
            self.cost.bytes / 1e6)

    def __str__(self):
        lines = [repr(self)]
        for rows in self._rows:
            source = rows.source
            lines.append("  %s %s %s: %d columns, engine %s, chunks of %d" % (
                source.name, source.shape, source.dtype.name, source.size, rows.engine, rows.laid.size))
        return "\n".join(lines + ["  because " + r for r in self.reasons])

    def build(self, name=None):
        """The tensors in the structure of xs, under one name scope; asked again, the same tensors."""
        problem = self._problem
        question = (problem.question, self.engine, self.chunk_size, name)
        return built.remembered(problem.graph, question, lambda: self._recorded(self._build(name)))

    def _recorded(self, tensors):
        problem = self._problem
        built.keep(_compat.flatten(tensors), built.Record(
            problem.graph, problem.asked[0], problem.layout.xs, problem.asked[1], self.quantity, self.n,
            problem.across is not problem.layout, tensors))
        return tensors

    def _build(self, name):
        problem = self._problem
        with problem.graph.as_default(), tf.name_scope(name or "hessian_" + self.quantity):
            options = problem.options
            keep = ("colocation",) * bool(options.colocate) + ("order",) * bool(options.gate)
            emission = Emission.of_scratch(problem.scratch, keep)
            laid = {}
            for rows in self._rows:
                found = rows.laid.lay(emission, rows.source.size)
                laid.update(((problem.rows.index(rows.source), t), f) for t, f in zip(rows.targets, found))
            return problem.assemble(laid)


def make_plan(loss, xs, quantity, engine="auto", chunk_size=None, other=None, flat=False, options=Options(),
              precision=None):
    """The rehearsed HessianPlan. Raises all that can be raised; the user's graph is as it was."""
    _check_options(quantity, engine, chunk_size, precision)
    return _rehearsed(Problem(loss, xs, quantity, other, flat, options, precision), engine, chunk_size)


def answer(loss, xs, quantity, name, engine="auto", chunk_size=None, other=None, flat=False, options=Options(),
           precision=None):
    """The tensors of a plan, built; asked again, the same tensors without planning again."""
    _check_options(quantity, engine, chunk_size, precision)
    problem = Problem(loss, xs, quantity, other, flat, options, precision)
    question = (problem.question, "asked", engine, chunk_size, name)
    return built.remembered(
        problem.graph, question, lambda: _rehearsed(problem, engine, chunk_size).build(name))


def _rehearsed(problem, engine, chunk_size):
    problem.rehearse()
    with problem.scratch.as_default():
        return _Planner(problem, engine, chunk_size).plan()


def _check_options(quantity, engine, chunk_size, precision):
    if quantity not in QUANTITIES:
        raise errors.bad_option("quantity", quantity, "one of " + ", ".join(QUANTITIES))
    if engine not in ENGINES:
        raise errors.bad_option("engine", engine, "one of " + ", ".join(ENGINES))
    check_precision(precision)
    whole = isinstance(chunk_size, numbers.Integral) and not isinstance(chunk_size, bool)
    if chunk_size is not None and not (whole and chunk_size >= 1):
        raise errors.bad_option("chunk_size", chunk_size, "a whole number from 1 up, or None")


class _Planner(object):
    """Chooses and rehearses the engine of each source's rows, and keeps the reasons."""

    def __init__(self, problem, engine, chunk_size):
        self._problem, self._engine, self._chunk_size = problem, engine, chunk_size
        self._reasons = []
        self._unit_bytes = _bytes_of(o for op in problem.path.ops for o in op.outputs)

    def plan(self):
        problem = self._problem
        for how in problem.scratch.loops:
            self._because("loops of v1 control flow on the path are %s" % how)
        if problem.narrow:
            self._because("these have no float64 kernel and stay as they are, between casts: %s" % (
                ", ".join(problem.narrow)))
        rows = [self._rows(i) for i, s in enumerate(problem.rows) if s.size and self._has_gradient(i)]
        return HessianPlan(problem, rows, self._cost(rows), self._reasons)

    def _has_gradient(self, index):
        if any(g is not None for g in self._problem.gradients[index]):
            return True
        self._because("the graph proves that the gradient of %s is zero" % self._problem.rows[index].name)
        return False

    def _because(self, reason):
        if reason not in self._reasons:
            self._reasons.append(reason)

    def _rows(self, index):
        source = self._problem.rows[index]
        engine, laid = self._lay(index, source)
        return _Rows(source, self._problem.targets(index), engine, laid)

    def _lay(self, index, source):
        if self._engine == "slices":
            return "slices", self._sliced(index, source)
        if self._engine == "loop":
            return "loop", self._looped(index, source)
        if self._engine == "vectorized":
            return "vectorized", self._vectorized(index, source)
        if source.size == 1:
            return "loop", self._looped(index, source)
        try:
            return "vectorized", self._vectorized(index, source)
        except LookupError:
            raise
        except ValueError as refusal:
            self._because("the columns of %s run one by one: %s" % (source.name, refusal))
            return "loop", self._looped(index, source)

    def _looped(self, index, source):
        return columns.looped(lambda seed: self._problem.outputs(index, seed), source.size, source.dtype)

    def _sliced(self, index, source):
        problem = self._problem
        estimate = source.size * 3 * len(problem.path.ops)
        if estimate > _MOST_OPS:
            raise errors.engine_does_not_fit("slices", "%d elements would add about %d ops, and %d is the limit" % (
                source.size, estimate, _MOST_OPS))
        targets = [problem.cols[t] for t in problem.targets(index)]
        return elements.Elements(problem.losses, source, targets, problem.quantity == "diag", problem.options)

    def _vectorized(self, index, source):
        size = min(source.size, int(self._chunk_size or self._best_chunk(source)))
        try:
            return columns.vectorized(
                lambda seed: self._problem.outputs(index, seed), source.size, source.dtype, size)
        except LookupError:
            raise
        except Exception as error:  # pfor has no common class for "this op can't be vectorised"
            raise errors.engine_does_not_fit("vectorized", _first_line(error)) from error

    def _best_chunk(self, source):
        column = _COLUMN_TO_PATH * self._unit_bytes + 4 * source.size * source.dtype.size
        fitting = max(1, min(_MOST_AT_ONCE, _CHUNK_BYTES // column))
        if fitting < source.size:
            self._because("chunks of %d columns keep the tensors that %s takes near %d MB" % (
                fitting, source.name, _CHUNK_BYTES // 2 ** 20))
        return fitting

    def _cost(self, rows):
        column = {r.source: _bytes_of(o for op in r.laid.column_ops for o in op.outputs) / r.laid.columns for r in rows}
        gradient = max(1, 3 * self._unit_bytes)
        gradients = 1 + sum(r.source.size * column[r.source] / float(gradient) for r in rows)
        ops = len({op for r in rows for op in r.laid.needed})
        most = max([column[r.source] * r.laid.size for r in rows] or [0])
        return Cost(sum(r.source.size for r in rows), gradients, ops, int(most))


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _bytes_of(tensors):
    total = 0
    for tensor in tensors:
        count = _compat.count_elements(tensor.shape, _ASSUMED_DIMENSION)
        total += (count or 0) * (tensor.dtype.base_dtype.size or 0)
    return total
