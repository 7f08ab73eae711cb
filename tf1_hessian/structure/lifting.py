"""From a source to the results of the ops that read it: what its diagonal follows from."""
import collections

from tf1_hessian import _compat
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import MIXED, Carried, is_linear
from tf1_hessian.structure.axes import point_at, state_after
from tf1_hessian.structure.contractions import spread_over
from tf1_hessian.structure.grouped import grouping_of, takes_rows
from tf1_hessian.structure.spreading import reaches_of, spreads
from tf1_hessian.structure.squares import WITH_COEFFICIENTS
from tf1_hessian.structure.terms import DIAGONAL, Scaled, all_terms
from tf1_hessian.structure.uses import coupled, shifts, uses_of

__all__ = [
    "Bent", "Lift", "Own", "Selection", "Spread", "Uses", "bent_of", "bent_parts", "chain_of", "leaf_plan", "needs_of",
    "parts_of", "terms_of"]

# A leaf is the Point that a diagonal is wanted for: the anchor of a source, or a part of it. What its diagonal is made
# of has a `price` each.
Own = collections.namedtuple("Own", "terms price")
Own.__doc__ = "Terms at the leaf itself."

Uses = collections.namedtuple("Uses", "parts price")
Uses.__doc__ = "Uses that never meet in a curved op: their diagonals add up."

Lift = collections.namedtuple("Lift", "use chain point grouping terms groups needs price")
Lift.__doc__ = """A linear op and what only shifts or reshapes after it, up to `point`. The diagonal at the leaf is the
one at the point, given by `terms`, pulled back through the op with squared coefficients. groups: sweeps, where the op
shares the leaf among places of a row (a convolution): each adds the sum over rows of G^T R G, from the leaf's gradients
G of each row and column; grouping: how, see grouped.py. needs: pairs of sizes that must be equal, as of a Trace."""

Spread = collections.namedtuple("Spread", "use point grouping terms groups needs price")
Spread.__doc__ = """Each element of the point depends on one element of the leaf, linearly, by whatever ops: scales and
shifts of normalised layers. The diagonal at the leaf is the sum of those at the point times squared slopes; groups as
above."""

Selection = collections.namedtuple("Selection", "use output part price")
Selection.__doc__ = "The leaf is only moved, cut or scaled: the diagonal of the result, moved back."

Bent = collections.namedtuple("Bent", "use output needs price")
Bent.__doc__ = "A curved op whose result enters the loss linearly, all axes apart: a product with ones on the op alone."

_SELECTIONS = frozenset([
    "Cast", "Concat", "ConcatV2", "ExpandDims", "Identity", "Pack", "Pad", "PadV2", "Reshape", "Slice", "Split",
    "SplitV", "Squeeze", "StridedSlice", "Transpose", "Unpack"])
_RESHAPES = frozenset(["ExpandDims", "Reshape", "Squeeze"])
_PLACED = frozenset(["Add", "AddN", "AddV2", "BiasAdd", "Gather", "GatherV2", "Neg", "ResourceGather", "Sub"])


def leaf_plan(search, leaf, loss):
    """The cheapest of Own and Uses for a leaf, or None where neither is possible; and why Uses is not, if so."""
    bending = search.axes.bending(leaf.tensor, loss)
    if bending is not None:
        return None, "the gradient of '%s' (%s) may not be linear in what it is given" % (bending.name, bending.type)
    own = search.own(leaf, loss)
    ways: list = [] if own is None else [Own(own.terms, own.price)]
    uses = list(uses_of(search.flow, leaf.tensor))
    refusal = coupled(search.flow, uses)
    if refusal is None:
        parts = [_use_plan(search, leaf, use, loss) for use in uses]
        missing = [u for u, p in zip(uses, parts) if p is None]
        if missing:
            refusal = "'%s' (%s) can't be lifted over" % (missing[0].op.name, missing[0].op.type)
        else:
            parts = [p for part in parts for p in part]
            ways.append(Uses(tuple(parts), sum(p.price for p in parts)))
    return (min(ways, key=lambda way: way.price) if ways else None), refusal


def parts_of(plan):
    """A plan of a leaf and all the plans that it is made of."""
    yield plan
    inner = plan.parts if isinstance(plan, Uses) else [plan.part] if isinstance(plan, Selection) else ()
    for part in inner:
        for found in parts_of(part):
            yield found


