"""The reads of a source, and whether what they lead to can be added up."""
import collections

from tf1_hessian import _compat
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import is_linear

__all__ = ["Use", "coupled", "only_reads", "range_of", "shifts", "uses_of"]

Use = collections.namedtuple("Use", "op position")
Use.__doc__ = "A read: input `position` of `op`; None where it enters a loop or a conditional of v1 control flow."


_SHIFTS = frozenset(["Add", "AddV2", "BiasAdd", "Identity", "Sub"])


def uses_of(flow, tensor):
    """The Uses of a tensor, behind pure reads of it."""
    stack = [tensor]
    while stack:
        here = stack.pop(0)
        for op in flow.users(here):
            if only_reads(op):
                stack.append(op.outputs[0])
            else:
                positions = [p for p, given in enumerate(op.inputs) if key(given) == key(here)]
                for use in [Use(op, p) for p in positions] or [Use(op, None)]:
                    yield use


def only_reads(op):
    """A read of a variable, an identity, or a stand-in for a tensor of another graph."""
    return op.type == "ReadVariableOp" or not op.inputs or (op.type == "Identity" and not _compat.is_overridden(op))


def shifts(op, position, tensor):
    """Whether an op adds something to a tensor, read at a position, and leaves it as it is else.

    Sizes that are not known may be broadcast: no shift then, but for a bias and an identity.
    """
    if op.type not in _SHIFTS or (op.type in ("BiasAdd", "Sub") and position):
        return False
    sizes = dimensions_of(op.outputs[0])
    if sizes != dimensions_of(tensor):
        return False
    return op.type in ("BiasAdd", "Identity") or all(
        size is not None or _is_narrow(op.inputs[1 - position], len(sizes) - axis) for axis, size in enumerate(sizes))


def _is_narrow(tensor, from_right):
    """Whether a tensor has no axis, or one of size 1, at a place counted from the right: nothing is broadcast there."""
    sizes = dimensions_of(tensor)
    return sizes is not None and (len(sizes) < from_right or sizes[-from_right] == 1)


def coupled(flow, uses):
    """Why the cross terms between uses do not vanish, or None: two of them meet in an op that is not linear in both."""
    labels, starts = {}, collections.defaultdict(set)
    for i, use in enumerate(uses):
        starts[use.op].add((use.position, i))
    for op in flow.ops:
        here = [labels.get(key(t), set()) | {i for q, i in starts[op] if q == p} for p, t in enumerate(op.inputs)]
        met = set().union(*here).union(i for _, i in starts[op])
        met = met.union(*[labels.get(key(t), set()) for t in flow.reads(op)])
        positions = [p for p, found in enumerate(here) if found]
        if len(met) > 1 and not (op.inputs and is_linear(op, positions)) and not _all_apart(uses, met):
            return "its uses meet in '%s' (%s), which is not linear" % (op.name, op.type)
        labels.update((key(o), met) for o in op.outputs if met and flow.is_live(o))
    return None


def _all_apart(uses, met):
    """Whether uses cut disjoint ranges out of a vector."""
    ranges = sorted(_range_of_slice(uses[i]) or (0, -1) for i in met)
    return all(0 <= a <= b for a, b in ranges) and all(x[1] <= y[0] for x, y in zip(ranges, ranges[1:]))


def range_of(use, output):
    """[first, last) of what a use cuts out of a vector, where it is known."""
    return _range_of_part(use, output.value_index) if use.op.type == "SplitV" else _range_of_slice(use)


def _range_of_slice(use):
    op = use.op
    if op.type not in ("Slice", "StridedSlice") or use.position != 0 or op.inputs[0].shape.ndims != 1:
        return None
    size, = dimensions_of(op.inputs[0])
    values = [_compat.static_value(t) for t in op.inputs[1:]]
    if size is None or any(v is None or len(v) != 1 for v in values):
        return None
    begin, end = int(values[0][0]), int(values[1][0])
    if op.type == "Slice":
        return begin, size if end < 0 else begin + end
    if values[2][0] != 1 or op.get_attr("ellipsis_mask") or op.get_attr("new_axis_mask"):
        return None
    if op.get_attr("shrink_axis_mask"):
        begin = begin % size
        return begin, begin + 1
    first, last, _ = slice(None if op.get_attr("begin_mask") else begin,
                           None if op.get_attr("end_mask") else end).indices(size)
    return first, max(first, last)


def _range_of_part(use, index):
    """Of one of the parts that a vector is split into."""
    sizes = _compat.static_value(use.op.inputs[1])
    if use.position != 0 or use.op.inputs[0].shape.ndims != 1 or sizes is None or (sizes < 0).any():
        return None
    return int(sizes[:index].sum()), int(sizes[:index + 1].sum())
