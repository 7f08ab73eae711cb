"""The density of all eigenvalues, by stochastic Lanczos quadrature.

Source: Golub and Meurant, Matrices, Moments and Quadrature (2010), chapter 6: of a start of length 1, nodes are the
eigenvalues of the tridiagonal matrix, weights the squared first components of its vectors. Ghorbani, Krishnan and Xiao,
An investigation into neural net optimization via Hessian eigenvalue density, ICML 2019.
"""
import numpy as np
from scipy import linalg

from tf1_hessian import errors
from tf1_hessian.estimators.hutchinson import told
from tf1_hessian.estimators.lanczos import tridiagonal
from tf1_hessian.estimators.products import count_of, generator
from tf1_hessian.estimators.results import SpectralDensity

__all__ = ["density"]

# Bells that are narrower than this share of the range over the steps are not resolved by the quadrature.
_WIDTH = 2.0
# How far the grid goes beyond the outermost node, in widths.
_MARGIN = 4


def density(products, effort, steps, width, grid, points):
    """The SpectralDensity: effort.samples starts of normal random numbers, `steps` products each."""
    steps = min(count_of("steps", steps, 2), products.n)
    count_of("points", points, 2)
    if width is not None and not width > 0:
        raise errors.bad_option("width", width, "a positive number, or None")
    random, rules = generator(effort.seed), []
    while True:
        goal = effort.samples if not rules else min(2 * len(rules), effort.max_samples)
        while len(rules) < goal:
            rules.append(_rule(products, random.standard_normal(products.n), steps))
        found = _smoothed(products, rules, width, grid, points)
        error = found.standard_error.max() / found.density.max()
        if effort.tolerance is None or error <= effort.tolerance or goal == effort.max_samples:
            told(error, effort)
            return found


def _rule(products, start, steps):
    """(nodes, weights), padded with weights of 0 where the Krylov space ended."""
    diagonal, beside = tridiagonal(products, start, steps)
    nodes, vectors = linalg.eigh_tridiagonal(diagonal, beside) if len(beside) else (diagonal, np.ones([1, 1]))
    missing = steps - len(nodes)
    return np.append(nodes, np.full(missing, nodes[-1])), np.append(vectors[0] ** 2, np.zeros(missing))


def _smoothed(products, rules, width, grid, points):
    nodes, weights = (np.stack(part) for part in zip(*rules))
    low, high = nodes.min(), nodes.max()
    if width is None:
        width = _WIDTH * (high - low) / nodes.shape[1] or 1e-3 * max(abs(high), 1e-3)
    if grid is None:
        grid = np.linspace(low - _MARGIN * width, high + _MARGIN * width, points)
    grid = np.asarray(grid, np.float64)
    each = np.stack([_bells(grid, n, w, width) for n, w in zip(nodes, weights)])
    error = each.std(0, ddof=1) / np.sqrt(len(each))
    return SpectralDensity(grid, each.mean(0), error, float(width), nodes, weights, products.n, products.count)


def _bells(grid, nodes, weights, width):
    return np.exp(-0.5 * ((grid[:, None] - nodes) / width) ** 2).dot(weights) / (width * np.sqrt(2 * np.pi))
