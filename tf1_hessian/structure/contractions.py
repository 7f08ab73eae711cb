"""Linear ops as contractions: which axes a weight, its other factor and the result have in common."""
import collections

from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.traits.layers import channel_axis
from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS, letters_of, sides
from tf1_hessian.structure.costs import elements

__all__ = ["Contraction", "contraction_of", "keeps_rows", "spread_over"]

Contraction = collections.namedtuple("Contraction", "known weight made sizes axes equal")
Contraction.__doc__ = """made[...] = sum of known[...] * weight[...] over the letters that are not in `made`.

known, weight, made: the letters of each, in the order of their axes; known None where all coefficients are 1. sizes: of
letters, None for unknown ones. axes: the letters of each axis of the lifted point, which may be a reshape of the
result. equal: pairs (axis of the result, axis of the point) of unknown sizes that must be equal.
"""


def contraction_of(use, point):
    """The Contraction of the op of a use for a lifted point of the sizes `point`, or None."""
    rule = _RULES.get(use.op.type)
    made = dimensions_of(use.op.outputs[0])
    found = None if rule is None or made is None else rule(use.op, use.position, made)
    if found is None:
        return None
    known, weight, made, sizes = found
    if use.op.type == "Conv2DBackpropInput":
        return Contraction(known, weight, made, sizes, [[letter] for letter in made], ())
    return _aligned(Contraction(known, weight, made, sizes, None, ()), list(point))


def spread_over(leaf, reach, point):
    """The Contraction of a leaf that is spread over a point (a Reach of it); leaf, point: their sizes."""
    made = ["p%d" % axis for axis in range(len(point))]
    weight = [made[reach.carried[axis]] for axis in sorted(reach.carried)]
    sizes = dict(zip(made, point))
    sizes.update((made[there], leaf[here]) for here, there in reach.carried.items())
    return Contraction(None if reach.is_plain else made, weight, made, sizes, [[letter] for letter in made], ())


def _matrix_product(op, position, made):
    factors = []
    for tensor, is_transposed, last in zip(op.inputs, sides(op), ("ij", "jk")):
        sizes = dimensions_of(tensor)
        if sizes is None or len(sizes) < 2:
            return None
        batch = ["b%d" % (len(made) - axis) for axis in range(len(made) - len(sizes), len(made) - 2)]
        factors.append((batch + list(last[::-1] if is_transposed else last), sizes))
    letters = ["b%d" % (len(made) - axis) for axis in range(len(made) - 2)] + ["i", "k"]
    return _shared(factors[1 - position], factors[position], letters, made)


def _shared(known, weight, letters, made):
    """(known, weight, made, sizes), from the (letters, sizes) of both factors; axes of size 1 have no letter there."""
    sizes = dict(zip(letters, made))
    for letter, size in zip(*known):
        sizes.setdefault(letter, size)
    for letter, size in zip(*weight):
        if size != 1:
            sizes[letter] = size
    in_weight = [letter for letter, size in zip(*weight) if size != 1]
    may_be_one = [letter for letter, size in zip(*known) if size is None and letter in in_weight and letter in letters]
    in_known = [letter for letter, size in zip(*known) if size != 1]
    return None if may_be_one else (in_known, in_weight, list(letters), sizes)


def _einsum(op, position, made):
    text, output = op.get_attr("equation").decode("utf-8").replace(" ", "").split("->")
    factors = text.split(",")
    if len(factors) != 2 or "." in factors[position]:
        return None
    ranks = [t.shape.ndims for t in op.inputs]
    letters = [letters_of(f, r) for f, r in zip(factors, ranks)] + [letters_of(output, len(made))]
    if any(found is None or len(set(found)) < len(found) for found in letters):
        return None
    known, weight, out = ([str(c) for c in found] for found in (letters[1 - position], letters[position], letters[2]))
    if not set(weight) <= set(known) | set(out) or not set(known) <= set(weight) | set(out):
        return None
    sizes = dimensions_of(op.inputs[1 - position]), dimensions_of(op.inputs[position])
    return None if None in sizes else _shared((known, sizes[0]), (weight, sizes[1]), out, made)


def _convolution(op, position, made):
    image, kernel = (dimensions_of(t) for t in list(op.inputs)[:2])
    if position != 1 or image is None or None in kernel or not _is_plain(op, made) or image[-1] != kernel[-2]:
        return None
    places = ["p%d" % axis for axis in range(len(made) - 1)]
    sizes = dict(zip(places + ["c"], made), q=elements(kernel[:-1]))
    return places + ["q"], ["q", "c"], places + ["c"], sizes


def _depthwise(op, position, made):
    kernel = dimensions_of(op.inputs[1])
    if position != 1 or None in kernel or not _is_plain(op, made):
        return None
    sizes = {"n": made[0], "y": made[1], "x": made[2], "q": kernel[0] * kernel[1], "d": kernel[2], "m": kernel[3]}
    return list("nyxqd"), list("qdm"), list("nyxdm"), sizes


