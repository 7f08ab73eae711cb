"""Reductions along axes."""
import numpy as np
from case import Case, Fed, S, X, numbers, positive

__all__ = ["CASES"]


def _reduction(kind, linear):
    meets = S if linear else X
    return [
        Case(kind, [positive(4, 3, 2), np.array(1)], {0: [0, meets, 1]}, linear),
        Case(kind, [positive(4, 3, 2), np.array([-3, 2])], {0: [meets, 0, meets]}, linear, "two axes"),
        Case(kind, [positive(4, 3, 2), np.array([0])], {0: [meets, 1, 2]}, linear, "kept", keep_dims=True),
        Case(kind, [positive(4, 3), np.array([], np.int32)], {0: [0, 1]}, linear, "no axis"),
        Case(kind, [positive(4, 3), np.array([0, 1])], {0: [meets, meets]}, linear, "all axes"),
        Case(kind, [positive(4, 3), Fed(0, [])], {0: [meets, meets]}, linear, "an unknown axis"),
        Case(kind, [Fed(positive(4, 3), [None, None]), np.array(0)], {0: [meets, 0]}, linear, "unknown sizes"),
        Case(kind, [Fed(positive(4, 3), None), np.array(0)], {0: [meets, meets]}, linear, "an unknown rank"),
    ]


def _cumulative(kind, linear, exclusive=True):
    meets = S if linear else X
    return [
        Case(kind, [positive(4, 3, 2), np.array(1)], {0: [0, meets, 2]}, linear),
        Case(kind, [numbers(4, 3), np.array(-2)], {0: [meets, 1]}, linear, "reversed", exclusive=exclusive,
             reverse=True),
        Case(kind, [positive(4, 3), Fed(0, [])], {0: [meets, meets]}, linear, "an unknown axis"),
    ]


CASES = []
for _kind in ("Max", "Mean", "Min", "Sum"):
    CASES += _reduction(_kind, True)
for _kind in ("EuclideanNorm", "Prod"):
    CASES += _reduction(_kind, False)
CASES += _cumulative("Cumsum", True) + _cumulative("Cumprod", False) + _cumulative("CumulativeLogsumexp", False, False)
CASES += [
    Case("ReverseV2", [numbers(4, 3, 2), np.array([1, -3])], {0: [S, S, 2]}),
    Case("ReverseV2", [numbers(4, 3), Fed([1], [1])], {0: [S, S]}, name="an unknown axis"),
    Case("Softmax", [numbers(4, 3)], {0: [0, X]}, False),
    Case("Softmax", [numbers(2, 4, 3)], {0: [0, 1, X]}, False, "of rank 3"),
    Case("Softmax", [Fed(numbers(4, 3), [None, 3])], {0: [0, X]}, False, "unknown rows"),
    Case("LogSoftmax", [numbers(4, 3)], {0: [0, X]}, False),
    Case("L2Loss", [numbers(4, 3)], {0: [S, S]}, False),
]
