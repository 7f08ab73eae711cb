"""The proof that row b of some results depends on row b of a source alone, or the op that mixes rows."""
from tf1_hessian import _compat, errors
from tf1_hessian.derivatives import repairs, zeros
from tf1_hessian.graph.flow import Flow
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.traits import Carried
from tf1_hessian.structure.axes import Axes, Point

__all__ = ["Separation"]

_REMEDY = "th.hessian and th.hessian_diag of the sum of ys, which take a column for each element of x"


class Separation(object):
    """How the rows of a source, along its first axis, stay apart on the way to `ys`. Raises NotSeparableError.

    flow: of derivatives from x to ys. needs: pairs (tensor, axis, tensor, axis) of sizes that must be equal for it.
    """

    def __init__(self, ys, source):
        x, = source.anchors
        self.flow = Flow(find_path([ys], [x]), lambda op: zeros.is_zero(op) and not repairs.is_moment_mean(op))
        self.ys, self.x = ys, x
        self._point = Point(x, tuple(_compat.dimensions(source.shape)), source.dtype)
        self._trace = Axes(self.flow).trace(self._point, 0)
        self.needs = []
        if not self.is_constant:
            self._check(source.name)

    @property
    def is_constant(self):
        """Whether no derivative flows from x to ys."""
        return not self.flow.is_live(self.ys) or not self.flow.reaches(self.x, self.ys) and self.x is not self.ys

    @property
    def ops(self):
        """The ops between, in order."""
        return self.flow.between(self.x, self.ys)

    def rows_of(self, tensor):
        """The Carried state of a tensor between: where its rows lie."""
        return self._trace.state(tensor)

    def _check(self, name):
        for op in self.ops:
            if any(not isinstance(self.rows_of(o), Carried) for o in op.outputs if self.flow.is_live(o)):
                raise errors.not_separable(op, name, _REMEDY)
        if self.rows_of(self.ys) != Carried(0):
            raise errors.bad_option("ys", self.ys, "a row for each row of '%s', along the first axis" % name)
        self.needs = list(self._trace.needs(self.ys))
        if self._point.sizes[0] is None:
            self.needs.append((self.x, 0, self.ys, 0))
