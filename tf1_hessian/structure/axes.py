"""Axis tracing: which slices of a tensor stay apart on the way to the loss, so that one column can read them all.

Soundness, by induction over the ops in order: a tensor whose state is not MIXED has no second derivative across two
slices. Mathematics, section 4.
"""
import collections

from tf1_hessian import _compat
from tf1_hessian.derivatives import zeros
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.scratch import inputs_of, key
from tf1_hessian.graph.traits import MIXED, Carried, Question, is_linear, trait_of, weakest
from tf1_hessian.graph.traits.states import elementary
from tf1_hessian.structure.adjoints import adjoint_of, is_pulled_back_linearly

__all__ = ["Axes", "Point", "Trace", "point_at", "state_after"]

# Finding inner cuts takes the square of the ops between.
_MOST_OPS_FOR_INNER_CUTS = 100

Point = collections.namedtuple("Point", "tensor sizes dtype")
Point.__doc__ = "A tensor of the path, or a variable's handle there, with the dimensions (None for unknown ones)."


def point_at(tensor):
    """The Point of a tensor."""
    return Point(tensor, tuple(dimensions_of(tensor)), tensor.dtype.base_dtype)


class Axes(object):
    """Traces through one Flow; each is made once."""

    def __init__(self, flow):
        self.flow = flow
        self._traces, self._curved, self._linear_back = {}, {}, {}

    def trace(self, point, axis):
        """The Trace of one axis of a Point."""
        name = key(point.tensor), axis
        if name not in self._traces:
            self._traces[name] = Trace(self.flow, point, axis)
        return self._traces[name]

    def separable(self, point, end):
        """The axes of a Point with more than one slice whose slices stay apart up to the tensor `end`."""
        return [a for a, size in enumerate(point.sizes)
                if size != 1 and self.trace(point, a).state(end) != MIXED]

    def bending(self, start, end):
        """An op between two tensors through which not every seed may be pulled back, or None."""
        for op in self.flow.between(start, end):
            if op not in self._linear_back:
                outputs = [i for i, o in enumerate(op.outputs) if self.flow.is_live(o)]
                self._linear_back[op] = is_pulled_back_linearly(op, outputs)
            if not self._linear_back[op]:
                return op
        return None

    def is_linear(self, tensor, end):
        """Whether `end` is a linear or piecewise linear function of a tensor."""
        start = key(tensor)
        if start not in self._curved:
            self._curved[start] = self._curved_from(tensor)
        return key(end) not in self._curved[start]

    def inner_cuts(self, start, end):
        """The tensors that take all curvature between two tensors, though ways pass by them, as those around a residual
        block do: what passes by is linear, and meets what comes through linearly. In order.
        """
        ops = self.flow.between(start, end)
        if len(ops) > _MOST_OPS_FOR_INNER_CUTS:
            return []
        made = [o for op in ops for o in op.outputs if self.flow.reaches(o, end)]
        return [o for o in made if self._takes_all(o, ops, start, end)]

    def _takes_all(self, cut, ops, start, end):
        """Whether each curved op depends on the start through a cut alone, or reaches the end through it alone."""
        inside, beyond, passing = {key(start)}, {key(cut)}, {key(end)}
        for op in reversed(ops):
            if any(key(o) in passing for o in op.outputs if key(o) != key(cut)):
                passing.update(key(t) for t in self.flow.reads(op))
        for op in ops:
            found = [key(t) for t in self.flow.reads(op) if key(t) in inside]
            positions = [i for i, t in enumerate(inputs_of(op)) if key(t) in inside]
            if all(t in beyond for t in found):
                beyond.update(key(o) for o in op.outputs)
            elif not _is_flat(op, positions) and any(key(o) in passing for o in op.outputs if key(o) != key(cut)):
                return False
            inside.update(key(o) for o in op.outputs)
        return True

    def _curved_from(self, tensor):
        reached, curved = {key(tensor)}, set()
        for op in self.flow.after(tensor):
            inputs = inputs_of(op)
            positions = [i for i, t in enumerate(inputs) if key(t) in reached]
            bent = any(key(inputs[p]) in curved for p in positions) or not _is_flat(op, positions)
            for output in op.outputs:
                reached.add(key(output))
                if bent:
                    curved.add(key(output))
        return curved


