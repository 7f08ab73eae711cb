"""How second derivatives by row are computed, at what cost and why."""
import functools

from tf1_hessian import _compat, errors, memory
from tf1_hessian._compat import tf
from tf1_hessian.graph import built, compiled
from tf1_hessian.graph.emission import Emission
from tf1_hessian.limits import check_options, keep_limits
from tf1_hessian.recording import recorded
from tf1_hessian.rows.choice import choose
from tf1_hessian.rows.problem import RowProblem

__all__ = ["ENGINES", "QUANTITIES", "RowPlan", "answer_rows", "plan_rows"]

QUANTITIES = ("batch", "batch_diag", "laplacian")
ENGINES = ("auto", "tangents", "vectorized", "loop")


class RowPlan(object):
    """A rehearsed way to second derivatives by row: `print(plan)` explains it, `plan.build()` gives the tensor.

    quantity: "batch", "batch_diag" or "laplacian". n: elements of one row of x. outputs: q, or None for ys [B].
    engine: "tangents", "vectorized" or "loop". columns: tangents, or products with the Hessians. gradients: the price,
    estimated in gradients of ys. bytes: estimated, of the tensors held at once. ops: added to the graph. reasons: why.
    """

    def __init__(self, problem, choice, jit=False):
        self._problem, self._laid, self._jit = problem, choice.laid, jit
        self.quantity, self.n, self.outputs = problem.quantity, problem.width, problem.outputs
        self.engine, self.columns, self.chunk_size = choice.laid.engine, choice.laid.columns, choice.laid.size
        self.gradients, self.bytes, self.ops = choice.gradients, choice.bytes, len(choice.laid.needed)
        self.smaller = None  # type: functools.partial | None
        self.reasons = tuple(choice.reasons) + compiled.reasons(jit)

    def __repr__(self):
        what = errors.counted(self.columns, "column")
        if self.engine == "tangents":
            what = "%s and %s" % (errors.counted(self.columns, "tangent"), errors.counted(self.outputs or 1, "adjoint"))
        return "RowPlan(%s, n=%d by row, engine=%s, %s%s, ~%s, %s, ~%.3g MB)" % (
            self.quantity, self.n, self.engine, what, errors.in_chunks(self.columns, self.chunk_size),
            errors.counted("%.3g" % self.gradients, "gradient"), errors.counted(self.ops, "op"), self.bytes / 1e6)

    def __str__(self):
        problem = self._problem
        lines = [repr(self), "  %s %s %s: rows along axis 0 of '%s' %s" % (
            problem.source.name, problem.source.shape, problem.source.dtype.name, problem.asked_ys.name,
            problem.asked_ys.shape)]
        return "\n".join(lines + ["  because " + r for r in self.reasons])

    @_compat.unconverted
    def build(self, name=None):
        """The tensor, under one name scope; asked again, the same one."""
        problem = self._problem
        question = problem.question, self.engine, self.chunk_size, self._jit, name
        return built.remembered(problem.graph, question, lambda: recorded(problem.graph, lambda: compiled.laid(
            problem.graph, self._jit, lambda: self._build(name), lambda tensor: [tensor]), lambda tensor: [tensor]))

    def tensors(self):
        """What build() gives, as a list of tensors."""
        return [self.build()]

    def _build(self, name):
        problem = self._problem
        with problem.graph.as_default(), tf.name_scope(name or _SCOPES[self.quantity]):
            emission = Emission.of_scratch(problem.scratch)
            found = self._laid.lay(emission)
            with tf.control_dependencies(self._assertions(emission)):
                found = tf.identity(found)
        if self.smaller is not None:
            built.keep_smaller([found], self.smaller)
        return found

    def _assertions(self, emission):
        """Ops that fail where sizes that were taken for equal are not."""
        def size(tensor, axis):
            return tf.shape(emission.emit([tensor])[0])[axis]

        return [tf.debugging.assert_equal(size(a, i), size(b, j), message=(
            "Second derivatives by row need axis %d of '%s' to be as long as axis %d of '%s'" % (i, a.name, j, b.name)))
            for a, i, b, j in self._problem.separation.needs]


_SCOPES = {"batch": "batch_hessian", "batch_diag": "batch_hessian_diag", "laplacian": "laplacian"}


def plan_rows(ys, x, quantity, *, precision=None, **options):
    """The rehearsed RowPlan. Raises all that can be raised; the user's graph is as it was."""
    options = _checked(precision, **options)
    asked = functools.partial(RowProblem, ys, x, quantity, precision)
    return _rehearsed(asked(), asked, options)


def answer_rows(ys, x, quantity, name, *, precision=None, **options):
    """The tensor of a plan, built; asked again, the same tensor without planning again."""
    options = _checked(precision, **options)
    asked = functools.partial(RowProblem, ys, x, quantity, precision)
    problem = asked()
    question = problem.question, "asked", tuple(sorted(options.items(), key=lambda item: item[0])), name
    return built.remembered(problem.graph, question, lambda: _rehearsed(problem, asked, options).build(name))


def _planned(problem, asked, options):
    problem.rehearse()
    with problem.scratch.as_default():
        plan = RowPlan(problem, choose(problem, options["engine"], options["chunk_size"]), options["jit"])
    if plan.chunk_size > 1:
        plan.smaller = functools.partial(_planned_anew, asked, options, plan.chunk_size // 2)
    return plan


def _planned_anew(asked, options, chunk_size):
    return _planned(asked(), asked, dict(options, chunk_size=chunk_size))


def _rehearsed(problem, asked, options):
    """The RowPlan of a problem; asked: makes the problem anew, for a plan with fewer columns at once."""
    limit = memory.limit_of(options["memory_limit"])
    held = memory.refuse_large(limit, problem.results(), "Ask for a Laplacian, or for fewer rows.")
    plan = memory.fitted(_planned(problem, asked, options), functools.partial(_planned_anew, asked, options),
                         lambda plan: plan.bytes, limit, held)
    return keep_limits(plan, options["max_columns"], plan.columns, options["max_bytes"], plan.bytes)


def _checked(precision, engine="auto", chunk_size=None, max_columns=None, max_bytes=None, jit=False,
             memory_limit=None):
    check_options(engine, ENGINES, precision, jit, memory_limit, chunk_size=chunk_size, max_columns=max_columns,
                  max_bytes=max_bytes)
    return {"engine": engine, "chunk_size": chunk_size, "max_columns": max_columns, "max_bytes": max_bytes, "jit": jit,
            "memory_limit": memory_limit}
