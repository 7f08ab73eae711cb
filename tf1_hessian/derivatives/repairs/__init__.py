"""Gradients that replace TensorFlow's where it has none, or one whose derivative is wrong without an error.

A private table that the audited reverse mode asks first; nothing is registered with TensorFlow. Two kinds of entries,
by op type, whose docstring says in its first line what is done:

GRADIENTS: `gradient(op, *arrived)` gives one tensor for each input from what arrived at each output (None: nothing).
It is made of ops that can be differentiated again. None for an input that depends on a source is an error.

FORWARDS: `forward(op, *inputs)` computes the op's outputs by ops that can be differentiated twice; None for outputs
that carry no derivative. The gradient is taken through those, the value stays the op's own.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.repairs import (
    activations,
    arrays,
    colors,
    complex_numbers,
    convolutions,
    ctc,
    fourier,
    images,
    linear_algebra,
    losses,
    normalization,
    pooling,
    products,
    quantization,
    recurrent,
    sampling,
    segments,
    sparse,
    special,
    warps,
)
from tf1_hessian.derivatives.repairs.moments import is_moment_mean

__all__ = ["is_moment_mean", "repair_of", "rule_for"]

_ROOMS = (
    activations, arrays, colors, complex_numbers, convolutions, ctc, fourier, images, linear_algebra, losses,
    normalization, pooling, products, quantization, recurrent, sampling, segments, sparse, special, warps,
)
_GRADIENTS = {kind: gradient for room in _ROOMS for kind, gradient in getattr(room, "GRADIENTS", {}).items()}
_FORWARDS = {kind: forward for room in _ROOMS for kind, forward in getattr(room, "FORWARDS", {}).items()}


def repair_of(op):
    """The function that repairs an op's derivative, or None; a gradient that the user chose for the op goes first."""
    kind = _kind_of(op)
    return _GRADIENTS.get(kind) or _FORWARDS.get(kind)


def _kind_of(op):
    """What the tables know an op by, or None where the user chose a gradient for it."""
    if not _compat.is_overridden(op):
        return op.type
    return ctc.DENSE if _compat.is_ctc_of_dense_labels(op) else None


def rule_for(op):
    """The rule of an op that is repaired, or None: `rule(op, arrived, wanted, backprop)`, a gradient for each input."""
    if repair_of(op) is None:
        return None
    return _through_forward if _kind_of(op) in _FORWARDS else _by_gradient


def _by_gradient(op, arrived, wanted, backprop):
    return _GRADIENTS[op.type](op, *arrived)


def _through_forward(op, arrived, wanted, backprop):
    inputs = [tf.identity(t) if want else t for t, want in zip(op.inputs, wanted)]
    outputs = _FORWARDS[_kind_of(op)](op, *inputs)
    kept = [(y, g) for y, g in zip(outputs, arrived) if g is not None]
    chosen = [x for x, want in zip(inputs, wanted) if want]
    found = iter(backprop([y for y, _ in kept], chosen, [g for _, g in kept]))
    results = [next(found) if want else None for want in wanted]
    if _compat.is_overridden(op):
        return results  # its inputs hold the op's own result, through which nothing flows
    return [tf.zeros_like(x) if want and g is None else g for x, g, want in zip(inputs, results, wanted)]
