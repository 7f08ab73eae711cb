"""Patterns with known numbers of colours."""
import itertools

import numpy as np

from tf1_hessian.sparsity.pattern import SparsityPattern

__all__ = ["arrow", "band", "factorization", "grid", "scattered"]


def grid(*shape, corners=False):
    """Each place of a grid meets its neighbours along the axes, with corners all around: 5-, 7-, 9-point."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    rows, cols = [], []
    for step in itertools.product((-1, 0, 1), repeat=len(shape)):
        if corners or np.abs(step).sum() <= 1:
            here = tuple(slice(max(0, -s), size - max(0, s)) for s, size in zip(step, shape))
            there = tuple(slice(max(0, s), size - max(0, -s)) for s, size in zip(step, shape))
            rows.append(places[here].ravel())
            cols.append(places[there].ravel())
    return SparsityPattern.from_pairs(np.concatenate(rows), np.concatenate(cols), places.size)


def band(n, width):
    """Each element meets the next `width` ones."""
    return SparsityPattern(abs(np.subtract.outer(np.arange(n), np.arange(n))) <= width)


def arrow(n):
    """The first element meets all others, which do not meet."""
    matrix = np.eye(n, dtype=bool)
    matrix[0] = matrix[:, 0] = True
    return SparsityPattern(matrix)


def factorization(rows, cols, rank):
    """sum f(U V^T): a row of U meets itself and all of V, a row of V itself and all of U."""
    n = (rows + cols) * rank
    matrix = np.kron(np.eye(rows + cols), np.ones([rank, rank])) > 0
    matrix[:rows * rank, rows * rank:] = matrix[rows * rank:, :rows * rank] = True
    assert matrix.shape == (n, n)
    return SparsityPattern(matrix)


def scattered(n, share, seed):
    """At random, with a full diagonal."""
    matrix = np.random.RandomState(seed).rand(n, n) < share
    return SparsityPattern(matrix | matrix.T | np.eye(n, dtype=bool))
