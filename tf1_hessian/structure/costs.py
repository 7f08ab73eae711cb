"""What passes through parts of a graph cost, estimated in multiplications; good enough to choose by."""
import numpy as np

from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS, sides

__all__ = ["ASSUMED_SIZE", "CHUNK_BYTES", "COLUMN_TO_PATH", "Costs", "bytes_of", "columns_at_once", "elements"]

# Memory that the tensors of one chunk of columns may take: with more, caches lose what fewer loops win
# (benchmarks/dense.py).
CHUNK_BYTES = 64 * 2 ** 20
# A column's tensors take about this many times the path's own: one for each op of the gradient and its derivatives.
COLUMN_TO_PATH = 8
# Columns at once, however small.
_MOST_AT_ONCE = 512

# What an unknown dimension (a batch size) counts as.
ASSUMED_SIZE = 128
# An element that is read, worked on and written takes as long as this many multiplications of a matrix product.
_TRAFFIC = 16
# A pass over an op takes at least as long as this many multiplications, however small it is.
_LAUNCH = 20000

_CONVOLUTIONS = frozenset(["Conv2D", "Conv3D", "DepthwiseConv2dNative"])


def elements(sizes):
    """The number of elements; unknown dimensions count as ASSUMED_SIZE."""
    if sizes is None:
        return ASSUMED_SIZE ** 2
    return int(np.prod([ASSUMED_SIZE if s is None else s for s in sizes], dtype=np.int64))


def bytes_of(tensors, most=None):
    """The bytes of some tensors together, of which none counts for more than `most`."""
    sizes = [elements(dimensions_of(t)) * (t.dtype.base_dtype.size or 0) for t in tensors]
    return sum(sizes if most is None else [min(size, most) for size in sizes])


def columns_at_once(column_bytes):
    """How many columns are laid at once, whose tensors take so many bytes each."""
    return int(max(1, min(_MOST_AT_ONCE, CHUNK_BYTES // max(1, column_bytes))))


class Costs(object):
    """Prices of passes through a Flow. One pass: every op between two tensors once."""

    def __init__(self, flow):
        self._flow, self._ops = flow, {}

    def one_pass(self, start, end):
        """The price of a forward pass, or of pulling one seed back."""
        return sum(self._price(op) for op in self._flow.between(start, end))

    def vjp(self, start, end, columns):
        """Of pulling `columns` seeds at `end` back to `start`."""
        return sum(columns * self._price(op) + _LAUNCH for op in self._flow.between(start, end))

    def hvp(self, start, end, columns):
        """Of `columns` products with the Hessian: forward over the gradient and back."""
        return 3 * self.vjp(start, end, columns)

    def op(self, op, columns):
        """Of one op with `columns` times its inputs."""
        return columns * self._price(op) + _LAUNCH

    def passes(self, ops):
        """Of so many ops on next to nothing."""
        return ops * _LAUNCH

    def elements(self, start, end):
        """Of all tensors between two."""
        return sum(elements(dimensions_of(o)) for op in self._flow.between(start, end) for o in op.outputs)

    def gradient(self):
        """Of one gradient of the loss: forward, and back to activations and sources."""
        return 3 * sum(self._price(op) + _LAUNCH for op in self._flow.ops)

    def _price(self, op):
        if op not in self._ops:
            self._ops[op] = _multiplications(op)
        return self._ops[op]


def _multiplications(op):
    size = max([elements(dimensions_of(o)) for o in op.outputs] or [1])
    return size * (_TRAFFIC + _contracted(op))


def _contracted(op):
    """How many products are summed up in one element of the result."""
    if op.type in MATRIX_PRODUCTS:
        sizes = dimensions_of(op.inputs[0])
        return elements([sizes[-2 if sides(op)[0] else -1]]) if sizes else ASSUMED_SIZE
    if op.type in _CONVOLUTIONS:
        sizes = dimensions_of(op.inputs[1])
        return elements(sizes[:-2] if op.type.startswith("Depthwise") else sizes[:-1]) if sizes else ASSUMED_SIZE
    if op.type == "Einsum":
        return _summed_letters(op)
    return 0


def _summed_letters(op):
    inputs, output = op.get_attr("equation").decode("utf-8").replace(" ", "").split("->")
    sizes = {}
    for letters, tensor in zip(inputs.split(","), op.inputs):
        sizes.update(zip(letters, dimensions_of(tensor) or ()))
    return elements([size for letter, size in sizes.items() if letter not in output])
