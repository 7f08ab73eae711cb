"""Traits of products that contract axes: matrices, batches of them, Einsum."""
import collections

from tf1_hessian.graph.traits.states import SUMMED, Carried, Trait, only

__all__ = ["MATRIX_PRODUCTS", "TRAITS", "letters_of", "sides"]

MATRIX_PRODUCTS = frozenset(["BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "MatMul"])

_Label = collections.namedtuple("_Label", "kind axis outer inner")
_TRANSPOSED = {"MatMul": ("transpose_a", "transpose_b"), "SparseMatMul": ("transpose_a", "transpose_b")}


def sides(op):
    """Whether each of the two factors of a matrix product is transposed."""
    return [bool(op.get_attr(name)) for name in _TRANSPOSED.get(op.type, ("adj_x", "adj_y"))]


def _matrix_product(question):
    """Rows of the first factor, columns of the second, and batch axes stay apart; the axis summed over adds up.

    Mathematics: c[b, i, k] = sum_j a[b, i, j] w[b, j, k]. With one factor that depends, axis i or k or b of it is
    carried to c, and j is a sum. With both, a common batch axis is carried, and a common j is a sum of products of
    equal slices.
    Example: x [N, 3] carried on 0 times w [3, 4] independent: [N, 4] carried on 0.
    Reads: the flags that transpose, shapes; unknown sizes of batch axes are required to be the result's.
    Conservative: batch axes that are broadcast are not followed.
    """
    if question.rank is None or None in [question.rank_of(p) for p in question.positions]:
        return None
    labels = {_label_of(question, p, sides(question.op)[p]) for p in question.positions}
    label = labels.pop()
    if labels:
        return None
    if label.kind == "contracted":
        return SUMMED
    if label.kind == "batch" and not question.are_kept(
            [(p, question.states[p].axis, label.axis) for p in question.positions]):
        return None
    return Carried(label.axis, label.outer, label.inner)


def _label_of(question, position, transposed):
    state, rank, out = question.states[position], question.rank_of(position), question.rank
    if state.axis < rank - 2:
        return _Label("batch", state.axis + out - rank, state.outer, state.inner)
    is_first = (state.axis == rank - 2) != transposed
    if is_first == (position == 0):
        return _Label("kept", out - 2 + position, state.outer, state.inner)
    return _Label("contracted", 0, state.outer, state.inner)


def _einsum(question):
    """A letter that all factors which depend carry, and that is in the result, is carried; one that is not, adds up.

    Mathematics: out[lo] = sum over the other letters of the product of the factors. Several factors keep slices apart
    only along a letter that each of them carries.
    Example: "btd,de->bte", the first carried on 0: carried on 0; on 2: a sum; "...d,de->...e" alike.
    Reads: the equation, and ranks for an ellipsis, whose axes may be broadcast: unknown sizes of these are required to
    be the result's. Conservative: a letter that stands twice in a factor or in the result, or an axis that is
    broadcast, is not followed.
    """
    inputs, output = question.attribute("equation").replace(" ", "").split("->")
    inputs, out = inputs.split(","), letters_of(output, question.rank)
    found, pairs = set(), []
    for position in question.positions:
        letters, state = letters_of(inputs[position], question.rank_of(position)), question.states[position]
        if letters is None or out is None or len(set(letters)) < len(letters):
            return None
        letter = letters[state.axis]
        found.add((letter,) + tuple(state[1:]))
        if isinstance(letter, int):
            pairs.append((position, state.axis, out.index(letter) if letter in out else None))
    letter, outer, inner = found.pop()
    if found or out.count(letter) > 1 or None in [axis for _, _, axis in pairs] or not question.are_kept(pairs):
        return None
    return Carried(out.index(letter), outer, inner) if letter in out else SUMMED


def letters_of(text, rank):
    """What each axis of a factor is called: a letter, or for an axis of the ellipsis its place counted from behind."""
    before, dots, behind = text.partition("...")
    if not dots:
        return list(text)
    if rank is None:
        return None
    return list(before) + list(range(len(before) + len(behind) - rank, 0)) + list(behind)


TRAITS = {name: Trait(only(), _matrix_product)
          for name in MATRIX_PRODUCTS | {"SparseMatMul"}}
TRAITS["Einsum"] = Trait(only(), _einsum)
