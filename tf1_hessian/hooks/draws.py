"""What a session call draws or reads once, and how a second call gets the same without drawing or reading again."""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.effects import is_effect
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.upstream import VARIABLES, ops_inside

__all__ = ["Draws", "draws_of", "runs", "tensors_fed"]

Draws = collections.namedtuple("Draws", "tensors unfed")
Draws.__doc__ = """tensors: what is drawn or read, outputs of random ops and of inputs; unfed: placeholders without a
value."""

_RANDOM = ("Random", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal")
_INPUTS = ("Iterator", "Queue", "Reader", "Dequeue", "Barrier", "Stage", "Unstage")
# Their results do not depend on the values of what they read.
_SHAPES = frozenset(["Rank", "Shape", "ShapeN", "Size", "VariableShape"])
# Where v1 control flow begins, and what stands behind its end.
_BRANCHES = frozenset(["Switch", "RefSwitch", "Enter", "RefEnter"])
_RESULTS = frozenset(["Merge", "RefMerge", "Exit", "RefExit"])


def tensors_fed(graph, feed_dict):
    """The keys of the tensors that a feed_dict gives values."""
    found = set()
    for fed in feed_dict or ():
        parts = [fed.indices, fed.values, fed.dense_shape] if isinstance(fed, tf.SparseTensor) else _compat.flatten(fed)
        found.update(key(graph.as_graph_element(part, allow_operation=False)) for part in parts)
    return found


def draws_of(ops, fed):
    """The Draws above some ops where some tensors are fed.

    Raises ValueError for an effect whose result can't be taken from one call to another: an assignment, a draw inside
    control flow or from a distribution whose parameters are trained.
    """
    effects = [op for op in _reached(ops, fed, _is_draw) if _has_effect(op)]
    for op in effects:
        _check(op, fed)
    tensors = [t for op in effects for t in op.outputs]
    reached = _reached(ops, fed | {key(t) for t in tensors})
    again = [op for op in reached if _has_effect(op)]
    if again:
        raise _refusal(again[0], "a control dependency runs it whether or not its result is given")
    unfed = [op.name for op in reached if op.type in ("Placeholder", "PlaceholderV2")]
    return Draws(tensors, sorted(unfed))


def runs(graph, fetches, fed, tensors):
    """Whether a session call with some fetches evaluates the ops of all tensors."""
    if not tensors:
        return True
    asked = [_op(graph, fetch) for fetch in _compat.flatten(fetches)]
    return {t.op for t in tensors} <= _reached([op for op in asked if op is not None], fed)


def _op(graph, fetch):
    if isinstance(fetch, tf.SparseTensor):
        fetch = fetch.values
    try:
        found = graph.as_graph_element(fetch)
    except (TypeError, ValueError, KeyError):
        return None
    return found if isinstance(found, tf.Operation) else found.op


def _reached(ops, fed, is_end=lambda op: False):
    """The ops that run for some ops; nothing above those that are an end."""
    seen, stack = set(), list(ops)
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            if not is_end(op):
                stack.extend([t.op for t in op.inputs if key(t) not in fed] + list(op.control_inputs))
    return seen


def _has_effect(op):
    return op.type not in VARIABLES and (is_effect(op) or any(is_effect(inner) for inner in ops_inside(op)))


def _is_draw(op):
    return op.type.startswith(_RANDOM + _INPUTS) and _has_effect(op)


def _check(op, fed):
    if ops_inside(op) or any(above.type in _BRANCHES for above in _reached([op], fed, lambda op: op.type in _RESULTS)):
        raise _refusal(op, "what is drawn inside a function, a conditional or a loop can't be taken from there")
    if not _is_draw(op):
        raise _refusal(op, "running it again may change what is trained, or give another value")
    if any(t.dtype in (tf.resource, tf.variant) for t in op.outputs):
        raise _refusal(op, "its result can't be fetched")
    above = [t.op for t in op.inputs if op.type.startswith(_RANDOM)]
    if any(inner.type in VARIABLES for inner in _reached(above, fed, lambda op: op.type in _SHAPES)):
        raise _refusal(op, "it draws from what variables say, which have other values after the step")


def _refusal(op, reason):
    return ValueError(
        "HessianHook can't evaluate beside training: operation '%s' (op type: %s) is above the loss, and %s. Pass a "
        "loss without it, or feed_dict= with a value for what it gives, such as {'%s': array}." % (
            op.name, op.type, reason, op.outputs[0].name if op.outputs else op.name))
