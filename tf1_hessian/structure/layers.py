"""Layers: reads of a weight by a matrix product or as a bias. Blocks of a Hessian follow from small matrices by row of
what they lead to. Mathematics, section 5.
"""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import MIXED, Carried, is_linear
from tf1_hessian.structure.axes import point_at, state_after
from tf1_hessian.structure.lifting import bent_parts, chain_of
from tf1_hessian.structure.uses import only_reads, range_of, uses_of

__all__ = ["Layer", "Reads", "by_start", "joined", "points_of", "reads_of", "rows_apart"]

class Layer(collections.namedtuple("Layer", "inputs point start sizes is_turned")):
    """z = inputs W + what does not hang on this read of W. inputs: [rows, p], or None where W is a bias [m]
    (p is 1 then). point: z, [rows, m]. W is stored in the elements `start`.. of the source, as `sizes` = (p, m), or as
    (m, p) where it is_turned.
    """

    @property
    def factor(self):
        """The inputs, or ones [rows, 1]."""
        return tf.ones_like(self.point.tensor[:, :1]) if self.inputs is None else self.inputs

    @property
    def size(self):
        """The number of elements of the weight."""
        return self.sizes[0] * self.sizes[1]

    @property
    def width(self):
        """p"""
        return self.sizes[1 if self.is_turned else 0]


Reads = collections.namedtuple("Reads", "layers bent refusal")
Reads.__doc__ = "The Layers and the Bent parts of a source; refusal: why they are not all that reads it, or None."

_Piece = collections.namedtuple("_Piece", "tensor start is_turned")
_Piece.__doc__ = "A tensor made of the elements `start`.. of a source alone; is_turned: as the transpose of a matrix."

_SAME_ELEMENTS = frozenset(["ExpandDims", "Reshape", "Squeeze"])


def reads_of(search, leaf, loss):
    """The Reads of a leaf."""
    layers, bent, todo = [], [], [_Piece(leaf.tensor, 0, False)]
    while todo:
        piece = todo.pop(0)
        for use in uses_of(search.flow, piece.tensor):
            outputs = [o for o in use.op.outputs if search.flow.is_live(o) and search.flow.depends(loss, o)]
            if use.position is not None and all(search.axes.is_linear(o, loss) for o in outputs):
                found = _behind_which_nothing_bends(search, leaf, piece, use, outputs)
                if found is not None:
                    bent += found
                    continue
            layer = _layer(search.flow, piece, use, loss)
            pieces = _pieces(piece, use) if layer is None else []
            if layer is None and not pieces:
                return Reads((), (), "'%s' (%s) is no layer" % (use.op.name, use.op.type))
            layers += [] if layer is None else [layer]
            todo += pieces
    ends = sorted({(layer.start, layer.start + layer.size) for layer in layers})
    if any(a[1] > b[0] for a, b in zip(ends, ends[1:])):
        return Reads((), (), "parts of it that overlap are read by layers")
    return Reads(tuple(layers), tuple(bent), None)


def _behind_which_nothing_bends(search, leaf, piece, use, outputs):
    """The Bent parts of a use whose results enter the loss linearly, or None."""
    if not _is_only_added(search.flow, use, outputs):
        return None
    if is_linear(use.op, [use.position]):
        return []
    return bent_parts(search, leaf, use, outputs) if piece.tensor is leaf.tensor else None


def _is_only_added(flow, use, outputs):
    """Whether what a use leads to is added to the rest of the loss, whose slope depends on no source then.

    A loss that is linear in it, as sum(exp(u)) * f(w) is, has cross terms all the same.
    """
    live = _live_positions(flow, use.op)
    if live != [use.position] and not is_linear(use.op, live):
        return False
    return all(only_reads(op) or is_linear(op, _live_positions(flow, op)) for o in outputs for op in flow.after(o))


def _live_positions(flow, op):
    return [p for p, t in enumerate(op.inputs) if flow.is_live(t)]


