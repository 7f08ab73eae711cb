"""A weight that several layers read which meet: tied weights, unrolled cells. Its diagonal from columns of the layers.

With layers z_t = a_t W, D[i,j] = sum over t, s and rows n of a_t[n,i] a_s[n,i] d2L/dz_t[n,j] dz_s[n,j]
+ 2 sum over t after s of g_t[n,j] a_s[n,i] da_t[n,i]/dz_s[n,j], g = dL/dz. Where W is read transposed as well, the two
places (i, j) of a pair are exchanged. Mathematics, section 5.
"""
import collections

import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.costs import elements
from tf1_hessian.structure.layers import by_start, joined, points_of, reads_of, rows_apart
from tf1_hessian.structure.lifting import Uses
from tf1_hessian.structure.row_blocks import inputs_of_layers, points_and_widths, pulled_back

__all__ = ["Tied", "TiedColumns", "columns_of_tied", "tied_plan"]

Tied = collections.namedtuple("Tied", "layers inputs needs sizes bytes price")
Tied.__doc__ = """layers: all of one weight. inputs: [(tensor, width)] of those that follow a point of the layers.
sizes: of the weight. bytes: of the tensors of one column."""


def tied_plan(search, leaf, loss, bought):
    """Uses made of a Tied and what else reads a leaf, or None where that is not possible. bought: other Tied, whose
    columns cost nothing more.
    """
    reads = reads_of(search, leaf, loss)
    parts = {(layer.start, layer.sizes) for layer in reads.layers}
    if len(parts) == len(reads.layers) or len(parts) > len(by_start(reads.layers)):
        return None  # none is read twice, or one in two shapes
    needs = rows_apart(search.flow, reads.layers, loss)
    if needs is None:
        return None
    inputs, points = inputs_of_layers(search.flow, reads.layers), points_of(reads.layers)
    first_point = max((p.tensor for p in points), key=lambda t: len(search.flow.between(t, loss)))
    second, first = columns_of_tied([Tied(reads.layers, inputs, (), (), 0, 0)] + bought)
    paid = columns_of_tied(bought)
    price = search.costs.hvp(first_point, loss, second - paid[0]) + search.costs.vjp(first_point, loss, first - paid[1])
    taken = 2 * leaf.dtype.size * search.costs.elements(first_point, loss)
    tied = Tied(reads.layers, tuple(inputs), tuple(needs), leaf.sizes, taken, price)
    return Uses((tied,) + reads.bent, price + sum(b.price for b in reads.bent))


def columns_of_tied(tied):
    """The columns that some Tied share: seeds at points and seeds at inputs."""
    points, inputs = _shared(tied)
    return sum(width for _, width in points), sum(width for _, width in inputs)


def _shared(tied):
    """([(point, width)], [(inputs, width)]) of some Tied, each once."""
    inputs = collections.OrderedDict((key(tensor), (tensor, width)) for t in tied for tensor, width in t.inputs)
    return points_and_widths([layer for t in tied for layer in t.layers]), list(inputs.values())


class TiedColumns(object):
    """The diagonals of some Tied, from columns that are laid once for all. chunk: how many at once, a function of
    (bytes of one, columns).
    """

    def __init__(self, evaluation, tied, chunk):
        self._evaluation, self._chunk = evaluation, chunk
        self._points, self._inputs = _shared(tied)
        self._bytes = max([t.bytes for t in tied] or [0])
        self._tied, self._found = list(tied), None

    def diagonal(self, tied):
        """The diagonal of one of them."""
        if self._found is None:
            self._found = self._laid()
        return self._found[[t is tied for t in self._tied].index(True)]

    def _laid(self):
        points = [t for t, _ in self._points]
        slopes = backprop([self._evaluation.loss], points)
        groups = [_Group(layers, self._points, slopes) for tied in self._tied for layers in by_start(tied.layers)]
        found = self._swept(slopes, self._points, groups, _Group.from_points)
        if self._inputs:
            more = self._swept([t for t, _ in self._inputs], self._inputs, groups, _Group.from_inputs)
            found = [f + m for f, m in zip(found, more)]
        sums = iter(found)
        return [self._joined(tied, sums) for tied in self._tied]

    @staticmethod
    def _joined(tied, sums):
        """The diagonal of a weight, from the next of `sums` for each part of it."""
        parts = [(layers[0].start, layers[0].size, tf.reshape(next(sums), [-1])) for layers in by_start(tied.layers)]
        return tf.reshape(joined(parts, [elements(tied.sizes)], 0), tied.sizes)

    def _swept(self, targets, shaped, groups, contract):
        """For each group the sum of what it makes of seeds on all targets in turn, pulled back to the points."""
        places = _Places(shaped)
        points = [t for t, _ in self._points]

        def column(i, ids):
            unit = tf.one_hot(tf.gather(ids, i), places.count, dtype=shaped[0][0].dtype)
            return pulled_back(targets, shaped, points, unit)

        def sums(ids, columns):
            where = places.of(tf.minimum(ids, places.count - 1))
            return [contract(g, columns, where, shaped) for g in groups]

        zeros = [g.zeros() for g in groups]
        if all(t is None for t in targets):
            return zeros
        evaluation = self._evaluation
        found = evaluation.one_by_one_at_need(
            lambda size: evaluation.added_up(column, sums, zeros, places.count, size),
            self._chunk(self._bytes, places.count), self._tied[0].layers[0].point)
        return [z if f is None else f for z, f in zip(zeros, found)]


