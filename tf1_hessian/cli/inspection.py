"""What is in a model, for someone who did not build it."""
import re

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.marks import column_loop
from tf1_hessian.graph.paths import carries_derivative
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.sources import anchors_of, resolve_sources
from tf1_hessian.graph.upstream import VARIABLES
from tf1_hessian.models.names import placeholders_above, told_shape

__all__ = ["losses_in", "report"]

# Who may read a loss without making something of it.
_WATCHERS = ("Assert", "HistogramSummary", "Print", "PrintV2", "ScalarSummary", "StringFormat", "WriteScalarSummary")
_NO_LOSS = ("Assign", "Enter", "Exit", "IsVariableInitialized", "LoopCond", "Merge", "NextIteration", "ReadVariableOp",
            "Switch", "VarHandleOp", "Variable", "VariableV2")
# The scope of tf.gradients.
_OF_GRADIENTS = re.compile(r"(^|/)gradients(_\d+)?/")
_OPTIONAL = "PlaceholderWithDefault"
_FIXED = ("Const", "Placeholder", _OPTIONAL)


def report(model):
    """Lines about a model."""
    written = ", written by TensorFlow %s" % model.written_by if model.written_by else ""
    restored = ", checkpoint '%s'" % model.checkpoint if model.checkpoint else ""
    yield "%s '%s'%s%s" % (model.kind, model.path, written, restored)
    with model.graph.as_default():
        found = losses_in(model.graph)
        variables = tf.trainable_variables() or tf.global_variables()
    yield "losses, as far as can be told: scalars that depend on variables and that no op reads"
    for line in [_about_loss(t, model.graph) for t in found] or ["  none: name a tensor with --loss"]:
        yield line
    yield "trainable variables: %d, %s elements" % (len(variables), "{:,}".format(
        sum(_compat.count_elements(v.shape, 0) for v in variables)))
    for line in _table([(v.op.name, v.dtype.base_dtype.name, told_shape(v.shape)) for v in variables]):
        yield line
    yield "placeholders"
    needed = {p.op.name for loss in found for p in placeholders_above(loss, model.graph)}
    rows = [(n, t.dtype.base_dtype.name, told_shape(t.shape) + ", has a default" * (t.op.type == _OPTIONAL))
            for n, t in model.placeholders.items() if n in needed or not found]
    for line in _table(rows) or ["  none"]:
        yield line
    for name, (inputs, outputs) in sorted(model.signatures.items()):
        yield "signature '%s': %s -> %s" % (name, _named(inputs), _named(outputs))


def _about_loss(tensor, graph):
    needed = [p.op.name for p in placeholders_above(tensor, graph)]
    return "  %s  %s, needs %s" % (tensor.name, tensor.dtype.base_dtype.name, ", ".join(needed) or "nothing to be fed")


def _table(rows):
    width = max([len(row[0]) for row in rows] or [0])
    return ["  %s  %s %s" % (name.ljust(width), dtype, shape) for name, dtype, shape in rows]


def _named(tensors):
    return ", ".join("%s = %s" % pair for pair in sorted(tensors.items())) or "nothing"


def losses_in(graph):
    """The tensors that may be losses: in the collection "losses", or scalar, computed from trainable variables (of a
    frozen graph: from constants and placeholders), and read by no op that computes.
    """
    variables = tf.trainable_variables() or tf.global_variables()
    starts = anchors_of(resolve_sources(variables, graph)) if variables else [
        op.outputs[0] for op in graph.get_operations() if op.type in VARIABLES] or [
        op.outputs[0] for op in graph.get_operations() if op.type in _FIXED and op.outputs[0].shape.ndims != 0]
    dependent = _dependent(starts)
    told = {key(t) for t in graph.get_collection(tf.GraphKeys.LOSSES) if isinstance(t, tf.Tensor)}
    return [t for op in graph.get_operations() for t in op.outputs if key(t) in dependent and _is_loss(t, told)]


def _is_loss(tensor, told):
    if key(tensor) in told:
        return True
    return (tensor.shape.ndims == 0 and tensor.dtype.is_floating and tensor.dtype == tensor.dtype.base_dtype
            and not tensor.op.type.startswith(_NO_LOSS) and not _OF_GRADIENTS.search(tensor.op.name)
            and not _is_read_of_variable(tensor.op) and not _is_of_our_loop(tensor.op)
            and all(op.type in _WATCHERS for op in tensor.consumers()))


def _is_read_of_variable(op):
    return op.type == "Identity" and op.inputs[0].op.type in VARIABLES | {"ReadVariableOp"}


def _is_of_our_loop(op):
    """Whether an op gives what goes round in a loop over columns, of a graph that was saved with Hessians in it."""
    while op.type == "Identity":
        op = op.inputs[0].op
    return column_loop(op) is not None


def _dependent(starts):
    """The keys of all tensors that depend on some tensors by real numbers."""
    seen, stack = {key(t) for t in starts}, list(starts)
    while stack:
        for op in stack.pop().consumers():
            for tensor in op.outputs:
                if carries_derivative(tensor.dtype) and key(tensor) not in seen:
                    seen.add(key(tensor))
                    stack.append(tensor)
    return seen
