"""The one thing that estimators see of a matrix: its products with vectors, counted and checked."""
import numbers

import numpy as np
from scipy.sparse import linalg

from tf1_hessian import errors

__all__ = ["Products", "check_symmetric", "count_of", "generator"]

# How many vectors are multiplied at once: a pass over a data set serves them all, and they fit into memory.
BLOCK = 10


class Products(object):
    """Products with a symmetric [n, n] matrix: a scipy LinearOperator, a dense or a sparse matrix.

    count: of the products so far. eps: the relative rounding error of one. Raises TypeError for what is no matrix and
    ValueError for one that is not square and real.
    """

    def __init__(self, matrix):
        self._operator = operator_of(matrix)
        self.n, self.count = self._operator.shape[0], 0
        dtype = np.dtype(self._operator.dtype or np.float64)
        if len(set(self._operator.shape)) != 1 or not self.n or dtype.kind not in "biuf":
            raise errors.bad_option("the matrix", "%s %s" % (dtype, list(self._operator.shape)),
                                    "a real symmetric matrix [n, n]")
        given = getattr(matrix, "eps", None)
        self.eps = float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps) if given is None else given

    def times(self, vectors):
        """The products with the columns of an array [n, k], as such an array in float64."""
        parts = [np.asarray(self._operator.matmat(vectors[:, i:i + BLOCK]), np.float64)
                 for i in range(0, vectors.shape[1], BLOCK)]
        found = np.concatenate(parts, 1) if parts else np.zeros([self.n, 0])
        self.count += vectors.shape[1]
        if not np.all(np.isfinite(found)):
            raise ArithmeticError("A product with the matrix holds numbers that are not finite: the loss has no second "
                                  "derivative at this point, or one beyond its dtype. th.evaluate(th.gradients(loss, "
                                  "xs)) shows where they arise.")
        return found

    def time(self, vector):
        """The product with one vector [n]."""
        return self.times(vector[:, None])[:, 0]

    def diagonal(self):
        """The diagonal, exactly, by n products."""
        return np.concatenate([np.diagonal(self._columns(i), -i) for i in range(0, self.n, BLOCK)])

    def dense(self):
        """The matrix [n, n], by n products."""
        return np.concatenate([self._columns(i) for i in range(0, self.n, BLOCK)], 1)

    def _columns(self, first):
        return self.times(np.eye(self.n, min(BLOCK, self.n - first), -first))


def operator_of(matrix):
    """A scipy LinearOperator. Raises TypeError for what has no products."""
    try:
        return linalg.aslinearoperator(np.asarray(matrix) if isinstance(matrix, list) else matrix)
    except TypeError as error:
        raise TypeError("Expected a loss with its xs, or a scipy LinearOperator or matrix without, and got %r of type "
                        "%s and no xs." % (matrix, type(matrix).__name__)) from error


def check_symmetric(products, seed=0):
    """Raises ValueError where u.(A v) and v.(A u) of two random vectors differ by more than rounding: two products."""
    vectors = generator(seed).standard_normal([products.n, 2])
    found = products.times(vectors)
    one, other = vectors[:, 0].dot(found[:, 1]), vectors[:, 1].dot(found[:, 0])
    scale = np.linalg.norm(vectors, axis=0).max() * np.linalg.norm(found, axis=0).max()
    if abs(one - other) > np.sqrt(products.eps) * scale:
        raise ValueError(
            "The matrix is not symmetric: u.(A v) is %.8g and v.(A u) is %.8g for two random vectors. A custom "
            "gradient that is no gradient does that, or a loss that draws anew in each session call (dropout, an "
            "iterator): fix the draw, or feed it." % (one, other))


def count_of(name, value, least):
    """A whole number from `least` up. Raises ValueError else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise errors.bad_option(name, value, "a whole number from %d up" % least)
    return int(value)


def generator(seed):
    """The random numbers of a seed, the same in every version of numpy; numpy's global state plays no part."""
    if count_of("seed", seed, 0) >= 2 ** 32:
        raise errors.bad_option("seed", seed, "a whole number below 2**32")
    return np.random.RandomState(int(seed))
