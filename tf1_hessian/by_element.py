"""Rows of a Hessian from a column for each element of a source: by which engine, how many at once, and why."""
import collections

from tf1_hessian import errors
from tf1_hessian.derivatives import columns, elements
from tf1_hessian.graph.devices import parts_of, shares_told
from tf1_hessian.graph.flow import Flow
from tf1_hessian.graph.regions import inner_ops
from tf1_hessian.graph.upstream import count_ops
from tf1_hessian.structure.adjoints import is_pulled_back_linearly
from tf1_hessian.structure.costs import CHUNK_BYTES, COLUMN_TO_PATH, bytes_of, columns_at_once

__all__ = ["ByElement", "Rows"]

# Ops that the slices engine may add: a GraphDef ends at 2 GB, and building takes minutes long before.
_MOST_OPS = 200000
# Where the gradient has more ops than this, loops unrolled, what people wait for is the building of ops: so few columns
# run one by one, for pfor takes up to six times as long to build, and sources share one loop over their columns where
# each reaches the loss through this share of the ops that the longest way has.
_LONG, _FEW, _ALIKE = 300, 8, 0.75

Rows = collections.namedtuple("Rows", "source targets engine laid how")
Rows.__doc__ = """The rows of one source against `targets` (indices of layouts), rehearsed:
`laid.lay(emission, count)`; how: in words."""


