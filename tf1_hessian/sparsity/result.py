"""A sparse Hessian in a graph."""
import numpy as np
from scipy import sparse

from tf1_hessian._compat import tf
from tf1_hessian.errors import counted

__all__ = ["SparseHessian"]


class SparseHessian(object):
    """What th.sparse_hessian gives: `th.evaluate(it)` is a scipy.sparse.csr_matrix [n, n].

    values: a tensor [nnz], the entries of `pattern` in its order (rows, then columns), exactly symmetric. coloring: of
    the pattern; give both to another call to save the time of finding them. columns: how many were laid, fewer than
    colours where the loss reads copies of elements that meet less (docs/sparse.md).
    """

    def __init__(self, values, pattern, coloring, columns):
        self.values, self.pattern, self.coloring, self.columns = values, pattern, coloring, columns

    def __str__(self):
        return "SparseHessian(n=%d, nnz=%d, %s, %s)" % (
            self.pattern.n, self.pattern.nnz, self.values.dtype.name, counted(self.columns, "column"))

    __repr__ = __str__

    def as_sparse_tensor(self):
        """A tf.SparseTensor [n, n], in canonical order, in the graph of the loss."""
        with self.values.graph.as_default(), tf.name_scope("sparse_hessian"):
            indices = np.stack([self.pattern.rows, self.pattern.cols], 1).astype(np.int64)
            return tf.SparseTensor(tf.constant(indices), self.values, [self.pattern.n, self.pattern.n])

    def as_fetches(self):
        """What th.evaluate fetches for it."""
        return self.values

    def evaluated(self, values):
        """What th.evaluate gives for the fetched values: a csr_matrix, the caller's own."""
        shape = self.pattern.n, self.pattern.n
        return sparse.csr_matrix((values, self.pattern.cols.copy(), self.pattern.starts.copy()), shape=shape)
