"""The terms of a plan, laid into the scratch graph; what several of them need is laid once."""
import collections

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.columns import added_up, stacked, together
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.axes import point_at
from tf1_hessian.structure.entries import entry_of
from tf1_hessian.structure.rows import rows_of
from tf1_hessian.structure.squares import squared
from tf1_hessian.structure.terms import DIAGONAL, FULL, Direct, Ones, Push, Scaled, columns_of, curvature_of

__all__ = ["Columns", "Consumer", "Evaluation", "diagonal_of"]

Consumer = collections.namedtuple("Consumer", "point contract zeros")
Consumer.__doc__ = """Who reads the columns of a sweep: at which point, how a Columns becomes its sum over them, and a
function that makes zeros of that shape."""

Columns = collections.namedtuple("Columns", "left right curvature sweep counts")
Columns.__doc__ = """Seeds of a cut pulled back to a point: left [k, ...]. For a sweep of kind DIAGONAL curvature is
[k, rows], else [rows, k, k], or None where `right` has the columns that R was applied to at the cut."""


class Evaluation(object):
    """Lays terms. Adjoints are held constant by stop_gradients, never by an op: results may be differentiated again.

    chunk: a function of a term that says how many columns are laid at once. remarks: sentences for the plan.
    """

    def __init__(self, loss, chunk):
        self.loss, self._chunk, self.remarks = loss, chunk, []
        self._kept, self._consumers, self._whole = {}, collections.OrderedDict(), {}

    def _once(self, name, make):
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def adjoint(self, end):
        """dL/d end, or None for zero. That of the loss itself is ones; all others are made from it."""
        if key(end) == key(self.loss):
            return self._once("one", lambda: tf.ones_like(end))
        return self._once(("adjoint", key(end)), lambda: backprop(
            [self.loss], [end], [self.adjoint(self.loss)])[0])

    def slope(self, point, end):
        """The gradient of <g_end, end> at a point, g_end held; None for zero."""
        adjoint = self.adjoint(end)
        return self._once(("slope", key(point.tensor), key(end)), lambda: None if adjoint is None else backprop(
            [end], [point.tensor], [adjoint])[0])

    def product(self, point, end, seed):
        """The Hessian of <g_end, end> at a point times a seed; None for zero."""
        slope = self.slope(point, end)
        return None if slope is None else backprop([slope], [point.tensor], [seed], [self.adjoint(end)])[0]

    def counts(self, point):
        """The sizes of a point's axes: whole numbers, or scalars where they are known only when running."""
        if None not in point.sizes:
            return list(point.sizes)
        shape = self._once(("shape", key(point.tensor)), lambda: tf.shape(point.tensor))
        return [shape[i] if s is None else s for i, s in enumerate(point.sizes)]

    def zeros(self, point):
        """Zeros like the value of a point."""
        return tf.zeros(self.counts(point), point.dtype)

    def ones(self, point, end):
        """The diagonal where no two elements meet: one product with ones."""
        return self._once(("ones", key(point.tensor), key(end)), lambda: self.product(
            point, end, tf.ones(self.counts(point), point.dtype)))

    def expect(self, sweep, consumer_name, consumer):
        """Notes who will read the columns of a sweep, before any is laid: all are pulled back together."""
        group = self._consumers.setdefault(columns_of(sweep), (sweep, collections.OrderedDict()))
        group[1][consumer_name] = consumer
        if sweep.kind == FULL and self._chunk(sweep) >= sweep.rows.width:
            self._whole[curvature_of(sweep)] = sweep

    def swept(self, sweep, consumer_name):
        """What a consumer made of the columns of a sweep, or None for zero."""
        name = columns_of(sweep)
        group = self._consumers[name]
        found = self._once(("swept", name), lambda: self.one_by_one_at_need(
            lambda size: self._sweep(group[0], group[1], size), self._chunk(group[0]), group[0].cut))
        return found[consumer_name]

    def term(self, term):
        """The diagonal of one term at its point, or None for zero."""
        if isinstance(term, Ones):
            return self.ones(term.point, term.end)
        if isinstance(term, Direct):
            return self._direct(term)
        if isinstance(term, Push):
            return self._push(term)
        if isinstance(term, Scaled):
            found = [f for f in [self.term(t) for t in term.terms] if f is not None]
            return self._through_slopes(_compat.add_all(found), term.point.tensor, term.cut.tensor) if found else None
        return self.swept(term, key(term.point.tensor))

    def _direct(self, term):
        counts = self.counts(term.point)

        def column(i, ids):
            seed = self._seed(term.rows, counts, counts, term.point, tf.gather(ids, i))
            found = self.product(term.point, term.end, seed)
            return [None if found is None else found * seed]

        def contract(ids, kept):
            return [None if k is None else tf.reduce_sum(k, 0) for k in kept]

        def lay(size):
            if size > 1 and curvature_of(term) in self._whole:
                blocks = self._curvature(self._whole[curvature_of(term)], counts)
                return [None if blocks is None else term.rows.tensor(tf.matrix_diag_part(blocks), counts, counts)]
            return self.added_up(column, contract, [self.zeros(term.point)], term.rows.width, size)

        return self.one_by_one_at_need(lay, self._chunk(term), term.point)[0]

    def _seed(self, rows, counts, shape, cut, i):
        """The seed number i of a cut: one place of every row is 1."""
        unit = tf.one_hot(i, rows.width, dtype=cut.dtype)
        many = 1
        for axis in rows.axes:
            many = many * counts[axis]
        return rows.tensor(unit + tf.zeros([many, rows.width], cut.dtype), counts, shape)

    @staticmethod
    def added_up(column, contract, zeros, count, size):
        """The sums that `contract` makes of the columns; one at a time without pfor."""
        def contributions(ids):
            if size > 1:
                return contract(ids, stacked(lambda i: column(i, ids), int(ids.shape[0])))
            return contract(ids, [None if k is None else tf.expand_dims(k, 0) for k in column(0, ids)])

        return added_up(contributions, zeros, count, size)

    def one_by_one_at_need(self, lay, size, point):
        """`lay` with a chunk size; with one column at a time where pfor can't lay several."""
        if size > 1:
            try:
                return together(lambda: lay(size))
            except errors.NotVectorized as refusal:
                self.remarks.append("the columns at '%s' run one by one: %s" % (point.tensor.name, refusal))
        return lay(1)

    def _sweep(self, sweep, consumers, size):
        """The contracted columns of a sweep, by consumer."""
        points = [c.point for c in consumers.values()]
        counts, shape = self.counts(sweep.point), self.counts(sweep.cut)
        is_whole = size >= sweep.rows.width
        is_paired = sweep.kind != DIAGONAL and not is_whole
        curvature = None if is_paired else self._curvature(sweep, counts)

        start, unit_seed = self._unit_seeds(sweep, points, counts)

        def column(i, ids):
            number = tf.gather(ids, i)
            left = self._pulled_back(start, points, unit_seed(number))
            if not is_paired:
                return left
            seed = self._seed(sweep.rows, counts, shape, sweep.cut, number)
            return left + self._pulled_back(sweep.cut.tensor, points, self.product(sweep.cut, sweep.end, seed))

        def contract(ids, kept):
            here = curvature
            if curvature is not None and sweep.kind == DIAGONAL and not is_whole:
                here = tf.gather(curvature, tf.minimum(ids, sweep.rows.width - 1))
            rights = kept[len(points):] if is_paired else [None] * len(points)
            return [None if left is None else c.contract(Columns(left, right, _cast(here, left), sweep, counts))
                    for c, left, right in zip(consumers.values(), kept, rights)]

        if curvature is None and not is_paired:
            return dict.fromkeys(consumers)
        zeros = [c.zeros() for c in consumers.values()]
        return dict(zip(consumers, self.added_up(column, contract, zeros, sweep.rows.width, size)))

    def _unit_seeds(self, sweep, points, counts):
        """(a tensor, a function of a number that gives the seed there): unit seeds of the cut, pulled back."""
        entry = entry_of(sweep, points)
        if entry is None:
            shape = self.counts(sweep.cut)
            return sweep.cut.tensor, lambda i: self._seed(sweep.rows, counts, shape, sweep.cut, i)
        zeros = tf.zeros_like(entry.tensor)
        return entry.tensor, lambda i: zeros + tf.gather(entry.weights, tf.minimum(i, sweep.rows.width))

    @staticmethod
    def _pulled_back(tensor, points, seed):
        return backprop([tensor], [p.tensor for p in points], [seed], options=Options(columns=True))

    def _curvature(self, sweep, counts):
        """R at a cut: [columns, rows] for a diagonal one, else [rows, columns, columns]; None for zero."""
        if sweep.kind == DIAGONAL:
            found = self.ones(sweep.cut, sweep.end)
            return None if found is None else tf.transpose(sweep.rows.matrix(found, counts))
        return self._once(curvature_of(sweep), lambda: self._blocks(sweep, counts))

    def _blocks(self, sweep, counts):
        shape = self.counts(sweep.cut)

        def column(i, ids):
            seed = self._seed(sweep.rows, counts, shape, sweep.cut, tf.gather(ids, i))
            return [self.product(sweep.cut, sweep.end, seed)]

        width = sweep.rows.width
        found = stacked(lambda i: column(i, tf.range(width)), width)[0]
        return None if found is None else tf.transpose(sweep.rows.matrices(found, counts, width), [1, 0, 2])

    def _push(self, term):
        start, op, end = term.steps
        found = self.ones(term.cut, term.end)
        if found is None:
            return None
        found = self._through_slopes(found, end, term.cut.tensor)
        value = self.zeros(point_at(start))
        found = backprop([squared(op, 0, value)], [value], [found])[0]
        return self._through_slopes(found, term.point.tensor, start)

    @staticmethod
    def _through_slopes(diagonal, start, end):
        """A diagonal through the squared slopes of a function element by element."""
        if key(start) == key(end):
            return diagonal
        slope = backprop([end], [start], [tf.ones_like(end)])[0]
        return tf.cast(diagonal, slope.dtype) * tf.square(slope)


def _cast(tensor, like):
    return None if tensor is None else tf.cast(tensor, like.dtype)


def diagonal_of(evaluation, point, columns):
    """diag(J^T R J) at a point, from the columns of J: sum over k, l of left_k R_kl left_l."""
    left, sweep = columns.left, columns.sweep
    if columns.right is not None:
        return tf.reduce_sum(left * columns.right, 0)
    if sweep.kind == DIAGONAL:
        aligned = [columns.counts[axis] if axis in sweep.rows.axes else 1 for axis in range(len(point.sizes))]
        weights = tf.reshape(columns.curvature, [-1] + aligned)
        return tf.reduce_sum(tf.square(left) * weights, 0)
    rows, width = rows_of(point, sweep.rows.axes), sweep.rows.width
    rest = tf.transpose(rows.matrices(left, columns.counts, width), [1, 0, 2])
    found = tf.reduce_sum(rest * tf.matmul(columns.curvature, rest), 1)
    return rows.tensor(found, columns.counts, evaluation.counts(point))