def _layer(flow, piece, use, loss):
    """The Layer of a use, or None."""
    op, position = use
    if position is None or _compat.is_overridden(op) or len(op.outputs) != 1:
        return None
    sizes, made = dimensions_of(op.inputs[position]), dimensions_of(op.outputs[0])
    if sizes is None or None in sizes or made is None or len(made) != 2:
        return None
    if op.type == "MatMul" and position == 1 and not op.get_attr("transpose_a"):
        is_turned = bool(op.get_attr("transpose_b"))
        inputs, width = op.inputs[0], sizes[0 if is_turned else 1]
    elif op.type in ("Add", "AddV2", "BiasAdd") and not piece.is_turned and sizes in ([made[1]], [1, made[1]]):
        is_turned, inputs, width = False, None, made[1]
        sizes = [1, width]
        if dimensions_of(op.inputs[1 - position]) != made:
            return None
    else:
        return None
    if made[1] != width:
        return None
    tensor = _shifted(flow, op.outputs[0], loss)
    stored = sizes[::-1] if piece.is_turned else sizes
    return Layer(inputs, point_at(tensor), piece.start, tuple(stored), is_turned != piece.is_turned)


def _shifted(flow, tensor, loss):
    """A tensor with all that is only added to it."""
    made = dimensions_of(tensor)
    for op in chain_of(flow, tensor, loss)[0]:
        if op.outputs[0].shape.ndims != 2 or dimensions_of(op.outputs[0]) != made:
            break
        tensor = op.outputs[0]
    return tensor


def _pieces(piece, use):
    """The results of an op that only reshapes, cuts or transposes the elements of a source; none for another op."""
    op, position = use
    if position != 0 or _compat.is_overridden(op) or any(dimensions_of(o) is None for o in op.outputs):
        return []
    if op.type in _SAME_ELEMENTS and not piece.is_turned:
        return [_Piece(op.outputs[0], piece.start, False)]
    if op.type == "Transpose" and op.inputs[0].shape.ndims == 2:
        turns = _compat.static_value(op.inputs[1])
        is_known = turns is not None and list(turns) == [1, 0]
        return [_Piece(op.outputs[0], piece.start, not piece.is_turned)] if is_known else []
    ranges = [range_of(use, o) for o in op.outputs]
    if any(r is None for r in ranges):
        return []
    return [_Piece(o, piece.start + first, False) for o, (first, _) in zip(op.outputs, ranges)]


def by_start(layers):
    """[the layers that read the same elements], by where these begin."""
    found = collections.OrderedDict()
    for layer in sorted(layers, key=lambda la: la.start):
        found.setdefault(layer.start, []).append(layer)
    return list(found.values())


def joined(parts, shape, axis):
    """Parts (start, length, tensor or None) next to each other along an axis, zeros between and for None."""
    if all(part is None for _, _, part in parts):
        return None
    found, end, dtype = [], 0, next(p for _, _, p in parts if p is not None).dtype

    def gap(length):
        return tf.zeros(shape[:axis] + [length] + shape[axis + 1:], dtype)

    for start, length, part in parts + [(shape[axis], 0, None)]:
        found += [gap(start - end)] if start > end else []
        found += [gap(length) if part is None else part] if length else []
        end = start + length
    return found[0] if len(found) == 1 else tf.concat(found, axis)


def points_of(layers):
    """The points of some layers, each once."""
    return list(collections.OrderedDict((key(layer.point.tensor), layer.point) for layer in layers).values())


def rows_apart(flow, layers, loss):
    """The sizes that must be equal for the rows of all layers' points to stay apart up to the loss; None if they don't.

    All points are followed together: a row of one and another row of another one must not meet either.
    """
    points, needs = points_of(layers), []
    rows = {point.sizes[0] for point in points}
    if rows == {1}:
        return []
    if len(rows) > 1:
        return None
    starts = {key(point.tensor): Carried(0) for point in points}
    states = dict(starts)
    reached = {op for point in points for op in flow.after(point.tensor)}
    for op in flow.ops:
        for i, output in enumerate(op.outputs if op in reached else ()):
            name = key(output)
            states[name] = state_after(op, i, states, points[0].sizes[0], lambda *equal: needs.append(equal))
            if starts.get(name, states[name]) != states[name]:
                return None
    inputs = [states.get(key(layer.inputs)) for layer in layers if layer.inputs is not None]
    if states.get(key(loss)) == MIXED or any(s not in (None, Carried(0)) for s in inputs):
        return None
    return needs + [(points[0].tensor, 0, p.tensor, 0) for p in points[1:]]
