"""Matrices: which entries of a Hessian are how large, which can be other than zero, which columns are added up."""
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize, SymLogNorm
from scipy import sparse

from tf1_hessian.leaves import name_of
from tf1_hessian.plots.figures import BLUE, CYCLE, DIVERGING, GREY, ORANGE, UNITS, axes_for, spread, state, tick_names
from tf1_hessian.plots.values import number, real, told_apart
from tf1_hessian.sparsity.pattern import SparsityPattern

__all__ = ["hessian_map", "sparsity"]

# Cells of a picture along an axis, of which a larger matrix takes one for several entries.
_MOST_CELLS = 500
# Powers of ten below the largest entry that are told apart.
_DECADES = 6
# The smallest of them all; matplotlib divides by what it is the power of.
_LEAST = -290
# More lines than this would hide what is between them.
_MOST_LINES = 60
_SEVERAL = -2


def hessian_map(hessian, names=None, *, scale="log", ax=None):
    """A heat map of a Hessian, with a line between sources: (figure, axes).

    hessian: what th.evaluate gives for th.hessian or th.sparse_hessian: the blocks of a list or dict of sources, or one
    matrix. names: one for each source of the blocks, as texts or variables; for one matrix the sources themselves
    (variables, or `plan.sources`) or {name: size}, whose sizes put the lines. Keys of a dict of blocks are names.

    scale: "log" shows sign and magnitude over six powers of ten, "linear" values, "signs" signs alone. Where several
    entries share a cell, it shows the one of largest magnitude. Raises ValueError for what is no real, finite square
    matrix.
    """
    if scale not in _SCALES:
        raise ValueError("scale=%r is not possible; expected one of %s." % (scale, ", ".join(sorted(_SCALES))))
    matrix, names, sizes = _matrix(hessian, names)
    n = matrix.shape[0]
    cells = _largest_in_cells(matrix)
    figure, ax = axes_for(ax, 6.6)
    title, label, drawn = _SCALES[scale]
    image = drawn(ax, cells, float(np.abs(cells).max()), (-0.5, n - 0.5, n - 0.5, -0.5), label)
    image.set_interpolation("nearest")
    _name_blocks(ax, names, sizes)
    _label(ax, n, cells.shape[0], "the largest of")
    ax.set_title("%s, %s" % (title, number(n, "element")))
    if not cells.any():
        state(ax, "all entries are zero")
    return figure, ax


def sparsity(pattern, coloring=None, *, ax=None):
    """Where a Hessian can be other than zero, and which columns are taken at once: (figure, axes).

    pattern: a SparsityPattern, a scipy.sparse matrix or an array. coloring: a Coloring of it, or a whole number from 0
    up for each column: entries take the colour of their column's group. Where several entries share a cell, one of
    several groups is grey.
    """
    pattern = SparsityPattern(pattern)
    groups = _groups(coloring, pattern.n)
    shown = min(pattern.n, _MOST_CELLS)
    cells = _grouped_cells(pattern, groups, shown)
    figure, ax = axes_for(ax, 6.6)
    count = int(groups.max()) + 1 if groups.size else 0
    _draw_groups(ax, cells, count, coloring is not None, pattern.n)
    _label(ax, pattern.n, shown, "groups among" if coloring is not None else "any of")
    title = "%s of %d x %d (%.2g %%)" % (number(pattern.nnz, "entry"), pattern.n, pattern.n, 100 * pattern.density)
    ax.set_title(title + (", columns in %s" % number(count, "group") if coloring is not None else ""))
    if not pattern.nnz:
        state(ax, "no entry can be other than zero")
    return figure, ax


