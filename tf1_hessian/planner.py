"""Which engine lays which rows of a Hessian, and why: the strategy of a plan."""
import collections

from tf1_hessian import errors
from tf1_hessian.by_element import ByElement, Rows
from tf1_hessian.colored import diagonal_by_colors, hessian_by_colors
from tf1_hessian.graph.devices import shares_told
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.emission import made_for
from tf1_hessian.structure.blocks import Blocks
from tf1_hessian.structure.by_example import ByExample
from tf1_hessian.structure.costs import bytes_of, columns_at_once, elements
from tf1_hessian.structure.diagonal import Structure
from tf1_hessian.structure.verification import ExampleVerification, ProductVerification, Verification

__all__ = ["Cost", "ENGINES", "Planner"]

ENGINES = ("auto", "slices", "loop", "vectorized", "structured", "colored")

Cost = collections.namedtuple("Cost", "columns gradients ops bytes")
Cost.__doc__ = """columns: seeds laid. gradients: their price, estimated in gradients of the same loss. ops: added to
the graph. bytes: estimated for the intermediate tensors of one chunk."""


class _Structured(object):
    """A diagonal, or blocks, laid in the scratch graph."""

    def __init__(self, tensors, size):
        self._tensors, self.size = tensors, size
        present = [t for t in tensors if t is not None]
        self.needed = made_for(present, present[0].graph) if present else []

    def lay(self, emission, count):
        """The diagonal, or the blocks, in the default graph."""
        return emission.emit(self._tensors)


