"""sum over rows of G^T R G, G the gradients of a shared weight by row and column: convolutions, layers applied at every
place of a row, their biases and scales, embeddings.
"""
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.structure.contractions import contraction_of, keeps_rows
from tf1_hessian.structure.lookups import LOOKUPS, looked_up, looked_up_by_row, picks_rows
from tf1_hessian.structure.patches import patches, patches_by_channel
from tf1_hessian.structure.terms import DIAGONAL

__all__ = ["LOOKUP", "grouped", "grouping_of", "pulled_back", "summed_up", "takes_rows", "tells_apart"]

LOOKUP = "lookup"
_TRANSPOSED = "Conv2DBackpropInput"


def grouping_of(use, sizes):
    """How `grouped` sees the op of a use: a Contraction or LOOKUP, or None; sizes: of the lifted point."""
    op, made = use.op, dimensions_of(use.op.outputs[0])
    if made is None or len(sizes) < 2:
        return None
    if op.type in LOOKUPS:
        is_plain = len(made) == 3 and made[-1] == sizes[-1] is not None and keeps_rows(made, sizes)
        return LOOKUP if is_plain and picks_rows(op) else None
    if op.type == _TRANSPOSED and made != list(sizes):
        return None
    return contraction_of(use, sizes)


def takes_rows(use, axes):
    """Whether `grouped` can tell rows along these axes of the lifted point apart."""
    return tuple(axes) == (0,) or use.op.type not in LOOKUPS | {_TRANSPOSED}


def tells_apart(use, grouping, axis):
    """Whether slices along an axis of the lifted point add to the weight, each apart: it has no axis of theirs."""
    if grouping in (None, LOOKUP) or use.op.type == _TRANSPOSED and axis:
        return grouping == LOOKUP and not axis
    return bool(grouping.axes[axis]) and not set(grouping.axes[axis]) & set(grouping.weight)


def grouped(use, grouping, zeros, columns, known=None, apart=None):
    """The leaf-shaped sum; `columns` are those of the lifted point [k, ...]. zeros: like the leaf. known: coefficients
    of a leaf that each element of the point depends on in one place; those of the op by default.

    apart: an axis of the point, one of the rows': the summands of each slice along it, [slices] and the leaf's shape.
    """
    left, right, op = columns.left, columns.right, use.op
    if grouping == LOOKUP:
        return looked_up(op, columns, zeros, apart is None)
    known = _coefficients(use, grouping, known)
    if op.type == _TRANSPOSED:
        left, right = (None if c is None else _patches_of_columns(op, c) for c in (left, right))
    found = _Sum(grouping, known, left, columns.sweep.rows.axes, apart).of(left, right, columns)
    return tf.reshape(found, _shape(zeros, left, apart))


def pulled_back(use, grouping, zeros, diagonal, point, apart, known=None):
    """A diagonal at the lifted point through squared coefficients, each slice along an axis of it apart: [slices] and
    the leaf's shape; None where `grouped` can't tell them apart. point: its sizes.
    """
    op = use.op
    if op.type in LOOKUPS:
        return None if apart else looked_up_by_row(op, diagonal, zeros, point)
    if not tells_apart(use, grouping, apart) or grouping.equal:
        return None
    known = _coefficients(use, grouping, known)
    column = tf.expand_dims(diagonal, 0)
    if op.type == _TRANSPOSED:
        column = _patches_of_columns(op, column)
    rows = _Sum(grouping, None if known is None else tf.square(known), column, [apart])
    return tf.reshape(rows.gradients(column), _shape(zeros, column, apart))


def summed_up(grouping, known, diagonal, zeros):
    """The diagonal at a leaf that is spread over a point, from that at the point."""
    if known is not None:
        diagonal = diagonal * tf.square(known)
    return tf.reshape(_summed(diagonal, grouping.made, grouping.weight), tf.shape(zeros))


def _shape(zeros, columns, apart):
    first = [] if apart is None else [tf.shape(columns)[1 + apart]]
    return tf.concat([first, tf.shape(zeros)], 0) if first else tf.shape(zeros)


