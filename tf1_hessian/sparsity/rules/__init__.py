"""Op type -> what it does to elements: the one table. An op without a rule here goes by the axes of its trait."""
from tf1_hessian import _compat
from tf1_hessian.graph.scratch import original
from tf1_hessian.sparsity.rules import elementwise, indexing, movement, products, windows
from tf1_hessian.sparsity.rules.general import by_axes, opaque, same
from tf1_hessian.sparsity.rules.view import Cross, Local, Square, View

__all__ = ["Cross", "Local", "Square", "View", "is_copying", "local"]

RULES = {}
for _family in (elementwise, indexing, movement, products, windows):
    RULES.update(_family.RULES)


_COPYING = frozenset(movement.RULES) | frozenset([
    "ExpandDims", "Identity", "IdentityN", "ReadVariableOp", "Reshape", "Snapshot", "Squeeze"])


def is_copying(op):
    """Whether each output element is an input element as it is, or depends on none, where its links are Picks."""
    return op.type in _COPYING and not _compat.is_overridden(op)


def local(view, is_whole):
    """The Local of an op. is_whole: whether it reads its own inputs, unlike results of loops and conditionals."""
    if not view.op.inputs and original(view.op.outputs[0]) is not None:
        return same(view)
    if not is_whole or _compat.is_overridden(view.op):
        return opaque(view)
    found = None
    if elementwise.is_elementwise(view.op):
        found = elementwise.elementwise(view)
    elif view.op.type in RULES:
        found = RULES[view.op.type](view)
    return found or by_axes(view) or opaque(view)