class _Places(object):
    """Which tensor, and which of its columns, a seed is for."""

    def __init__(self, shaped):
        widths = [width for _, width in shaped]
        self.count = sum(widths)
        self._tensor = np.repeat(np.arange(len(widths)), widths).astype(np.int32)
        self._unit = np.concatenate([np.arange(w) for w in widths]).astype(np.int32)

    def of(self, ids):
        """(number of the tensor, its column) for each id."""
        return tf.gather(tf.constant(self._tensor), ids), tf.gather(tf.constant(self._unit), ids)


class _Group(object):
    """Layers that read the same elements of a weight, as it is or transposed. What they add is [p, m], p and m those of
    the layers that do not turn it; it is stored so, or transposed where none does.
    """

    def __init__(self, layers, points, slopes):
        self._is_turned = sorted({la.is_turned for la in layers})
        self._sides = [_Side([la for la in layers if la.is_turned == turned], points, slopes)
                       for turned in self._is_turned]
        self._sizes = layers[0].sizes

    def zeros(self):
        """Zeros like the weight as it is stored."""
        return tf.zeros(self._sizes, self._sides[0].dtype)

    def from_points(self, columns, where, shaped):
        """What second derivatives between points add."""
        return self._over_pairs(columns, lambda side, other, found: side.through_points(other, found, where))

    def from_inputs(self, columns, where, shaped):
        """What inputs that follow earlier points add."""
        names = [key(t) for t, _ in shaped]
        return self._over_pairs(columns, lambda side, other, found: side.through_inputs(other, found, where, names))

    def _over_pairs(self, columns, through):
        sums = []
        for side, turned in zip(self._sides, self._is_turned):
            for other in self._sides:
                found = other.picked(columns)
                part = None if found is None else through(side, other, found)
                if part is not None:
                    sums.append(tf.transpose(part) if turned else part)
        return _compat.add_all(sums) if sums else None


class _Side(object):
    """The layers of a group that read the weight one way: inputs [layers, rows, p], points [layers, rows, m]."""

    def __init__(self, layers, points, slopes):
        names = [key(t) for t, _ in points]
        self._layers, self._numbers = layers, [names.index(key(la.point.tensor)) for la in layers]
        self.dtype = layers[0].point.dtype
        self._inputs = tf.stack([la.factor for la in layers])
        self._slopes = [slopes[k] for k in self._numbers]
        self._count = len(points)

    def picked(self, columns):
        """Of columns at all points, those at the points of the layers: [columns, layers, rows, m], or None."""
        if all(columns[k] is None for k in self._numbers):
            return None
        like = next(columns[k] for k in self._numbers if columns[k] is not None)
        return tf.stack([tf.zeros_like(like) if columns[k] is None else columns[k] for k in self._numbers], 1)

    def through_points(self, other, found, where):
        """[p, m]: for seeds at unit j of a point of this side, the parts of D[:, j]."""
        number, unit = where
        own = self._sum_of_layers(number)
        if other is self:
            at_unit = tf.reduce_sum(found * _unit_last(unit, self._width, self.dtype), 3)
            weighted = tf.einsum("cln,lnp->cnp", at_unit, other._inputs)
        else:
            at_unit = tf.einsum("lnp,cp->cln", other._inputs, tf.one_hot(unit, self._width, dtype=self.dtype))
            weighted = tf.reduce_sum(tf.expand_dims(at_unit, 3) * found, 1)
        parts = tf.reduce_sum(own * weighted, 1)
        return tf.matmul(parts, tf.one_hot(unit, self._width, dtype=self.dtype), transpose_a=True)

    def through_inputs(self, other, found, where, names):
        """[p, m]: for seeds at unit i of the inputs of this side's layers, the parts of D[i, :]."""
        number, unit = where
        followed = [(names.index(key(la.inputs)), s) for la, s in zip(self._layers, self._slopes)
                    if la.inputs is not None and key(la.inputs) in names and s is not None]
        if not followed:
            return None
        chosen = tf.stack([tf.one_hot(k, len(names), dtype=self.dtype) for k, _ in followed], 1)
        slope = tf.einsum("cl,lnm->cnm", tf.gather(chosen, number), tf.stack([s for _, s in followed]))
        one_hot = tf.one_hot(unit, self._depth, dtype=self.dtype)
        if other is self:
            at_unit = tf.einsum("lnp,cp->cln", other._inputs, one_hot)
            weighted = tf.reduce_sum(found * tf.expand_dims(at_unit, 3), 1)
        else:
            at_unit = tf.reduce_sum(found * _unit_last(unit, self._depth, self.dtype), 3)
            weighted = tf.einsum("cln,lnp->cnp", at_unit, other._inputs)
        return tf.matmul(one_hot, 2 * tf.reduce_sum(slope * weighted, 1), transpose_a=True)

    @property
    def _width(self):
        return self._layers[0].point.sizes[1]

    @property
    def _depth(self):
        return self._layers[0].width

    def _sum_of_layers(self, number):
        """The inputs of the layers whose point has a number, for each column: [columns, rows, p]."""
        at = tf.constant([[float(n == k) for n in self._numbers] for k in range(self._count)], self.dtype)
        return tf.einsum("cl,lnp->cnp", tf.gather(at, number), self._inputs)


def _unit_last(unit, size, dtype):
    """[columns, 1, 1, size]"""
    return tf.reshape(tf.one_hot(unit, size, dtype=dtype), [-1, 1, 1, size])
