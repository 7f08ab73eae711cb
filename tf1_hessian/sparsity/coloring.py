"""How few columns tell a symmetric matrix of a known pattern: columns of one colour are added up.

Mathematics, section 6. For the diagonal alone it is enough that neighbours differ (distance 1): (H s_c(i))_i = H_ii.
All entries take a star colouring: of H_ij and H_ji one can be read off. Source: Coleman and More, Estimation of sparse
Hessian matrices and graph coloring problems, Math. Programming 28 (1984).
"""
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from tf1_hessian import errors
from tf1_hessian.sparsity.greedy import distance1_colors, star_colors
from tf1_hessian.sparsity.lattices import lattice_of, shapes_of
from tf1_hessian.sparsity.orders import ORDERS

__all__ = ["Coloring", "KINDS", "lower_bound_of"]

KINDS = ("distance1", "star")
_GREEDY = {"distance1": distance1_colors, "star": star_colors}
# With order="auto" only smaller patterns are coloured in every order.
_ENTRIES_FOR_ALL_ORDERS = 10 ** 6
_MOST_OF_A_LATTICE = 64
# Entries looked at in search of a clique.
_WORK_ON_CLIQUE = 10 ** 8


class Coloring(object):
    """Colours 0 .. number-1 of the columns of a pattern, such that a column for each colour tells what `kind` says.

    kind: "distance1" for the diagonal, "star" for all entries. lower_bound: no colouring of this kind has fewer.
    how: in words. Given `colors` are checked against the pattern: ValueError names two columns that clash.
    """

    def __init__(self, pattern, colors, kind="star", how="given", lower_bound=None):
        _check_kind(kind)
        colors = np.asarray(colors)
        if colors.shape != (pattern.n,) or colors.dtype.kind not in "iu" or (colors.size and colors.min() < 0):
            raise errors.bad_option("colors", "%s %s" % (colors.dtype, list(colors.shape)),
                                    "a whole number from 0 up for each of the %d elements" % pattern.n)
        adjacency = pattern.adjacency()
        clash = _clash(adjacency, colors, kind)
        if clash is not None:
            raise errors.bad_option("colors", "%s of one colour" % (clash,), "a %s colouring of %r" % (kind, pattern))
        self.colors, self.kind, self.how = colors.astype(np.int32), kind, how
        self.colors.flags.writeable = False
        self.lower_bound = lower_bound_of(adjacency, kind) if lower_bound is None else lower_bound

    @classmethod
    def of(cls, pattern, kind="star", order="auto", shape=None):
        """Colours a pattern. order: "natural", "largest-first", "smallest-last", or "auto" for the best of lattices and
        orders. shape: of the source where it is a grid; a flat one's is guessed.
        """
        _check_kind(kind)
        if order != "auto" and order not in ORDERS:
            raise errors.bad_option("order", order, "one of auto, " + ", ".join(ORDERS))
        adjacency = pattern.adjacency()
        bound = lower_bound_of(adjacency, kind)
        if order == "auto":
            colors, how = _best(adjacency, kind, bound, [pattern.n] if shape is None else list(shape))
        else:
            colors, how = _GREEDY[kind](adjacency, ORDERS[order](adjacency)), "greedy, %s" % order
        return cls(pattern, colors, kind, how, bound)

    @property
    def number(self):
        """How many colours there are."""
        return int(self.colors.max()) + 1 if self.colors.size else 0

    def is_valid_for(self, pattern):
        """Whether the colours tell the entries of a pattern of as many elements."""
        return pattern.n == self.colors.size and _clash(pattern.adjacency(), self.colors, self.kind) is None

    def __len__(self):
        return self.number

    def __str__(self):
        return "Coloring(%s, %s for %s, at least %d needed; %s)" % (
            self.kind, errors.counted(self.number, "colour"), errors.counted(self.colors.size, "column"),
            self.lower_bound, self.how)

    __repr__ = __str__


def _check_kind(kind):
    if kind not in KINDS:
        raise errors.bad_option("kind", kind, "one of " + ", ".join(KINDS))


def _best(adjacency, kind, bound, shape):
    """(colours, how) with the fewest colours that lattices and orders give; the first that meets the bound ends it."""
    found = []
    for colors, how in _candidates(adjacency, kind, bound, shape, found):
        found.append((int(colors.max()) + 1 if colors.size else 0, colors, how))
        if found[-1][0] <= bound:
            break
    return min(found, key=lambda f: f[0])[1:]


