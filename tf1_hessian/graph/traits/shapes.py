"""Traits of ops that join, cut, repeat and pad."""
import collections

from tf1_hessian.graph.traits.states import Trait, placed

__all__ = ["TRAITS"]


def _joined(question, axis, shift):
    """All parts that depend carry the same axis, which is not the one they are joined along."""
    states = {question.states[p] for p in question.positions}
    state = states.pop()
    if states or axis is None:
        return None
    if shift:
        return state._replace(axis=state.axis + (state.axis >= axis))
    return None if state.axis == axis else state


def _concatenate(question):
    """All axes but the joined one stay apart.

    Mathematics: out[i, :] = a[i, :] and then b[i, :]. Example: [N, 3] and [N, 4] joined along 1, both carried on 0:
    carried on 0. Along the joined axis slices of the parts are elsewhere: a sum. Reads: the constant axis. Exact.
    """
    position = 0 if question.op.type == "Concat" else len(question.op.inputs) - 1
    axis = question.told(position)
    if axis is None or question.rank is None:
        return None
    return _joined(question, int(axis) % question.rank, shift=False)


def _pack(question):
    """All axes stay apart, and move on behind the new one.

    Mathematics: out[k, i] = a_k[i]. Example: [N, 3] twice, packed along 0, carried on 0: carried on 1. Reads: the axis,
    the rank. Exact.
    """
    if question.rank is None:
        return None
    return _joined(question, question.op.get_attr("axis") % question.rank, shift=True)


def _split(question):
    """All axes but the split one stay apart.

    Mathematics: out_k[i, j] = a[i, begin_k + j]. Example: [N, 6] in two along 1, carried on 0: carried on 0.
    Reads: the constant axis, the rank. Exact.
    """
    position = {"Split": 0, "SplitV": 2}[question.op.type]
    data = 1 - position if position < 2 else 0
    axis, rank = question.told(position), question.rank_of(data)
    if axis is None or rank is None:
        return None
    state = question.states[data]
    return None if state.axis == int(axis) % rank else state


def _unpack(question):
    """All axes but the one taken apart stay apart.

    Mathematics: out_k[i, j] = a[i, k, j]. Example: [N, T, 3] along 1, carried on 2: carried on 1.
    Reads: the axis, the rank. Exact.
    """
    rank, state = question.rank_of(0), question.states[0]
    if rank is None:
        return None
    axis = question.op.get_attr("axis") % rank
    if state.axis == axis:
        return None
    return state._replace(axis=state.axis - (state.axis > axis))


def _sliced(question):
    """An axis that is taken whole is carried; of others a part is left, which adds up.

    Mathematics: out[i] = a[begin + i]. Example: a [N, 5] sliced [:, 1:3]: carried on 0, a sum on 1.
    Reads: begin and size where they are constant, else sizes, which must be known then. Exact for known sizes.
    """
    if question.rank is None:
        return None
    begin, size, state = question.told(1), question.told(2), question.states[0]
    if begin is not None and size is not None and begin[state.axis] == 0 and size[state.axis] == -1:
        return state
    ours = question.sizes_of(0)[state.axis]
    return state if ours is not None and ours == question.sizes[state.axis] else None


def _padded(question):
    """An axis that nothing is added to, or in a gradient taken from, is carried.

    Mathematics: out[i] = a[i - before], or the padding. Example: a [N, 5] with one more column: carried on 0, a sum on
    1. Reads: the constant paddings. Exact; a padding that depends adds up.
    """
    paddings = question.told(1)
    if paddings is None or question.positions != [0] or paddings[question.states[0].axis].any():
        return None
    return question.states[0]


def _tiled(question):
    """All axes are carried; slices of a repeated one come round again.

    Mathematics: out[t * size + i] = a[i]. Example: a [N, 5] tiled [1, 3]: carried on 0; on 1 Carried(1, 3, 1).
    Reads: the constant multiples. Exact.
    """
    times, state = question.told(1), question.states[0]
    if times is None:
        return None
    return state._replace(outer=None if state.outer is None else state.outer * int(times[state.axis]))


