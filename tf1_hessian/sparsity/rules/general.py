"""What holds for every op that has a trait: elements that share no slice of a carried axis do not meet. And for all
others: every output element depends on every input element, and all of these meet."""
import numpy as np

from tf1_hessian.graph.traits import Carried, Question, trait_of
from tf1_hessian.sparsity.links import SAME, Group
from tf1_hessian.sparsity.rules.view import Cross, Local, Square, bends

__all__ = ["by_axes", "opaque", "same"]


def by_axes(view):
    """The Local that the trait of an op tells by its axis rule; None where there is no trait.

    Mathematics: where an output axis is carried by each input that depends, an output element depends on the input
    elements of its own slice alone; with several such axes, on those of the common slices. Example: softmax of [N, 10]:
    N groups of ten. Reads: traits. Exact but for what an op does within a group.
    """
    trait = trait_of(view.op)
    if trait is None:
        return None
    links = {}
    terms = []  # type: list
    alone, pairs = bends(view)
    for output in view.outputs:
        axes = _carried_axes(view, trait, output)
        after, count = _numbers(view.out_sizes(output), list(axes))
        groups = {p: Group(_numbers(view.sizes(p), [places[p] for places in axes.values()])[0], None, count)
                  for p in view.live}
        links.update(((p, output), Group(g.before, after, count)) for p, g in groups.items())
        terms += [Square({p: groups[p]}, after, output) for p in alone]
        terms += [Cross((p, groups[p]), (q, groups[q]), after, output) for p, q in pairs]
    return Local(links, terms)


def opaque(view):
    """Of an op that nothing is known of: everything meets. Conditionals, loops, calls, custom gradients."""
    links, together = {}, {}
    for position in view.live:
        zeros = np.zeros(view.count(position), np.int64)
        together[position] = Group(zeros, None, 1)
        for output in view.outputs:
            links[position, output] = Group(zeros, np.zeros(view.out_count(output), np.int64), 1)
    return Local(links, [Square(together, None, None)])


def _carried_axes(view, trait, output):
    """{output axis: {position: axis}} of the output axes that every input which depends carries, element by element."""
    candidates = {}
    for position in view.live:
        for axis, size in enumerate(view.sizes(position)):
            out_axis = _out_axis(view, trait, {position: axis}, output, size)
            if out_axis is not None:
                candidates.setdefault(out_axis, {}).setdefault(position, axis)
    found = {a: places for a, places in candidates.items() if len(places) == len(view.live)}
    if len(view.live) == 1:
        return found
    sizes = {a: view.out_sizes(output)[a] for a in found}
    return {a: places for a, places in found.items() if _out_axis(view, trait, places, output, sizes[a]) == a}


def _out_axis(view, trait, axes, output, size):
    """The output axis that carries `size` slices of the axes {position: axis}, or None."""
    if size == 1 or any(view.sizes(p)[a] != size for p, a in axes.items()):
        return None
    required = []
    states = [Carried(axes[p]) if p in axes else None for p in range(len(view.inputs))]
    state = trait.axes(Question(view.op, states, output, size, lambda *pair: required.append(pair)))
    if not isinstance(state, Carried) or required or (state.outer, state.inner) != (1, 1):
        return None
    return state.axis if view.out_sizes(output)[state.axis] == size else None


def _numbers(sizes, axes):
    """(the number of the slice along some axes that each element is in, how many such slices there are)."""
    found, count = np.zeros([1] * len(sizes), np.int64), 1
    for axis in axes:
        shape = [-1 if a == axis else 1 for a in range(len(sizes))]
        found = found * sizes[axis] + np.arange(sizes[axis]).reshape(shape)
        count *= sizes[axis]
    return np.broadcast_to(found, sizes).ravel(), count


def same(view):
    """Of an op that hands on its first input."""
    return Local({(0, output): SAME for output in view.outputs if 0 in view.live}, [])
