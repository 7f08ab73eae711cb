"""Traits of ops that only give elements other places on the axes: reshapes, and batches split into places."""
import numpy as np

from tf1_hessian.graph.dimensions import quotient
from tf1_hessian.graph.traits.states import Carried, Trait
from tf1_hessian.graph.traits.unbroadcast import restored_axis

__all__ = ["TRAITS"]


def _reshape(question):
    """Slices stay apart on the axis that takes up theirs whole.

    Mathematics: in row-major order the element (l, p, i, r, q) of [left, outer * m * inner, right] stands at
    ((l * outer + p) * m + i) * (inner * right) + rest. On an output axis with `right2` elements to its right it falls
    on index (p2, i, r2) if right2 divides inner * right, with inner2 = inner * right / right2, and the axis has
    outer2 * m * inner2 elements.
    Example: [N, T, D] -> [N * T, D]: carried on 0 becomes Carried(0, 1, T), on 1 Carried(0, N, 1).
    Reads: sizes, through the shape arithmetic of the graph; equal unknown sizes at either end are required to be equal.
    Exact for known sizes and behind the sums of gradients of broadcasting, conservative for others.
    """
    restored = restored_axis(question)
    if restored is not None:
        return question.states[0]._replace(axis=restored)
    if question.rank is None or question.rank_of(0) is None:
        return None
    state, ours, theirs = question.states[0], question.sizes_of(0), question.sizes
    left, right = ours[:state.axis] + [_own(state.outer)], [_own(state.inner)] + ours[state.axis + 1:]
    for axis in range(len(theirs)):
        inner, equal = _ratio(right[::-1], theirs[:axis:-1])
        outer, equal_left = _ratio(left, theirs[:axis])
        if _BROKEN in (inner, outer):
            continue
        if None not in (question.size, theirs[axis]):
            inner, equal, outer, equal_left = _completed(question, axis, inner, equal, outer, equal_left)
        if inner in (None, _ANY) or outer is None:
            continue
        pairs = [(0, len(ours) - 1 - place, len(theirs) - 1 - place) for place in equal]
        question.are_kept(pairs + [(0, place, place) for place in equal_left])
        return Carried(axis, None if outer is _ANY else outer, inner)
    return None


# A whole number that is not known, and a ratio that is none.
_ANY, _BROKEN = "any", "broken"
# Stands for the part of an axis that is not known: unlike unknown sizes it is never taken for equal to one.
_UNKNOWN_PART = "unknown part"


def _own(part):
    return _UNKNOWN_PART if part is None else part


def _completed(question, axis, inner, equal, outer, equal_left):
    """Both parts of an output axis of known size from the one that is known, or that takes nothing for equal."""
    size, slices = question.sizes[axis], question.size
    if inner in (None, _ANY) or (equal and not equal_left and outer not in (None, _ANY)):
        known = None if outer in (None, _ANY) else outer
        return quotient([size], [slices, known]), [], outer, equal_left
    return inner, equal, quotient([size], [slices, inner]), []


def _ratio(ours, theirs):
    """(product(ours) / product(theirs), the places where both have an unknown size that is taken for equal).

    Both are listed from the outer end inwards; sizes that are equal at that end cancel out. None where the ratio is not
    known, _BROKEN where it is known not to be whole, _ANY where it is whole but not known.
    """
    place, equal = 0, []
    while place < min(len(ours), len(theirs)) and not _are_known(ours[place:] + theirs[place:]):
        if ours[place] != theirs[place]:
            break
        equal += [place] * (ours[place] is None)
        place += 1
    if _are_known(ours[place:] + theirs[place:]):
        found = quotient(ours[place:], theirs[place:])
        return (None if equal else _BROKEN, []) if found is None else (found, equal)
    return (_ANY, equal) if quotient(theirs[place:], []) == 1 else (None, [])


def _are_known(sizes):
    return None not in sizes and _UNKNOWN_PART not in sizes


def _expanded(question):
    """The axes behind the new one move on.

    Mathematics: out[i, 0, j] = a[i, j]. Example: [N, 3] with a new axis 1: 0 on 0, 1 on 2. Reads: the constant axis,
    the rank. Exact.
    """
    new, state = question.told(1), question.states[0]
    if new is None or question.rank is None:
        return None
    new = int(np.ravel(new)[0]) % question.rank
    return state._replace(axis=state.axis + (state.axis >= new))


def _squeezed(question):
    """The axes behind those that go move up.

    Mathematics: out[i, j] = a[i, 0, j]. Example: [N, 1, 3] without axis 1: 0 on 0, 2 on 1. Reads: which axes go: named
    ones, else all of size 1, for which the sizes must be known. Exact; an axis that goes is not followed.
    """
    rank, state = question.rank_of(0), question.states[0]
    if rank is None or question.rank is None:
        return None
    gone = {a % rank for a in question.op.get_attr("squeeze_dims")}
    gone = gone or {a for a, size in enumerate(question.sizes_of(0)) if size == 1}
    if len(gone) != rank - question.rank or state.axis in gone:
        return None
    return state._replace(axis=state.axis - sum(a < state.axis for a in gone))


def _transpose(question):
    """The axis moves.

    Mathematics: out[j, i] = a[i, j]. Example: [N, 3] transposed, carried on 0: carried on 1.
    Reads: the constant permutation. Exact.
    """
    order = question.told(1)
    if order is None:
        return None
    return question.states[0]._replace(axis=[int(a) for a in order].index(question.states[0].axis))


def _space_to_batch(question):
    """Examples stay apart, and the axes behind the places.

    Mathematics: out[b * N + n, p, c] = a[n, p * block + b, c]. Example: [N, 8, 8, 3] in blocks of 2 by 2, carried on 0:
    Carried(0, 4, 1); on 3: 3 on 3. Reads: the constant block. Exact.
    """
    block, state = _block(question), question.states[0]
    if block is None or 0 < state.axis <= len(block):
        return None
    if state.axis or state.outer is None:
        return state
    return state._replace(outer=state.outer * int(np.prod(block)))


def _batch_to_space(question):
    """The inverse of _space_to_batch.

    Mathematics: out[n, p * block + b, c] = a[b * N + n, p, c]. Example: [4 * N, 4, 4, 3] in blocks of 2 by 2 as
    Carried(0, 4, 1): Carried(0). Reads: the constant block. Exact.
    """
    block, state = _block(question), question.states[0]
    if block is None or 0 < state.axis <= len(block):
        return None
    if state.axis:
        return state
    outer = quotient([state.outer], [int(np.prod(block))])
    return None if outer is None else state._replace(outer=outer)


def _block(question):
    """The sizes of the block along the axes behind the batch, or None."""
    if not question.op.type.endswith("ND"):
        return [question.op.get_attr("block_size")] * 2
    told = question.told(1)
    return None if told is None else [int(b) for b in told]


TRAITS = {
    "ConjugateTranspose": Trait(True, _transpose), "Transpose": Trait(True, _transpose),
    "ExpandDims": Trait(True, _expanded), "Reshape": Trait(True, _reshape), "Squeeze": Trait(True, _squeezed),
}
TRAITS.update({"BatchToSpace" + more: Trait(True, _batch_to_space) for more in ("", "ND")})
TRAITS.update({"SpaceToBatch" + more: Trait(True, _space_to_batch) for more in ("", "ND")})
