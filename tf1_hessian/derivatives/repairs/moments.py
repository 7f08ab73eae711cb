"""The StopGradient inside tf.nn.moments, which is right at first order only."""
from tf1_hessian import _compat
from tf1_hessian.graph.control_flow import WHILE_TYPES
from tf1_hessian.graph.marks import column_loop
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
    readers = list(_readers(op.outputs[0]))
    squares = [r for r, _ in readers if r.type == "SquaredDifference" and r.graph is op.graph]
    if not squares or any(r.type not in _READERS_OF_A_MOMENT for r, _ in readers):
        return False
    stopped, averaged = op.outputs[0], _origin(mean.inputs[0], _itself)
    of_same = all(_other_input(r, stopped, outer) == averaged for r, outer in readers if r.type in _DIFFERENCES)
    return of_same and all(_is_averaged_alike(s, mean) for s in squares)


def _readers(tensor, outer=None):
    """(op, a function that gives the tensor outside for one inside) of what reads a tensor, also in loops it enters:
    tf.hessians differentiates in one. This library's own loops of columns don't count."""
    outer = outer or _itself
    for reader in tensor.consumers():
        if reader.type == "Enter":
            for found in _readers(reader.outputs[0], lambda t: outer(_entered(t))):
                yield found
        elif reader.type not in WHILE_TYPES or reader.graph is not tensor.graph:
            yield reader, outer
        elif column_loop(reader) is None:
            for found in _readers_in_loop(tensor, reader, outer):
                yield found


def _readers_in_loop(tensor, loop, outer):
    for kind in ("cond", "body"):
        body = _compat.function_graph(loop, kind)
        for reader in _readers_inside(tensor, list(zip(body.inputs, loop.inputs)), outer):
            if reader[0].type != "Identity":  # handed on to the next iteration
                yield reader


def _readers_inside(tensor, pairs, outer):
    """Of a tensor, by the pairs (tensor inside, tensor outside) of a loop."""
    outside = {key(inner): t for inner, t in pairs}
    for inner, t in pairs:
        if key(t) == key(tensor):
            for found in _readers(inner, lambda t: outer(outside.get(key(t), t))):
                yield found


def _itself(tensor):
    return tensor


def _entered(tensor):
    return tensor.op.inputs[0] if tensor.op.type == "Enter" else tensor


# The square itself, and what TF's gradient of it reads: the difference and shapes.
_DIFFERENCES = frozenset(["SquaredDifference", "Sub"])
_READERS_OF_A_MOMENT = _DIFFERENCES | {"Shape", "ShapeN"}


def _other_input(op, stopped, outer):
    others = [_origin(t, outer) for t in op.inputs if key(outer(t)) != key(stopped)]
    return others[0] if len(others) == 1 else None


def _origin(tensor, outer):
    """The key of a tensor, or of the variable that it is a read of: each op that takes a variable reads it anew."""
    found = outer(tensor)
    return key(outer(found.op.inputs[0]) if found.op.type == "ReadVariableOp" else found)


def _is_averaged_alike(square, mean):
    """Whether a squared difference is averaged over the axes of the mean."""
    axes = _compat.static_value(mean.inputs[1])
    averages = [r for r in square.outputs[0].consumers() if r.type == "Mean"]
    others = [r for r in square.outputs[0].consumers() if r.type not in ("Mean", "Shape", "ShapeN")]
    if not averages or others:
        return False
    found = [_compat.static_value(a.inputs[1]) for a in averages]
    return axes is not None and all(f is not None and f.tolist() == axes.tolist() for f in found)
