"""Functions while they are traced: what their graphs read of the outside, and what can't be seen from within."""
from tf1_hessian import _compat
from tf1_hessian.graph.paths import carries_derivative
from tf1_hessian.graph.scratch import key

__all__ = ["refuse_computed_outside", "seen_from"]


def seen_from(graph, tensor):
    """The tensor through which a graph reads one of outside: a function's graph has an input for each, or a constant
    for a small eager one. Other tensors as they are."""
    return graph.capture(tensor) if _compat.is_seen_through(graph, tensor) else tensor


def refuse_computed_outside(graph, sources):
    """Raises where a function reads what was computed from a source in a graph around it: within the function that
    dependence can't be seen, and would count as zero."""
    read = [outer for outer, _ in _compat.captures_of(graph) if not _compat.is_eager(outer)]
    if not read:
        return
    roots = {_name(_outermost(a)): s for s in sources for a in s.anchors}
    for outer in read:
        source = None if _name(_outermost(outer)) in roots else _origin(outer, roots)
        if source is not None:
            raise _computed_outside(outer.name, source.name)


def _computed_outside(name, source):
    return ValueError(
        "'%s' is computed from the source '%s' outside of the function being traced (a tf.function, or a branch "
        "or body of tf.cond or tf.while_loop), where its dependence can't be seen. Compute it inside, or ask for the "
        "derivative outside." % (name, source))


def _name(tensor):
    return id(tensor) if _compat.is_eager(tensor) else key(tensor)


def _outermost(tensor):
    """What a tensor of a function stands for in the outermost graph around it, if it stands for something."""
    while not _compat.is_eager(tensor):
        outside = {key(inner): outer for outer, inner in _compat.captures_of(tensor.graph)}.get(key(tensor))
        if outside is None:
            return tensor
        tensor = outside
    return tensor


def _origin(tensor, roots):
    """The source that a tensor is computed from, through what carries derivatives, or None."""
    seen, stack = set(), [tensor]
    while stack:
        top = _outermost(stack.pop())
        if _name(top) in roots:
            return roots[_name(top)]
        if _name(top) not in seen and not _compat.is_eager(top):
            seen.add(_name(top))
            stack.extend(t for t in top.op.inputs if carries_derivative(t.dtype))
    return None