class Planner(object):
    """Chooses and rehearses the engine of each source's rows, and keeps the reasons: rows, cost, reasons; needs: sizes
    that must be equal, verification: of the structured rows, or None.

    shares: whether sources may share a loop over their columns.
    """

    def __init__(self, problem, engine, chunk_size, verified, given=(None, None, None), shares=True):
        self._problem, self._engine, self._chunk_size = problem, engine, chunk_size
        self.reasons, self.needs, self.verification, self.colored = [], [], None, None
        self._shared = Cost(0, 0, 0, 0)
        self._by_element = ByElement(problem, engine, chunk_size, self._because, shares)
        self._explain_path()
        indices = [i for i, s in enumerate(problem.rows) if s.size and self._has_gradient(i)]
        if problem.quantity == "sparse":
            self.rows = []
            self._take_colored(hessian_by_colors(problem, chunk_size, verified, *given))
        else:
            structured = self._structured(indices, verified) if indices and engine in ("auto", "structured") else {}
            structured.update(self._by_colors([i for i in indices if i not in structured], verified))
            structured.update(self._by_element.rows([i for i in indices if i not in structured]))
            self.rows = [structured[i] for i in indices]
        self.cost = self._cost()

    def _explain_path(self):
        for how in self._problem.scratch.loops:
            self._because("loops of v1 control flow on the path are %s" % how)
        if self._problem.narrow:
            self._because("these have no float64 kernel and stay as they are, between casts: %s" % (
                ", ".join(self._problem.narrow)))

    def _structured(self, indices, verified):
        """The structured rows by index: of all sources if that is forced, else of those where it saves something."""
        sources = [self._problem.rows[i] for i in indices]
        try:
            if self._problem.quantity == "diag":
                return self._diagonals(indices, sources, verified)
            return self._blocks(indices, sources, verified)
        except errors.NotSeparableError:
            raise
        except (errors.NoDerivativeError, errors.LostDerivativeError, ValueError) as refusal:
            if self._engine == "structured":
                raise
            self._because("the structure of the graph is of no use: %s" % errors.first_line(refusal))
            return {}

    def _diagonals(self, indices, sources, verified):
        is_split = self._problem.per_example
        structure = (ByExample if is_split else Structure)(self._problem.losses, sources, self._fitting)
        chosen = self._worthwhile(structure, sources)
        self._refuse_misfits(sources, chosen, structure.refusal)
        diagonals, remarks = structure.lay(chosen)
        for remark in remarks:
            self._because(remark)
        self.needs = structure.needs(chosen)
        if chosen:
            self._shared = Cost(structure.columns(chosen), structure.gradients(chosen), 0, structure.bytes(chosen))
        self._keep_together(chosen)
        if chosen and verified:
            check = ExampleVerification if is_split else Verification
            self.verification = check(self._problem, chosen, diagonals)
        return {i: Rows(s, [i], "structured", _Structured([d], structure.at_once(s)), structure.explain(s))
                for i, s in zip(indices, sources) for c, d in zip(chosen, diagonals) if c is s}

    def _blocks(self, indices, sources, verified):
        problem = self._problem
        if problem.across is not problem.layout or not problem.symmetric:
            raise errors.engine_does_not_fit("structured", "it gives diagonals and symmetric Hessians alone")
        blocks = Blocks(problem.losses, sources, self._engine == "structured")
        self._refuse_misfits(sources, blocks.sources, lambda source: blocks.refusals[source.name])
        if not blocks.sources:
            return {}
        problem.settled = frozenset(i for i, s in zip(indices, sources) if s in blocks.sources)
        pairs = {i: [(problem.rows[i], problem.rows[t]) for t in problem.targets(i)] for i in sorted(problem.settled)}
        laid = blocks.lay([pair for i in sorted(pairs) for pair in pairs[i]])
        self.needs, self._shared = blocks.needs, Cost(blocks.columns, blocks.gradients, 0, blocks.bytes)
        self._keep_together(blocks.sources)
        if verified:
            self.verification = ProductVerification(problem, blocks.sources, laid)
        return {i: Rows(problem.rows[i], problem.targets(i), "structured", _Structured(
            [laid[pair] for pair in pairs[i]], blocks.columns), blocks.explain(problem.rows[i])) for i in pairs}

    def _keep_together(self, sources):
        devices = self._problem.devices
        if sources and devices:
            self._because("structured columns are few and serve all their sources: they stay together on %s" % (
                devices[0]))

    def _by_colors(self, indices, verified):
        """The rows of diagonals from columns by colours, which these sources share, where that is forced or cheaper."""
        is_forced = self._engine == "colored"
        if not indices or self._problem.quantity != "diag" or not (is_forced or self._engine == "auto"):
            return {}
        try:
            colored = diagonal_by_colors(self._problem, indices, self._chunk_size, verified, is_forced)
        except ValueError as refusal:
            if is_forced:
                raise
            self._because("columns by colours are of no use: %s" % errors.first_line(refusal))
            return {}
        if colored is None:
            return {}
        self._take_colored(colored)
        return {i: Rows(self._problem.rows[i], [i], "colored", part, "%s by colours, for all these sources" % (
            errors.counted(colored.columns.columns, "column"))) for i, part in zip(indices, colored.parts)}

    def _take_colored(self, colored):
        self.colored, columns, shared = colored, colored.columns, self._shared
        each = bytes_of([o for op in columns.column_ops for o in op.outputs]) / columns.columns_of_ops
        gradients = columns.columns * each / self._by_element.gradient_bytes
        self._shared = Cost(shared.columns + columns.columns, shared.gradients + gradients, 0,
                            max(shared.bytes, int(each * columns.size)))
        self._because(colored.reason)
        told = shares_told(columns.columns, columns.dealt, self._problem.devices)
        if told:
            self._because("%d columns by colours are shared%s" % (columns.columns, told))

    @staticmethod
    def _worthwhile(structure, sources):
        """The sources whose structured columns are cheaper, and all together not more, than one for each element."""
        columns = structure.columns
        chosen = [s for s in sources if structure.fits(s)]
        while chosen and columns(chosen) > sum(s.size for s in chosen):
            dearest = max(chosen, key=lambda source: columns([source]) - source.size)
            chosen = [s for s in chosen if s is not dearest]
        return chosen

    def _refuse_misfits(self, sources, chosen, refusal):
        for source in sources:
            if not any(source is c for c in chosen):
                reason = "%s takes a column for each element: %s" % (source.name, refusal(source))
                if self._engine == "structured":
                    raise errors.engine_does_not_fit("structured", reason)
                self._because(reason)

    def _fitting(self, column_bytes, count):
        """How many columns are laid at once."""
        return int(min(count, self._chunk_size or columns_at_once(column_bytes)))

    def _has_gradient(self, index):
        if any(g is not None for g in self._problem.gradients[index]):
            return True
        self._because("the graph proves that the gradient of %s is zero" % self._problem.rows[index].name)
        return False

    def _because(self, reason):
        if reason not in self.reasons:
            self.reasons.append(reason)

    def _cost(self):
        laid = [r for r in self.rows if r.engine not in ("colored", "structured")]
        column = {r.source: self._by_element.bytes_of_column(r) for r in laid}
        gradients = sum(r.source.size * column[r.source] for r in laid) / self._by_element.gradient_bytes
        ops = {op for r in self.rows for op in r.laid.needed}
        ops |= set(self.colored.columns.needed if self.colored else ())
        most = [column[r.source] * r.laid.size for r in laid]
        count = sum(r.source.size for r in laid)
        held, shared = 0, self._shared
        if self._problem.per_example:
            held = sum(elements(dimensions_of(self._problem.losses[0])) * s.size * s.dtype.size
                       for s in self._problem.rows)
        return Cost(count + shared.columns, 1 + gradients + shared.gradients, len(ops),
                    int(max(most + [shared.bytes])) + held)
