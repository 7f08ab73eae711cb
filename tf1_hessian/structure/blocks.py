"""The blocks of a full Hessian from the structure of the graph, for sources that only layers read.

H = sum over pairs of layers and rows of A^T R A' for inputs A, A' and the second derivative R between their points, and
of what an input gains by following the point of an earlier layer. Mathematics, section 5.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.errors import counted
from tf1_hessian.structure.assembly import Assembly
from tf1_hessian.structure.axes import Axes
from tf1_hessian.structure.costs import ASSUMED_SIZE, Costs
from tf1_hessian.structure.diagonal import WORTHWHILE, flow_to, leaf_of, total
from tf1_hessian.structure.layers import Reads, by_start, joined, points_of, reads_of, rows_apart
from tf1_hessian.structure.row_blocks import RowBlocks, columns_of_layers
from tf1_hessian.structure.terms import Search

__all__ = ["Blocks"]

# Bytes that the small matrices of all rows may take.
_MOST_BYTES = 2 ** 29
# Passes over small ops that a pair of layers costs: what an unrolled loop reads at 12 steps makes hundreds of pairs.
_OPS_OF_PAIR = 6


class Blocks(object):
    """What the graph of a loss tells about its full Hessian. Made and used with the scratch graph as the default one.

    is_forced: whether it is wanted however dear.
    """

    def __init__(self, losses, sources, is_forced=False):
        self._loss, self._is_forced = total(losses), is_forced
        self._flow = flow_to(self._loss, sources)
        self._costs = Costs(self._flow)
        search = Search(Axes(self._flow), self._costs)
        self._reads = {s: self._reads_of(search, s) for s in sources}
        self.sources = [s for s in sources if self._reads[s].refusal is None]
        self.refusals = {s.name: r.refusal for s, r in self._reads.items() if r.refusal is not None}
        self._layers = [layer for s in self.sources for layer in self._reads[s].layers]
        self._second, self._first = columns_of_layers(self._flow, self._layers)
        self.needs = rows_apart(self._flow, self._layers, self._loss) if self._layers else []
        self._refuse_all(self._misfit())

    def _reads_of(self, search, source):
        if len(source.anchors) > 1:
            return Reads((), (), "it has several parts")
        return reads_of(search, leaf_of(self._flow, source.anchors[0], source.shapes[0], source), self._loss)

    def _refuse_all(self, reason):
        if reason is not None:
            self.refusals.update((s.name, reason) for s in self.sources)
            self.sources = []

    def _misfit(self):
        """Why nothing is gained for all sources together, or None."""
        if not self._layers:
            return "no layer reads it"
        if self.needs is None:
            return "the rows of a batch do not stay apart"
        if self._is_forced:
            return None
        if self.bytes > _MOST_BYTES:
            return "the blocks by row would take %.3g MB" % (self.bytes / 1e6)
        n, rows = sum(s.size for s in self.sources), self._rows
        naive = sum(self._costs.hvp(s.anchors[0], self._loss, s.size) for s in self.sources)
        pairs = len(self._layers) * (len(self._layers) + 1) // 2
        if self._price + self._costs.passes(_OPS_OF_PAIR * pairs) + rows * n * n > WORTHWHILE * naive:
            return "columns of layers cost no less"
        return None

    @property
    def _rows(self):
        return self._layers[0].point.sizes[0] or ASSUMED_SIZE

    @property
    def _price(self):
        return max(self._costs.hvp(p.tensor, self._loss, self._second)
                   + self._costs.vjp(p.tensor, self._loss, self._first) for p in points_of(self._layers))

    @property
    def columns(self):
        """Products with seeds at the points of layers, and seeds pulled back from their inputs."""
        return self._second + self._first

    @property
    def gradients(self):
        """Their price, in gradients of the loss."""
        return self._price / float(self._costs.gradient())

    @property
    def bytes(self):
        """Of the small matrices of all rows."""
        widths = [(layer.width, layer.point.sizes[1]) for layer in self._layers]
        most = max(max(p * q, j * k) for p, j in widths for q, k in widths)
        return 2 * self._layers[0].point.dtype.size * self._rows * (most + self._second * self.columns)

    def explain(self, source):
        """What the blocks of a source are made of, in words."""
        points = points_of(self._reads[source].layers)
        return "blocks by row from " + ", ".join(
            "%s at '%s'" % (counted(p.sizes[1], "column"), p.tensor.name) for p in points)

    def lay(self, pairs):
        """{pair: its block [size, size]} in the scratch graph, for pairs of sources; None for zero."""
        pieces = _Pieces(RowBlocks(self._flow, self._loss, self._layers))
        assembly, found = Assembly(self._loss, None, []), {}
        for row, col in pairs:
            found[row, col] = pieces.block(self._reads[row].layers, self._reads[col].layers, row.size, col.size)
            if row is col:
                found[row, col] = _with_diagonal(found[row, col], self._bent(assembly, row))
        return found

    def _bent(self, assembly, source):
        parts = [assembly.diagonal(b) for b in self._reads[source].bent]
        return [tf.reshape(p, [source.size]) for p in parts if p is not None]


def _with_diagonal(block, diagonals):
    if not diagonals:
        return block
    whole = tf.matrix_diag(_compat.add_all(diagonals))
    return whole if block is None else block + whole


class _Pieces(object):
    """Blocks between layers, put together to blocks between sources."""

    def __init__(self, rows):
        self._rows, self._known = rows, {}

    def block(self, layers, others, size, width):
        """[size, width] between two sources, or None for zero."""
        strips = []
        for members in by_start(layers):
            parts = [(found[0].start, found[0].size, self._sum(members, found)) for found in by_start(others)]
            strips.append((members[0].start, members[0].size, joined(parts, [members[0].size, width], 1)))
        return joined(strips, [size, width], 0)

    def _sum(self, layers, others):
        """Between all layers that read one part of a source and all that read one part of another."""
        name = tuple(map(id, layers)), tuple(map(id, others))
        if name[::-1] in self._known:
            found = self._known[name[::-1]]
            return None if found is None else tf.transpose(found)
        parts = [part for a in layers for b in others for part in self._between(a, b)]
        self._known[name] = _compat.add_all(parts) if parts else None
        return self._known[name]

    def _between(self, a, b):
        """The parts of the block between two layers: rows of a, columns of b."""
        rows = self._rows
        order = ("jp" if a.is_turned else "pj") + ("kq" if b.is_turned else "qk")
        sizes, found = dict(zip("pqjk", [a.width, b.width, a.point.sizes[1], b.point.sizes[1]])), []
        second = rows.second(b.point, a.point)
        if second is not None:
            found.append((_outer(a.factor, b.factor), tf.transpose(second, [1, 2, 0]), "pqjk"))
        follows = rows.first(a.inputs, b.point)
        if follows is not None and rows.slope(a.point) is not None:
            found.append((tf.transpose(follows, [1, 0, 2]), _outer(rows.slope(a.point), b.factor), "pkjq"))
        follows = rows.first(b.inputs, a.point)
        if follows is not None and rows.slope(b.point) is not None:
            found.append((tf.transpose(follows, [1, 0, 2]), _outer(rows.slope(b.point), a.factor), "qjkp"))
        return [tf.reshape(_added_over_rows(x, y, [sizes[c] for c in letters], [letters.index(c) for c in order]),
                           [a.size, b.size]) for x, y, letters in found]


def _outer(left, right):
    return tf.expand_dims(left, 2) * tf.expand_dims(right, 1)


def _added_over_rows(left, right, sizes, order):
    """sum over rows of left [rows, a, b] times right [rows, c, d], as [a, b, c, d] with its axes in another order."""
    a, b, c, d = sizes
    product = tf.matmul(tf.reshape(left, [-1, a * b]), tf.reshape(right, [-1, c * d]), transpose_a=True)
    return tf.transpose(tf.reshape(product, sizes), order)
