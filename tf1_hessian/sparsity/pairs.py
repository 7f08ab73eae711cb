"""The entries of a pattern, collected from the sets of source elements that meet in non-linear ops."""
import numpy as np
from scipy import sparse

from tf1_hessian.sparsity import refusals
from tf1_hessian.sparsity.pattern import SparsityPattern

__all__ = ["Pairs"]

# More products of set sizes than this, and the pattern is dense or nearly so: a hundred million take seconds.
_MOST_PRODUCTS = 2 * 10 ** 8
# Single entries of a matrix are collected up to so many before they are added up.
_HELD = 5 * 10 ** 6


class Pairs(object):
    """Pairs of n source elements; both orders are meant.

    most: if more elements than this all meet, which takes as many colours, the pattern is refused as dense.
    """

    def __init__(self, n, most=None):
        self._n, self._done, self._held = n, [], 0
        self._most = n if most is None else most
        self._diagonal, self._products = np.zeros(n, bool), 0
        self._squared = {}

    def square(self, sets, mask, op):
        """Adds, for each element in the mask, all pairs of what it depends on. op: for errors."""
        used = sets.used(mask)
        name = id(sets.table), used.tobytes()
        if name in self._squared:
            return
        self._squared[name] = sets.table  # keeps the id taken
        rows = sets.table[used]
        counts = np.diff(rows.indptr)
        if counts.size and counts.max() > self._most:
            raise refusals.dense_pattern(op, self._n)
        if (counts <= 1).all():
            self._diagonal[rows.indices] = True
            return
        self._spend(np.sum(counts.astype(float) ** 2), op)
        self._add(rows.T.tocsr().dot(rows))

    def cross(self, one, other, mask, op):
        """Adds, for each element in the mask, all pairs of what it depends on by one Sets and by another."""
        keys = np.unique(one.ids[mask].astype(np.int64) * other.table.shape[0] + other.ids[mask])
        mine, theirs = np.divmod(keys, other.table.shape[0])
        kept = (mine > 0) & (theirs > 0)
        mine, theirs = one.table[mine[kept]], other.table[theirs[kept]]
        self._spend(np.sum(np.diff(mine.indptr).astype(float) * np.diff(theirs.indptr)), op)
        self._add(mine.T.tocsr().dot(theirs))

    def pattern(self):
        """The SparsityPattern of all pairs."""
        found = self._added_up()
        return SparsityPattern(found + found.T + sparse.diags(self._diagonal.astype(np.int8), dtype=np.int8).tocsr())

    def _spend(self, products, op):
        self._products += products
        if self._products > _MOST_PRODUCTS:
            raise refusals.dense_pattern(op, self._n)

    def _add(self, matrix):
        if matrix.nnz:
            self._done.append(matrix)
            self._held += matrix.nnz
        if self._held > _HELD:
            self._done = [self._added_up()]
            self._held = 0

    def _added_up(self):
        total = sparse.csr_matrix((self._n, self._n), dtype=bool)
        for matrix in self._done:
            total = total + matrix
        return total