def terms_of(plan):
    """All terms of a plan of a leaf, its groups among them."""
    return [t for part in parts_of(plan) for t in all_terms(getattr(part, "terms", ()) + getattr(part, "groups", ()))]


def bent_of(plan):
    """All Bent parts of a plan of a leaf."""
    return [part for part in parts_of(plan) if isinstance(part, Bent)]


def needs_of(axes, plan):
    """The pairs (tensor, axis, tensor, axis) of sizes that a plan takes for equal, before anything runs."""
    found = [n for term in terms_of(plan) for n in _needs_of_term(axes, term)]
    found += [n for part in parts_of(plan) for n in getattr(part, "needs", ())]
    known = {(key(n[0]), n[1], key(n[2]), n[3]): n for n in found}
    return [n for name, n in known.items() if name[:2] != name[2:]]


def _needs_of_term(axes, term):
    point, everything = term.point, range(len(term.point.sizes))
    asked = [(point, term.rows.axes if hasattr(term, "rows") else everything, term.end)]
    if isinstance(term, Scaled):
        asked = [(point, everything, term.cut.tensor)]
    elif getattr(term, "kind", DIAGONAL) == DIAGONAL and hasattr(term, "cut"):
        asked.append((term.cut, range(len(term.cut.sizes)), term.end))
    if hasattr(term, "steps"):
        asked[0] = (point, everything, term.steps[0])
        asked.append((point_at(term.steps[2]), range(len(term.cut.sizes)), term.cut.tensor))
    return [n for start, used, end in asked for axis in used if start.sizes[axis] != 1
            for n in axes.trace(start, axis).needs(end)]


def _use_plan(search, leaf, use, loss):
    """The parts that one use adds to the leaf's diagonal, or None where there is no way."""
    op, flow = use.op, search.flow
    if use.position is None:
        return None
    outputs = [o for o in op.outputs if flow.is_live(o) and (flow.reaches(o, loss) or key(o) == key(loss))]
    flat = is_linear(op, [use.position])
    if all(search.axes.is_linear(o, loss) for o in outputs):
        if flat:
            return []
        return bent_parts(search, leaf, use, outputs)
    if not flat or any(o.shape.ndims is None or not o.dtype.is_floating for o in outputs):
        return None
    if op.type in _SELECTIONS:
        return _selected(search, use, outputs, loss)
    ways = []
    if op.type in WITH_COEFFICIENTS | _PLACED and len(outputs) == 1 and _has_single_coefficients(op, use.position):
        ways.append(_lifted(search, leaf, use, loss))
    if spreads(use):
        ways += _spread(search, leaf, use, loss)
        if len(outputs) == 1 and point_at(outputs[0]).sizes == leaf.sizes and None not in leaf.sizes:
            part, _ = leaf_plan(search, point_at(outputs[0]), loss)
            ways += [] if part is None else [Selection(use, outputs[0], part, part.price)]
    ways = [way for way in ways if way is not None]
    return [min(ways, key=lambda way: way.price)] if ways else None


def bent_parts(search, leaf, use, outputs):
    """The Bent part of a use whose results enter the loss linearly, in a list, or None."""
    needs, axes = [], [k for k, size in enumerate(leaf.sizes) if size != 1]
    if len(outputs) != 1 or _compat.is_overridden(use.op) or any(
            _after(use.op, use.position, k, leaf, outputs[0], needs) == MIXED for k in axes):
        return None
    return [Bent(use, outputs[0], tuple(needs), 10 * search.costs.one_pass(leaf.tensor, outputs[0]))]


def _has_single_coefficients(op, position):
    """Whether no coefficient is a sum: an Einsum could add up its other factors."""
    if op.type != "Einsum":
        return True
    inputs, output = op.get_attr("equation").decode("utf-8").replace(" ", "").split("->")
    inputs = inputs.split(",")
    known = set(inputs[position] + output)
    return "." not in output and all(set(part) <= known for part in inputs)


def _selected(search, use, outputs, loss):
    parts = []
    for output in outputs:
        part, _ = leaf_plan(search, point_at(output), loss)
        if part is None:
            return None
        parts.append(Selection(use, output, part, part.price))
    return parts


