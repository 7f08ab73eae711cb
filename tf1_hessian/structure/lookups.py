"""Tables whose rows are looked up by ids: what each row of data adds to the diagonal of the table."""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of, quotient
from tf1_hessian.structure.terms import DIAGONAL

__all__ = ["LOOKUPS", "looked_up", "looked_up_by_row", "picks_rows"]

LOOKUPS = frozenset(["Gather", "GatherV2", "ResourceGather"])


def picks_rows(op, rank=2):
    """Whether a lookup is by an id for each place [N, places], or by ids of another rank, along the first axis."""
    axis = 0 if op.type != "GatherV2" else _compat.static_value(op.inputs[2])
    batch = op.get_attr("batch_dims") if "batch_dims" in op.node_def.attr else 0
    return op.inputs[1].shape.ndims == rank > 0 and axis is not None and int(axis) == 0 and not batch


def looked_up(op, columns, zeros, sums_up):
    """The sum of `grouped` for a table, or the summands of each row."""
    left = _by_row(columns.left)
    right = None if columns.right is None else _by_row(columns.right)
    return _in_table(op, _met(op, left, right, columns), zeros, sums_up)


def looked_up_by_row(op, diagonal, zeros, sizes):
    """A diagonal at the lifted point [N, ...] in the rows of the table, for each row of data, or None. sizes: of the
    point.
    """
    channels, ids = (dimensions_of(op.outputs[0]) or [None])[-1], op.inputs[1].shape.ndims or 0
    if channels is None or not _holds_places(sizes, channels) or zeros.shape.ndims != 2 or not picks_rows(op, ids):
        return None
    return _in_table(op, tf.reshape(diagonal, [tf.shape(diagonal)[0], -1, channels]), zeros, False)


def _holds_places(sizes, channels):
    """Whether a row of [N, ...] holds places of `channels` each."""
    return len(sizes) > 1 and (sizes[-1] == channels or quotient(sizes[1:], [channels]) is not None)


def _by_row(stacked):
    """[k, N, ..., channels] as [N, k, places, channels]."""
    shape = tf.shape(stacked)
    flat = tf.reshape(stacked, [shape[0], shape[1], -1, dimensions_of(stacked)[-1]])
    return tf.transpose(flat, [1, 0, 2, 3])


def _met(op, left, right, columns):
    """What each place of a row [N, places, channels] adds to a table. Ids may repeat in a row: entries (t, s) with
    equal ids meet.
    """
    ids = op.inputs[1]
    same = tf.cast(tf.equal(tf.expand_dims(ids, 2), tf.expand_dims(ids, 1)), left.dtype)
    met = tf.einsum("nts,nksd->nktd", same, left)
    if right is None and columns.sweep.kind == DIAGONAL:
        right = left * tf.reshape(tf.transpose(columns.curvature), [tf.shape(left)[0], -1, 1, 1])
    elif right is None:
        right = tf.einsum("nkl,nltd->nktd", columns.curvature, left)
    return tf.reduce_sum(met * right, 1)


def _in_table(op, entries, zeros, sums_up):
    """What each place [N, places, channels] adds, in the rows of the table that it looked up."""
    shape, table = tf.shape(entries), tf.shape(zeros)
    ids, many = tf.cast(tf.reshape(op.inputs[1], shape[:2]), tf.int32), table[0]
    if not sums_up:
        ids, many = ids + tf.expand_dims(table[0] * tf.range(shape[0]), 1), table[0] * shape[0]
    found = tf.math.unsorted_segment_sum(
        tf.reshape(entries, [-1, dimensions_of(entries)[-1]]), tf.reshape(ids, [-1]), many)
    return tf.reshape(found, table if sums_up else tf.concat([shape[:1], table], 0))
