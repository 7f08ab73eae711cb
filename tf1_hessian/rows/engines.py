"""The two ways to second derivatives by row: forward tangents with one adjoint sweep, and nested columns."""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import columns
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.derivatives.tangents import Tangents
from tf1_hessian.graph.emission import made_for

__all__ = ["ByColumns", "ByTangents"]


class ByTangents(object):
    """One tangent for each element of a row, and one adjoint for each output; laid in the scratch graph.

    size: the tangents at once; fewer than all for diagonals and Laplacians alone, since matrices pair all of them.
    """

    engine = "tangents"

    def __init__(self, problem, tangents, size):
        self._problem, self.tangents, self.columns = problem, tangents, problem.width
        self.size = min(size, problem.width)
        if self.size < problem.width:
            self._chunk = self._chunked()
            self.needed = self._chunk.needed
        else:
            self._result = problem.shaped(self._laid(_units(problem, tf.range(problem.width)), problem.quantity))
            self.needed = made_for([self._result], self._result.graph)

    def _chunked(self):
        """The diagonals of some elements, these first."""
        ids = tf.placeholder(tf.int32, [self.size])
        found = self._laid(_units(self._problem, ids), "batch_diag")
        return columns.Chunk(ids, [None if found is None else _turned(found, -1)])

    def _laid(self, units, quantity):
        """[B, ...] or [B, q, ...]; None for zero."""
        problem, stacks = self._problem, self.tangents.push(units)

        def for_seed(seed):
            found = self.tangents.bend(stacks, seed, quantity, problem.count)
            return tf.transpose(found) if found is not None and quantity == "batch_diag" else found

        if problem.outputs in (None, 1):
            return for_seed(tf.ones_like(problem.ys))
        units = tf.eye(problem.outputs, dtype=problem.ys.dtype.base_dtype)
        if not problem.outputs:
            return None
        found = columns.each(lambda k: for_seed(problem.seed(tf.gather(units, k))), problem.outputs)
        if found is None:
            return None
        return tf.transpose(found, [1, 0] + list(range(2, found.shape.ndims)))

    def lay(self, emission):
        """The result in the default graph."""
        problem = self._problem
        if self.size == problem.width:
            return emission.emit([self._result])[0]
        found, = self._chunk.lay(emission, problem.width)
        if found is not None:
            found = tf.reduce_sum(found, 0) if problem.quantity == "laplacian" else _turned(found, 1)
        return problem.shaped(found, problem.counted(emission))


def _turned(tensor, places):
    """Its axes moved around: by 1 the first one to the end, by -1 the last one to the front."""
    axes = list(range(tensor.shape.ndims))
    return tf.transpose(tensor, axes[places:] + axes[:places])


def tangents_of(problem):
    """The Tangents from x to ys."""
    separation = problem.separation
    return Tangents(separation.flow, problem.x, problem.ys, separation.rows_of)


def _units(problem, ids):
    """[c, 1, row]: a unit tangent for each of some elements of a row, the same in all rows."""
    units = tf.one_hot(ids, problem.width, dtype=problem.dtype)
    return tf.reshape(units, (int(ids.shape[0]), 1) + problem.row)


class ByColumns(object):
    """Products of the Hessian of each row with unit vectors, all rows at once: a column for each element and output."""

    def __init__(self, problem, engine, size):
        self._problem, self._width = problem, problem.width
        self._count = self._width * (problem.outputs or 1)
        self.columns = self._count
        self._gradient = problem.gradient() if problem.outputs in (None, 1) else None
        self.engine, self._chunk = self._chosen(engine, min(size, self._count))
        self.size, self.needed = self._chunk.size, self._chunk.needed

    def _chosen(self, engine, size):
        if engine == "loop" or (engine == "auto" and self._count == 1):
            return "loop", columns.looped(self._column, self._count, self._problem.dtype)
        try:
            return "vectorized", columns.together(lambda: columns.vectorized(
                self._column, self._count, self._problem.dtype, size))
        except errors.NotVectorized as refusal:
            if engine == "vectorized":
                raise errors.engine_does_not_fit("vectorized", refusal) from refusal
            return "loop", columns.looped(self._column, self._count, self._problem.dtype)

    def _column(self, seed):
        """[row d of each Hessian, or its entry on the diagonal, [B, ...]] for a unit seed over outputs and elements."""
        problem = self._problem
        seed = tf.reshape(seed, [-1, self._width])
        if problem.outputs in (None, 1):
            gradient, direction = self._gradient, seed[0]
        else:
            gradient = problem.gradient(tf.reduce_sum(seed, 1))
            direction = tf.reduce_sum(seed, 0)
        if gradient is None:
            return [None]
        row = tf.reshape(direction, (1,) + problem.row)
        found, = backprop([gradient], [problem.x], [tf.zeros_like(gradient) + row], options=Options())
        if found is None:
            return [None]
        if problem.quantity == "batch":
            return [tf.reshape(found, tf.stack([problem.count, self._width]))]
        return [tf.reduce_sum(tf.reshape(found * row, tf.stack([problem.count, self._width])), 1)]

    def lay(self, emission):
        """The result in the default graph."""
        problem = self._problem
        found, = self._chunk.lay(emission, self._count)
        count = problem.counted(emission)
        if found is not None:
            tail = [self._width] if problem.quantity == "batch" else []
            found = tf.reshape(found, tf.stack([problem.outputs or 1, self._width, count] + tail))
            found = tf.transpose(found, [2, 0, 1] + ([3] if tail else []))
            if problem.quantity == "laplacian":
                found = tf.reduce_sum(found, 2)
        return problem.shaped(found, count)
