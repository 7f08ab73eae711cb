"""What is computed, how, at what cost and why: made and rehearsed before the user's graph gets a single op."""
import collections
import functools

from tf1_hessian import _compat, errors, memory
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import Options
from tf1_hessian.graph import built, compiled, within
from tf1_hessian.graph.devices import Spread, named
from tf1_hessian.graph.emission import Emission
from tf1_hessian.limits import check_options, keep_limits
from tf1_hessian.planner import ENGINES, Cost, Planner
from tf1_hessian.problem import Problem
from tf1_hessian.recording import recorded
from tf1_hessian.sparsity.pattern import SparsityPattern
from tf1_hessian.structure.verification import VERIFY

__all__ = ["Cost", "ENGINES", "HessianPlan", "QUANTITIES", "answer", "make_plan"]

QUANTITIES = ("diag", "full", "blocks", "sparse")


class HessianPlan(object):
    """A rehearsed way to a Hessian: `print(plan)` explains it, `plan.build()` gives the tensors, `plan.cost` is data.

    quantity: "diag", "full", "blocks" or "sparse". n: all elements. engine: what was chosen. chunk_size: columns at
    once. reasons: why. Every error there is to find was found in the rehearsal: building adds ops and can't
    refuse. A structured plan checks itself when it is evaluated (th.evaluate), as `verify` says.
    """

    def __init__(self, problem, planner, verify, jit=False):
        self._problem, self._rows, self._verify, self._jit = problem, tuple(planner.rows), verify, jit
        self._needs, self._verification, self._colored = planner.needs, planner.verification, planner.colored
        self.quantity, self.n, self.sources = problem.quantity, problem.layout.n, problem.layout.sources
        self.cost, self.reasons = planner.cost, tuple(planner.reasons) + compiled.reasons(jit)
        engines = {r.engine for r in self._rows} or ({"colored"} if planner.colored else set())
        self.engine = engines.pop() if len(engines) == 1 else "mixed" if engines else "none"
        laid = [r.laid.size for r in self._rows] + ([planner.colored.columns.size] if planner.colored else [])
        self.chunk_size = max(laid or [0])
        self.smaller = None  # type: functools.partial | None

    def __repr__(self):
        instead = " instead of %d" % self.n if self.cost.columns < self.n and self.engine != "none" else ""
        what = self.quantity + (" per example" if self._problem.per_example else "")
        cost = self.cost
        return "HessianPlan(%s, n=%d, engine=%s, %s%s%s, ~%s, %s, ~%.3g MB)" % (
            what, self.n, self.engine, errors.counted(cost.columns, "column"), instead,
            errors.in_chunks(cost.columns, self.chunk_size), errors.counted("%.3g" % cost.gradients, "gradient"),
            errors.counted(cost.ops, "op"), cost.bytes / 1e6)

    def __str__(self):
        lines = [repr(self)]
        for rows in self._rows:
            source = rows.source
            lines.append("  %s %s %s: %s" % (source.name, source.shape, source.dtype.name, rows.how))
        return "\n".join(lines + ["  because " + r for r in self.reasons])

    @_compat.unconverted
    def build(self, name=None):
        """The tensors in the structure of xs, under one name scope; asked again, the same tensors."""
        problem = self._problem
        question = (problem.question, self.engine, self.chunk_size, self._verify, self._jit, name)
        return built.remembered(problem.graph, question, lambda: recorded(problem.graph, lambda: compiled.laid(
            problem.graph, self._jit, lambda: self._kept(*self._build(name)), self._tensors_of), self._tensors_of))

    def verify(self, session=None, feed_dict=None):
        """Compares entries of a structured diagonal with products with unit vectors, in one session call.

        Returns Comparisons (source, index, value, exact); none where the plan lays a column for each element, or was
        made with verify="never". Raises VerificationError where they differ.
        """
        session = session or tf.get_default_session()
        if session is None:
            raise errors.no_session()
        due = built.record_of(self.tensors()[0]).due
        return [] if due is None else due.judge(session.run(due.all_fetches, feed_dict))

    def _kept(self, tensors, due):
        problem = self._problem
        if self.smaller is not None:
            built.keep_smaller(self._tensors_of(tensors), self.smaller)
        built.keep(self._tensors_of(tensors), built.Record(
            problem.graph, problem.asked[0], problem.layout.xs, problem.asked[1], self.quantity, self.n,
            problem.across is not problem.layout or problem.per_example, tensors, due))
        return tensors

    def tensors(self):
        """What build() gives, as a list of tensors."""
        return self._tensors_of(self.build())

    def _tensors_of(self, result):
        return [result.values] if self.quantity == "sparse" else _compat.flatten(result)

    def _build(self, name):
        problem = self._problem
        with problem.graph.as_default(), tf.name_scope(name or "hessian_" + self.quantity):
            colocated = problem.options.colocate
            emission = (Spread(problem.scratch, colocated, problem.devices) if problem.devices else
                        Emission.of_scratch(problem.scratch, colocated))
            laid = {}
            for rows in self._rows:
                found = rows.laid.lay(emission, rows.source.size)
                if problem.per_example and rows.engine != "structured":
                    found = [None if f is None else tf.transpose(f) for f in found]
                laid.update(((problem.rows.index(rows.source), t), f) for t, f in zip(rows.targets, found))
            if self.quantity == "sparse":
                laid = self._colored.lay(emission)
                laid.values, = self._checked([laid.values], emission, laid)
                return laid, self._due(emission, laid)
            with tf.control_dependencies(self._assertions(emission)):
                tensors = problem.assemble(laid)
                tensors = _compat.map_structure(tf.identity, tensors) if self._needs else tensors
            flat = self._checked(_compat.flatten(tensors), emission)
            return _compat.pack_sequence(tensors, flat), self._due(emission)

    def _checked(self, tensors, emission, laid=None):
        """The tensors; where only the function that they are in can run a check of them, behind one."""
        if not (self._is_checked and within.checks_itself(self._problem.graph)):
            return tensors
        return within.checked(tensors, emission, lambda inner: built.Checks(self._checks(inner, laid)), self._verify)

    def _due(self, emission, laid=None):
        """What th.evaluate checks along with the result."""
        if not self._is_checked or isinstance(self._problem.graph, _compat.FuncGraph):
            return None
        return built.Due(built.Checks(self._checks(emission, laid)), self._verify)

    @property
    def _is_checked(self):
        return self._verification is not None or bool(self._colored) and self._verify != "never"

    def _checks(self, emission, laid):
        checks = [self._verification.lay(emission, str(self))] if self._verification else []
        if self._colored and self._verify != "never":
            checks.append(self._colored.check(emission, str(self), *([] if laid is None else [laid])))
        return checks

    def _assertions(self, emission):
        """Ops that fail where sizes that the plan took for equal are not."""
        def size(tensor, axis):
            return tf.shape(emission.emit([tensor])[0])[axis]

        return [tf.debugging.assert_equal(size(a, i), size(b, j), message=(
            "The plan of this Hessian diagonal needs axis %d of '%s' to be as long as axis %d of '%s'; engine="
            "'vectorized' needs no such thing" % (i, a.name, j, b.name))) for a, i, b, j in self._needs]


