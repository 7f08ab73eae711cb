"""Unit seeds pulled back through the dense layer that ends at a cut: rows of its weights, equal for all rows of data.

A product with a unit seed only picks one row, and is one of the two large products that a column between deep layers
takes.
"""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.uses import shifts

__all__ = ["Entry", "entry_of"]

Entry = collections.namedtuple("Entry", "tensor weights")
Entry.__doc__ = "A dense layer's input, and what unit seed i behind it is there: row i of `weights`, for all rows."


def entry_of(sweep, points):
    """The Entry of a sweep whose columns are wanted at some points, or None where nothing dense is right before the
    cut, or its rows are not rows of data."""
    if not sweep.rows.is_plain:
        return None
    path, wanted = find_path([sweep.cut.tensor], [p.tensor for p in points]), {key(p.tensor) for p in points}
    tensor = sweep.cut.tensor
    while key(tensor) not in wanted and not _compat.is_overridden(tensor.op):
        op = tensor.op
        positions = [i for i, t in enumerate(op.inputs) if path.connects(t)]
        if op.type == "MatMul":
            return _entry(op) if positions == [0] else None
        if len(positions) != 1 or not shifts(op, positions[0], op.inputs[positions[0]]):
            return None
        tensor = op.inputs[positions[0]]
    return None


def _entry(op):
    """Seeds beyond the last one are zero."""
    if op.get_attr("transpose_a"):
        return None
    weights = op.inputs[1] if op.get_attr("transpose_b") else tf.transpose(op.inputs[1])
    return Entry(op.inputs[0], tf.pad(weights, [[0, 1], [0, 0]]))