class Trace(object):
    """The states of all tensors that one axis of a Point reaches, and the sizes that must be equal for them to hold."""

    def __init__(self, flow, point, axis):
        self._flow, self.point, self.axis = flow, point, axis
        self._states = {key(point.tensor): Carried(axis)}
        self._needs = {}
        for op in flow.after(point.tensor):
            self._pass(op)

    def state(self, tensor):
        """None where a tensor does not depend on the Point; else Carried, SUMMED or MIXED."""
        return self._states.get(key(tensor))

    def needs(self, end):
        """The pairs (tensor, axis, tensor, axis) of unknown sizes that were taken for equal on the way to `end`."""
        return [n for op in self._flow.between(self.point.tensor, end) for n in self._needs.get(op, ())]

    def _pass(self, op):
        found = []

        def require(*equal):
            found.append(equal)

        for i, output in enumerate(op.outputs):
            if self._flow.is_live(output):
                self._states[key(output)] = state_after(op, i, self._states, self.point.sizes[self.axis], require)
        self._needs[op] = found


def state_after(op, output, states, size, require):
    """The state of one output of an op, from those of tensors by key."""
    inputs = inputs_of(op)
    known = [states.get(key(t)) for t in inputs]
    positions = [i for i, s in enumerate(known) if s is not None]
    if not op.inputs and positions:
        return known[0]  # a stand-in
    trait = trait_of(op)
    if not positions:
        return MIXED  # what is not among the inputs enters a loop or a conditional
    if trait is None:
        return through_gradient(op, output, states, size, require)
    present = [known[i] for i in positions]
    if all(isinstance(s, Carried) for s in present):
        noted = []
        found = trait.axes(Question(op, known, output, size, lambda *equal: noted.append(equal)))
        if found is not None:
            for equal in noted:
                require(*equal)
            return found
    return weakest(present, is_linear(op, positions))


def through_gradient(op, output, states, size, require):
    """The state of an op that is known by a gradient of the user's alone (tf.nn.swish, for one), element by element.

    It is what all inputs have in common, if the gradient is so too: with that state for what arrives at the output, the
    gradient for each input has the state of the input. Then no slice of it depends on another slice of anything.
    """
    known = [states.get(key(t)) for t in op.inputs]
    if not _compat.is_overridden(op) or not all(isinstance(s, Carried) for s in known if s is not None):
        return MIXED
    noted = []
    state = elementary(Question(op, known, output, size, lambda *equal: noted.append(equal)))
    if state is None:
        return MIXED
    adjoint, reached = adjoint_of(op, output), dict(states)
    reached[key(adjoint.arrived)] = state
    for given, grad in zip(adjoint.inputs, adjoint.gradients):
        if grad is not None and key(given) in states and _reached(grad, reached, size) != states[key(given)]:
            return MIXED
    for equal in noted:
        require(*equal)
    return state


def _reached(tensor, states, size):
    """The state of a gradient made from others; a closure may hold what no input of the op leads to.

    The sizes in it are those of the op, so that nothing is required of them.
    """
    starts = [op.outputs[i] for op, i in states]
    for op in find_path([tensor], starts).ops:
        if zeros.is_zero(op) or any(key(o) in states for o in op.outputs):
            continue
        for i, output in enumerate(op.outputs):
            states[key(output)] = state_after(op, i, states, size, lambda *equal: None)
    return states.get(key(tensor))


def _is_flat(op, positions):
    """Whether an op is linear in some inputs; a stand-in is, and what does not enter by the inputs is not."""
    return bool(positions) and (not op.inputs or is_linear(op, positions))
