"""The StopGradient inside tf.nn.moments, which is right at first order only."""
from tf1_hessian import _compat
from tf1_hessian.graph.control_flow import column_loop
from tf1_hessian.graph.scratch import key

__all__ = ["is_moment_mean"]


def is_moment_mean(op):
    """The mean inside tf.nn.moments, whose dependence counts at second order.

    Whether a StopGradient is that one. moments(y) gives mean((y - stop_gradient(mean(y)))**2). At first order nothing
    is lost, since mean(y - mean(y)) is zero; at second order d2 var / dy2 loses its rank-one part: batch norm is 7-10 %
    off, symmetric and in silence. Exactly this pattern counts, with nothing else reading the stopped mean; every other
    StopGradient is the user's. Once found it stays so: results laid later read the mean too, in loops among others.
    """
    known = _compat.kept_with(op.graph, _MEMORY)
    if op.name not in known and _has_pattern(op):
        known[op.name] = True
    return op.name in known


_MEMORY = "_tf1_hessian_moments"


def _has_pattern(op):
    if op.type != "StopGradient" or op.inputs[0].op.type != "Mean":
        return False
    mean = op.inputs[0].op
    readers = [r for r in op.outputs[0].consumers() if column_loop(r) is None]
    squares = [r for r in readers if r.type == "SquaredDifference"]
    if not squares or any(r.type not in _READERS_OF_A_MOMENT for r in readers):
        return False
    of_same = all(_other_input(r, op.outputs[0]) == _read(mean.inputs[0]) for r in readers if r.type in _DIFFERENCES)
    return of_same and all(_is_averaged_alike(s, mean) for s in squares)


# The square itself, and what TF's gradient of it reads: the difference and shapes.
_DIFFERENCES = frozenset(["SquaredDifference", "Sub"])
_READERS_OF_A_MOMENT = _DIFFERENCES | {"Shape", "ShapeN"}


def _other_input(op, tensor):
    others = [_read(t) for t in op.inputs if key(t) != key(tensor)]
    return others[0] if len(others) == 1 else None


def _read(tensor):
    """The key of a tensor, or of the variable that it is a read of: each op that takes a variable reads it anew."""
    return key(tensor.op.inputs[0] if tensor.op.type == "ReadVariableOp" else tensor)


def _is_averaged_alike(square, mean):
    """Whether a squared difference is averaged over the axes of the mean."""
    axes = _compat.static_value(mean.inputs[1])
    averages = [r for r in square.outputs[0].consumers() if r.type == "Mean"]
    others = [r for r in square.outputs[0].consumers() if r.type not in ("Mean", "Shape", "ShapeN")]
    if not averages or others:
        return False
    found = [_compat.static_value(a.inputs[1]) for a in averages]
    return axes is not None and all(f is not None and f.tolist() == axes.tolist() for f in found)
