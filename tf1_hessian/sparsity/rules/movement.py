"""Ops that only move elements, repeat them or leave them out: the op itself is run on the elements' numbers."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.sparsity.links import Pick
from tf1_hessian.sparsity.rules.view import Local

__all__ = ["RULES"]


def _moved(view):
    """Each output element is one input element or none.

    Mathematics: out[i] = a[place(i)]. Example: a[1:] of [5]: elements 1 to 4. The op is run on a = (1, 2, ...), zero
    being nothing. Reads: all inputs that say where to; None where one is not known before running. Exact.
    """
    data = [p for p, t in enumerate(view.inputs) if t.dtype.base_dtype.is_floating or t.dtype.base_dtype.is_complex]
    arrays, before, kind = [], 0, _kind(view.op)
    for position in range(len(view.inputs)):
        if position not in data:
            arrays.append(view.value(position))
        elif position in view.live:
            count = view.count(position)
            arrays.append(np.arange(before + 1, before + count + 1, dtype=kind).reshape(view.sizes(position)))
            before += count
        else:
            arrays.append(np.zeros(view.sizes(position), kind))
    if any(a is None for a in arrays):
        return None
    return _picked(view, view.run(arrays, data))


def _kind(op):
    """A dtype in which the op has a kernel and numbers of elements are exact."""
    whole = {tf.int32.as_datatype_enum}
    names = {a.type_attr for a in op.op_def.input_arg if a.type_attr in ("T", "Tparams")}
    return np.int32 if _compat.has_kernel(op.type, dict.fromkeys(names, whole)) else np.float64


def _picked(view, outputs):
    links, before = {}, 0
    for position in view.live:
        count = view.count(position)
        for output in view.outputs:
            found = np.ravel(outputs[output]).astype(np.int64) - before - 1
            links[position, output] = Pick(np.where((found >= 0) & (found < count), found, -1))
        before += count
    return Local(links, [])


def _read(view):
    """The same for elements read from a variable by its handle."""
    where = view.value(1)
    if where is None or view.live != [0]:
        return None
    numbers = np.arange(view.count(0)).reshape(view.sizes(0))
    if view.op.type == "ResourceGatherNd":
        return Local({(0, 0): Pick(numbers[tuple(np.moveaxis(where, -1, 0))].ravel())}, [])
    if "batch_dims" in view.op.node_def.attr and view.op.get_attr("batch_dims"):
        return None
    return Local({(0, 0): Pick(numbers[where].ravel())}, [])


_MOVES = (
    "BatchToSpace", "BatchToSpaceND", "BroadcastTo", "Concat", "ConcatV2", "ConjugateTranspose", "DepthToSpace", "Diag",
    "DiagPart", "ExtractImagePatches", "Gather", "GatherNd", "GatherV2", "MatrixDiag", "MatrixDiagPart",
    "MatrixDiagPartV2", "MatrixDiagPartV3", "MatrixDiagV2", "MatrixDiagV3", "MatrixSetDiag", "MatrixSetDiagV2",
    "MatrixSetDiagV3", "MirrorPad", "Pack", "Pad", "PadV2", "ReverseSequence", "ReverseV2", "Roll", "Slice",
    "SpaceToBatch", "SpaceToBatchND", "SpaceToDepth", "Split", "SplitV", "StridedSlice", "StridedSliceGrad", "Tile",
    "Transpose", "Unpack",
)
RULES = dict.fromkeys(_MOVES, _moved)
RULES.update(dict.fromkeys(("ResourceGather", "ResourceGatherNd"), _read))
