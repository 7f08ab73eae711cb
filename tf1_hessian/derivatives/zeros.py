"""Where a derivative of None is truly zero, and which outputs have no derivative: facts by op type."""

from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["is_handed_on", "is_zero", "is_zero_input", "outputs_ignored", "zeros_for"]

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

# The outputs from here on are handed to the gradient op, and have no derivative of their own.
_FIRST_RESERVED = {"FusedBatchNorm": 3, "FusedBatchNormV2": 3, "FusedBatchNormV3": 3}


def is_zero(op):
    """Whether the derivative of every output with respect to every input is zero; not where a user overrides it."""
    if op.type == "Sign" and op.inputs[0].dtype.is_complex:
        return False
    return op.type in _ZERO_TYPES and not _compat.is_overridden(op)


def is_handed_on(op):
    """Whether an op hands on its first input: the sum of one number, whose shape TF 1.x takes for [1] at times."""
    return op.type == "Sum" and op.inputs[0].shape.ndims == 0 and not _compat.is_overridden(op)


def is_zero_input(op, index):
    """Whether the derivative with respect to one input is zero although the op's others are not."""
    return index in _ZERO_INPUTS.get(op.type, ())


def outputs_ignored(op, incoming):
    """The outputs whose incoming gradients would be dropped in silence."""
    first = _FIRST_RESERVED.get(op.type)
    return [] if first is None else [i for i, g in enumerate(incoming) if i >= first and g is not None]


def zeros_for(tensor, dtype):
    """A gradient of zero for a tensor; for a variable's handle, of the shape of its value."""
    if tensor.dtype == tf.resource:
        return tf.zeros(_compat.variable_shape(tensor), dtype)
    return tf.zeros_like(tensor)