def _transposed_convolution(op, position, made):
    """The columns are read in patches (patches.py): so the letters `made` are those of patches of the result."""
    kernel, given = dimensions_of(op.inputs[1]), dimensions_of(op.inputs[2])
    if position != 1 or None in kernel or given is None or not _is_plain(op, made) or made[-1] != kernel[-2]:
        return None
    sizes = {"n": given[0], "y": given[1], "x": given[2], "q": elements(kernel[:-1]), "c": kernel[-1]}
    return list("nyxc"), list("qc"), list("nyxq"), sizes


def _is_plain(op, made):
    padding = op.get_attr("padding")
    return channel_axis(op, len(made)) == len(made) - 1 and padding in (b"SAME", b"VALID")


def _shift(op, position, made):
    shape = dimensions_of(op.inputs[position])
    if shape is None or len(shape) > len(made):
        return None
    letters = ["a%d" % axis for axis in range(len(made))]
    behind = letters[len(made) - len(shape):]
    if op.type == "BiasAdd" and position == 1:
        behind = [letters[channel_axis(op, len(made))]]
    sizes, weight = dict(zip(letters, made)), []
    for letter, size in zip(behind, shape):
        if size != 1:
            sizes[letter] = size
            weight.append(letter)
    return None, weight, letters, sizes


_RULES = dict.fromkeys(MATRIX_PRODUCTS, _matrix_product)
_RULES.update(dict.fromkeys(("Add", "AddV2", "BiasAdd", "Sub"), _shift))
_RULES.update({
    "Conv2D": _convolution, "Conv2DBackpropInput": _transposed_convolution, "Conv3D": _convolution,
    "DepthwiseConv2dNative": _depthwise, "Einsum": _einsum})


def _aligned(found, point):
    """The Contraction with letters split so that each axis of the point is a run of them; None where they don't fit.

    Both are walked from the right: sizes that are known must divide each other, and the first letter or axis takes what
    is left.
    """
    steps = _common_parts([found.sizes[letter] for letter in found.made], point)
    if steps is None:
        return None
    parts, axes, sizes = {letter: [] for letter in found.made}, [[] for _ in point], dict(found.sizes)
    for number, (i, j, size) in enumerate(steps):
        letter = "%s.%d" % (found.made[i], number)
        parts[found.made[i]].insert(0, letter)
        axes[j].insert(0, letter)
        sizes[letter] = size
    equal = tuple((i, j) for i, j, size in steps if size is None and i and j and (
        len(axes[j]) == len(parts[found.made[i]]) == 1))

    def split(letters):
        return [part for letter in letters for part in parts.get(letter, [letter])]

    known = None if found.known is None else split(found.known)
    weight = split(found.weight)
    if any(sizes[letter] is None for letter in weight):
        return None
    return Contraction(known, weight, split(found.made), sizes, axes, equal)


def keeps_rows(made, point):
    """Whether the first axis of a result is the first one of a point, which may be a reshape of it."""
    steps = _common_parts(made, point) or []
    return [(i, j) for i, j, _ in steps if not i or not j] == [(0, 0)]


def _common_parts(ours, theirs):
    """[(place in ours, place in theirs, size)] of the finest parts that two shapes have in common, from the right;
    those of size 1 are nowhere."""
    places = [[i for i, size in enumerate(shape) if size != 1] for shape in (ours, theirs)]
    steps = _parts_of([ours[i] for i in places[0]], [theirs[i] for i in places[1]])
    return None if steps is None else [(places[0][i], places[1][j], size) for i, j, size in steps]


def _parts_of(ours, theirs):
    found = []
    while ours and theirs:
        part = _last_part(ours, theirs)
        if part is _NONE:
            return None
        found.append((len(ours) - 1, len(theirs) - 1, part))
        if len(ours) == len(theirs) == 1:
            return found
        ours, theirs = _without(ours, part), _without(theirs, part)
    return None if ours or theirs else found


_NONE = object()


def _last_part(ours, theirs):
    """The size of the part that two shapes have in common at their ends, or _NONE."""
    a, b = ours[-1], theirs[-1]
    if len(ours) == 1 or len(theirs) == 1:
        return a if len(theirs) == 1 and a is not None else b
    if None in (a, b):
        if a == b:
            return None if len(ours) == len(theirs) else _NONE
        return b if a is None and None not in ours[:-1] and ours[:-1] == theirs[:len(ours) - 1] else _NONE
    part = min(a, b)
    return part if part and max(a, b) % part == 0 else _NONE


def _without(shape, part):
    """A shape without a part of its end; the first axis stays, whatever is left of it."""
    if shape[-1] == part and len(shape) > 1:
        return shape[:-1]
    return shape[:-1] + [None if None in (shape[-1], part) else shape[-1] // part]