def _matrix(hessian, names):
    """(float64 [n, n], which may be sparse; names or None; the size of each source)."""
    if isinstance(hessian, dict):
        names = list(hessian) if names is None else names
        hessian = [[row[key] for key in hessian] for row in hessian.values()]
    if isinstance(hessian, (list, tuple)) and hessian and isinstance(hessian[0], (list, tuple)):
        return _joined(hessian, names)
    if sparse.issparse(hessian):
        matrix = hessian.tocoo()
        matrix = sparse.coo_matrix((real(matrix.data, "hessian_map"), (matrix.row, matrix.col)), matrix.shape)
    else:
        matrix = real(hessian, "hessian_map")
        half = matrix.shape[:matrix.ndim // 2]
        if matrix.ndim % 2 == 0 and half + half == matrix.shape:
            matrix = matrix.reshape([int(np.prod(half))] * 2)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.shape[0]:
        raise ValueError("hessian_map: expected a square matrix or square blocks and got the shape %s." % (
            list(matrix.shape),))
    return (matrix,) + _sources(names, matrix.shape[0])


def _sources(names, n):
    """(names or None, the sizes) of the sources of one matrix."""
    if names is None:
        return None, [n]
    pairs = list(names.items()) if isinstance(names, dict) else [(x, _size_of(x)) for x in names]
    sizes = [size for _, size in pairs]
    if None in sizes and len(pairs) == 1:
        sizes = [n]
    if None in sizes or sum(sizes) != n:
        raise ValueError("hessian_map: names=%r do not tell the sizes of the sources of a matrix of %d elements. Pass "
                         "{name: size}, the variables themselves, or plan.sources." % (names, n))
    return [name_of(x) for x, _ in pairs], [int(s) for s in sizes]


def _size_of(x):
    return int(np.prod([int(d) for d in x.shape])) if hasattr(x, "shape") else None


def _joined(blocks, names):
    """One matrix of all blocks."""
    blocks = [[real(block, "hessian_map: block %d, %d" % (i, j)) for j, block in enumerate(row)]
              for i, row in enumerate(blocks)]
    sizes = [int(round(row[i].size ** 0.5)) if i < len(row) else -1 for i, row in enumerate(blocks)]
    if any([b.size for b in row] != [r * c for c in sizes] for r, row in zip(sizes, blocks)):
        raise ValueError("hessian_map: expected blocks of x.shape + y.shape for each x and y of some sources and got "
                         "the shapes %s." % [[list(b.shape) for b in row] for row in blocks])
    names = None if names is None else [name_of(x) for x in names]
    if names is not None and len(names) != len(sizes):
        raise ValueError("hessian_map: names=%s are %d, for %s." % (
            names, len(names), number(len(sizes), "source")))
    rows = [np.concatenate([b.reshape(r, c) for b, c in zip(row, sizes)], 1) for r, row in zip(sizes, blocks)]
    return np.concatenate(rows), names, sizes


def _largest_in_cells(matrix):
    """The entry of largest magnitude in each cell."""
    n = matrix.shape[0]
    shown = min(n, _MOST_CELLS)
    high, low = np.zeros([shown, shown]), np.zeros([shown, shown])
    if sparse.issparse(matrix):
        matrix = matrix.tocsr().tocoo()
        place = matrix.row.astype(np.int64) * shown // n, matrix.col.astype(np.int64) * shown // n
        np.maximum.at(high, place, matrix.data)
        np.minimum.at(low, place, matrix.data)
    else:
        starts = -(-np.arange(shown) * n // shown)
        high = np.maximum.reduceat(np.maximum.reduceat(matrix, starts, 0), starts, 1)
        low = np.minimum.reduceat(np.minimum.reduceat(matrix, starts, 0), starts, 1)
    return np.where(high >= -low, high, low)


def _draw_signs(ax, cells, largest, extent, label):
    image = ax.imshow(np.sign(cells), cmap=ListedColormap([ORANGE, "white", BLUE]), extent=extent,
                      norm=BoundaryNorm([-1.5, -0.5, 0.5, 1.5], 3))
    ax.figure.colorbar(image, ax=ax, ticks=[-1, 0, 1], label=label).ax.set_yticklabels(["negative", "zero", "positive"])
    return image


def _draw_linear(ax, cells, largest, extent, label):
    image = ax.imshow(cells, cmap=DIVERGING, extent=extent, norm=Normalize(-(largest or 1), largest or 1))
    ax.figure.colorbar(image, ax=ax, label=label)
    return image


def _draw_log(ax, cells, largest, extent, label):
    """Signed logarithms; what is _DECADES below the largest fades to the white of zero."""
    sizes = np.abs(cells[cells != 0])
    top = max(_LEAST, int(np.ceil(np.log10(largest)))) if largest else 0
    bottom = int(np.floor(np.log10(max(sizes.min(), 10.0 ** (top - _DECADES))))) if largest else top
    bottom = min(bottom, top - 1)
    norm = SymLogNorm(linthresh=10.0 ** bottom, linscale=0.5, vmin=-10.0 ** top, vmax=10.0 ** top, base=10)
    image = ax.imshow(cells, cmap=DIVERGING, extent=extent, norm=norm)
    powers = list(range(top, bottom - 1, -max(1, -(-(top - bottom) // 4))))
    ticks = [-10.0 ** p for p in powers] + [0] + [10.0 ** p for p in reversed(powers)]
    texts = ["$-10^{%d}$" % p for p in powers] + ["0"] + ["$10^{%d}$" % p for p in reversed(powers)]
    bar = ax.figure.colorbar(image, ax=ax, ticks=ticks, label=label)
    bar.ax.set_yticklabels(texts)
    bar.ax.minorticks_off()
    return image


_SCALES = {
    "linear": ("Hessian", "second derivative (%s)" % UNITS, _draw_linear),
    "log": ("Hessian, sign and magnitude", "second derivative (%s), log scale" % UNITS, _draw_log),
    "signs": ("Hessian, signs", "sign of the second derivative", _draw_signs),
}


def _name_blocks(ax, names, sizes):
    """Lines between the sources, and the names of those that have room."""
    ends = np.cumsum(sizes)
    for end in ends[:-1] if len(ends) <= _MOST_LINES else ():
        ax.axhline(end - 0.5, color=GREY, linewidth=0.8)
        ax.axvline(end - 0.5, color=GREY, linewidth=0.8)
    if names is None:
        return
    centres = ends - np.asarray(sizes) / 2.0 - 0.5
    kept = spread(centres, sizes, ends[-1] * 0.045)
    shown = told_apart(names)
    shown = [shown[i] for i in kept]
    tick_names(ax.yaxis, centres[kept], shown, fontsize=9)
    tick_names(ax.xaxis, centres[kept], shown, fontsize=9, rotation=45, ha="right", rotation_mode="anchor")
    if len(kept) < len(names):
        ax.set_ylabel("%d of %s named" % (len(kept), number(len(names), "source")))


def _label(ax, n, shown, what):
    """What rows and columns are, and what a cell shows where it stands for more than one entry."""
    each = n / float(max(1, shown))
    ax.set_xlabel("column" if n == shown else "column (a cell shows %s about %.3g x %.3g entries)" % (what, each, each))
    ax.set_ylabel("; ".join(text for text in ("row", ax.get_ylabel()) if text))


def _groups(coloring, n):
    if coloring is None:
        return np.zeros(n, np.int64)
    colors = np.asarray(getattr(coloring, "colors", coloring))
    if colors.shape != (n,) or colors.dtype.kind not in "iu" or (colors.size and colors.min() < 0):
        raise ValueError("sparsity: coloring has %s %s; expected a Coloring, or a whole number from 0 up for each of "
                         "the %d columns." % (colors.dtype, list(colors.shape), n))
    return colors.astype(np.int64)


def _grouped_cells(pattern, groups, shown):
    """The group of the entries in each cell; -1 where there is none, _SEVERAL where they are of several groups."""
    cells = np.full([shown, shown], -1, np.int64)
    place = pattern.rows.astype(np.int64) * shown // max(1, pattern.n), pattern.cols.astype(np.int64) * shown // max(
        1, pattern.n)
    found = groups[pattern.cols]
    low, high = np.full([shown, shown], np.iinfo(np.int64).max), cells.copy()
    np.minimum.at(low, place, found)
    np.maximum.at(high, place, found)
    return np.where(high < 0, -1, np.where(low == high, high, _SEVERAL))


def _draw_groups(ax, cells, count, is_colored, n):
    """Cells in the colours of their groups: shades that go on from dark to light where there are many."""
    if not cells.size:
        return
    style = {"extent": (-0.5, n - 0.5, n - 0.5, -0.5), "interpolation": "nearest"}
    few = count <= len(CYCLE)
    cmap = ListedColormap(CYCLE[:max(1, count)]) if few else "viridis"
    image = ax.imshow(np.ma.masked_where(cells < 0, cells), cmap=cmap, vmin=-0.5, vmax=max(count, 1) - 0.5, **style)
    ax.imshow(np.ma.masked_where(cells != _SEVERAL, cells), cmap=ListedColormap([GREY]), **style)
    if is_colored:
        label = "group of the column" + (" (grey: several groups)" if (cells == _SEVERAL).any() else "")
        ax.figure.colorbar(image, ax=ax, label=label, ticks=range(count) if few else None)