class ByElement(object):
    """Rehearses rows with one engine, or with the best that fits. because: told what decided.

    shares: whether sources may share a loop. gradient_bytes: of all tensors of one gradient, the unit of prices.
    """

    def __init__(self, problem, engine, chunk_size, because, shares=True):
        self._problem, self._engine, self._chunk_size, self._because = problem, engine, chunk_size, because
        self._shares = shares and engine != "slices" and problem.quantity != "blocks"
        sizes = [bytes_of([o]) for op in problem.path.ops for o in op.outputs]
        self._rehearsed_ops = count_ops(problem.scratch.get_operations())
        self._path_bytes, self._largest = sum(sizes), max(sizes or [1])
        self.gradient_bytes = float(max(1, 3 * self._path_bytes))

    def rows(self, indices):
        """{index: the Rows of the source there}."""
        if indices and self._problem.per_example:
            self._refuse_bending()
        found = {}
        for group in self._groups(indices):
            found.update(self._together(group) or {i: self._alone(i) for i in group})
        return found

    def _groups(self, indices):
        """Lists of indices: the sources of each are worth a loop in common."""
        if not self._shares or self._rehearsed_ops <= _LONG:
            return [[i] for i in indices]
        lengths, groups = self._lengths(indices), []
        for i in sorted(indices, key=lambda i: -lengths[i]):
            alike = [g for g in groups if self._dtype(g) == self._dtype([i]) and lengths[i] >= _ALIKE * lengths[g[0]]]
            if alike:
                alike[0].append(i)
            else:
                groups.append([i])
        shared = [sorted(g) for g in groups if self._is_worth_sharing(g)]
        return shared + [[i] for i in indices if not any(i in g for g in shared)]

    def _lengths(self, indices):
        """{index: how many ops of the path, those inside of them too, follow from the source there}."""
        flow = Flow(self._problem.path, lambda op: False)
        found = {}
        for i in indices:
            ops = {op for anchor in self._problem.rows[i].anchors for op in flow.after(anchor)}
            found[i] = count_ops(ops) + sum(len(inner_ops(op)) for op in ops)
        return found

    def _is_worth_sharing(self, group):
        """A diagonal needs no cross derivatives: to build them sooner pays only where they run in next to no time."""
        return self._problem.quantity != "diag" or self._size(group) <= self._fitting(group)

    def _together(self, group):
        """{index: Rows} of sources that share a loop; None where they can't: cross derivatives may not exist."""
        if len(group) == 1:
            return None
        try:
            engine, laid = self._lay(group)
        except (LookupError, ValueError) as refusal:
            self._because("%s have loops of their own: %s" % (self._names(group), errors.first_line(refusal)))
            return None
        self._because("%s share one loop over their columns, which is built sooner: a gradient takes %d ops" % (
            self._names(group), self._rehearsed_ops))
        shared = _Shared(self._problem, group, laid)
        return {i: self._rows(i, engine, part, shared.count) for i, part in zip(group, shared.parts)}

    def _alone(self, index):
        engine, laid = self._lay([index])
        return self._rows(index, engine, laid, self._size([index]))

    def _rows(self, index, engine, laid, count):
        """The Rows of a source, whose columns are among `count` in one loop."""
        source = self._problem.rows[index]
        mine = "" if source.size == count else "%d of " % source.size
        how = "%s%s%s, engine %s%s" % (
            mine, errors.counted(count, "column"), errors.in_chunks(count, laid.size), engine,
            shares_told(count, laid.size, self._problem.devices))
        return Rows(source, self._problem.targets(index), engine, laid, how)

    def _names(self, group):
        return errors.listed(self._problem.rows[i].name for i in group)

    def _size(self, group):
        return sum(self._problem.rows[i].size for i in group)

    def _dtype(self, group):
        return self._problem.rows[group[0]].dtype

    def bytes_of_column(self, rows):
        """Of all tensors of one column. One whose sizes are not known counts as no larger than two of the path."""
        outputs = [o for op in rows.laid.column_ops for o in op.outputs]
        return bytes_of(outputs, max(1, rows.laid.columns) * 2 * self._largest) / rows.laid.columns

    def _refuse_bending(self):
        """Columns hold all examples where gradients are linear in what arrives."""
        for op in self._problem.path.ops:
            if not is_pulled_back_linearly(op, range(len(op.outputs))):
                raise errors.bad_option("per_example", True, (
                    "gradients that are linear in what arrives, and that of '%s' (%s) may not be: ask for each element "
                    "of the losses by itself" % (op.name, op.type)))

    def _lay(self, group):
        """(engine, the columns of some sources behind one another)."""
        size = self._size(group)
        if self._engine == "slices":
            return "slices", self._sliced(group[0])
        if self._engine == "loop":
            return "loop", self._looped(group)
        if self._engine == "vectorized":
            return "vectorized", self._vectorized(group)
        if size == 1:
            return "loop", self._looped(group)
        if size <= _FEW and self._rehearsed_ops > _LONG and not self._chunk_size:
            self._because("the %s of %s run one by one, which is built sooner: a gradient takes %d ops" % (
                errors.counted(size, "column"), self._names(group), self._rehearsed_ops))
            return "loop", self._looped(group)
        try:
            return "vectorized", self._vectorized(group)
        except LookupError:
            raise
        except ValueError as refusal:
            self._because("the columns of %s run one by one: %s" % (self._names(group), refusal))
            return "loop", self._looped(group)

    def _looped(self, group):
        return columns.looped(lambda seed: self._problem.outputs(group, seed), self._size(group), self._dtype(group),
                              len(self._problem.devices))

    def _sliced(self, index):
        problem, source = self._problem, self._problem.rows[index]
        estimate = source.size * 3 * len(problem.path.ops)
        if estimate > _MOST_OPS:
            raise errors.engine_does_not_fit("slices", "%d elements would add about %d ops, and %d is the limit" % (
                source.size, estimate, _MOST_OPS))
        targets = [problem.cols[t] for t in problem.targets(index)]
        return elements.Elements(problem.losses, source, targets, problem.quantity == "diag", problem.options)

    def _vectorized(self, group):
        count = self._size(group)
        most = parts_of(count, len(self._problem.devices))
        size = min(most, int(self._chunk_size or self._best_chunk(group)))
        try:
            return columns.together(lambda: columns.vectorized(
                lambda seed: self._problem.outputs(group, seed), count, self._dtype(group), size))
        except errors.NotVectorized as refusal:
            raise errors.engine_does_not_fit("vectorized", refusal) from refusal

    def _best_chunk(self, group):
        fitting = self._fitting(group)
        if fitting < self._size(group):
            self._because("chunks of %s keep the tensors that %s takes near %d MB" % (
                errors.counted(fitting, "column"), self._names(group), CHUNK_BYTES // 2 ** 20))
        return fitting

    def _fitting(self, group):
        seed_bytes = self._size(group) * self._dtype(group).size
        return columns_at_once(COLUMN_TO_PATH * self._path_bytes + 4 * seed_bytes)


class _Shared(object):
    """Columns of several sources in one loop, and the part of each."""

    def __init__(self, problem, group, laid):
        self.laid = laid
        self._is_diagonal, self._results = problem.quantity == "diag", problem.targets_of(group)
        self._wanted = [problem.targets(i) for i in group]
        self._starts = [0]
        for i in group:
            self._starts.append(self._starts[-1] + problem.rows[i].size)
        self.count = self._starts[-1]
        self._emission, self._rows = None, []
        self.parts = [_Part(self, k) for k in range(len(group))]

    def lay(self, emission, place):
        """The rows of the source at a place of the group, in the default graph; laid once for each emission."""
        if self._emission is not emission:
            self._emission, self._rows = emission, self.laid.lay(emission, self.count)
        found = self._rows
        if not self._is_diagonal:
            found = [found[self._results.index(t)] for t in self._wanted[place]]
        first, last = self._starts[place:place + 2]
        return [None if f is None else f[first:last] for f in found]


class _Part(object):
    """The columns of one source among those that share a loop."""

    def __init__(self, shared, place):
        self._shared, self._place = shared, place
        laid = shared.laid
        self.size, self.needed, self.column_ops, self.columns = laid.size, laid.needed, laid.column_ops, laid.columns

    def lay(self, emission, count):
        """As of a Chunk."""
        return self._shared.lay(emission, self._place)
