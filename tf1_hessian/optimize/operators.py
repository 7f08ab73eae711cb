"""The Hessian as a scipy LinearOperator."""
import numpy as np
from scipy.sparse import linalg

from tf1_hessian import errors
from tf1_hessian.estimators.products import check_symmetric
from tf1_hessian.optimize.flat import FlatLoss
from tf1_hessian.optimize.sums import Sum
from tf1_hessian.runners.draws import refuse_draws

__all__ = ["FlatProduct", "HessianOperator"]


class HessianOperator(linalg.LinearOperator):
    """The Hessian over all xs as a scipy.sparse.linalg.LinearOperator [n, n], for cg, eigsh, minres and the like.

    loss, xs: as in th.hvp; sizes are known. Vectors are float64, in list order and C order inside; they are cast to the
    model's dtype, scaled by a power of two so that none is lost in float32. Nothing is evaluated before a product is
    asked for; the variables' values at that time count. A product is one session call for each batch; matmat reads each
    batch once for all vectors. What is laid into the graph, is laid now.

    feeds: None, a feed_dict, a list of these, or a function that gives an iterable of them: of several, the mean of the
    batches' Hessians or reduce="sum". weight: a scalar tensor, such as the batch's size, or a function of the
    feed_dict: sum(w H) / sum(w). precision="float64": as in th.hessian_diag.

    eps: the relative rounding error of a product. pack(values), unpack(vector): between the structure of xs and the
    flat vector. Errors as in th.hvp; ValueError for a Hessian that a custom gradient makes unsymmetric, at the first
    product.
    """

    def __init__(self, loss, xs, session=None, feeds=None, *, weight=None, reduce="mean", precision=None):
        self._sum = Sum(session, feeds, weight, reduce)
        self._flat = FlatLoss("HessianOperator", loss, xs, precision)
        self._product = FlatProduct(self._flat, self._sum)
        self.eps = self._flat.eps
        super(HessianOperator, self).__init__(np.float64, (self._flat.layout.n,) * 2)

    def pack(self, values):
        """Numbers or arrays in the structure of xs as one array [n]."""
        return self._flat.pack("values", values)

    def unpack(self, vector):
        """An array [n] as arrays in the structure of xs."""
        return self._flat.unpack(vector)

    def refuse_draws(self):
        """Raises ValueError, which names the op, where each session call has another Hessian (dropout, an iterator)."""
        self._product.refuse_draws()

    def _matvec(self, vector):
        return self._matmat(np.reshape(vector, [-1, 1]))[:, 0]

    def _rmatvec(self, vector):
        return self._matvec(vector)

    def _adjoint(self):
        return self

    def _matmat(self, vectors):
        vectors = np.asarray(vectors)
        if vectors.dtype.kind not in "biuf":
            raise errors.bad_option("a vector", vectors.dtype, "real numbers")
        return self._product.times(vectors.astype(np.float64))

    def __repr__(self):
        return "HessianOperator(n=%d: %s)" % (self.shape[0], ", ".join(
            "%s %s" % (s.name, s.shape) for s in self._flat.layout.sources))

    __str__ = __repr__


class FlatProduct(object):
    """Products of the Hessian of a FlatLoss with columns, over the batches of a Sum.

    Where a gradient that users define is on the path, the first is compared with another one: ValueError for a Hessian
    that is not symmetric.
    """

    def __init__(self, flat, summed):
        self._vector, self._product = flat.product()
        self._sum, self._is_checked = summed, not flat.may_be_unsymmetric
        self.n, self.eps = flat.layout.n, flat.eps

    def refuse_draws(self):
        """Raises ValueError where something above the product draws anew in each session call, and is not fed."""
        refuse_draws([self._product], self._sum.first(), self._product.graph)

    def times(self, vectors, fed=()):
        """The products with the columns of an array [n, k]; fed: (tensor, array) pairs that are fed beside the batches.

        Each vector is scaled by a power of two on its way through the model, so that float32 holds it.
        """
        if not self._is_checked:
            self._is_checked = True
            try:
                check_symmetric(_At(self, fed))
            except ValueError:
                self._is_checked = False
                raise
        if not vectors.shape[1]:
            return np.zeros(vectors.shape)
        scales = np.ldexp(1.0, np.frexp(np.abs(vectors).max(0))[1])
        feeds = [dict(list(fed) + [(self._vector, v)]) for v in (vectors / scales).T]
        return np.stack([values for values, in self._sum.of([self._product], feeds)], 1) * scales


class _At(object):
    """A FlatProduct at a point that is fed."""

    def __init__(self, product, fed):
        self._product, self._fed, self.n, self.eps = product, fed, product.n, product.eps

    def times(self, vectors):
        return self._product.times(vectors, self._fed)