def make_plan(loss, xs, quantity, other=None, flat=False, grad_options=Options(), precision=None, per_example=False,
              devices=None, **options):
    """The rehearsed HessianPlan. Raises all that can be raised; the user's graph is as it was."""
    _check_full(quantity, other, flat)
    options = _checked(quantity, precision, per_example, **options)
    asked = functools.partial(Problem, loss, xs, quantity, other, flat, grad_options, precision, per_example,
                              named(devices))
    return _rehearsed(asked(), asked, options)


def answer(loss, xs, quantity, name, other=None, flat=False, grad_options=Options(), precision=None, per_example=False,
           devices=None, **options):
    """The tensors of a plan, built; asked again, the same tensors without planning again."""
    options = _checked(quantity, precision, per_example, **options)
    asked = functools.partial(Problem, loss, xs, quantity, other, flat, grad_options, precision, per_example,
                              named(devices))
    problem = asked()
    question = (problem.question, "asked", options, name)
    return built.remembered(problem.graph, question, lambda: _rehearsed(problem, asked, options).build(name))


def _rehearsed(problem, asked, options):
    """The HessianPlan of a problem; asked: makes the problem anew, for a plan with fewer columns at once."""
    limit = memory.limit_of(options.memory_limit)
    held = memory.refuse_large(limit, problem.results(), _WAYS_OUT)
    plan = memory.fitted(_planned(problem, asked, options), functools.partial(_planned_anew, asked, options),
                         lambda plan: plan.cost.bytes, limit, held)
    return keep_limits(plan, options.max_columns, plan.cost.columns, options.max_bytes, plan.cost.bytes)


