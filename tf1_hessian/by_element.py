"""Rows of a Hessian from a column for each element of a source: by which engine, how many at once, and why."""
import collections

from tf1_hessian import errors
from tf1_hessian.derivatives import columns, elements
from tf1_hessian.graph.devices import parts_of, shares_told
from tf1_hessian.structure.adjoints import is_pulled_back_linearly
from tf1_hessian.structure.costs import CHUNK_BYTES, COLUMN_TO_PATH, bytes_of, columns_at_once

__all__ = ["ByElement", "Rows"]

# Ops that the slices engine may add: a GraphDef ends at 2 GB, and building takes minutes long before.
_MOST_OPS = 200000
# So few columns run one by one where path and gradient have more ops, loops unrolled: pfor takes up to six times as
# long to build, which pays itself back after hundreds of runs or thousands.
_FEW, _LONG = 8, 300

Rows = collections.namedtuple("Rows", "source targets engine laid how")
Rows.__doc__ = """The rows of one source against `targets` (indices of layouts), rehearsed:
`laid.lay(emission, count)`; how: in words."""


class ByElement(object):
    """Rehearses rows with one engine, or with the best that fits. because: told what decided.

    gradient_bytes: of all tensors of one gradient, the unit of prices.
    """

    def __init__(self, problem, engine, chunk_size, because):
        self._problem, self._engine, self._chunk_size, self._because = problem, engine, chunk_size, because
        sizes = [bytes_of([o]) for op in problem.path.ops for o in op.outputs]
        self._rehearsed_ops = len(problem.scratch.get_operations())
        self._path_bytes, self._largest = sum(sizes), max(sizes or [1])
        self.gradient_bytes = float(max(1, 3 * self._path_bytes))

    def rows(self, index):
        """The Rows of the source at an index."""
        source = self._problem.rows[index]
        if self._problem.per_example:
            self._refuse_bending()
        engine, laid = self._lay(index, source)
        how = "%s%s, engine %s%s" % (
            errors.counted(source.size, "column"), errors.in_chunks(source.size, laid.size), engine,
            shares_told(source.size, laid.size, self._problem.devices))
        return Rows(source, self._problem.targets(index), engine, laid, how)

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

    def _lay(self, index, source):
        if self._engine == "slices":
            return "slices", self._sliced(index, source)
        if self._engine == "loop":
            return "loop", self._looped(index, source)
        if self._engine == "vectorized":
            return "vectorized", self._vectorized(index, source)
        if source.size == 1:
            return "loop", self._looped(index, source)
        if source.size <= _FEW and self._rehearsed_ops > _LONG and not self._chunk_size:
            self._because("the %s of %s run one by one, which is built sooner: a gradient takes %d ops" % (
                errors.counted(source.size, "column"), source.name, self._rehearsed_ops))
            return "loop", self._looped(index, source)
        try:
            return "vectorized", self._vectorized(index, source)
        except LookupError:
            raise
        except ValueError as refusal:
            self._because("the columns of %s run one by one: %s" % (source.name, refusal))
            return "loop", self._looped(index, source)

    def _looped(self, index, source):
        return columns.looped(lambda seed: self._problem.outputs(index, seed), source.size, source.dtype,
                              len(self._problem.devices))

    def _sliced(self, index, source):
        problem = self._problem
        estimate = source.size * 3 * len(problem.path.ops)
        if estimate > _MOST_OPS:
            raise errors.engine_does_not_fit("slices", "%d elements would add about %d ops, and %d is the limit" % (
                source.size, estimate, _MOST_OPS))
        targets = [problem.cols[t] for t in problem.targets(index)]
        return elements.Elements(problem.losses, source, targets, problem.quantity == "diag", problem.options)

    def _vectorized(self, index, source):
        most = parts_of(source.size, len(self._problem.devices))
        size = min(most, int(self._chunk_size or self._best_chunk(source)))
        try:
            return columns.together(lambda: columns.vectorized(
                lambda seed: self._problem.outputs(index, seed), source.size, source.dtype, size))
        except errors.NotVectorized as refusal:
            raise errors.engine_does_not_fit("vectorized", refusal) from refusal

    def _best_chunk(self, source):
        fitting = columns_at_once(COLUMN_TO_PATH * self._path_bytes + 4 * source.size * source.dtype.size)
        if fitting < source.size:
            self._because("chunks of %s keep the tensors that %s takes near %d MB" % (
                errors.counted(fitting, "column"), source.name, CHUNK_BYTES // 2 ** 20))
        return fitting
