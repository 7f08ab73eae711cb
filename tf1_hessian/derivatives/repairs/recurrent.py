"""Fused recurrent cells, written out in matrix products and activations."""
from tf1_hessian import errors
from tf1_hessian._compat import tf

__all__ = ["FORWARDS"]

# In which order the four gates stand in the weights: input, cell (candidate), forget, output.
_ICFO, _IFCO = (0, 1, 2, 3), (0, 2, 1, 3)


def _lstm_block_cell(op, x, cs_prev, h_prev, w, wci, wcf, wco, b):
    """One step of an LSTM, written out, with peepholes and clipping; TensorFlow has no gradient for it."""
    return _lstm_step(op, _ICFO, x, cs_prev, h_prev, w, (wci, wcf, wco), b)


def _lstm_step(op, layout, x, cs_prev, h_prev, w, peepholes, b):
    """i, cs, f, o, ci, co, h of one step, as the kernel computes them."""
    gates = tf.split(tf.matmul(tf.concat([x, h_prev], 1), w) + b, 4, 1)
    of_i, of_ci, of_f, of_o = [gates[k] for k in layout]
    if "forget_bias" in op.node_def.attr:
        of_f += op.get_attr("forget_bias")
    peeps = op.get_attr("use_peephole")
    i = tf.sigmoid(of_i + cs_prev * peepholes[0] if peeps else of_i)
    f = tf.sigmoid(of_f + cs_prev * peepholes[1] if peeps else of_f)
    ci = tf.tanh(of_ci)
    cs = i * ci + f * cs_prev
    clip = op.get_attr("cell_clip")
    if clip > 0:
        cs = tf.maximum(tf.minimum(cs, clip), -clip)
    co = tf.tanh(cs)
    o = tf.sigmoid(of_o + cs * peepholes[2] if peeps else of_o)
    return [i, cs, f, o, ci, co, o * co]


def _block_lstm(op, layout, seq_len_max, x, cs_prev, h_prev, w, wci, wcf, wco, b):
    length = x.shape.as_list()[0] if x.shape.ndims else None
    if length is None:
        raise errors.no_gradient(op, op.name, (
            "Its gradient is written out step by step, for which the number of steps must be known: set the first "
            "dimension of its input x with set_shape."), True)
    cs, h, steps = cs_prev, h_prev, []
    for now in tf.unstack(x, length):
        step = _lstm_step(op, layout, now, cs, h, w, (wci, wcf, wco), b)
        cs, h = step[1], step[6]
        steps.append(step)
    # The kernel stops at seq_len_max and leaves zeros.
    inside = tf.cast(tf.cast(tf.range(length), seq_len_max.dtype) < seq_len_max, x.dtype)
    inside = tf.reshape(inside, [length, 1, 1])
    return [tf.stack(outputs) * inside for outputs in zip(*steps)]


def _block_lstm_v1(op, *inputs):
    """An LSTM over time, written out step by step: TensorFlow's gradient ignores clipping and five of seven outputs."""
    return _block_lstm(op, _ICFO, *inputs)


def _block_lstm_v2(op, *inputs):
    """An LSTM over time, written out step by step: TensorFlow's gradient takes the gates of V2 in the order of V1."""
    return _block_lstm(op, _IFCO, *inputs)


def _gru_block_cell(op, x, h_prev, w_ru, w_c, b_ru, b_c):
    """One step of a GRU, written out: r, u = sigmoid([x, h] w + b), c = tanh([x, r h] w_c + b_c), u h + (1 - u) c."""
    r, u = tf.split(tf.sigmoid(tf.matmul(tf.concat([x, h_prev], 1), w_ru) + b_ru), 2, 1)
    c = tf.tanh(tf.matmul(tf.concat([x, r * h_prev], 1), w_c) + b_c)
    return [r, u, c, u * h_prev + (1 - u) * c]


FORWARDS = {
    "BlockLSTM": _block_lstm_v1,
    "BlockLSTMV2": _block_lstm_v2,
    "GRUBlockCell": _gru_block_cell,
    "LSTMBlockCell": _lstm_block_cell,
}
