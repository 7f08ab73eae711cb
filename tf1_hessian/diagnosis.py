"""What stands between sources and loss, op by op, and what that means for second derivatives; nothing of the loss is
differentiated."""
import collections

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import repairs, zeros
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.derivatives.silent import wrong_in_tensorflow
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.effects import is_effect
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.paths import carries_derivative, find_path
from tf1_hessian.graph.regions import inner_ops, region_of
from tf1_hessian.graph.scratch import Tracing, key
from tf1_hessian.graph.sources import resolve_losses, resolve_sources
from tf1_hessian.graph.upstream import VARIABLES, ops_above
from tf1_hessian.plan import make_plan
from tf1_hessian.problem import path_between, refuse_eager

__all__ = ["Diagnosis", "OpReport", "diagnose"]

STATUSES = ("exact", "zero", "custom", "repaired", "lifted", "refused")

_NOT_SMOOTH = frozenset([
    "Abs", "ClipByValue", "LeakyRelu", "Max", "MaxPool", "MaxPool3D", "MaxPoolV2", "MaxPoolWithArgmax", "Maximum",
    "Min", "Minimum", "Relu", "Relu6", "SegmentMax", "SegmentMin", "Select", "SelectV2", "Selu", "TopKV2"])
_SINGULAR = {
    "EuclideanNorm": "0", "Log": "0", "Pow": "a base of 0", "Reciprocal": "0", "Rsqrt": "0", "Sqrt": "0"}
_INPUTS = ("Iterator", "Queue", "Reader", "Dequeue", "Barrier", "Stage", "Unstage")
_DRAWS = ("Random", "Stateless", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal", "StatefulUniform",
          "StatefulStandardNormal")

OpReport = collections.namedtuple("OpReport", "name type status note")
OpReport.__doc__ = """One op on the path. status: exact, zero (its derivative is zero by definition), custom (the user's
gradient), repaired, lifted (control flow that is made anew), refused; note: how, or why and the way out."""


class Diagnosis(object):
    """A report that prints as a table and is data: `ops` (OpReports, in the order of evaluation), `warnings` (where
    TensorFlow alone would be wrong without an error, as (name, type, where)), `upstream` (random, input and stateful
    ops as (name, type, what becomes of them)), `hints`, `n`, `sources`. `plan()` rehearses the plan that would be
    taken.
    """

    def __init__(self, loss, xs, layout, ops, warnings, upstream, hints):
        self._loss, self._xs = loss, xs
        self.n, self.sources = layout.n, layout.sources
        self.ops, self.warnings = tuple(ops), tuple(warnings)
        self.upstream, self.hints = tuple(upstream), tuple(hints)

    @property
    def refused(self):
        """The ops that stand in the way."""
        return tuple(op for op in self.ops if op.status == "refused")

    def plan(self, quantity="diag", **options):
        """The HessianPlan of `th.plan`: this differentiates, in a scratch graph."""
        return make_plan(self._loss, self._xs, quantity, **options)

    def __repr__(self):
        counts = collections.Counter(op.status for op in self.ops)
        found = ", ".join("%d %s" % (counts[s], s) for s in STATUSES if counts[s])
        return "Diagnosis(n=%d, %s on the path: %s)" % (self.n, errors.counted(len(self.ops), "op"), found)

    def __str__(self):
        width = max([len(op.name) for op in self.ops] + [4])
        kinds = max([len(op.type) for op in self.ops] + [4])
        lines = [repr(self)]
        lines += ["  %-*s  %-*s  %-8s  %s" % (width, op.name, kinds, op.type, op.status, op.note) for op in self.ops]
        lines += ["  warning: TensorFlow %s alone is wrong in silence at %s (%s) %s" % ((tf.__version__,) + found)
                  for found in self.warnings]
        lines += ["  upstream: %s (%s), %s" % found for found in self.upstream]
        return "\n".join(line.rstrip() for line in lines + ["  hint: " + hint for hint in self.hints])


@_compat.unconverted
def diagnose(loss, xs):
    """What a Hessian of `loss` with respect to `xs` would meet: a Diagnosis.

    Each op type on the path is differentiated twice by itself in a scratch graph, so that the status is what a
    rehearsal would find; the loss is not differentiated and the graph is untouched. Where the path can't be told, as
    behind the gradient of a v1 loop, only the ops that hide it are listed. Raises ValueError for sources that can't be
    meant, as `th.hessian` does.
    """
    refuse_eager("diagnose")
    losses = resolve_losses(loss)
    layout = Layout(xs, resolve_sources(xs, losses[0].graph))
    try:
        path = path_between(losses, layout.sources)
    except errors.NoDerivativeError as refusal:
        return Diagnosis(loss, xs, layout, _hiding(losses, refusal), [], _upstream(losses), [])
    scratch, known = Tracing(losses[0].graph), {}
    with scratch.as_default():
        met = [(op, "") for op in path.ops]
        met += [(inner, "inside '%s'" % _frame(op)) for op in path.ops for inner in _carrying_inside(op)]
        ops = [_report(op, path, known, place) for op, place in met]
    warnings = [(op.name, op.type, wrong_in_tensorflow(op)) for op, _ in met if wrong_in_tensorflow(op)]
    return Diagnosis(loss, xs, layout, ops, warnings, _upstream(losses), _hints(path.ops))


