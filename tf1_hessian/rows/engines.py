"""The two ways to second derivatives by row: forward tangents with one adjoint sweep, and nested columns."""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import columns
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.derivatives.tangents import Tangents
from tf1_hessian.graph.emission import made_for

__all__ = ["ByColumns", "ByTangents"]


class ByTangents(object):
    """One tangent for each element of a row, and one adjoint for each output; laid in the scratch graph."""

    engine = "tangents"

    def __init__(self, problem, tangents=None):
        self._problem = problem
        self.tangents = tangents or tangents_of(problem)
        self._stacks = self.tangents.push(_units(problem))
        self._result = problem.shaped(self._laid())
        self.columns, self.size = problem.width, problem.width
        self.needed = made_for([self._result], self._result.graph)

    def _laid(self):
        """[B, ...] or [B, q, ...]; None for zero."""
        problem = self._problem
        if problem.outputs in (None, 1):
            return self._for_seed(tf.ones_like(problem.ys))
        units = tf.eye(problem.outputs, dtype=problem.ys.dtype.base_dtype)
        if not problem.outputs:
            return None
        found = columns.each(lambda k: self._for_seed(problem.seed(tf.gather(units, k))), problem.outputs)
        if found is None:
            return None
        return tf.transpose(found, [1, 0] + list(range(2, found.shape.ndims)))

    def _for_seed(self, seed):
        problem = self._problem
        found = self.tangents.bend(self._stacks, seed, problem.quantity, problem.count)
        return tf.transpose(found) if found is not None and problem.quantity == "batch_diag" else found

    def lay(self, emission):
        """The result in the default graph."""
        return emission.emit([self._result])[0]


def tangents_of(problem):
    """The Tangents from x to ys."""
    separation = problem.separation
    return Tangents(separation.flow, problem.x, problem.ys, separation.rows_of)


def _units(problem):
    """[D, 1, row]: a unit tangent for each element of a row, the same in all rows."""
    return tf.reshape(tf.eye(problem.width, dtype=problem.dtype), (problem.width, 1) + problem.row)


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
        count, = emission.emit([problem.count]) if isinstance(problem.count, tf.Tensor) else [problem.count]
        if found is not None:
            tail = [self._width] if problem.quantity == "batch" else []
            found = tf.reshape(found, tf.stack([problem.outputs or 1, self._width, count] + tail))
            found = tf.transpose(found, [2, 0, 1] + ([3] if tail else []))
            if problem.quantity == "laplacian":
                found = tf.reduce_sum(found, 2)
        return problem.shaped(found, count)
