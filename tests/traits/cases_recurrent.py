"""Losses that are one op, and fused recurrent cells."""
import numpy as np
from case import Case, Fed, S, X, numbers

__all__ = ["CASES"]


def _small(*shape):
    return numbers(*shape, kind=np.float32) / 2


ROWS, NOTHING = [0, X], [X, X]
WEIGHTS = [_small(5, 8), _small(2), _small(2) + 0.1, _small(2) - 0.1, _small(8)]
LABELS = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2], [0.3, 0.4, 0.3]])
# The first output is smooth in what it depends on, the gates and the state of the last step.
LSTM_CELL = {0: ROWS, 1: ROWS, 2: ROWS, 3: NOTHING, 4: [X], 5: [X], 6: [X], 7: [X]}
LSTM = {1: [X, 1, X], 2: [1, X], 3: [1, X], 4: NOTHING, 5: [X], 6: [X], 7: [X], 8: [X]}

CASES = [
    Case("SoftmaxCrossEntropyWithLogits", [numbers(4, 3), LABELS], {0: ROWS, 1: [0, S]}, [1],
         together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): X}),
    Case("SoftmaxCrossEntropyWithLogits", [Fed(numbers(4, 3), [None, 3]), Fed(LABELS, [None, 3])],
         {0: ROWS, 1: [0, S]}, [1], "unknown rows", together={((0, 0), (1, 0)): 0},
         requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]}),
    Case("SoftmaxCrossEntropyWithLogits", [numbers(4, 3), LABELS[:1]], {0: ROWS, 1: [S, S]}, [1], "labels for all"),
    Case("SoftmaxCrossEntropyWithLogits", [numbers(1, 3), LABELS], {0: [X, X], 1: [0, S]}, [1], "logits for all"),
    Case("SparseSoftmaxCrossEntropyWithLogits", [numbers(4, 3), np.array([2, 0, 1, 1])], {0: ROWS}, False),
    Case("SparseSoftmaxCrossEntropyWithLogits", [Fed(numbers(4, 3), [None, 3]), Fed([2, 0, 1, 1], [None])], {0: ROWS},
         False, "unknown rows"),
    Case("CTCLoss", [_small(4, 2, 3), np.array([[0, 0], [1, 0]]), np.array([0, 1]), np.array([4, 3])],
         {0: [X, 0, X]}, False, others={1: {0: [X, 1, X]}}),
    Case("LSTMBlockCell", [_small(4, 3), _small(4, 2), _small(4, 2) + 0.1] + WEIGHTS, LSTM_CELL, False,
         use_peephole=True, together={((0, 0), (1, 0), (2, 0)): 0, ((0, 0), (1, 0)): 0}),
    Case("GRUBlockCell", [_small(4, 3), _small(4, 2), _small(5, 4), _small(5, 2), _small(4), _small(2)],
         {0: ROWS, 1: ROWS, 2: NOTHING, 3: NOTHING, 4: [X], 5: [X]}, False, together={((0, 0), (1, 0)): 0}),
]
for _kind in ("BlockLSTM", "BlockLSTMV2"):
    CASES += [Case(_kind, [np.array(3), _small(3, 4, 3), _small(4, 2), _small(4, 2) + 0.1] + WEIGHTS, LSTM, False,
                   together={((1, 1), (2, 0), (3, 0)): 1, ((2, 0), (3, 0)): 1}, use_peephole=True)]
