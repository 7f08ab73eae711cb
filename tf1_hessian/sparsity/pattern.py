"""Where a Hessian can be other than zero."""
import numpy as np
from scipy import sparse

from tf1_hessian import errors

__all__ = ["SparsityPattern"]

# What is stored in a file of `save`.
_FORMAT = 1
# Rows and columns of a printed picture.
_WIDEST, _TALLEST = 64, 32
# The dots of a braille character by (row, column), from U+2800 up.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


class SparsityPattern(object):
    """The places of a symmetric [n, n] matrix whose entries may differ from zero; all others are zero everywhere.

    entries: a scipy.sparse matrix or a dense array, whose stored (dense: non-zero) entries are meant, or another
    pattern. n elements are counted as in `th.hessian(..., flat=True)`. nnz counts both halves. Raises ValueError for
    what is not square or not symmetric. Patterns with `==`, `|` (union), `print` (a picture) and `len` (n).
    """

    def __init__(self, entries):
        self._matrix = _symmetric(_as_csr(entries))

    @classmethod
    def from_pairs(cls, rows, cols, n):
        """The pattern with the entries (rows[k], cols[k]) and their mirror images, of n elements."""
        rows, cols = (_as_indices(name, values, n) for name, values in (("rows", rows), ("cols", cols)))
        if rows.shape != cols.shape:
            raise errors.bad_option("cols", list(cols.shape), "as many as rows, %d" % rows.size)
        one_way = sparse.coo_matrix((np.ones(rows.size, bool), (rows, cols)), shape=(n, n)).tocsr()
        return cls(one_way + one_way.T)

    @classmethod
    def of_size(cls, entries, n):
        """A user's pattern or matrix as a pattern of n elements. Raises where it has another number."""
        pattern = entries if isinstance(entries, cls) else cls(entries)
        if pattern.n != n:
            raise errors.bad_option("pattern", errors.counted(pattern.n, "element"), "%d, as the sources have" % n)
        return pattern

    @property
    def n(self):
        """The number of elements."""
        return self._matrix.shape[0]

    @property
    def nnz(self):
        """The number of entries, both halves and the diagonal."""
        return self._matrix.nnz

    @property
    def density(self):
        """The share of entries that may differ from zero."""
        return self.nnz / float(max(1, self.n) ** 2)

    @property
    def starts(self):
        """Where the entries of each row begin among all, and at the end their number: [n + 1]."""
        return self._matrix.indptr

    @property
    def rows(self):
        """The row of each entry, in C order: [nnz]."""
        return np.repeat(np.arange(self.n, dtype=self.cols.dtype), np.diff(self.starts))

    @property
    def cols(self):
        """The column of each entry, in C order: [nnz]."""
        return self._matrix.indices

    def to_scipy(self):
        """A boolean scipy.sparse.csr_matrix, the caller's own."""
        return self._matrix.copy()

    def adjacency(self):
        """The pattern without its diagonal: the graph that is coloured, as a csr_matrix."""
        rows = self.rows
        kept = rows != self.cols
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=self.n))])
        return sparse.csr_matrix((np.ones(int(kept.sum()), bool), self.cols[kept], starts), shape=self._matrix.shape)

    def save(self, path):
        """Writes an .npz file, with that ending as numpy does it."""
        np.savez_compressed(path, format=_FORMAT, n=self.n, starts=self.starts, cols=self.cols)

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote. Raises ValueError for other files."""
        with np.load(path) as stored:
            names = sorted(stored.files)
            if names != ["cols", "format", "n", "starts"] or int(stored["format"]) != _FORMAT:
                raise errors.bad_option("path", path, "a file that SparsityPattern.save wrote; it holds %s" % names)
            n, starts, cols = int(stored["n"]), stored["starts"], stored["cols"]
        return cls(sparse.csr_matrix((np.ones(cols.size, bool), cols, starts), shape=(n, n)))

    def contains(self, other):
        """Whether every entry of another pattern is in this one."""
        _check_same_size(self, other)
        return (self | other).nnz == self.nnz

    def __or__(self, other):
        if not isinstance(other, SparsityPattern):
            return NotImplemented
        _check_same_size(self, other)
        return SparsityPattern(self._matrix + other.to_scipy())

    def __eq__(self, other):
        if not isinstance(other, SparsityPattern):
            return NotImplemented
        return self.n == other.n and np.array_equal(self.starts, other.starts) and np.array_equal(self.cols, other.cols)

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash((self.n, self.nnz, self.cols[:64].tobytes(), self.cols[-64:].tobytes()))

    def __len__(self):
        return self.n

    def __repr__(self):
        return "SparsityPattern(n=%d, nnz=%d, density=%.3g)" % (self.n, self.nnz, self.density)

    def __str__(self):
        return "\n".join([repr(self)] + _picture(self))


def _as_csr(entries):
    if isinstance(entries, SparsityPattern):
        return entries.to_scipy()
    if not sparse.issparse(entries):
        entries = np.asarray(entries)
        if entries.ndim != 2 or entries.dtype == object:
            raise errors.bad_option("pattern", "%s %s" % (entries.dtype, list(entries.shape)),
                                    "a scipy.sparse matrix or an array [n, n]")
        entries = sparse.csr_matrix(entries != 0)
    coo = entries.tocoo()
    found = sparse.coo_matrix((np.ones(coo.row.size, bool), (coo.row, coo.col)), shape=coo.shape).tocsr()
    found.sum_duplicates()
    found.data[:] = True
    found.sort_indices()
    return found


def _symmetric(matrix):
    rows, cols = matrix.shape
    if rows != cols:
        raise errors.bad_option("pattern", [rows, cols], "a square matrix: a Hessian has a row and a column for each "
                                "element of all sources")
    mirrored = matrix.T.tocsr()
    mirrored.sort_indices()
    if np.array_equal(mirrored.indptr, matrix.indptr) and np.array_equal(mirrored.indices, matrix.indices):
        return matrix
    missing = (mirrored.astype(np.int8) - matrix.astype(np.int8)).tocoo()
    place = np.flatnonzero(missing.data > 0)[0]
    entry = int(missing.row[place]), int(missing.col[place])
    raise errors.bad_option("pattern", "entry %s without %s" % (entry[::-1], entry), (
        "a symmetric one, as a Hessian is: SparsityPattern(p + p.T), or SparsityPattern.from_pairs"))


def _as_indices(name, values, n):
    values = np.asarray(values)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise errors.bad_option(name, "%s %s" % (values.dtype, list(values.shape)), "whole numbers, a vector of them")
    values = values.astype(np.int64)
    if values.size and not 0 <= values.min() <= values.max() < n:
        outside = values[(values < 0) | (values >= n)][0]
        raise errors.bad_option(name, int(outside), "indices from 0 to %d" % (n - 1))
    return values


def _check_same_size(one, other):
    if one.n != other.n:
        raise errors.bad_option("pattern", errors.counted(other.n, "element"), "%d, as the other has" % one.n)


def _picture(pattern):
    """Lines of braille characters of 2 by 4 dots; a dot stands for a block of entries, one of which may be non-zero."""
    n = pattern.n
    if not n:
        return []
    wide, tall = min(n, 2 * _WIDEST), min(n, 4 * _TALLEST)
    dots = np.zeros([-(-tall // 4) * 4, -(-wide // 2) * 2], bool)
    dots[pattern.rows.astype(np.int64) * tall // n, pattern.cols.astype(np.int64) * wide // n] = True
    cells = dots.reshape(dots.shape[0] // 4, 4, dots.shape[1] // 2, 2)
    codes = 0x2800 + np.einsum("acbd,cd->ab", cells.astype(int), _DOTS)
    return ["".join(chr(int(c)) for c in line) for line in codes]
