"""The rows of a cut: the slices of a point's separable axes, found again on the axes of a tensor behind it."""
import numpy as np

from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import quotient
from tf1_hessian.graph.traits import Carried

__all__ = ["Rows", "rows_between", "rows_of"]


class Rows(object):
    """A tensor seen as a matrix [rows, width]: rows are the slices that the axes of a point carry to it.

    axes: those of the point, in order. width: elements of the tensor in one row, a whole number. signature: equal for
    equal ways to see the same tensor.
    """

    def __init__(self, sizes, carried, counts):
        self.axes = tuple(axis for axis, _ in carried)
        self._sizes, self._carried, self._counts = sizes, carried, counts
        self._factors = [f for k in range(len(sizes)) for f in self._factors_of(k)]
        widths = [f for f, axis in self._factors if axis is None]
        self.width = None if None in widths else int(np.prod(widths, dtype=np.int64))
        self.signature = tuple(carried)

    def _factors_of(self, k):
        """[(factor, axis of the point that it counts, or None)] of one axis of the tensor; factor None: not known."""
        here = sorted([(s, a) for a, s in self._carried if s.axis == k], key=lambda found: -found[0].inner)
        if not here:
            return [(self._sizes[k], None)]
        outer = here[0][0].outer
        if outer is None and None not in (self._sizes[k], self._counts[here[0][1]]):
            outer = quotient([self._sizes[k]], [self._counts[here[0][1]], here[0][0].inner])
        factors = [(outer, None)]
        for (state, axis), later in zip(here, here[1:] + [None]):
            inner = state.inner
            if later is not None:
                inner = quotient([inner], [self._counts[later[1]], later[0].inner])
            factors += [(self._counts[axis], axis), (inner, None)]
        return factors

    def matrix(self, tensor, counts):
        """The tensor as [rows, width]; counts: the number of slices of each axis of the point."""
        return tensor if self.is_plain else tf.reshape(self._moved(tensor, counts, []), [-1, self.width])

    def matrices(self, stacked, counts, count):
        """`count` tensors, stacked, as [count, rows, width]."""
        if self.is_plain:
            return stacked
        return tf.reshape(self._moved(stacked, counts, [count]), [count, -1, self.width])

    def _moved(self, tensor, counts, stack):
        order, first = self._order(), len(stack)
        split = tf.reshape(tensor, stack + self._lengths(counts))
        if order == sorted(order):
            return split
        return tf.transpose(split, list(range(first)) + [first + i for i in order])

    def tensor(self, matrix, counts, shape):
        """The inverse of `matrix`; shape: of the tensor."""
        if self.is_plain:
            return matrix
        order, lengths = self._order(), self._lengths(counts)
        moved = tf.reshape(matrix, [lengths[i] for i in order])
        back = [int(i) for i in np.argsort(order)]
        return tf.reshape(moved if order == sorted(order) else tf.transpose(moved, back), shape)

    @property
    def is_plain(self):
        """Whether the tensor is that matrix already."""
        return len(self._sizes) == 2 and [s for _, s in self._carried] == [Carried(0)]

    def _order(self):
        """Factors that count rows, in the order of the point's axes, before the others."""
        places = {axis: i for i, (_, axis) in enumerate(self._factors) if axis is not None}
        return [places[a] for a in self.axes] + [i for i, (_, axis) in enumerate(self._factors) if axis is None]

    def _lengths(self, counts):
        return [counts[axis] if axis is not None else factor for factor, axis in self._factors]


def rows_of(point, axes):
    """The point itself as a matrix of the slices along some of its axes."""
    return Rows(point.sizes, [(a, Carried(a)) for a in axes], point.sizes)


def rows_between(axes, point, cut, end):
    """The Rows of a cut for the axes of a point that are separable up to `end` and carried to the cut; None where the
    width of a row is not known."""
    carried = []
    for axis in axes.separable(point, end):
        state = axes.trace(point, axis).state(cut.tensor)
        if isinstance(state, Carried):
            carried.append((axis, state))
    rows = Rows(cut.sizes, carried, point.sizes)
    return None if rows.width is None else rows
