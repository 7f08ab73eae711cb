"""Diagonals of each example apart: [N] and the leaf's shape, by the plans that serve the sum of all losses.

Where slice n of a lifted point reaches losses[n] alone, the diagonal at the point holds the curvature of all examples
side by side, and is pulled back without the sum over them. What does not depend on the examples (a weight decay) is
linear in the seed [N] that the losses are weighted with: it is laid for each unit seed.
"""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.columns import each, seeded
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.assembly import Assembly, shape_of, sum_of, zeros_at
from tf1_hessian.structure.axes import point_at
from tf1_hessian.structure.costs import ASSUMED_SIZE
from tf1_hessian.structure.diagonal import Structure
from tf1_hessian.structure.evaluation import Consumer
from tf1_hessian.structure.examples import Examples
from tf1_hessian.structure.grouped import grouped, pulled_back, summed_up
from tf1_hessian.structure.lifting import Selection, Spread, Uses
from tf1_hessian.structure.spreading import spreads
from tf1_hessian.structure.squares import squared
from tf1_hessian.structure.terms import Search

__all__ = ["ByExample"]

_RESHAPES = frozenset(["ExpandDims", "Identity", "Reshape", "Squeeze"])
_BROADCAST = frozenset(["Add", "AddV2", "Mul", "RealDiv", "Sub"])


class ByExample(Structure):
    """What the graph of losses [N] tells about the diagonal of each one's Hessian. Raises NotSeparableError."""

    def __init__(self, losses, sources, chunk):
        super(ByExample, self).__init__(losses, sources, chunk)
        for source in sources:
            for leaf in self._leaves_of(source):
                op = self._examples.mixing(leaf)
                if op is not None:
                    raise errors.not_separable(op, source.name)

    def _end(self, losses):
        return losses[0]

    def _or_tied(self, search, leaf, plan, refusal):
        return plan, refusal

    def _search(self):
        self._examples = Examples(self._axes, self._loss)
        return _Search(self._axes, self._costs, self._examples)

    def _leaves_of(self, source):
        return [self._leaves[key(a)] for a in source.anchors]

    def _laid(self, sources):
        """(the Point at which examples lie apart or None, part) for each part that is laid at once."""
        return [(self._examples.point_of(leaf, part), part) for s in sources for a in s.anchors
                for leaf, part in self._examples.laid(self._leaves[key(a)], self._plans[key(a)])]

    def _price(self, anchor):
        repeats = 1 if self._examples.is_single else self._examples.count or ASSUMED_SIZE
        laid = self._examples.laid(self._leaves[key(anchor)], self._plans[key(anchor)])
        return sum(part.price * (repeats if self._examples.point_of(leaf, part) is None else 1) for leaf, part in laid)

    def needs(self, sources):
        """As of the sum, and those for which examples stay apart."""
        found = super(ByExample, self).needs(sources)
        return found + [n for point, _ in self._laid(sources) if point is not None for n in self._examples.needs(point)]

    def lay(self, sources):
        """(the diagonals [N, ...] in the scratch graph, one for each source, None for zero; remarks for the plan)."""
        leaves = {key(a): (self._leaves[key(a)], self._plans[key(a)]) for s in sources for a in s.anchors}
        assembly = _Assembly(self._loss, self.columns_at_once, list(leaves.values()), self._examples)
        found = [s.join([assembly.rows(*leaves[key(a)]) for a in s.anchors], assembly.count) for s in sources]
        return found, assembly.remarks

    def explain(self, source):
        """What a source's diagonals are made of, and where examples are apart, in words."""
        told = super(ByExample, self).explain(source)
        if self._examples.is_single:
            return told
        for point, part in self._laid([source]):
            how = "; %s for each example" % _name(part) if point is None else (
                "; examples along axis %d of '%s'" % (self._examples.axis(point), point.tensor.name))
            told += how if how not in told else ""
        return told


def _name(part):
    return "'%s'" % part.use.op.name if hasattr(part, "use") else "all"


class _Search(Search):
    """Plans nothing at a leaf in which examples are not apart."""

    def __init__(self, axes, costs, examples):
        super(_Search, self).__init__(axes, costs)
        self._examples = examples

    def own(self, leaf, end):
        is_apart = self._examples.is_single or self._examples.axis(leaf) is not None
        return self.best(leaf, end) if is_apart else None


