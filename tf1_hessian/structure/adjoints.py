"""Gradients that users gave to ops: whether they may be pulled back through like those of TensorFlow.

Structured columns pull back seeds of their own, so what an op hands back must be linear in what arrives. A gradient
that is clipped (tf.clip_by_value inside tf.custom_gradient) hands back a seed of 1 in another way than one of 0.001.
"""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.regions import may_be_unsymmetric
from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS

__all__ = ["Adjoint", "adjoint_of", "is_pulled_back_linearly"]

Adjoint = collections.namedtuple("Adjoint", "inputs arrived gradients")
Adjoint.__doc__ = "What an op hands back to its `inputs` for what `arrived` at one output: a gradient or None for each."

_ONE = frozenset([
    "BroadcastTo", "ExpandDims", "Identity", "Mean", "Neg", "Reshape", "Squeeze", "Sum", "Tile", "Transpose"])
_ALL = frozenset(["Add", "AddN", "AddV2", "Sub"])
_PRODUCTS = MATRIX_PRODUCTS | {"Mul"}


def adjoint_of(op, output):
    """The Adjoint of one output, laid in the default scratch graph."""
    inputs = [t for t in op.inputs if t.dtype.is_floating]
    arrived = tf.placeholder(op.outputs[output].dtype.base_dtype, op.outputs[output].shape)
    return Adjoint(inputs, arrived, backprop([op.outputs[output]], inputs, [arrived]))


def is_pulled_back_linearly(op, outputs):
    """Whether any seed may be pulled back through an op from these outputs."""
    if not may_be_unsymmetric([op]):
        return True
    if not _compat.is_overridden(op):
        return False
    found = [adjoint_of(op, i) for i in outputs]
    return all(_is_linear(g, adjoint.arrived) for adjoint in found for g in adjoint.gradients if g is not None)


def _is_linear(gradient, arrived):
    """Whether a gradient is linear in what arrived, at all scales: without kinks and additive constants."""
    path = find_path([gradient], [arrived])
    return path.reached(arrived) and all(
        _hands_on(op, [i for i, t in enumerate(op.inputs) if path.connects(t)]) for op in path.ops)


def _hands_on(op, positions):
    if op.type in _ONE:
        return positions == [0]
    if op.type in _ALL:
        return len(positions) == len(op.inputs)
    if op.type == "Cast":
        return op.outputs[0].dtype.is_floating
    return len(positions) == 1 and (op.type in _PRODUCTS or (op.type == "RealDiv" and positions == [0]))
