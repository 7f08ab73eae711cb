"""Recurrent layers and cells: their loops as frames of v1 control flow and as functional whiles."""
import functools

import numpy as np
import tensorflow.compat.v1 as tf

from forms import built_as
from scenario import VERSION, Case, constant, numbers, register
from scenarios_control_flow import for_each_form

# Building takes seconds for each source: most scenarios have one, meet the engine that is chosen, and are in frames.
_for_auto = functools.partial(for_each_form, engines=("auto",))
_HAS_CELLS = VERSION < (2, 16)


def _in_frames(build):
    """Registers a build function with its loops as frames of v1 control flow."""
    def built(dtype):
        with built_as("v1"):
            return build(dtype)

    register(build.__name__ + "_v1", built, engines=("auto",), within=functools.partial(built_as, "v1"))
    return build


def _weights(shape, dtype=None, partition_info=None, **_):
    """An initializer of the same numbers for every dtype."""
    shape = [int(s) for s in shape]
    return tf.constant(numbers(sum(shape), *shape), dtype)


def _loss(outputs, *states):
    return tf.reduce_sum(tf.sin(outputs)) + sum(tf.reduce_sum(tf.square(s)) for s in states)


def _inputs(dtype):
    """Three rows of two steps."""
    return constant(numbers(3, 3, 2, 1), dtype)


def _lengths():
    return tf.placeholder_with_default(np.int32([2, 1, 0]), [3])


if VERSION >= (1, 15):  # older TF starts the recurrence in float32
    def _keras(kind, units, dtype, mask=None, **options):
        layer = getattr(tf.keras.layers, kind)(
            units, dtype=dtype.name, kernel_initializer=_weights, recurrent_initializer=_weights,
            bias_initializer=_weights, return_sequences=True, **options)
        return Case(_loss(layer(_inputs(dtype), mask=mask)), layer.trainable_weights[1])

    @for_each_form()
    def keras_simple_rnn(dtype):
        return _keras("SimpleRNN", 2, dtype)

    @_in_frames
    def keras_simple_rnn_with_a_mask(dtype):
        mask = tf.constant([[True, True], [True, False], [False, True]])
        return _keras("SimpleRNN", 2, dtype, mask=mask)

    @_for_auto()
    def keras_lstm(dtype):
        return _keras("LSTM", 1, dtype)

    # Keras 3 can't build a GRU on the shapes of TF 1, which tf.disable_v2_behavior() brings back.
    if _HAS_CELLS or isinstance(tf.TensorShape([1])[0], int):
        @_in_frames
        def keras_gru_backwards(dtype):
            return _keras("GRU", 1, dtype, go_backwards=True)


if _HAS_CELLS:
    def _lstm(dtype, **options):
        return tf.nn.rnn_cell.LSTMCell(1, dtype=dtype, initializer=_weights, **options)

    def _gru(dtype):
        return tf.nn.rnn_cell.GRUCell(1, dtype=dtype, kernel_initializer=_weights, bias_initializer=_weights)

    def _kernel():
        """What the first cell multiplies inputs and state by."""
        return tf.trainable_variables()[0]

    def _dynamic(cell, dtype, lengths=None):
        with tf.variable_scope("rnn", initializer=_weights):
            outputs, state = tf.nn.dynamic_rnn(cell, _inputs(dtype), sequence_length=lengths, dtype=dtype)
        last = state[-1] if isinstance(state, tuple) else state
        return Case(_loss(outputs, last), _kernel())

    @_for_auto()
    def dynamic_rnn_of_basic_lstm(dtype):
        return _dynamic(tf.nn.rnn_cell.BasicLSTMCell(1, dtype=dtype), dtype, _lengths())

    @_in_frames
    def dynamic_rnn_of_lstm_with_peepholes(dtype):
        return _dynamic(_lstm(dtype, use_peepholes=True, cell_clip=0.5), dtype)

    @_in_frames
    def dynamic_rnn_of_gru(dtype):
        return _dynamic(_gru(dtype), dtype)

    @_for_auto()
    def dynamic_rnn_of_gru_with_lengths(dtype):
        return _dynamic(_gru(dtype), dtype, _lengths())

    @_in_frames
    def dynamic_rnn_of_two_cells(dtype):
        cells = [tf.nn.rnn_cell.BasicRNNCell(1, dtype=dtype), tf.nn.rnn_cell.ResidualWrapper(
            tf.nn.rnn_cell.BasicRNNCell(1, dtype=dtype))]
        return _dynamic(tf.nn.rnn_cell.MultiRNNCell(cells), dtype)

    @_in_frames
    def bidirectional_dynamic_rnn(dtype):
        cells = [tf.nn.rnn_cell.BasicRNNCell(1, dtype=dtype) for _ in range(2)]
        with tf.variable_scope("rnn", initializer=_weights):
            outputs, _ = tf.nn.bidirectional_dynamic_rnn(
                cells[0], cells[1], _inputs(dtype), sequence_length=_lengths(), dtype=dtype)
        return Case(_loss(outputs[0] * outputs[1]), _kernel())

    @_in_frames
    def static_rnn(dtype):
        with tf.variable_scope("rnn", initializer=_weights):
            outputs, state = tf.nn.static_rnn(
                _gru(dtype), tf.unstack(_inputs(dtype), axis=1), sequence_length=_lengths(), dtype=dtype)
        return Case(_loss(tf.stack(outputs), state), _kernel())