def _strided_slice(question):
    """An axis that is taken whole and forwards is carried.

    Mathematics: out[i] = a[begin + i * stride]. Example: a[:, 0] of [N, 3] carried on 0: carried on 0; a[:, None] moves
    axes on. Reads: masks and constant strides; an ellipsis counts as the axes it stands for. Exact for known sizes.
    """
    rank, strides, sizes = question.rank_of(0), question.told(3), question.sizes_of(0)
    if rank is None or strides is None or question.positions != [0]:
        return None
    return placed(question, {0: dict(_whole_axes(question, rank, sizes, strides))})


def _strided_slice_back(question):
    """The gradient of a strided slice: zeros but where the slice was taken.

    Mathematics: out[begin + i * stride] = g[i], else 0. Example: g [N] for a[:, 0] of [N, 3], carried on 0: carried on
    0. Reads: masks and constant strides, sizes of the result. Exact for known sizes.
    """
    strides, sizes = question.told(3), question.sizes
    if strides is None or sizes is None or question.positions != [4]:
        return None
    return placed(question, {4: {out: axis for axis, out in _whole_axes(question, len(sizes), sizes, strides)}})


def _whole_axes(question, rank, sizes, strides):
    """Pairs (axis of what is sliced, axis of the slice) of the axes that are taken whole and forwards."""
    axis = out = 0
    for entry in _entries(question.op, rank, len(strides)):
        for k in range(entry.axes):
            if entry.is_rest or _is_whole(question, entry, sizes[axis + k], strides):
                yield axis + k, out + k
        axis, out = axis + entry.axes, out + entry.made


_Entry = collections.namedtuple("_Entry", "index axes made is_rest masked")
_Entry.__doc__ = """One entry of a strided slice: the axes it reads and makes; masked: whether begin and end are left
open."""


def _entries(op, rank, count):
    """What each entry of a strided slice does, and at the end what is left of the axes."""
    masks = {n: op.get_attr(n + "_mask") for n in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}

    def is_set(name, i):
        return bool((masks[name] >> i) & 1)

    named = sum(not is_set("new_axis", i) and not is_set("ellipsis", i) for i in range(count))
    rest = _Entry(count, rank - named, rank - named, True, None)
    entries = []
    for i in range(count):
        if is_set("ellipsis", i):
            entries.append(rest)
        elif is_set("new_axis", i):
            entries.append(_Entry(i, 0, 1, False, None))
        else:
            made = 0 if is_set("shrink_axis", i) else 1
            entries.append(_Entry(i, 1, made, False, (is_set("begin", i), is_set("end", i))))
    return entries if rest in entries else entries + [rest]


def _is_whole(question, entry, size, strides):
    """Whether an entry takes all of an axis, forwards."""
    begin, end = question.told(1), question.told(2)
    if not entry.made or strides[entry.index] != 1:
        return False
    from_start = entry.masked[0] or (begin is not None and begin[entry.index] == 0)
    to_end = entry.masked[1] or (end is not None and size is not None and end[entry.index] >= size)
    return from_start and to_end


TRAITS = {
    "Concat": Trait(True, _concatenate), "ConcatV2": Trait(True, _concatenate),
    "MirrorPad": Trait(True, _padded), "MirrorPadGrad": Trait(True, _padded),
    "Pack": Trait(True, _pack),
    "Pad": Trait(True, _padded), "PadV2": Trait(True, _padded),
    "Slice": Trait(True, _sliced),
    "Split": Trait(True, _split), "SplitV": Trait(True, _split),
    "StridedSlice": Trait(True, _strided_slice), "StridedSliceGrad": Trait(True, _strided_slice_back),
    "Tile": Trait(True, _tiled),
    "Unpack": Trait(True, _unpack),
}
