"""Traits of ops that pick, place or group elements by indices."""
from tf1_hessian.graph.traits.states import SUMMED, Trait, only, placed

__all__ = ["TRAITS"]


def _gather(question):
    """The axis that is picked from adds up, all others are carried.

    Mathematics: out[i, :] = params[ids[i], :]; with batch axes the ids differ along them. Example: a table [50, 8]
    looked up with ids [N, T]: axis 1 is carried on 2, axis 0 a sum.
    Reads: the constant axis, the ranks of ids and result (params may be the handle of a variable). Exact.
    """
    op, state = question.op, question.states[0]
    ids = question.rank_of(1)
    if ids is None or question.rank is None or question.positions != [0]:
        return None
    batch = op.get_attr("batch_dims") if "batch_dims" in op.node_def.attr else 0
    batch += ids if batch < 0 else 0
    axis = question.told(2) if op.type == "GatherV2" else batch
    if axis is None:
        return None
    axis = int(axis) % (question.rank - ids + 1 + batch)
    if state.axis == axis:
        return SUMMED
    return state if state.axis < axis else state._replace(axis=state.axis + ids - 1 - batch)


def _gather_nd(question):
    """Axes behind those that the indices name are carried.

    Mathematics: out[k, :] = params[ids[k, 0], ..., ids[k, -1], :]. Example: [N, T, 3] at indices [K, 2]: axis 2 is
    carried on 1. Reads: the size of the indices' last axis. Exact.
    """
    sizes, state = question.sizes_of(1), question.states[0]
    if sizes is None or sizes[-1] is None or state.axis < sizes[-1]:
        return None
    return state._replace(axis=state.axis - sizes[-1] + len(sizes) - 1)


def _segments(question):
    """Axes behind those of the segment ids are carried; along those, elements of a segment meet.

    Mathematics: out[s, :] = sum (mean, product, extreme) of data[i, :] over ids[i] == s; a partition lists them.
    Example: data [N, 3], ids [N]: axis 1 is carried on 1. Reads: the rank of the ids. Exact.
    """
    ids, state = question.rank_of(1), question.states[0]
    if ids is None or question.positions != [0] or state.axis < ids:
        return None
    return state._replace(axis=state.axis - ids + 1)


def _sparse_segments(question):
    """All axes but the first are carried.

    Mathematics: out[s, :] = sum of data[ids[i], :] over segments[i] == s; its gradient sums the other way.
    Example: data [50, 3] picked and summed: axis 1 is carried on 1. Reads: nothing. Exact.
    """
    return question.states[0] if question.positions == [0] and question.states[0].axis else None


def _scatter_nd(question):
    """Axes of the updates behind those of the indices are carried.

    Mathematics: out[ids[k], :] is the sum of updates[k, :], and zero elsewhere.
    Example: indices [K, 1], updates [K, 3], result [9, 3]: axis 1 is carried on 1. Reads: the indices' sizes. Exact.
    """
    behind, moved = _behind(question, 0)
    return placed(question, {1: {axis - moved: axis for axis in behind}})


def _tensor_scatter(question):
    """Axes of the updates behind those of the indices are carried, and the same ones of what they are put into.

    Mathematics: out[ids[k], :] is updates[k, :], or a[ids[k], :] and updates[k, :] added, or the larger one, and a
    elsewhere. Example: a [9, 3], indices [K, 1], updates [K, 3]: axis 1 of a and of updates is carried on 1.
    Reads: the indices' sizes. Exact.
    """
    behind, moved = _behind(question, 1)
    return placed(question, {0: {axis: axis for axis in behind}, 2: {axis - moved: axis for axis in behind}})


def _behind(question, indices):
    """(the axes of a result that indices into it don't name, by how much these stand further ahead in the updates)."""
    sizes = question.sizes_of(indices)
    if sizes is None or sizes[-1] is None or question.rank is None:
        return (), 0
    return range(sizes[-1], question.rank), sizes[-1] - len(sizes) + 1


