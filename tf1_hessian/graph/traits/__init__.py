"""What the structure of a Hessian follows from: op type -> whether it is linear, and how it treats axes.

The one table, put together from families of ops. An op that is not in it is neither linear nor keeps any axis apart:
that costs columns, never correctness. Derivatives mean what nested tf.gradients means: masks, indices and conditions
are constant, and kinks count as flat.
"""
from tf1_hessian import _compat
from tf1_hessian.graph.traits import (
    elementwise,
    indexing,
    layers,
    losses,
    matrices,
    products,
    recurrent,
    reductions,
    reshaping,
    shapes,
)
from tf1_hessian.graph.traits.states import MIXED, SUMMED, Carried, Question, Trait, weakest

__all__ = ["MIXED", "SUMMED", "TRAITS", "Carried", "Question", "Trait", "is_linear", "trait_of", "weakest"]

TRAITS = {}
for _family in (elementwise, indexing, layers, losses, matrices, products, recurrent, reductions, reshaping, shapes):
    TRAITS.update(_family.TRAITS)


def trait_of(op):
    """The Trait of an op, or None for unknown ones and for those with a gradient of the user's."""
    return None if _compat.is_overridden(op) else TRAITS.get(op.type)


def is_linear(op, positions):
    """Whether an op is linear or piecewise linear in the inputs at `positions`, its others held."""
    trait = trait_of(op)
    if trait is None:
        return False
    return trait.linear(op, positions) if callable(trait.linear) else trait.linear
