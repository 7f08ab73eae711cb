"""Examples of a batch: whether losses [N] keep them apart, and along which axis of a tensor they lie."""
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import MIXED, Carried
from tf1_hessian.structure.axes import Point, point_at, state_after
from tf1_hessian.structure.grouped import tells_apart
from tf1_hessian.structure.lifting import Lift, Selection, Spread, Uses

__all__ = ["Examples"]


class Examples(object):
    """The examples that `losses` [N] are of. count: their number, or None."""

    def __init__(self, axes, losses):
        self._axes, self._losses = axes, losses
        self.count, = dimensions_of(losses)

    @property
    def is_single(self):
        """Whether there is one example alone: any diagonal is its own."""
        return self.count == 1

    def axis(self, point):
        """The axis of a Point whose slice n reaches losses[n] alone, or None; None as well for a single example."""
        if self.is_single:
            return None
        for axis, size in enumerate(point.sizes):
            if self._may_count(size) and self._axes.trace(point, axis).state(self._losses) == Carried(0):
                return axis
        return None

    def needs(self, point):
        """The pairs (tensor, axis, tensor, axis) of sizes that were taken for equal to find that axis."""
        axis = self.axis(point)
        found = list(self._axes.trace(point, axis).needs(self._losses))
        if point.sizes[axis] is None:
            found.append((point.tensor, axis, self._losses, 0))
        return found

    def keeps(self, lift):
        """Whether what is known at a lifted point can be pulled back example by example."""
        axis = self.axis(lift.point)
        return axis is not None and (not lift.groups or tells_apart(lift.use, lift.grouping, axis) and all(
            axis in sweep.rows.axes for sweep in lift.groups))

    def laid(self, leaf, plan):
        """(leaf, part) for each part of a leaf's plan, down to those whose diagonal is laid at once."""
        if self.is_single or self.axis(leaf) is not None or not isinstance(plan, (Selection, Uses)):
            yield leaf, plan
            return
        inner = [(leaf, p) for p in plan.parts] if isinstance(plan, Uses) else [(point_at(plan.output), plan.part)]
        for where, part in inner:
            for found in self.laid(where, part):
                yield found

    def point_of(self, leaf, part):
        """The Point at which the examples of a part lie apart, or None."""
        if self.axis(leaf) is not None:
            return leaf
        return part.point if isinstance(part, (Lift, Spread)) and self.keeps(part) else None

    def mixing(self, leaf):
        """An op that mixes examples behind a leaf, or None where none is found.

        Where examples are apart for the first time, at the result of an op, the op would keep apart those of what
        enters it; if these do not reach losses[n] alone, they meet on another way.
        """
        if self.is_single or self.axis(leaf) is not None:
            return None
        flow, before = self._axes.flow, {key(leaf.tensor): leaf}
        for op in flow.after(leaf.tensor):
            entering = [before[key(t)] for t in flow.reads(op) if key(t) in before]
            for i, output in enumerate(op.outputs):
                if not entering or not flow.is_live(output):
                    continue
                point = Point(output, tuple(dimensions_of(output) or ()), output.dtype.base_dtype)
                axis = self.axis(point)
                if axis is None:
                    before[key(output)] = point
                    continue
                found = [self._met(op, i, axis, p) for p in entering]
                if any(found):
                    return next(f for f in found if f)
        return None

    def _may_count(self, size):
        """Whether an axis of this size may be that of the examples."""
        return size != 1 and (None in (size, self.count) or size == self.count)

    def _met(self, op, output, axis, point):
        """Where slices of a point meet that an op alone would carry to the examples' axis of its result, or None."""
        for own, size in enumerate(point.sizes):
            if not self._may_count(size):
                continue
            state = state_after(op, output, {key(point.tensor): Carried(own)}, size, lambda *equal: None)
            if state == Carried(axis):
                return self._stop(point, own) or op
            if state == MIXED:
                return op
        return None

    def _stop(self, point, axis):
        """The first op that an axis enters, but is not carried to the result of."""
        trace, flow = self._axes.trace(point, axis), self._axes.flow
        for op in flow.after(point.tensor):
            arrives = any(isinstance(trace.state(t), Carried) for t in flow.reads(op))
            if arrives and not all(isinstance(trace.state(o), Carried) for o in op.outputs if flow.is_live(o)):
                return op
        return None
