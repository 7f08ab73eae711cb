"""Traits of losses that are one op."""
from tf1_hessian.graph.traits.states import Trait, only, placed

__all__ = ["TRAITS"]


def _cross_entropy(question):
    """Rows stay apart, classes meet.

    Mathematics: loss[n] = -sum_c labels[n, c] log softmax(logits[n])[c]; the second output is its gradient.
    Example: logits [N, 10] carried on 0: loss [N] and gradient [N, 10] carried on 0; labels alone are linear.
    Reads: sizes, since one row of labels serves all rows of logits, and is not followed then; unknown ones are required
    to be those of the output. Exact but for such rows, and for the gradient, in which classes of labels stay apart.
    """
    state = placed(question, {0: {0: 0}, 1: {0: 0}})
    return state if state is not None and question.are_kept([(p, 0, 0) for p in question.positions]) else None


def _sparse_cross_entropy(question):
    """As with dense labels: rows stay apart, classes meet.

    Mathematics: loss[n] = -log softmax(logits[n])[label[n]]; the second output is its gradient. Example: logits
    [N, 10] carried on 0: loss [N] carried on 0. Reads: nothing; only the logits can depend. Exact.
    """
    return placed(question, {0: {0: 0}})


def _connectionist(question):
    """Sequences stay apart, steps and classes of one meet.

    Mathematics: loss[n] = -log of the sum over paths for labels[n] of the product over t of softmax(a[t, n]); the
    second output is its gradient. Example: a [T, N, C] carried on 1: loss [N] on 0, gradient [T, N, C] on 1.
    Reads: which output. Exact.
    """
    return placed(question, {0: {1: 1 if question.output else 0}})


TRAITS = {
    "CTCLoss": Trait(False, _connectionist),
    "SoftmaxCrossEntropyWithLogits": Trait(only(1), _cross_entropy),
    "SparseSoftmaxCrossEntropyWithLogits": Trait(False, _sparse_cross_entropy),
}
