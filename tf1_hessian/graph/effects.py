"""What a stateful op does: reads, which may be done again, or something that would mean another thing a second time."""
from tf1_hessian import _compat

__all__ = ["is_call", "is_effect", "is_reading", "is_repeatable"]

_READING = frozenset(["ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape"])
_CALL_TYPES = frozenset(["PartitionedCall", "StatefulPartitionedCall"])
# Stateful ops that may be made anew and differentiated: reading again gives the same, and TF defines a gradient.
_REPEATABLE = frozenset([
    "Case", "CheckNumerics", "CheckNumericsV2", "DebugIdentity", "DebugIdentityV2", "If", "Print", "ReadVariableOp",
    "ResourceGather", "ResourceGatherNd", "TensorListResize", "While",
]) | frozenset(
    "TensorArray%sV3" % name for name in ("", "Concat", "Gather", "Read", "Scatter", "Size", "Split", "Write"))
# Stateful ops that a second copy of a function's body may lack or have: they change nothing and give nothing new.
_HARMLESS = _REPEATABLE | {
    "Assert", "NoOp", "PrintV2", "TensorArrayCloseV3", "VariableShape", "VarIsInitializedOp"}


def is_repeatable(op):
    """Whether an op may be made anew and differentiated."""
    stateful, refs = _compat.op_facts(op)
    return not refs and (not stateful or op.type in _REPEATABLE)


def is_call(op):
    """Whether an op only calls a function: one of tf.function, or a Defun, by its name."""
    return op.type in _CALL_TYPES or _compat.is_call_by_name(op)


def is_reading(op):
    """Whether a stateful op only reads a variable, so that it may be made anew."""
    return op.type in _READING


def is_effect(op):
    """Whether an op draws, reads input or assigns, so that running it again would mean something else."""
    if is_call(op):
        return False
    stateful, refs = _compat.op_facts(op)
    return refs or (stateful and op.type not in _HARMLESS)
