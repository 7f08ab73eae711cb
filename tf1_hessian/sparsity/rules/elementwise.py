"""Ops that work element by element, with broadcasting."""
import numpy as np

from tf1_hessian.graph.traits import trait_of
from tf1_hessian.graph.traits.layers import channel_axis
from tf1_hessian.graph.traits.states import elementary
from tf1_hessian.sparsity.links import SAME, Group, Pick
from tf1_hessian.sparsity.rules.view import Cross, Local, Square, bends

__all__ = ["RULES", "elementwise", "is_elementwise"]


def is_elementwise(op):
    """Whether an op's trait says so."""
    trait = trait_of(op)
    return trait is not None and trait.axes is elementary


def elementwise(view):
    """Each output element depends on one element of each input; both branches of a Select count, since the mask may be
    another one tomorrow.

    Mathematics: out[i] = f(a[i], b[i], ...). Pairs: of a[i] with itself where f bends in a, of a[i] with b[i] where it
    bends in both. Example: a * b: a[i] meets b[i]. Reads: shapes, traits. Exact.
    """
    sizes = view.out_sizes(0)
    links = {p: _stretched(view.sizes(p), sizes) for p in view.live}
    alone, pairs = bends(view)
    terms = [Square({p: links[p]}, None, 0) for p in alone]  # type: list
    terms += [Cross((p, links[p]), (q, links[q]), None, 0) for p, q in pairs]
    return Local({(p, 0): link for p, link in links.items()}, terms)


def _stretched(sizes, wide):
    if list(sizes) == list(wide):
        return SAME
    numbers = np.arange(int(np.prod(sizes, dtype=np.int64))).reshape(sizes)
    return Pick(np.broadcast_to(numbers, wide).ravel())


def _biased(view):
    """Element by element, the second input along the channels. Exact."""
    links = {(0, 0): SAME} if 0 in view.live else {}
    if 1 in view.live:
        sizes = view.out_sizes(0)
        axis = channel_axis(view.op, len(sizes))
        shape = [-1 if a == axis else 1 for a in range(len(sizes))]
        links[1, 0] = Pick(np.broadcast_to(np.arange(sizes[axis]).reshape(shape), sizes).ravel())
    return Local(links, [])


def _each_alone(view):
    """Each output is the input at its position."""
    return Local({(p, p): SAME for p in view.live}, [])


def _first(view):
    """The first input, handed on."""
    return Local({(0, 0): SAME} if 0 in view.live else {}, [])


def _half_square(view):
    """Half the sum of squares: each element meets itself alone."""
    zeros = np.zeros(view.count(0), np.int64)
    return Local({(0, 0): Group(zeros, np.zeros(1, np.int64), 1)}, [Square({0: SAME}, None, None)])


RULES = dict.fromkeys(("BiasAdd", "BiasAddV1"), _biased)
RULES.update(dict.fromkeys(("ExpandDims", "Print", "ReadVariableOp", "Reshape", "Squeeze"), _first))
RULES.update({"IdentityN": _each_alone, "L2Loss": _half_square})