def _after(op, position, axis, leaf, output, needs, chain=()):
    """The state of a result, one axis of the leaf followed through this use alone. Adds to `needs`."""
    states = {key(op.inputs[position]): Carried(axis)}
    for step in (op,) + tuple(chain):
        for i, o in enumerate(step.outputs):
            states[key(o)] = state_after(step, i, states, leaf.sizes[axis], lambda *equal: needs.append(equal))
    return states[key(chain[-1].outputs[0] if chain else output)]


def _lifted(search, leaf, use, loss):
    chain, tensor = chain_of(search.flow, use.op.outputs[0], loss)
    point, needs = point_at(tensor), []
    separable = search.axes.separable(point, loss)
    carried = _carried(leaf, use, chain, separable, needs)
    grouping = grouping_of(use, point.sizes)
    found = _parts(search, use, point, grouping, carried, loss)
    if found is None:
        return None
    terms, groups, price = found
    price += 3 * search.costs.one_pass(leaf.tensor, use.op.outputs[0])
    for axis in separable:
        needs += search.axes.trace(point, axis).needs(loss)
    if groups:
        needs += [(use.op.outputs[0], ours, tensor, theirs) for ours, theirs in getattr(grouping, "equal", ())]
    return Lift(use, tuple(chain), point, grouping, terms, groups, tuple(needs), price)


def _spread(search, leaf, use, loss):
    """The Spreads of a use."""
    for reach in reaches_of(search, leaf, use, loss):
        point = point_at(reach.tensor)
        grouping = spread_over(leaf.sizes, reach, point.sizes)
        found = _parts(search, use, point, grouping, set(reach.carried.values()), loss)
        if found is not None:
            terms, groups, price = found
            needs = list(reach.needs)
            for axis in search.axes.separable(point, loss):
                needs += search.axes.trace(point, axis).needs(loss)
            price += 6 * search.costs.one_pass(leaf.tensor, reach.tensor)
            yield Spread(use, point, grouping, terms, groups, tuple(needs), price)


def _carried(leaf, use, chain, separable, needs):
    """The axes of the lifted point that each come from one axis of the leaf. Adds to `needs` for those that matter."""
    carried = set()
    for axis, size in enumerate(leaf.sizes):
        noted = []
        state = _after(use.op, use.position, axis, leaf, use.op.outputs[0], noted, chain) if size != 1 else None
        if isinstance(state, Carried) and state[1:] == (1, 1):
            carried.add(state.axis)
            needs += noted if state.axis not in separable else []
    return carried


def chain_of(flow, tensor, loss):
    """(the ops after a lifted one that only add what does not depend on it, or reshape; the last result)."""
    chain = []
    while key(tensor) != key(loss):
        users = flow.users(tensor)
        if len(users) != 1 or _compat.is_overridden(users[0]):
            return chain, tensor
        op = users[0]
        same = [i for i, t in enumerate(op.inputs) if key(t) == key(tensor)]
        if len(same) != 1 or not (shifts(op, same[0], tensor) or _only_reshapes(op, tensor)):
            return chain, tensor
        chain.append(op)
        tensor = op.outputs[0]
    return chain, tensor


def _only_reshapes(op, tensor):
    return op.type in _RESHAPES and op.outputs[0].shape.ndims is not None and (
        op.outputs[0].shape.ndims >= tensor.shape.ndims)


def _parts(search, use, point, grouping, carried, end):
    """(terms at the lifted point, grouped terms, price) for the Hessian of <g_end, end>, or None."""
    if search.axes.is_linear(point.tensor, end):
        return (), (), 0
    apart = set(search.axes.separable(point, end)) | carried | {k for k, s in enumerate(point.sizes) if s == 1}
    ways = []
    if apart >= set(range(len(point.sizes))):
        found = search.best(point, end)
        if found is not None:
            ways.append((found.terms, (), found.price))
    if not ways and grouping is not None:
        ways += _grouped(search, use, point, grouping, carried, end)
    return min(ways, key=lambda way: way[2]) if ways else None


def _grouped(search, use, point, grouping, carried, end):
    for tensor in search.cuts(point, end):
        first = search.through(point, tensor, end, may_push=False)
        if first is None or not all(takes_rows(use, t.rows.axes) for t in first.terms):
            continue
        rest = _parts(search, use, point, grouping, carried, tensor)
        if rest is not None:
            extra = sum(search.costs.vjp(use.op.inputs[use.position], point.tensor, t.rows.width) for t in first.terms)
            yield rest[0], first.terms + rest[1], first.price + extra + rest[2]