_WAYS_OUT = ("Ask for less: th.hessian_diag, th.sparse_hessian and th.hvp never make n x n, other= gives one block, "
             "fewer sources are smaller.")


def _planned(problem, asked, options):
    problem.rehearse()
    with problem.scratch.as_default():
        planner = Planner(problem, options.engine, options.chunk_size, options.verify != "never",
                          (options.pattern, options.coloring, options.max_seconds))
        plan = HessianPlan(problem, planner, options.verify, options.jit)
    if plan.chunk_size > 1:
        plan.smaller = functools.partial(_planned_anew, asked, options, plan.chunk_size // 2)
    return plan


def _planned_anew(asked, options, chunk_size):
    return _planned(asked(), asked, options._replace(chunk_size=chunk_size))


def _check_per_example(per_example, quantity, engine):
    if not isinstance(per_example, bool):
        raise errors.bad_option("per_example", per_example, "True or False")
    if per_example and quantity != "diag":
        raise errors.bad_option("per_example", per_example, "quantity='diag': matrices of each example are not laid")
    if per_example and engine == "slices":
        raise errors.engine_does_not_fit(engine, "it lays one second derivative of all losses for each element")


def _check_full(quantity, other, flat):
    for option, value, is_given in (("flat", flat, flat), ("other", other, other is not None)):
        if is_given and quantity in ("diag", "sparse"):
            raise errors.bad_option(option, value, "none but for the full Hessian")


def _check_sparse(quantity, engine, pattern, coloring):
    if quantity == "sparse" and engine not in ("auto", "colored"):
        raise errors.engine_does_not_fit(engine, "sparse Hessians are laid by colours")
    if engine == "colored" and quantity not in ("diag", "sparse"):
        raise errors.engine_does_not_fit(engine, "it gives diagonals, and full Hessians as th.sparse_hessian")
    for name, value in (("pattern", pattern), ("coloring", coloring)):
        if value is not None and quantity != "sparse":
            raise errors.bad_option(name, value, "none but for th.sparse_hessian")


_Options = collections.namedtuple(
    "_Options", "engine chunk_size verify max_columns max_bytes pattern coloring max_seconds jit memory_limit")


def _checked(quantity, precision, per_example, engine="auto", chunk_size=None, verify="first", max_columns=None,
             max_bytes=None, pattern=None, coloring=None, max_seconds=None, jit=False, memory_limit=None):
    if quantity not in QUANTITIES:
        raise errors.bad_option("quantity", quantity, "one of " + ", ".join(QUANTITIES))
    check_options(engine, ENGINES, precision, jit, memory_limit, chunk_size=chunk_size, max_columns=max_columns,
                  max_bytes=max_bytes)
    if verify not in VERIFY:
        raise errors.bad_option("verify", verify, "one of " + ", ".join(VERIFY))
    _check_per_example(per_example, quantity, engine)
    _check_sparse(quantity, engine, pattern, coloring)
    if max_seconds is not None and not (isinstance(max_seconds, (int, float)) and max_seconds >= 0):
        raise errors.bad_option("max_seconds", max_seconds, "a number from 0 up, or None")
    pattern = None if pattern is None else SparsityPattern(pattern)
    return _Options(engine, chunk_size, verify, max_columns, max_bytes, pattern, coloring, max_seconds, jit,
                    memory_limit)
