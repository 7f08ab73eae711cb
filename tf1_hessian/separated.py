"""Partial separability: the Hessian over gathered copies of the elements, where those of different terms never meet.

A loss that is a sum over small groups of elements (pairs of atoms, edges, cells) reads copies of them. Over the copies
the Hessian is a block for each term, and as many columns as a term has elements tell all of it; the Hessian over the
elements is the sum of what their copies give. Source: Griewank, Toint, On the unconstrained optimization of partially
separable functions, Nonlinear Optimization 1981.
"""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.compressed import Compressed
from tf1_hessian.errors import counted
from tf1_hessian.graph.sources import Source
from tf1_hessian.sparsity.coloring import Coloring, lower_bound_of
from tf1_hessian.sparsity.detection import copied, detect
from tf1_hessian.sparsity.pattern import SparsityPattern
from tf1_hessian.sparsity.recovery import places_of_entries

__all__ = ["Copies", "copies_of"]

# Copies more than so many times the elements cost more than they save.
_MOST_COPIES = 64


def copies_of(flow_to, sources, most, max_seconds=None):
    """The Copies of the elements of some sources that a loss reads; None where each is read once, or where they take
    more than `most` columns.

    flow_to: a function of sources that gives the Flow from there to the loss. Raises ValueError as detect does.
    """
    found = [(t, p) for t, p in copied(flow_to(sources), sources, max_seconds) if (p >= 0).any()]
    n = sum(s.size for s in sources)
    places = np.concatenate([p for _, p in found] or [np.zeros(0, int)])
    if not places.size or np.bincount(places[places >= 0]).max() < 2 or places.size > _MOST_COPIES * n:
        return None
    if any(t.dtype.base_dtype != sources[0].dtype for t, _ in found):
        return None
    if any(_compat.count_elements(t.shape) is None for t, _ in found):
        return None
    copies = [Source(t.name, [t], [t.shape], t.dtype.base_dtype) for t, _ in found]
    pattern = detect(flow_to(copies), copies, None, max_seconds)
    if lower_bound_of(pattern.adjacency(), "star") > most:
        return None
    made = Copies(copies, places, pattern, n)
    return made if made.coloring.number <= most else None


class Copies(object):
    """sources: the copies. places[k]: the element that copy k is, or -1. pattern: over the elements; coloring: of the
    copies, by which all entries are told.
    """

    def __init__(self, sources, places, pattern, n):
        self.sources, self._places, self._own = sources, places, pattern
        self.coloring = Coloring.of(pattern, "star", shape=[pattern.n])
        rows, cols = places[pattern.rows], places[pattern.cols]
        self._kept = np.flatnonzero((rows >= 0) & (cols >= 0))
        self._rows, self._cols = rows[self._kept], cols[self._kept]
        self.pattern = SparsityPattern.from_pairs(self._rows, self._cols, n)

    def columns(self, losses, size, options, parts=1):
        """The Compressed columns over the copies, rehearsed in the scratch graph: none is held to follow another."""
        tensors = [s.anchors[0] for s in self.sources]
        gradients = products.gradients_of(losses, self.sources, options, None, tensors)
        ends = np.cumsum([s.size for s in self.sources])[:-1]
        colors = np.split(self.coloring.colors, ends)
        return Compressed(gradients, self.sources, colors, self.coloring.number, None, size, options, tensors, parts)

    def entries(self, rows):
        """The entries of the pattern from the laid columns: sums over copies, of one half, so that both are equal."""
        rows = [tf.zeros([self.coloring.number, s.size], s.dtype) if r is None else r
                for s, r in zip(self.sources, rows)]
        upper = self._rows <= self._cols
        places = places_of_entries(self._own, self.coloring)[self._kept][upper]
        keys, into = np.unique(self._rows[upper] * self.pattern.n + self._cols[upper], return_inverse=True)
        values = tf.gather(tf.reshape(tf.concat(rows, 1), [-1]), tf.constant(places))
        summed = tf.math.unsorted_segment_sum(values, tf.constant(into.ravel().astype(np.int32)), keys.size)
        low = np.minimum(self.pattern.rows, self.pattern.cols).astype(np.int64)
        high = np.maximum(self.pattern.rows, self.pattern.cols).astype(np.int64)
        back = np.searchsorted(keys, low * self.pattern.n + high).astype(np.int32)
        return tf.gather(summed, tf.constant(back), name="values")

    def __str__(self):
        return "%s of %s, %s" % (counted(self._places.size, "copy"), counted(self.pattern.n, "element"),
                               self.coloring)