def _stitch(question):
    """Axes behind those of the indices are carried.

    Mathematics: out[ids[m][i], :] = data[m][i, :]. Example: data [N, 3] with ids [N] and data [2, K, 3] with ids
    [2, K], the first carried on 1 and the second on 2: carried on 1. Reads: the ranks of the indices. Exact.
    """
    count, places = len(question.op.inputs) // 2, {}
    for position in question.positions:
        ids, rank = question.rank_of(position - count), question.rank_of(position)
        if position < count or None in (ids, rank):
            return None
        places[position] = {axis: axis - ids + 1 for axis in range(ids, rank)}
    return placed(question, places)


def _largest(question):
    """The largest elements along the last axis: all other axes are carried.

    Mathematics: out[i, :] = a[i, order[:k]], the order held. Example: [N, 9] to [N, 3]: 0 on 0. Reads: the rank. Exact.
    """
    rank, state = question.rank_of(0), question.states[0]
    return None if rank is None or state.axis == rank - 1 or question.output else state


def _reverse_sequence(question):
    """All axes but the reversed one are carried, the batch axis too.

    Mathematics: out[n, t, :] = a[n, length[n] - 1 - t, :] for t < length[n]. Example: [N, T, 3] reversed along 1:
    0 on 0. Reads: seq_dim. Exact.
    """
    state = question.states[0]
    return None if state.axis == question.op.get_attr("seq_dim") else state


def _rolled(question):
    """All axes but those that are shifted are carried.

    Mathematics: out[:, t] = a[:, t - shift]. Example: [N, T, 3] rolled along 1: 0 on 0, 2 on 2.
    Reads: the constant axes. Exact.
    """
    rank = question.rank_of(0)
    axes = None if rank is None else question.told_axes(2, rank)
    return None if axes is None or question.states[0].axis in axes else question.states[0]


def _sparse_product(question):
    """Columns of the dense factor are carried, its rows add up.

    Mathematics: out[i, k] = sum over the entries (i, j) of a of a[i, j] b[j, k]. Example: b [50, 3] carried on 1:
    carried on 1. Reads: adjoint_b. Conservative: rows of the sparse factor are not followed.
    """
    return placed(question, {3: {0 if question.op.get_attr("adjoint_b") else 1: 1}})


def _nothing(question):
    """A linear op of which no axis is followed.

    Mathematics: out = A a. Example: the diagonal of [3, 3]: a sum along both axes. Reads: nothing. Conservative.
    """
    return None


_PICKED = Trait(True, _gather)
_SUMS = Trait(True, _segments)
_PRODUCTS = Trait(False, _segments)
_SPARSE_SUMS = Trait(True, _sparse_segments)
_TENSOR_SCATTER = Trait(True, _tensor_scatter)
TRAITS = {
    "DynamicPartition": _SUMS,
    "DynamicStitch": Trait(True, _stitch), "ParallelDynamicStitch": Trait(True, _stitch),
    "Gather": _PICKED, "GatherV2": _PICKED, "ResourceGather": _PICKED,
    "GatherNd": Trait(True, _gather_nd), "ResourceGatherNd": Trait(True, _gather_nd),
    "ReverseSequence": Trait(True, _reverse_sequence),
    "Roll": Trait(True, _rolled),
    "ScatterNd": Trait(True, _scatter_nd), "ScatterNdNonAliasingAdd": _TENSOR_SCATTER,
    "SegmentMax": _SUMS, "SegmentMean": _SUMS, "SegmentMin": _SUMS, "SegmentSum": _SUMS,
    "SegmentProd": _PRODUCTS, "UnsortedSegmentProd": _PRODUCTS,
    "SparseTensorDenseMatMul": Trait(only(), _sparse_product),
    "TopKV2": Trait(True, _largest),
    "UnsortedSegmentMax": _SUMS, "UnsortedSegmentMin": _SUMS, "UnsortedSegmentSum": _SUMS,
}
TRAITS.update({"SparseSegment" + kind + more: _SPARSE_SUMS for kind in ("Mean", "SqrtN", "Sum")
               for more in ("", "Grad", "WithNumSegments")})
TRAITS.update({"TensorScatter" + kind: _TENSOR_SCATTER for kind in ("Add", "Max", "Min", "Sub", "Update")})
TRAITS.update({name: Trait(True, _nothing) for name in ("Diag", "DiagPart", "Fill", "SparseToDense")})