def _coefficients(use, grouping, known):
    """What is known, or else what the op multiplies the weight with, with the letters `known` of its Contraction."""
    op, position = use
    if known is not None or grouping.known is None:
        return known
    if op.type in ("Conv2D", "Conv3D"):
        return patches(op, op.inputs[0])
    if op.type == "DepthwiseConv2dNative":
        return patches_by_channel(op, op.inputs[0])
    return op.inputs[2 if op.type == _TRANSPOSED else 1 - position]


def _patches_of_columns(op, columns):
    """[k, N, places, entries of a patch] of columns that are images [k, N, ...]."""
    shape = tf.shape(columns)
    found = patches(op, tf.reshape(columns, tf.concat([[-1], shape[2:]], 0)))
    return tf.reshape(found, tf.concat([shape[:2], tf.shape(found)[1:]], 0))


class _Sum(object):
    """sum over rows and columns of G times (R G), for one Contraction. rows: axes of the lifted point; apart: one of
    them whose slices are not summed over."""

    def __init__(self, grouping, known, left, rows, apart=None):
        self._grouping = grouping
        self._rows = [letter for axis in rows for letter in grouping.axes[axis]]
        self._apart = [] if apart is None else grouping.axes[apart]
        self._sizes = _sizes_of(grouping, left)
        self._known = None if known is None else tf.reshape(known, [self._sizes[c] for c in grouping.known])
        self._kept = [letter for letter in grouping.weight if letter not in self._rows]

    def of(self, left, right, columns):
        """The sum, with the axes of the weight, behind those of what stays apart."""
        left = self.gradients(left)
        if right is not None:
            weighted = left * self.gradients(right)
        elif columns.sweep.kind == DIAGONAL:
            weighted = tf.square(left) * tf.expand_dims(tf.transpose(columns.curvature), 2)
        else:
            weighted = left * tf.matmul(columns.curvature, left)
        order = self._apart + self._grouping.weight
        if not set(self._rows) & set(order):
            return tf.reduce_sum(weighted, [0, 1])
        letters = self._rows + self._kept
        return _summed(tf.reshape(tf.reduce_sum(weighted, 1), [self._sizes[c] for c in letters]), letters, order)

    def gradients(self, columns):
        """The gradients of the weight by row and column: [rows, k, elements of the weight in a row]."""
        made = self._grouping.made
        columns = tf.reshape(columns, [-1] + [self._sizes[c] for c in made])
        order = self._rows + ["columns"] + self._kept
        if self._known is None:
            found = _summed(columns, ["columns"] + made, order)
        elif set(self._grouping.weight) <= set(self._grouping.known) <= set(made):
            spread = _summed(self._known, self._grouping.known, [c for c in made if c in self._grouping.known])
            shape = [self._sizes[c] if c in self._grouping.known else 1 for c in made]
            found = _summed(columns * tf.reshape(spread, shape), ["columns"] + made, order)
        else:
            found = _einsum(self._known, self._grouping.known, columns, ["columns"] + made, order)
        width = 1
        for letter in self._kept:
            width = width * self._sizes[letter]
        return tf.reshape(found, [-1, tf.shape(columns)[0], width])


def _sizes_of(grouping, left):
    """The size of each letter: a whole number, or a scalar where it is known only when running."""
    shape, sizes = tf.shape(left), dict(grouping.sizes)
    for axis, letters in enumerate(grouping.axes):
        unknown = [letter for letter in letters if sizes[letter] is None]
        for letter in unknown:
            others = [sizes[c] for c in letters if c != letter]
            sizes[letter] = shape[1 + axis]
            for size in others:
                sizes[letter] = sizes[letter] // size
    return sizes


def _summed(tensor, letters, order):
    """A tensor summed over the letters that are not in `order`, and transposed to it."""
    kept = [letter for letter in letters if letter in order]
    if len(kept) < len(letters):
        tensor = tf.reduce_sum(tensor, [i for i, letter in enumerate(letters) if letter not in order])
    return tensor if kept == order else tf.transpose(tensor, [kept.index(letter) for letter in order])


def _einsum(a, letters_of_a, b, letters_of_b, order):
    names = {letter: chr(ord("a") + i) for i, letter in enumerate(sorted(set(letters_of_a) | set(letters_of_b)))}
    texts = ["".join(names[letter] for letter in letters) for letters in (letters_of_a, letters_of_b, order)]
    return tf.einsum("%s,%s->%s" % tuple(texts), a, b)
