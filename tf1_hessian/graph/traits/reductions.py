"""Traits of reductions along axes, cumulative ones among them."""
from tf1_hessian.graph.traits.states import SUMMED, Trait
from tf1_hessian.graph.traits.unbroadcast import summed_axis

__all__ = ["TRAITS"]


def _reduction(question):
    """The other axes move up and stay apart; the reduced ones meet.

    Mathematics: out[i] = f(a[i, :]), slices along i stay apart. Along the reduced axis sum and mean add up, and so do
    extremes, which are piecewise linear; products and norms do not.
    Example: a [N, 3] summed over axis 1: [N], carried on 0 if a was; a carried on 1: a sum.
    Reads: the axes, where they are constant, or those of a gradient of broadcasting. Exact; conservative for others:
    nothing is known then.
    """
    rank, state = question.rank_of(0), question.states[0]
    axes = None if rank is None else question.told_axes(1, rank)
    if axes is None and rank is not None and question.op.type == "Sum":
        axis = summed_axis(question)
        return None if axis is None else state._replace(axis=axis)
    if axes is None or state.axis in axes:
        return None
    moved = 0 if question.op.get_attr("keep_dims") else sum(a < state.axis for a in axes)
    return state._replace(axis=state.axis - moved)


def _along_one_axis(question):
    """All axes but the one that the op runs along stay apart.

    Mathematics: out[i, :] = f(a[i, :]). Cumulative sums and reversals are linear, so that their axis adds up.
    Example: the cumulative sum of a [N, 3] along axis 1: carried on 0 if a was.
    Reads: the axes, where they are constant. Exact; conservative where they are not.
    """
    rank, state = question.rank_of(0), question.states[0]
    axes = None if rank is None else question.told_axes(1, rank)
    return None if axes is None or state.axis in axes else state


def _last_axis(question):
    """Softmax and its logarithm: all axes but the last stay apart; the classes meet.

    Mathematics: out[i, :] = exp(a[i, :]) / sum(exp(a[i, :])). Example: a [N, 10] carried on 0: carried on 0.
    Reads: the rank. Exact.
    """
    state = question.states[0]
    return None if question.rank is None or state.axis == question.rank - 1 else state


def _half_square(question):
    """Half the sum of squares: separable along every axis.

    Mathematics: sum(a ** 2) / 2, whose Hessian is the identity. Example: a [3, 4] carried on 0: a sum.
    Reads: nothing. Exact.
    """
    return SUMMED


TRAITS = {name: Trait(True, _reduction) for name in ("Max", "Mean", "Min", "Sum")}
TRAITS.update({name: Trait(False, _reduction) for name in ("EuclideanNorm", "Prod")})
TRAITS.update({name: Trait(True, _along_one_axis) for name in ("Cumsum", "ReverseV2")})
TRAITS.update({name: Trait(False, _along_one_axis) for name in ("Cumprod", "CumulativeLogsumexp")})
TRAITS.update({name: Trait(False, _last_axis) for name in ("LogSoftmax", "Softmax")})
TRAITS["L2Loss"] = Trait(False, _half_square)
