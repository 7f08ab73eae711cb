"""The diagonal of the Hessian from the structure of the graph, planned for all sources together."""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import repairs, zeros
from tf1_hessian.errors import counted
from tf1_hessian.graph.flow import Flow
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.sources import anchors_of
from tf1_hessian.structure.assembly import Assembly
from tf1_hessian.structure.axes import Axes, Point
from tf1_hessian.structure.costs import Costs, elements
from tf1_hessian.structure.lifting import bent_of, leaf_plan, needs_of, parts_of, terms_of
from tf1_hessian.structure.terms import FULL, Direct, Push, Scaled, Search, Sweep, name_of, width_of
from tf1_hessian.structure.tied import Tied, columns_of_tied, tied_plan
from tf1_hessian.structure.uses import only_reads

__all__ = ["Structure", "WORTHWHILE", "flow_to", "leaf_of", "total"]


# What the structured way may cost at most, as a share of a column for each element.
WORTHWHILE = 0.8


# How many times the memory of a chunk the columns of a curvature by row may take.
_MORE_FOR_FULL = 8


class Structure(object):
    """What the graph of a loss tells about its Hessian's diagonal.

    Made and used with the scratch graph as the default one. chunk: how many columns are laid at once, a function of
    (bytes of one column, columns).
    """

    def __init__(self, losses, sources, chunk):
        self._loss = self._end(losses)
        self._flow = flow_to(self._loss, sources)
        self._axes, self._costs, self._chunk = Axes(self._flow), Costs(self._flow), chunk
        self._plans, self._refusals = {}, {}
        search = self._search()
        self._leaves = {key(a): leaf_of(self._flow, a, shape, s)
                        for s in sources for a, shape in zip(s.anchors, s.shapes)}
        for anchor in sorted(anchors_of(sources), key=lambda a: -len(self._flow.after(a))):
            self._take(anchor, self._plan(search, self._leaves[key(anchor)]))
            search.buy(terms_of(self._plans[key(anchor)]))
        for anchor in anchors_of(sources) if self._tied(sources) else ():
            found = self._plans[key(anchor)], self._refusals[key(anchor)]
            if not _tied_of(found[0]):
                self._take(anchor, self._or_tied(search, self._leaves[key(anchor)], *found))

    def _take(self, anchor, plan):
        self._plans[key(anchor)], self._refusals[key(anchor)] = plan

    def _end(self, losses):
        """The tensor whose Hessian is meant: that of the sum of its elements."""
        return total(losses)

    def _plan(self, search, leaf):
        """(the cheapest plan or None, why the leaf can't be lifted or None)"""
        return self._or_tied(search, leaf, *leaf_plan(search, leaf, self._loss))

    def _or_tied(self, search, leaf, plan, refusal):
        """What was found for a leaf, or the way of tied weights, if that is cheaper by what others pay for now."""
        bought = [t for p in self._plans.values() for t in _tied_of(p)]
        tied = tied_plan(search, leaf, self._loss, bought)
        if tied is not None and (plan is None or tied.price < plan.price):
            return tied, None
        return plan, refusal

    def _search(self):
        return Search(self._axes, self._costs)

    def _price(self, anchor):
        return self._plans[key(anchor)].price

    def fits(self, source):
        """Whether there is a way to a source's diagonal that is cheaper than a column for each element."""
        plans = [self._plans[key(a)] for a in source.anchors]
        naive = sum(self._costs.hvp(a, self._loss, elements(_compat.dimensions(shape)))
                    for a, shape in zip(source.anchors, source.shapes))
        return all(p is not None for p in plans) and sum(map(self._price, source.anchors)) < WORTHWHILE * naive

    def refusal(self, source):
        """Why a source takes a column for each element, as a sentence."""
        found = [self._refusals[key(a)] for a in source.anchors if self._refusals[key(a)]]
        return found[0] if found else "nothing cheaper was found"

    def terms(self, sources):
        """The terms for some sources, those that share columns once."""
        found = {}
        for term in (t for s in sources for a in s.anchors for t in terms_of(self._plans[key(a)])):
            found[name_of(term)] = term
        return list(found.values())

    def columns(self, sources):
        """The columns for some sources: seeds of products and seeds pulled back."""
        bent = [b for s in sources for a in s.anchors for b in bent_of(self._plans[key(a)])]
        return sum(width_of(t) for t in self.terms(sources)) + len(bent) + sum(columns_of_tied(self._tied(sources)))

    def _tied(self, sources):
        return [t for s in sources for a in s.anchors for t in _tied_of(self._plans[key(a)])]

    def needs(self, sources):
        """The pairs (tensor, axis, tensor, axis) of unknown sizes that must be equal."""
        return [n for s in sources for a in s.anchors for n in needs_of(self._axes, self._plans[key(a)])]

    def gradients(self, sources):
        """The price for some sources, in gradients of the loss."""
        price = sum(self._price(a) for s in sources for a in s.anchors)
        return price / float(max(1, self._costs.gradient()))

    def bytes(self, sources):
        """The largest estimate for the intermediate tensors of one chunk."""
        found = [self._bytes(t) * self.columns_at_once(t) for t in self.terms(sources)]
        tied = self._tied(sources)
        return max(found + [t.bytes * self._tied_at_once(t, tied) for t in tied] or [0])

    def at_once(self, source):
        """The most columns that are laid at once for a source."""
        tied = self._tied([source])
        found = [self.columns_at_once(t) for t in self.terms([source])]
        return max(found + [self._tied_at_once(t, tied) for t in tied] or [1])

    def _tied_at_once(self, one, tied):
        return self._chunk(one.bytes, max(columns_of_tied(tied)))

    def columns_at_once(self, term):
        """How many columns of a term are laid at once: all of them where a curvature by row needs them together, since
        each is pulled back twice else.
        """
        is_full = isinstance(term, Sweep) and term.kind == FULL
        return self._chunk(self._bytes(term) // (_MORE_FOR_FULL if is_full else 1), width_of(term))

    def _bytes(self, term):
        end = term.cut.tensor if isinstance(term, Sweep) else term.end
        return 2 * term.point.dtype.size * self._costs.elements(term.point.tensor, end)

    def lay(self, sources):
        """(the diagonals in the scratch graph, one for each source, None for zero; remarks for the plan)."""
        anchors = [s.anchors for s in sources]
        plans = {key(a): self._plans[key(a)] for part in anchors for a in part}
        assembly = Assembly(self._loss, self.columns_at_once, list(plans.values()), self._chunk)
        found = [s.join([assembly.diagonal(plans[key(a)]) for a in s.anchors]) for s in sources]
        return found, assembly.remarks

    def explain(self, source):
        """What a source's diagonal is made of, in words."""
        plans = [self._plans[key(a)] for a in source.anchors]
        told = [_told(t) for plan in plans for t in terms_of(plan)]
        told += ["a product with ones through '%s' alone" % b.use.op.name for plan in plans for b in bent_of(plan)]
        tied = [columns_of_tied([t]) for t in self._tied([source])]
        told += ["%s of products at its layers, and %d from their inputs" % (counted(at, "column"), below)
                 for at, below in tied]
        return " + ".join(collections.OrderedDict.fromkeys(told)) or "zero: the loss is linear in it"


def _tied_of(plan):
    return [] if plan is None else [part for part in parts_of(plan) if isinstance(part, Tied)]


def _told(term):
    if isinstance(term, Sweep):
        return "%s at '%s' (%s)" % (counted(term.rows.width, "column"), term.cut.tensor.name, term.kind)
    if isinstance(term, Push):
        return "a push from '%s'" % term.cut.tensor.name
    if isinstance(term, Direct):
        return "%s of products at '%s'" % (counted(term.rows.width, "column"), _name(term.point.tensor))
    if isinstance(term, Scaled):
        return "squared slopes from '%s'" % term.cut.tensor.name
    return "a product with ones at '%s'" % _name(term.point.tensor)


def _name(tensor):
    return tensor.op.name if tensor.dtype == tf.resource else tensor.name


def flow_to(loss, sources):
    """The Flow of derivatives from sources to a loss."""
    path = find_path([loss], anchors_of(sources))
    return Flow(path, lambda op: zeros.is_zero(op) and not repairs.is_moment_mean(op))


def leaf_of(flow, anchor, shape, source):
    """The Point of an anchor, at what is read where it is read once."""
    tensor, users = anchor, flow.users(anchor)
    while len(users) == 1 and only_reads(users[0]):
        tensor = users[0].outputs[0]
        users = flow.users(tensor)
    return Point(tensor, tuple(_compat.dimensions(shape)), source.dtype)


def total(losses):
    """The sum of the losses, a number."""
    sums = [t if t.shape.ndims == 0 else tf.reduce_sum(t) for t in losses]
    return sums[0] if len(sums) == 1 else tf.add_n(sums)
