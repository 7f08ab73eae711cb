"""Where a derivative of None is truly zero, and where TF's gradient function drops what comes in: facts by op type."""

from tf1_hessian import _compat

__all__ = ["is_zero", "is_zero_input", "outputs_ignored"]

# The derivative of these is zero almost everywhere, or zero by declaration.
_ZERO_TYPES = frozenset([
    "Ceil", "Floor", "FloorDiv", "OnesLike", "Rint", "Round", "Sign", "StopGradient", "TruncateDiv", "ZerosLike",
])

# Inputs that the forward op hands to its gradient op for reuse; their influence is counted through the others.
_ZERO_INPUTS = {
    "FusedBatchNormGrad": (3, 4),
    "FusedBatchNormGradV2": (3, 4),
    "FusedBatchNormGradV3": (3, 4, 5),
}

# TF's gradient of these reads the first incoming gradient alone.
_FIRST_OUTPUT_ONLY = frozenset(["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])


def is_zero(op):
    """Whether the derivative of every output with respect to every input is zero; not where a user overrides it."""
    return op.type in _ZERO_TYPES and _compat.string_attribute(op, "_gradient_op_type") is None


def is_zero_input(op, index):
    """Whether the derivative with respect to one input is zero although the op's others are not."""
    return index in _ZERO_INPUTS.get(op.type, ())


def outputs_ignored(op, incoming):
    """The outputs whose incoming gradients TF's gradient function would drop in silence."""
    if op.type not in _FIRST_OUTPUT_ONLY:
        return []
    return [i for i, g in enumerate(incoming) if i > 0 and g is not None]
