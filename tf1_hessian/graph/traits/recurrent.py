"""Traits of fused recurrent cells."""
from tf1_hessian.graph.traits.states import Trait, placed

__all__ = ["TRAITS"]


def _lstm_cell(question):
    """Examples stay apart; weights that depend are not followed.

    Mathematics: (cs[n], h[n]) = f(x[n], cs_prev[n], h_prev[n]; weights), and the gates alike. Example: x [N, 8] and
    h_prev [N, 4], both carried on 0: all outputs carried on 0. Reads: which inputs depend. Conservative: cells of one
    example meet through the weights, and are not followed.
    """
    return placed(question, {0: {0: 0}, 1: {0: 0}, 2: {0: 0}})


def _gru_cell(question):
    """Examples stay apart; weights that depend are not followed.

    Mathematics: h[n] = f(x[n], h_prev[n]; weights), and the gates alike. Example: x [N, 8] carried on 0: all outputs
    carried on 0. Reads: which inputs depend. Conservative, as for the cell of an LSTM.
    """
    return placed(question, {0: {0: 0}, 1: {0: 0}})


def _lstm(question):
    """Examples stay apart over all steps; weights that depend are not followed.

    Mathematics: (cs[t, n], h[t, n]) = f(x[t, n], cs[t - 1, n], h[t - 1, n]; weights). Example: x [T, N, 8] carried on 1
    and the first state [N, 4] carried on 0: all outputs [T, N, 4] carried on 1. Reads: which inputs depend.
    Conservative, as for one cell.
    """
    return placed(question, {1: {1: 1}, 2: {0: 1}, 3: {0: 1}})


TRAITS = {
    "BlockLSTM": Trait(False, _lstm), "BlockLSTMV2": Trait(False, _lstm),
    "GRUBlockCell": Trait(False, _gru_cell),
    "LSTMBlockCell": Trait(False, _lstm_cell),
}
