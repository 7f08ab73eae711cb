"""Leaves that a tensor depends on linearly, each element of it on one element of the leaf: scales and shifts."""
import collections

from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import Carried
from tf1_hessian.structure.axes import state_after
from tf1_hessian.structure.squares import emitted

__all__ = ["Reach", "coefficients", "reaches_of", "spreads"]

Reach = collections.namedtuple("Reach", "tensor carried is_plain needs")
Reach.__doc__ = """A tensor that a use spreads its leaf over. carried: {axis of the leaf: axis there}; is_plain:
whether all slopes are 1 or all are -1; needs: pairs of sizes that must be equal, as of a Trace."""

_SHIFTS = frozenset(["Add", "AddV2", "BiasAdd", "Identity", "Neg", "Sub"])
_NORMALIZATIONS = frozenset(["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
_SPREADING = _SHIFTS | {"Mul", "RealDiv"}


def spreads(use):
    """Whether `coefficients` knows the op of a use: the scale and the offset of a normalisation, not its images."""
    return use.op.type in _SPREADING or (use.op.type in _NORMALIZATIONS and use.position in (1, 2))


def reaches_of(search, leaf, use, loss):
    """The Reaches of a use, each at a tensor that every way from the use to the loss runs through: what the leaf passes
    by on two ways, as in x * inv - mean * inv, is added up there.
    """
    start, walk = use.op.outputs[0], _Walk(leaf, use)
    for tensor in [start] + search.flow.cuts(start, loss):
        if None in leaf.sizes or not search.axes.is_linear(start, tensor):
            return
        walk.take(search.flow.between(start, tensor))
        carried = walk.carried(tensor)
        if carried is not None and tensor.shape.ndims is not None and tensor.dtype.is_floating:
            yield Reach(tensor, carried, walk.is_plain, tuple(walk.needs))


class _Walk(object):
    """The states of all axes of a leaf behind one use alone."""

    def __init__(self, leaf, use):
        self._sizes = leaf.sizes
        self._states = {k: {key(use.op.inputs[use.position]): Carried(k)} for k, s in enumerate(leaf.sizes) if s != 1}
        self._taken, self.needs, self.is_plain = set(), [], True
        self._depends = {key(use.op.inputs[use.position])}
        self.take([use.op])
        for states in self._states.values():
            del states[key(use.op.inputs[use.position])]
        self._depends.discard(key(use.op.inputs[use.position]))

    def take(self, ops):
        """Goes on through ops, given in order."""
        for op in ops:
            if op not in self._taken:
                self._taken.add(op)
                self._take(op)

    def _take(self, op):
        many = sum(key(t) in self._depends for t in op.inputs)
        self.is_plain = self.is_plain and op.type in _SHIFTS and many == 1
        self._depends.update(key(o) for o in op.outputs)
        for axis, states in self._states.items():
            for i, output in enumerate(op.outputs):
                states[key(output)] = state_after(
                    op, i, states, self._sizes[axis], lambda *equal: self.needs.append(equal))

    def carried(self, tensor):
        """{axis of the leaf: axis of the tensor}, or None where one is not carried one to one."""
        found = {axis: states[key(tensor)] for axis, states in self._states.items()}
        if any(not isinstance(state, Carried) or state[1:] != (1, 1) for state in found.values()):
            return None
        return {axis: state.axis for axis, state in found.items()}


def coefficients(use, tensor):
    """The slope of each element of a tensor that a use spreads its leaf over: its derivative along ones."""
    op, position, result = use.op, use.position, use.op.outputs[0]
    others = {}
    if op.type not in ("Mul", "RealDiv"):
        terms = (1, 2) if op.type in _NORMALIZATIONS else range(len(op.inputs))
        others = {key(op.inputs[i]): tf.zeros_like(op.inputs[i]) for i in terms}
    slopes = emitted(op, position, tf.ones_like(op.inputs[position]), others)[0]
    if key(result) == key(tensor):
        return slopes
    seed = tf.ones_like(tensor)
    back = backprop([tensor], [result], [seed])[0]
    return backprop([back], [seed], [slopes])[0]
