"""The diagonals of all leaves of a plan, laid into the scratch graph."""
import functools

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.axes import point_at
from tf1_hessian.structure.evaluation import Consumer, Evaluation, diagonal_of
from tf1_hessian.structure.grouped import grouped, summed_up
from tf1_hessian.structure.lifting import Bent, Own, Selection, Spread, Uses, parts_of
from tf1_hessian.structure.pooled import choice_of, pool_behind, seen_through
from tf1_hessian.structure.spreading import coefficients, spreads
from tf1_hessian.structure.squares import emitted, squared
from tf1_hessian.structure.terms import Sweep, all_terms
from tf1_hessian.structure.tied import Tied, TiedColumns

__all__ = ["Assembly", "shape_of", "sum_of", "zeros_at"]


class Assembly(object):
    """Lays plans of leaves. All plans are made known first, so that what several of them need is laid once.

    chunk: how many columns of a term are laid at once, a function of it; chunk_of_bytes: of (bytes of one, columns).
    """

    def __init__(self, loss, chunk, plans, chunk_of_bytes=None):
        self.evaluation = Evaluation(loss, chunk)
        self.remarks, self._choices = self.evaluation.remarks, {}
        tied = [part for plan in plans for part in parts_of(plan) if isinstance(part, Tied)]
        self._tied = TiedColumns(self.evaluation, tied, chunk_of_bytes)
        for plan in plans:
            self._expect(plan)

    def _expect(self, plan):
        """Tells the evaluation who reads the columns of which sweep."""
        for part in parts_of(plan):
            for term in all_terms(getattr(part, "terms", ())):
                if isinstance(term, Sweep):
                    self._expect_diagonal(term)
            for sweep in getattr(part, "groups", ()):
                self._expect_group(part, sweep)

    def _expect_diagonal(self, sweep):
        evaluation, point = self.evaluation, sweep.point
        evaluation.expect(sweep, key(point.tensor), Consumer(
            point, lambda columns: diagonal_of(evaluation, point, columns), lambda: evaluation.zeros(point)))

    def _expect_group(self, part, sweep):
        use, point, way = part.use, sweep.point, lambda: (part.grouping, self._known(part))
        pool = None if isinstance(part, Spread) else pool_behind(use, part.grouping, sweep)
        if pool is not None:
            point, way = point_at(pool.outputs[0]), functools.partial(seen_through, use, self._choice(pool, point))

        def contract(columns):
            grouping, known = way()
            return grouped(use, grouping, zeros_at(use), columns, known)

        self.evaluation.expect(sweep, (use, "grouped"), Consumer(point, contract, lambda: zeros_at(use)))

    def _choice(self, pool, point):
        name = key(pool.outputs[0]), key(point.tensor)
        if name not in self._choices:
            self._choices[name] = choice_of(pool, point)
        return self._choices[name]

    @staticmethod
    def _known(part):
        """The slopes of a Spread, where they are not all alike."""
        if not isinstance(part, Spread) or part.grouping.known is None:
            return None
        return coefficients(part.use, part.point.tensor)

    def diagonal(self, plan):
        """The diagonal of a leaf, or None for zero."""
        if isinstance(plan, Own):
            return sum_of([self.evaluation.term(t) for t in plan.terms])
        if isinstance(plan, Uses):
            return sum_of([self.diagonal(part) for part in plan.parts])
        if isinstance(plan, Selection):
            return self._selected(plan)
        if isinstance(plan, Bent):
            return self._bent(plan)
        if isinstance(plan, Tied):
            return self._tied.diagonal(plan)
        return self._lifted(plan)

    def _lifted(self, plan):
        use = plan.use
        found = [self.evaluation.swept(s, (use, "grouped")) for s in plan.groups]
        at_point = sum_of([self.evaluation.term(t) for t in plan.terms])
        if at_point is not None and isinstance(plan, Spread):
            found.append(summed_up(plan.grouping, self._known(plan), at_point, zeros_at(use)))
        elif at_point is not None:
            value = zeros_at(use)
            at_result = tf.reshape(at_point, shape_of(use.op.outputs[0])) if plan.chain else at_point
            found += backprop([squared(use.op, use.position, value)], [value], [at_result])
        return sum_of(found)

    def _selected(self, plan):
        found = self.diagonal(plan.part)
        if found is None:
            return None
        value, result = self._moved(plan)
        return backprop([result], [value], [found])[0]

    @staticmethod
    def _moved(plan):
        """(zeros like the leaf of a Selection, the result as a function of them)."""
        use, value = plan.use, zeros_at(plan.use)
        if spreads(use):
            return value, squared(use.op, use.position, value)
        return value, emitted(use.op, use.position, value)[plan.output.value_index]

    def _bent(self, plan):
        """One op alone: the gradient of <g, f(x)>, g held, times ones."""
        adjoint = self.evaluation.adjoint(plan.output)
        if adjoint is None:
            return None
        value = tf.identity(plan.use.op.inputs[plan.use.position])
        result = emitted(plan.use.op, plan.use.position, value)[plan.output.value_index]
        slope = backprop([result], [value], [adjoint])[0]
        return backprop([slope], [value], [tf.ones_like(value)])[0]


def zeros_at(use):
    """Zeros like what an op reads: the value of a variable for a handle."""
    tensor = use.op.inputs[use.position]
    if tensor.dtype == tf.resource:
        return tf.zeros(*_compat.held_by(tensor))
    sizes = dimensions_of(tensor)
    dtype = tensor.dtype.base_dtype
    return tf.zeros(sizes, dtype) if None not in sizes else tf.zeros_like(tensor)


def shape_of(tensor):
    """The sizes of a tensor: whole numbers, or a tensor where they are known only when running."""
    sizes = dimensions_of(tensor)
    return tf.shape(tensor) if None in sizes else sizes


def sum_of(tensors):
    """The sum of those that are not None, or None."""
    present = [t for t in tensors if t is not None]
    return _compat.add_all(present) if present else None
