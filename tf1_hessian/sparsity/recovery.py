"""Where the entries of a Hessian stand among its columns added up by colours: [number of colours, n], flat."""
import numpy as np
from scipy import sparse

__all__ = ["places_of_diagonal", "places_of_entries"]


def places_of_diagonal(colors):
    """The place of H_ii, for each element i: column i's colour, row i."""
    places = colors.astype(np.int64) * colors.size + np.arange(colors.size)
    return _narrow(places, (int(colors.max()) + 1) * colors.size if colors.size else 0)


def places_of_entries(pattern, coloring):
    """The place of each entry of a pattern, in its order. H_ij and H_ji are read off at one place.

    H_ij stands in row i of j's colour if no other entry of row i has this colour; else in row j of i's colour, which a
    star colouring guarantees. Source: Coleman and More, Math. Programming 28 (1984).
    """
    rows, cols, n = pattern.rows.astype(np.int64), pattern.cols.astype(np.int64), pattern.n
    colors, number = coloring.colors.astype(np.int64), coloring.number
    keys = rows * number + colors[cols]
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    alone = sparse.csr_matrix((counts[inverse.ravel()] == 1, pattern.cols, pattern.starts), shape=(n, n))
    mirrored = alone.T.tocsr()
    mirrored.sort_indices()
    upper = np.where(rows <= cols, alone.data, mirrored.data)
    low, high = np.minimum(rows, cols), np.maximum(rows, cols)
    return _narrow(np.where(upper, colors[high] * n + low, colors[low] * n + high), number * n)


def _narrow(places, size):
    return places.astype(np.int32 if size < 2 ** 31 else np.int64)