class _Assembly(Assembly):
    """Lays plans of leaves, each example apart."""

    def __init__(self, losses, chunk, leaves, examples):
        self._examples = examples
        self.count = tf.shape(losses)[0] if examples.count is None else examples.count
        laid = [found for leaf, plan in leaves for found in examples.laid(leaf, plan)]
        self._kept = {part.use for leaf, part in laid
                      if examples.axis(leaf) is None and examples.point_of(leaf, part) is not None}
        super(_Assembly, self).__init__(losses, chunk, [plan for _, plan in leaves])
        self._seed = self.evaluation.adjoint(losses)

    def _expect_group(self, part, sweep):
        use = part.use
        if use not in self._kept:
            super(_Assembly, self)._expect_group(part, sweep)
            return
        axis = self._examples.axis(part.point)
        self.evaluation.expect(sweep, (use, "grouped"), Consumer(
            sweep.point, lambda columns: grouped(use, part.grouping, zeros_at(use), columns, self._known(part), axis),
            lambda: tf.zeros(self._shape(use), sweep.point.dtype)))

    def _shape(self, use):
        """Of the diagonals at a use."""
        return tf.concat([[self.count], tf.shape(zeros_at(use))], 0)

    def rows(self, leaf, plan):
        """The diagonals of a leaf [N, ...], or None for zero."""
        axis = self._examples.axis(leaf)
        if self._examples.is_single or axis is not None:
            found = self.diagonal(plan)
            if found is None:
                return None
            return tf.expand_dims(found, 0) if axis is None else _spread(found, axis, len(leaf.sizes))
        if isinstance(plan, Uses):
            return sum_of([self.rows(leaf, part) for part in plan.parts])
        if isinstance(plan, Selection):
            return self._moved_back(plan)
        if getattr(plan, "use", None) in self._kept:
            return self._pulled_back(plan)
        return self._repeated(plan)

    def _moved_back(self, plan):
        found = self.rows(point_at(plan.output), plan.part)
        if found is None:
            return None
        if plan.use.op.type in _RESHAPES:
            return tf.reshape(found, self._shape(plan.use))
        value, result = self._moved(plan)
        if spreads(plan.use):  # element by element
            return found * tf.expand_dims(backprop([result], [value], [tf.ones_like(result)])[0], 0)
        return each(lambda n: backprop([result], [value], [tf.gather(found, n)])[0], self.count)

    def _repeated(self, plan):
        """The diagonal for each unit seed, since examples are not apart in it."""
        found = self.diagonal(plan)
        if found is None:
            return None
        return seeded(found, self._seed, self._unit, self.count)

    def _unit(self, n):
        """The seed of one example. TF 1.13's pfor knows no OneHot."""
        return tf.cast(tf.equal(tf.range(self.count), n), self._seed.dtype)

    def _pulled_back(self, plan):
        found = [self.evaluation.swept(s, (plan.use, "grouped")) for s in plan.groups]
        at_point = sum_of([self.evaluation.term(t) for t in plan.terms])
        if at_point is not None:
            found.append(self._through(plan, at_point, self._examples.axis(plan.point)))
        return sum_of(found)

    def _through(self, plan, at_point, axis):
        """A diagonal at a lifted point through the op with squared coefficients, each example apart."""
        use, value = plan.use, zeros_at(plan.use)
        found = pulled_back(use, plan.grouping, value, at_point, plan.point.sizes, axis, self._known(plan))
        if found is None and not isinstance(plan, Spread):
            found = self._through_broadcast(plan, at_point, axis, value)
        if found is not None:
            return found
        self.remarks.append("'%s' (%s) is gone back through once for each example" % (use.op.name, use.op.type))
        apart = _spread(at_point, axis, len(plan.point.sizes))
        if isinstance(plan, Spread):
            known = self._known(plan)
            return each(lambda n: summed_up(plan.grouping, known, tf.gather(apart, n), value), self.count)
        result, shape = squared(use.op, use.position, value), shape_of(use.op.outputs[0])
        return each(lambda n: backprop([result], [value], [tf.reshape(tf.gather(apart, n), shape)])[0], self.count)

    def _through_broadcast(self, plan, at_point, axis, value):
        """Element by element, the leaf repeated along the examples' axis: it gets that axis, and nothing is summed."""
        if plan.use.op.type not in _BROADCAST or any(
                step.type in _RESHAPES and step.type != "Identity" for step in plan.chain):
            return None
        use, sizes, rank = plan.use, dimensions_of(value), len(plan.point.sizes)
        aligned = [1] * (rank - len(sizes)) + sizes
        if None in aligned or aligned[axis] != 1:
            return None
        many = tf.zeros(aligned[:axis] + [self.count] + aligned[axis + 1:], value.dtype)
        found = backprop([squared(use.op, use.position, many)], [many], [at_point])[0]
        order = [axis] + [k for k in range(rank) if k != axis]
        return tf.reshape(tf.transpose(found, order), self._shape(use))


def _spread(diagonal, axis, rank):
    """[N, ...]: of each example its slice along an axis, and zeros."""
    others = [k for k in range(rank) if k != axis]
    found = tf.linalg.diag(tf.transpose(diagonal, others + [axis]))
    places = {k: i for i, k in enumerate(others)}
    return tf.transpose(found, [rank - 1] + [places.get(k, rank) for k in range(rank)])