def _hiding(losses, refusal):
    """Reports of the ops above the losses that hide what these depend on. Raises `refusal` where it is about none."""
    found = []
    for op in ops_above(t.op for t in losses):
        try:
            control_flow.refuse_hidden_dependence([op])
            region_of(op)
            control_flow.merged_conditional(op)
        except errors.NoDerivativeError as error:
            if "'%s'" % op.name in str(error):
                found.append(OpReport(op.name, op.type, "refused", str(error)))
    if not found:
        raise refusal
    return sorted(found)


def _frame(op):
    region = region_of(op)
    return op.name if region is None or not region.loops else region.loops[0].name


def _carrying_inside(op):
    """The ops inside a loop or conditional of v1 control flow that may carry a derivative."""
    skipped = control_flow.LOOP_TYPES | {"Identity", "Merge", "Switch"}
    return [o for o in inner_ops(op) if o.type not in skipped and not o.type.startswith("TensorArray")
            and any(carries_derivative(t.dtype) for t in o.outputs) and o.inputs]


def _report(op, path, known, place):
    status, note = _status(op, path, known)
    notes = [note, place] + ["not smooth: its kinks count as flat"] * (op.type in _NOT_SMOOTH)
    if op.type in _SINGULAR:
        notes.append("singular at %s" % _SINGULAR[op.type])
    return OpReport(op.name, op.type, status, "; ".join(n for n in notes if n))


def _status(op, path, known):
    if control_flow.carries_functions(op) and not _compat.has_given_gradient(op):
        return "lifted", "made anew from its body"
    if _compat.is_overridden(op) and repairs.repair_of(op) is None:
        if _compat.is_without_its_gradient(op):
            return "refused", "its gradient is the user's, and Python gradients are not saved with a model"
        return "custom", "its gradient is the user's"
    if repairs.is_moment_mean(op):
        return "repaired", _first_line(repairs.is_moment_mean)
    if zeros.is_zero(op):
        return "zero", ""
    if region_of(op) is not None or control_flow.merged_conditional(op) is not None:
        return "lifted", "v1 control flow, made anew"
    if any(o.dtype == tf.resource for o in op.outputs) or not op.inputs:
        return "exact", ""
    signature = (op.type, str(sorted((k, v) for k, v in op.node_def.attr.items() if not k.startswith("_"))),
                 str([(t.shape, path.connects(t)) for t in op.inputs]))
    if signature not in known:
        known[signature] = _tried(op, path)
    refusal, repaired = known[signature]
    if refusal:
        return "refused", refusal
    return ("repaired", "; ".join(repaired)) if repaired else ("exact", "")


def _tried(op, path):
    """(why the op by itself can't be differentiated twice, or None; the repairs that it takes)."""
    try:
        control_flow.refuse_copy(op, path)
        inputs = [_input(t, path.connects(t)) for t in op.inputs]
        known = {key(t): i for t, i in zip(op.inputs, inputs)}
        outputs = Emission(known, lambda t: t.op is op).emit(list(op.outputs))
        xs = [i for t, i in zip(op.inputs, inputs) if path.connects(t)]
        ys = [y for y in outputs if carries_derivative(y.dtype)][:1]
        seeds = [tf.placeholder(y.dtype, y.shape) for y in ys]
        first = [g for g in backprop(ys, xs, seeds) if g is not None]
        backprop(first, xs + seeds, [tf.placeholder(g.dtype, g.shape) for g in first])
        met = [o for o in find_path(first, xs + seeds).ops if not zeros.is_zero(o)]
    except LookupError as error:
        return str(error).split(" It is on the path")[0], []
    used = [repairs.repair_of(o) for o in [op] + met]
    return None, sorted({_first_line(r) for r in used if r is not None})


def _first_line(repair):
    return repair.__doc__.strip().splitlines()[0].rstrip(".")


def _input(tensor, varies):
    """A stand-in for one input of an op that is tried by itself; `varies` for those that depend on a source."""
    value = _compat.static_value(tensor)
    if value is not None and not varies:
        return tf.constant(value, tensor.dtype.base_dtype)
    if tensor.dtype in (tf.resource, tf.variant):
        return _compat.captured(tensor)
    return tf.placeholder(tensor.dtype.base_dtype, tensor.shape)


def _upstream(losses):
    """Random, input and stateful ops above the losses."""
    found = []
    for op in ops_above(t.op for t in losses):
        if is_effect(op) and op.type not in VARIABLES:
            found.append((op.name, op.type, _fate(op)))
    return sorted(found)


def _fate(op):
    if op.type.startswith(_DRAWS):
        return "drawn once in a session call and shared by loss and derivatives"
    if op.type.startswith(_INPUTS):
        return "read once in a session call and shared by loss and derivatives"
    return "stateful: it runs once in a session call"


def _hints(ops):
    squares = [op for op in ops if op.type == "Pow" and _is_two(op.inputs[1])]
    if squares:
        yield ("x ** 2 builds Pow, about ten times slower than tf.square on element-wise problems: '%s'%s" % (
            squares[0].name, " and %d more" % (len(squares) - 1) if squares[1:] else ""))


def _is_two(tensor):
    value = _compat.static_value(tensor)
    return value is not None and np.all(np.asarray(value) == 2)
