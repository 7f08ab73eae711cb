"""Eigenvalues at the ends of the spectrum, by ARPACK, and the tridiagonal matrix of a Krylov space."""
import numpy as np
from scipy.sparse import linalg

from tf1_hessian import errors
from tf1_hessian.estimators.products import count_of, generator
from tf1_hessian.estimators.results import Eigenpairs

__all__ = ["WHICH", "eigenpairs", "tridiagonal"]

# Which come first: by what the values are sorted.
WHICH = {"LM": lambda v: -np.abs(v), "SM": np.abs, "LA": lambda v: -v, "SA": lambda v: v, "BE": lambda v: v}
# Up to here n products and a dense matrix are cheaper than what is to be learnt about restarts.
_DENSE = 32


def eigenpairs(products, k, which, tolerance, max_iterations, seed):
    """The Eigenpairs for k eigenvalues: "LM" the largest in magnitude, "SM" the smallest, "LA" the largest, "SA" the
    smallest algebraically, "BE" half from each end. Raises ValueError for more than n, ArpackNoConvergence where
    max_iterations are not enough.
    """
    if which not in WHICH:
        raise errors.bad_option("which", which, "one of " + ", ".join(sorted(WHICH)))
    if count_of("k", k, 1) > products.n:
        raise errors.bad_option("k", k, "at most n=%d" % products.n)
    start = generator(seed).standard_normal(products.n)
    if products.n <= _DENSE or k >= products.n - 1:
        matrix = products.dense()
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        chosen = _chosen(values, k, which)
        values, vectors = values[chosen], vectors[:, chosen]
    else:
        operator = linalg.LinearOperator((products.n, products.n), products.time, dtype=np.float64)
        values, vectors = linalg.eigsh(operator, k, which=which, v0=start, maxiter=max_iterations,
                                       tol=products.eps if tolerance is None else tolerance)
    order = np.argsort(WHICH[which](values), kind="stable")
    values, vectors = values[order], vectors[:, order]
    residuals = np.linalg.norm(products.times(vectors) - vectors * values, axis=0)
    return Eigenpairs(values, vectors, residuals, products.count, which)


def _chosen(values, k, which):
    if which == "BE":
        return np.concatenate([np.arange(k // 2), np.arange(len(values) - (k - k // 2), len(values))])
    return np.argsort(WHICH[which](values), kind="stable")[:k]


def tridiagonal(products, start, steps):
    """(diagonal [m], off-diagonal [m - 1]) of the Lanczos process in float64, each vector made orthogonal to all
    before.

    m is less than steps where the Krylov space of the start is exhausted: the spectrum it sees is exact then.
    """
    basis = np.zeros([steps, products.n])
    vector, alphas, betas = start / np.linalg.norm(start), [], []
    for step in range(steps):
        basis[step] = vector
        found = products.time(vector)
        alphas.append(vector.dot(found))
        size = np.linalg.norm(found)
        for _ in range(2):
            found = found - basis[:step + 1].T.dot(basis[:step + 1].dot(found))
        length = np.linalg.norm(found)
        if step + 1 == steps or length <= max(10 * products.eps * size * products.n ** 0.5, np.finfo(np.float64).tiny):
            break
        betas.append(length)
        vector = found / length
    return np.array(alphas), np.array(betas)
