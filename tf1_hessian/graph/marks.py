"""Private marks on ops."""
from tf1_hessian import _compat

__all__ = ["is_check", "mark_check"]

_CHECK = "_tf1_hessian_check"


def mark_check(tensor):
    """Marks the op that gives a tensor as part of a check of this library: it has effects, none of which a copy of the
    function around it would miss."""
    op = tensor.op
    while op.type == "Identity":
        op = op.inputs[0].op
    _compat.set_string_attribute(op, _CHECK, "1")


def is_check(op):
    """Whether an op was marked so."""
    return _compat.string_attribute(op, _CHECK) is not None
