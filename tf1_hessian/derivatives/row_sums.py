"""Sums over all entries of a row of products of tangents: what the curvature of one op adds to the Hessian of each row.

Mathematics, section 3: H_b = sum over curved ops and entries k of row b of w_k T_i[:, k] T_j[:, k]^T.
"""
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.traits import Carried

__all__ = ["RowSums", "full_tangent"]


def full_tangent(tangent, tensor):
    """A tangent that may have one row for all, of the tensor's shape behind the axis of directions."""
    if tensor.shape.ndims is None:
        return tangent  # only linear ops give and take these, whose tangents are whole
    own = tangent.shape.as_list()[1:]
    sizes = dimensions_of(tensor)
    is_one_row = own and own[0] == 1 and sizes[0] != 1
    return tangent + tf.expand_dims(tf.zeros_like(tensor), 0) if is_one_row else tangent


class RowSums(object):
    """Adds up, for quantity "batch" [B, c, c], "batch_diag" [c, B] or "laplacian" [B], c the number of directions.

    rows_of: gives the Carried state of a tensor. count: the number of rows, a tensor or a number.
    """

    def __init__(self, quantity, rows_of, count):
        self._rows_of, self._count = rows_of, count
        self._product = {"batch": _matrices, "batch_diag": _diagonals, "laplacian": _traces}[quantity]
        self._found = []

    @property
    def total(self):
        """The sum, or None where nothing was added."""
        return tf.add_n(self._found) if self._found else None

    def add(self, tensor, left, right, weight=None, twice=False):
        """left, right: tangents of a tensor, [c, shape] or [c, 1, rest of the shape]; weight: of its shape, or None.

        twice: also with left and right exchanged.
        """
        matrices = [self._matrix(tensor, m) for m in (left, right)]
        if weight is not None:
            weight = self._matrix(tensor, tf.expand_dims(weight, 0))[0]
        found = self._product(matrices[0], matrices[0] if left is right else matrices[1], weight)
        if twice:
            found += tf.transpose(found, [0, 2, 1]) if self._product is _matrices else found
        self._found.append(tf.broadcast_to(found, self._shape(found)) if _is_one_row(found, self._product) else found)

    def _shape(self, found):
        count = found.shape.as_list()
        count[1 if self._product is _diagonals else 0] = self._count
        return tf.stack(count)

    def _matrix(self, tensor, stacked):
        """[c, shape] as [c, rows, width], one row where there is one for all."""
        state, sizes = self._rows_of(tensor), dimensions_of(tensor)
        first = stacked.shape.as_list()[0]
        if state == Carried(0):
            return _flat(stacked, first, len(sizes))
        stacked = full_tangent(stacked, tensor)
        shape = tf.shape(tensor)
        outer = tf.reduce_prod(shape[:state.axis]) * (
            shape[state.axis] // (self._count * state.inner) if state.outer is None else state.outer)
        inner = state.inner * tf.reduce_prod(shape[state.axis + 1:])
        apart = tf.reshape(stacked, tf.stack([first, outer, self._count, inner]))
        return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), tf.stack([first, self._count, outer * inner]))


def _flat(stacked, first, rank):
    if rank == 2:
        return stacked
    if rank == 1:
        return tf.expand_dims(stacked, 2)
    sizes = stacked.shape.as_list()[2:]
    width = tf.reduce_prod(tf.shape(stacked)[2:])
    if None not in sizes:
        width = 1
        for size in sizes:
            width *= size
    return tf.reshape(stacked, tf.stack([first, tf.shape(stacked)[1], width]))


def _is_one_row(found, product):
    return found.shape.as_list()[1 if product is _diagonals else 0] == 1


def _has_one_row(matrix):
    return matrix.shape.as_list()[1] == 1


def _traces(left, right, weight):
    """[B]: one pass over the directions, then the weights once."""
    products = tf.square(left) if left is right else left * right
    summed = tf.reduce_sum(products, 0)
    if weight is None:
        return tf.reduce_sum(summed, 1)
    if _has_one_row(products):
        return tf.matmul(weight, summed, transpose_b=True)[:, 0]
    return tf.reduce_sum(summed * weight, 1)


def _diagonals(left, right, weight):
    """[c, B]"""
    products = tf.square(left) if left is right else left * right
    if weight is None:
        return tf.reduce_sum(products, 2)
    if _has_one_row(products):
        return tf.matmul(products[:, 0], weight, transpose_b=True)
    return tf.reduce_sum(products * weight, 2)


def _matrices(left, right, weight):
    """[B, c, c]"""
    if weight is not None and _has_one_row(left) and _has_one_row(right):
        count = left.shape.as_list()[0]
        pairs = tf.expand_dims(left[:, 0], 1) * tf.expand_dims(right[:, 0], 0)
        found = tf.matmul(weight, tf.reshape(pairs, [count * count, -1]), transpose_b=True)
        return tf.reshape(found, [-1, count, count])
    left = left if weight is None else left * weight
    if _has_one_row(right) or _has_one_row(left):
        left, right = left + tf.zeros_like(right), right + tf.zeros_like(left)
    return tf.matmul(tf.transpose(left, [1, 0, 2]), tf.transpose(right, [1, 2, 0]))
