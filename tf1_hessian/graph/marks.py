"""Private marks on ops."""
from tf1_hessian import _compat
from tf1_hessian.graph.scratch import key, original

__all__ = ["column_loop", "is_check", "mark_check", "mark_column_loop"]

_CHECK = "_tf1_hessian_check"
# Marks a While of which each iteration reads the captured tensors and sets one element of each list, nothing else:
# "<iterations> <position of the loop index among the inputs>".
_COLUMN_LOOP = "_tf1_hessian_column_loop"


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


def mark_column_loop(result, index, iterations):
    """Marks the While that made `result` as a column loop over `index`, its initial value among the loop variables."""
    op = result.op
    while op.type == "Identity":
        op = op.inputs[0].op
    outside = [original(t) for t in op.inputs]
    position = [key(t if o is None else o) for t, o in zip(op.inputs, outside)].index(key(index))
    _compat.set_string_attribute(op, _COLUMN_LOOP, "%d %d" % (iterations, position))


def column_loop(op):
    """(iterations, position of the loop index among the inputs) of one of this library's own loops, or None."""
    mark = _compat.string_attribute(op, _COLUMN_LOOP)
    return None if mark is None else tuple(int(number) for number in mark.split())
