"""A question about rows that makes sense: ys and x resolved, in the precision asked for, and proved to be separable."""
import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.precision import in_double
from tf1_hessian.graph.regions import may_be_unsymmetric
from tf1_hessian.graph.scratch import Scratch
from tf1_hessian.graph.sources import anchors_of, check_real, resolve_losses, resolve_sources
from tf1_hessian.problem import path_between
from tf1_hessian.structure.separation import Separation

__all__ = ["RowProblem"]


class RowProblem(object):
    """ys [B] or [B, q], and x [B, ...] whose row has `width` elements in the shape `row`.

    outputs: q, or None for ys [B]. After `rehearse`: scratch graph, separation, and ys and x as they are there.
    """

    def __init__(self, ys, x, quantity, precision):
        self.quantity, self.precision = quantity, precision
        found = resolve_losses(ys)
        self.graph = found[0].graph
        if self.graph.finalized:
            raise errors.finalized()
        sources = resolve_sources([x], self.graph)
        check_real(sources)
        self.source, = sources
        self.outputs = _outputs_of(found, ys)
        self.row = _row_of(self.source, x)
        self.width = int(np.prod(self.row, dtype=np.int64))
        self.ys, = found
        self.asked_ys, self.rows = self.ys, self.ys.shape.as_list()[0]
        self.question = ("rows", self.ys.name, self.source.name, tuple(a.name for a in self.source.anchors), quantity,
                         precision)

    def results(self):
        """[(shape, dtype)] of what is asked for, before anything is rehearsed."""
        return [(self.shape.as_list(), self.source.dtype if self.precision is None else tf.as_dtype(self.precision))]

    def rehearse(self):
        """Proves that rows are separable, in a scratch graph; raises where they are not, or can't be told apart."""
        path_between([self.ys], [self.source])
        self.scratch, self.narrow = Scratch(self.graph), []
        ys, source = self.ys, self.source
        with self.scratch.as_default():
            if self.precision is not None:
                (ys,), (source,), self.narrow = in_double([ys], [source])
            self.ys, (self.x,) = ys, anchors_of([source])
            self.dtype = source.dtype
            path = path_between([ys], [source])
            self.separation = Separation(ys, source)
            self.symmetric = not may_be_unsymmetric(path.ops)
            sizes = dimensions_of(self.ys)
            self.count = tf.shape(self.ys)[0] if sizes[0] is None else sizes[0]
            self.rows = sizes[0]

    def counted(self, emission):
        """The number of rows, in the default graph."""
        return emission.emit([self.count])[0] if isinstance(self.count, tf.Tensor) else self.count

    def gradient(self, seed=None):
        """d(sum of ys)/dx, or of the outputs weighted with `seed` [q]; None for zero."""
        weights = None if seed is None else self.seed(seed)
        return backprop([self.ys], [self.x], [weights])[0]

    def seed(self, weights):
        """[q] weights of the outputs as a tensor of the shape of ys."""
        return tf.zeros_like(self.ys) + weights

    @property
    def shape(self):
        """Of the result, statically."""
        inner = {"batch": list(self.row) * 2, "batch_diag": list(self.row), "laplacian": []}[self.quantity]
        return tf.TensorShape([self.rows] + ([] if self.outputs is None else [self.outputs]) + inner)

    def shaped(self, result, count=None):
        """A result [B, q, ...], with or without the axis of outputs and with flat rows, in its shape; zeros for None.

        count: the rows, in the default graph.
        """
        shape = self.shape.as_list()
        shape = tf.stack([self.count if count is None else count] + shape[1:]) if shape[0] is None else shape
        found = tf.zeros(shape, self.dtype) if result is None else tf.reshape(result, shape)
        found.set_shape(self.shape)
        return found


def _outputs_of(found, ys):
    rank = found[0].shape.ndims
    if len(found) != 1 or rank not in (1, 2):
        raise errors.bad_option("ys", ys, "one tensor of shape [B] or [B, q], a row for each row of x")
    outputs = None if rank == 1 else dimensions_of(found[0])[1]
    if rank == 2 and outputs is None:
        raise errors.bad_option("ys", ys, "a known number of outputs, as [B, 3] has; got shape %s" % found[0].shape)
    return outputs


def _row_of(source, x):
    """The dimensions of one row of x, which must be one tensor."""
    sizes = _compat.dimensions(source.shape)
    if not sizes or None in sizes[1:] or len(source.anchors) != 1:
        raise errors.bad_option("x", x, (
            "one tensor of rows, along its first axis, whose size is known, as [None, 3] has; got shape %s" % (
                source.shape,)))
    return tuple(sizes[1:])