def _candidates(adjacency, kind, bound, shape, found):
    """Pairs (colours, how), each better than those `found` so far if it is a lattice."""
    if not adjacency.nnz:
        yield np.zeros(adjacency.shape[0], np.int32), "no entry off the diagonal"
        return
    two = _two_colors(adjacency) if kind == "distance1" else None
    if two is not None:
        yield two, "in two parts"
    is_grid = int(np.prod(shape)) == adjacency.shape[0]
    for grid in shapes_of(adjacency, shape) if is_grid else ():
        most = min([number for number, _, _ in found] or [_MOST_OF_A_LATTICE + 1]) - 1
        colors = lattice_of(adjacency, grid, kind, bound, most)
        if colors is not None and _clash(adjacency, colors, kind) is None:
            yield colors, "a lattice on %s" % "x".join(str(s) for s in grid)
    is_small = adjacency.nnz <= _ENTRIES_FOR_ALL_ORDERS
    if is_small or not found:
        names = ("natural", "largest-first", "smallest-last") if is_small and not found else ("natural",)
        for name in names:
            yield _GREEDY[kind](adjacency, ORDERS[name](adjacency)), "greedy, %s" % name


def _two_colors(adjacency):
    """The colours of a bipartite graph, by the parity of the distance from a root; None for other graphs."""
    n = adjacency.shape[0]
    count, labels = csgraph.connected_components(adjacency, directed=False)
    _, first = np.unique(labels, return_index=True)
    roots = sparse.coo_matrix((np.ones(count, bool), (np.full(count, n), first)), shape=(n + 1, n + 1))
    joined = sparse.csr_matrix((adjacency.data, adjacency.indices, np.append(adjacency.indptr, adjacency.nnz)),
                               shape=(n + 1, n + 1)) + roots.tocsr()
    _, before = csgraph.breadth_first_order(joined, n, directed=True)
    before[n] = n
    depth = (np.arange(n + 1) != n).astype(np.int64)
    while (before != n).any():
        depth, before = depth + depth[before], before[before]
    colors = ((depth[:n] + 1) % 2).astype(np.int32)
    return colors if _clash(adjacency, colors, "distance1") is None else None


def _clash(adjacency, colors, kind):
    """Two elements that may not have one colour by the definition of the kind, or None."""
    rows = np.repeat(np.arange(adjacency.shape[0], dtype=np.int64), np.diff(adjacency.indptr))
    cols = adjacency.indices
    same = np.flatnonzero(colors[rows] == colors[cols])
    if same.size:
        return int(rows[same[0]]), int(cols[same[0]])
    if kind == "distance1" or not rows.size:
        return None
    alike = _alike(rows, cols, colors)
    # Entry (v, w) is read neither from row v nor from row w.
    mirror = sparse.csr_matrix((alike, cols, adjacency.indptr), shape=adjacency.shape).T.tocsr()
    mirror.sort_indices()
    lost = np.flatnonzero((alike > 1) & (mirror.data > 1))
    if not lost.size:
        return None
    v, w = rows[lost[0]], cols[lost[0]]
    others = cols[adjacency.indptr[v]:adjacency.indptr[v + 1]]
    return int(w), int([o for o in others if o != w and colors[o] == colors[w]][0])


def _alike(rows, cols, colors):
    """For each entry (v, w) how many neighbours of v have the colour of w, itself included."""
    number = int(colors.max()) + 1
    keys = rows * number + colors[cols]
    if (int(rows[-1]) + 1) * number <= 8 * keys.size + 10 ** 6:
        return np.bincount(keys)[keys]
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse.ravel()]


def lower_bound_of(adjacency, kind):
    """A number of colours that no colouring undercuts: a clique's size, for stars also what the entries take.

    Two colours of a star colouring span a forest, of fewer edges than elements: k colours at most (k - 1) n -
    k (k - 1) / 2 edges.
    """
    n, edges = adjacency.shape[0], adjacency.nnz // 2
    bound = min(n, _clique(adjacency))
    if kind == "star":
        while bound < n and (bound - 1) * n - bound * (bound - 1) // 2 < edges:
            bound += 1
    return bound


def _clique(adjacency):
    """The size of a clique, grown greedily from the element of largest degree."""
    degrees = np.diff(adjacency.indptr)
    if not degrees.size:
        return 0
    here, size = int(np.argmax(degrees)), 1
    candidates = adjacency.indices[adjacency.indptr[here]:adjacency.indptr[here + 1]]
    inside, work = adjacency[candidates][:, candidates], 0
    while inside.shape[0] and work < _WORK_ON_CLIQUE:
        degrees = np.diff(inside.indptr)
        if degrees.min() == inside.shape[0] - 1:
            return size + inside.shape[0]
        best = int(np.argmax(degrees))
        candidates = inside.indices[inside.indptr[best]:inside.indptr[best + 1]]
        inside, work, size = inside[candidates][:, candidates], work + inside.nnz, size + 1
    return size + bool(inside.shape[0])
