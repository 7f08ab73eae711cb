"""Colourings of grids: the colour of an element is (weights . its place) mod k.

A pattern that is the same everywhere on a grid is coloured by the differences of places alone; what comes out is held
against all entries by the caller. On the 5-point grid this gives 5 colours where greedy ones take 6 or more.
"""
import itertools

import numpy as np

__all__ = ["lattice_of", "shapes_of"]

_MOST_DIFFERENCES = 200
_MOST_WEIGHTS = 30000
_MOST_AXES = 4
_SAMPLE = 200000
_MOST_GUESSES = 12


def lattice_of(adjacency, shape, kind, fewest, most):
    """The colours of the lattice with the least number, `fewest` to `most`, that fits each sampled entry; or None."""
    sizes = [s for s in shape if s != 1] or [1]
    if len(sizes) > _MOST_AXES:
        return None
    apart = _differences(adjacency, sizes, kind)
    if apart is None:
        return None
    for number in range(max(2, fewest), most + 1):
        if number ** len(sizes) > _MOST_WEIGHTS:
            return None
        weights = np.array(list(itertools.product(range(number), repeat=len(sizes))))
        fits = ((weights.dot(apart.T) % number) != 0).all(1)
        if fits.any():
            return _colors(sizes, weights[np.argmax(fits)], number)
    return None


def _colors(sizes, weights, number):
    colors = np.zeros(sizes, np.int64)
    for axis, (size, weight) in enumerate(zip(sizes, weights)):
        colors += (np.arange(size) * weight).reshape([-1 if a == axis else 1 for a in range(len(sizes))])
    return (colors % number).astype(np.int32).ravel()


def _differences(adjacency, sizes, kind):
    """The differences of places that must not have one colour, each once; None where there are too many.

    Star colouring: neighbours of one element as well. On a lattice that is what it comes to, since a path of four in
    two colours goes on periodically.
    """
    picked = np.arange(adjacency.nnz)
    if adjacency.nnz > _SAMPLE:
        picked = np.sort(np.random.RandomState(0).randint(adjacency.nnz, size=_SAMPLE))
    rows = np.searchsorted(adjacency.indptr, picked, side="right") - 1
    here = np.stack(np.unravel_index(rows, sizes), 1)
    there = np.stack(np.unravel_index(adjacency.indices[picked], sizes), 1)
    found = _unique(there - here)
    if len(found) > _MOST_DIFFERENCES or not len(found):
        return None
    if kind == "star":
        found = _unique(np.concatenate([found, (found[:, None] - found[None]).reshape(-1, len(sizes))]))
        found = found[(found != 0).any(1)]
    return found


def _unique(places):
    """The different rows of a matrix of whole numbers."""
    low = places.min(0)
    span = (places.max(0) - low + 1).astype(object)
    if np.prod(span) > 2 ** 62:
        return np.unique(places, axis=0)
    keys = np.unique(np.ravel_multi_index((places - low).T, [int(s) for s in span]))
    return np.stack(np.unravel_index(keys, [int(s) for s in span]), 1) + low


def shapes_of(adjacency, shape):
    """Shapes of the grid to try: the source's own, and for a flat source those that the distances of entries hint at.

    The 5-point grid with rows of 100, kept as a vector, has entries at distances 1 and 100.
    """
    n = adjacency.shape[0]
    found = [tuple(shape)]
    if len([s for s in shape if s != 1]) > 1 or not adjacency.nnz:
        return found
    picked = np.random.RandomState(0).randint(adjacency.nnz, size=_SAMPLE) if adjacency.nnz > _SAMPLE else slice(None)
    rows = np.repeat(np.arange(n), np.diff(adjacency.indptr))[picked]
    distances = np.unique(np.abs(adjacency.indices[picked].astype(np.int64) - rows))
    if len(distances) > _MOST_DIFFERENCES:
        return found
    widths = [int(d) for d in distances if d > 1 and n % d == 0]
    found += [(n // w, w) for w in widths]
    found += [(n // b, b // a, a) for a, b in itertools.combinations(widths, 2) if b % a == 0]
    return found[:_MOST_GUESSES]
