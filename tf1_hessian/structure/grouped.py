"""sum over rows of G^T R G, G the gradients of a shared weight by row and column: convolutions, layers applied at every
place of a row, their biases, embeddings.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of, quotient
from tf1_hessian.structure.costs import elements
from tf1_hessian.structure.terms import DIAGONAL

__all__ = ["can_group", "grouped", "pulled_back"]


def can_group(use, sizes):
    """Whether `grouped` knows the op of a use; sizes: of the lifted point."""
    op, position = use
    made = dimensions_of(op.outputs[0])
    if made is None or len(sizes) < 2 or sizes[-1] is None or made[-1] != sizes[-1]:
        return False  # what follows the op does not keep its channels
    if op.type == "MatMul":
        return position == 1 and not op.get_attr("transpose_a")
    if op.type == "Conv2D":
        return position == 1 and _is_plain_convolution(op)
    if op.type in _LOOKUPS:
        return len(made) == len(sizes) == 3 and _picks_rows(op)
    shape = dimensions_of(op.inputs[position])
    return op.type in ("Add", "AddV2", "BiasAdd") and len(shape) == 1 and shape[0] == sizes[-1] and (
        op.type != "BiasAdd" or op.get_attr("data_format") != b"NCHW")


_LOOKUPS = frozenset(["Gather", "GatherV2", "ResourceGather"])


def _picks_rows(op, rank=2):
    """Whether a lookup is by an id for each place [N, places], or by ids of another rank, along the first axis."""
    axis = 0 if op.type != "GatherV2" else _compat.static_value(op.inputs[2])
    batch = op.get_attr("batch_dims") if "batch_dims" in op.node_def.attr else 0
    return op.inputs[1].shape.ndims == rank > 0 and axis is not None and int(axis) == 0 and not batch


def _is_plain_convolution(op):
    image, kernel = dimensions_of(op.inputs[0]), dimensions_of(op.inputs[1])
    return op.get_attr("data_format") == b"NHWC" and None not in kernel and image is not None and (
        image[3] == kernel[2]) and op.get_attr("padding") in (b"SAME", b"VALID")


def grouped(use, zeros, columns, sums_up=True):
    """The leaf-shaped sum; `columns` are those of the lifted point [k, N, ..., channels]. zeros: like the leaf.

    sums_up=False: the summands of each row, [N] and the leaf's shape.
    """
    left = _by_row(columns.left)
    right = None if columns.right is None else _by_row(columns.right)
    if use.op.type in _LOOKUPS:
        return _looked_up(use.op, _met(use.op, left, right, columns), zeros, sums_up)
    inputs = _inputs_by_row(use.op, left)
    found = _weighted(_gradients(inputs, left), None if right is None else _gradients(inputs, right), columns,
                      [0, 1] if sums_up else [1])
    return _like_leaf(use.op, found, left, zeros, sums_up)


def pulled_back(use, zeros, diagonal, sizes):
    """A diagonal at the lifted point [N, ...] through the op with squared inputs, each row apart: [N] and the leaf's
    shape. None where `grouped` does not know the op. sizes: of the point.
    """
    op, channels = use.op, (dimensions_of(use.op.outputs[0]) or [None])[-1]
    if channels is None or not _holds_places(sizes, channels):
        return None
    entries = tf.reshape(diagonal, [tf.shape(diagonal)[0], -1, channels])
    if op.type in _LOOKUPS:
        ids = op.inputs[1].shape.ndims or 0
        is_table = zeros.shape.ndims == 2 and _picks_rows(op, ids)
        return _looked_up(op, entries, zeros, False) if is_table else None
    if not can_group(use, [None, channels]):
        return None
    left = tf.expand_dims(entries, 1)
    inputs = _inputs_by_row(op, left)
    found = _gradients(None if inputs is None else tf.square(inputs), left)
    return _like_leaf(op, tf.squeeze(found, 1), left, zeros, False)


def _holds_places(sizes, channels):
    """Whether a row of [N, ...] holds places of `channels` each."""
    return len(sizes) > 1 and (sizes[-1] == channels or quotient(sizes[1:], [channels]) is not None)


def _like_leaf(op, found, left, zeros, sums_up):
    """[inputs * channels], or that for each row, in the shape of the leaf."""
    first = [] if sums_up else [tf.shape(left)[0]]
    if op.type == "MatMul" and op.get_attr("transpose_b"):
        matrices = tf.reshape(found, first + [-1, dimensions_of(left)[-1]])
        found = tf.transpose(matrices, [1, 0] if sums_up else [0, 2, 1])
    return tf.reshape(found, tf.concat([first, tf.shape(zeros)], 0))


def _by_row(stacked):
    """[k, N, ..., channels] as [N, k, places, channels]."""
    shape = tf.shape(stacked)
    channels = dimensions_of(stacked)[-1]
    flat = tf.reshape(stacked, [shape[0], shape[1], -1, channels])
    return tf.transpose(flat, [1, 0, 2, 3])


def _inputs_by_row(op, left):
    """What the weight is multiplied with at each place: [N, places, inputs]; None where it is 1."""
    rows = tf.shape(left)[0]
    if op.type == "MatMul":
        return tf.reshape(op.inputs[0], [rows, -1, dimensions_of(op.inputs[0])[1]])
    if op.type != "Conv2D":
        return None
    return tf.reshape(_patches(op), [rows, -1, elements(dimensions_of(op.inputs[1])[:-1])])


# Up to this size patches are taken by a convolution, which costs its square, but little else.
_SMALL_PATCH = 32


def _patches(op):
    """What the filter of a convolution sees at each place; tf.extract_image_patches takes ten times as long."""
    high, wide, deep, _ = dimensions_of(op.inputs[1])
    size, image = high * wide * deep, op.inputs[0]
    strides, dilations, padding = (op.get_attr(n) for n in ("strides", "dilations", "padding"))
    if size <= _SMALL_PATCH:
        identity = tf.reshape(tf.eye(size, dtype=image.dtype), [high, wide, deep, size])
        return tf.nn.conv2d(image, identity, strides, padding.decode("utf-8"), dilations=dilations)
    sizes = dimensions_of(image)
    if None in sizes[1:] or padding != b"VALID" or list(strides + dilations) != [1] * 8:
        return tf.extract_image_patches(image, [1, high, wide, 1], strides, dilations, padding.decode("utf-8"))
    tall, broad = sizes[1] - high + 1, sizes[2] - wide + 1
    return tf.concat([image[:, i:i + tall, j:j + broad] for i in range(high) for j in range(wide)], 3)


def _gradients(inputs, columns):
    """The gradients of the weight: [N, k, inputs * channels]."""
    if inputs is None:
        return tf.reduce_sum(columns, 2)
    shape = tf.shape(columns)
    many, channels = shape[1], dimensions_of(columns)[-1]
    places = tf.reshape(tf.transpose(columns, [0, 2, 1, 3]), [shape[0], shape[2], -1])
    found = tf.reshape(tf.matmul(inputs, places, transpose_a=True), [shape[0], -1, many, channels])
    return tf.reshape(tf.transpose(found, [0, 2, 1, 3]), [shape[0], many, dimensions_of(inputs)[-1] * channels])


def _weighted(left, right, columns, axes):
    """sum over columns, or rows and columns, of left times (R left, or right)."""
    if right is not None:
        return tf.reduce_sum(left * right, axes)
    if columns.sweep.kind == DIAGONAL:
        return tf.reduce_sum(tf.square(left) * tf.expand_dims(tf.transpose(columns.curvature), 2), axes)
    return tf.reduce_sum(left * tf.matmul(columns.curvature, left), axes)


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


def _looked_up(op, entries, zeros, sums_up):
    """What each place [N, places, channels] adds, in the rows of the table that it looked up."""
    shape, table = tf.shape(entries), tf.shape(zeros)
    ids, many = tf.cast(tf.reshape(op.inputs[1], shape[:2]), tf.int32), table[0]
    if not sums_up:
        ids, many = ids + tf.expand_dims(table[0] * tf.range(shape[0]), 1), table[0] * shape[0]
    found = tf.math.unsorted_segment_sum(
        tf.reshape(entries, [-1, dimensions_of(entries)[-1]]), tf.reshape(ids, [-1]), many)
    return tf.reshape(found, table if sums_up else tf.concat([shape[:1], table], 0))
