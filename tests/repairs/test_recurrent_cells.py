"""Fused recurrent cells against their equations in numpy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, created, plain, true_gradient
from numpy_truth import numbers

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
# Before TF 1.15 the kernels are in tf.contrib, which loads them when it is imported.
if VERSION < (1, 15):
    import tensorflow.contrib.rnn  # noqa: F401
OPTIONS = {"dtype": tf.float32, "tolerance": 2e-4, "directions": 5}
BATCH, INPUTS, UNITS = 2, 1, 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, cs, h, w, peepholes, b, layout, forget_bias, clip):
    """i, cs, f, o, ci, co, h. layout: the gates' places; peepholes are zeros where there are none."""
    gates = np.split(np.concatenate([x, h], 1).dot(w) + b, 4, 1)
    i = sigmoid(gates[layout.index("i")] + cs * peepholes[0])
    f = sigmoid(gates[layout.index("f")] + forget_bias + cs * peepholes[1])
    ci = np.tanh(gates[layout.index("c")])
    cs = i * ci + f * cs
    cs = np.clip(cs, -clip, clip) if clip > 0 else cs
    co = np.tanh(cs)
    o = sigmoid(gates[layout.index("o")] + cs * peepholes[2])
    return [i, cs, f, o, ci, co, o * co]


def lstm_inputs(seed, *leading):
    shapes = [leading + (BATCH, INPUTS), (BATCH, UNITS), (BATCH, UNITS), (INPUTS + UNITS, 4 * UNITS), (4 * UNITS,)]
    return [numbers(seed + k, *shape) for k, shape in enumerate(shapes)]


def cell(peep, **options):
    """The op LSTMBlockCell or BlockLSTM from x, cs, h, w, b; its peepholes are constants."""
    attributes = {"T": tf.float32, "use_peephole": {"b": peep is not None}, "cell_clip": {"f": options["clip"]}}
    if "forget_bias" in options:
        attributes["forget_bias"] = {"f": options["forget_bias"]}
    weights = [np.asarray(p, np.float32) for p in (np.zeros([3, UNITS]) if peep is None else peep)]
    before = [tf.constant(options["length"], tf.int64)] if "length" in options else []

    def build(x, cs, h, w, b):
        return created(options["kind"], before + [x, cs, h, w] + weights + [b], [tf.float32] * 7, **attributes)

    return build


PEEP = numbers(9, 3, UNITS)


@pytest.mark.parametrize("peep,clip", [(None, -1.0), (PEEP, 3.0), (PEEP, 0.2)])
def test_lstm_cell_with_all_outputs(peep, clip):
    def value(x, cs, h, w, b):
        weights = np.zeros([3, UNITS]) if peep is None else peep
        return lstm_step(x, cs, h, w, weights, b, "icfo", 0.75, clip)

    build = cell(peep, kind="LSTMBlockCell", clip=clip, forget_bias=0.75)
    assert_right(build, value, *lstm_inputs(1), **OPTIONS)


def test_lstm_cell_in_its_peepholes():
    x, cs, h, w, b = [np.asarray(v, np.float32) for v in lstm_inputs(1)]

    def build(peep):
        inputs = [x, cs, h, w] + tf.unstack(peep) + [b]
        return created("LSTMBlockCell", inputs, [tf.float32] * 7, T=tf.float32, use_peephole={"b": True},
                       cell_clip={"f": -1.0}, forget_bias={"f": 1.0})[6]

    assert_right(build, lambda peep: lstm_step(x, cs, h, w, peep, b, "icfo", 1.0, -1.0)[6], PEEP, **OPTIONS)


def over_time(layout, outputs, length, forget_bias, clip):
    """The LSTM over two steps; from `length` on, cs and h are zeros."""
    def value(x, cs, h, w, b):
        steps = []
        for now in x:
            steps.append(lstm_step(now, cs, h, w, PEEP, b, layout, forget_bias, clip))
            cs, h = steps[-1][1], steps[-1][6]
        inside = (np.arange(2) < length).reshape([2, 1, 1])
        return [np.stack([s[k] for s in steps]) * inside for k in outputs]

    return value


def chosen(build, outputs):
    return lambda *inputs: [build(*inputs)[k] for k in outputs]


@pytest.mark.parametrize("outputs,length", [((1, 6), 2), ((6,), 1), ((0, 1, 2, 3, 4, 5, 6), 2)])
def test_lstm_over_time(outputs, length):
    build = cell(PEEP, kind="BlockLSTM", clip=0.25, forget_bias=0.75, length=length)
    assert_right(chosen(build, outputs), over_time("icfo", outputs, length, 0.75, 0.25), *lstm_inputs(2, 2), **OPTIONS)


def _second_version():
    return cell(PEEP, kind="BlockLSTMV2", clip=0.0, length=2)


def test_second_version_of_lstm_over_time():
    if VERSION >= (1, 15):
        assert_right(chosen(_second_version(), (1, 6)), over_time("ifco", (1, 6), 2, 0.0, 0.0), *lstm_inputs(3, 2),
                     **OPTIONS)
    else:
        with pytest.raises(tf.errors.NotFoundError, match="BlockLSTMV2"):
            _second_version()(*[np.float32(x) for x in lstm_inputs(3, 2)])


@pytest.mark.parametrize("kind,outputs,clip", [("BlockLSTM", (6,), 0.25), ("BlockLSTM", (0, 6), -1.0),
                                               ("BlockLSTMV2", (6,), 0.0)])
def test_tensorflow_is_wrong_in_silence(kind, outputs, clip):
    """Already the first gradient: of a clipped cell, of the gates' outputs, and of the second version."""
    second = kind.endswith("V2")
    options = {} if second else {"forget_bias": 0.75}
    build = chosen(cell(PEEP, kind=kind, clip=clip, length=2, **options), outputs)
    value = over_time("ifco" if second else "icfo", outputs, 2, 0.0 if second else 0.75, clip)
    xs = lstm_inputs(4, 2)
    if second and VERSION < (1, 15):
        with pytest.raises(tf.errors.NotFoundError, match=kind):
            plain(build, *xs, dtype=tf.float32, second=False)
        return
    found = np.concatenate([g.ravel() for g in plain(build, *xs, dtype=tf.float32, second=False)[0]])
    assert np.max(np.abs(found - true_gradient(value, *xs))) > 1e-2


def test_lstm_over_an_unknown_time_is_refused():
    x = tf.placeholder(tf.float32, [None, BATCH, INPUTS])
    rest = [np.asarray(v, np.float32) for v in lstm_inputs(2, 2)[1:]]
    h = cell(None, kind="BlockLSTM", clip=-1.0, forget_bias=1.0, length=2)(x, *rest)[6]
    with pytest.raises(th.NoSecondDerivativeError, match="set_shape"):
        th.hvp(tf.reduce_sum(h ** 2), x, tf.ones_like(x))


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_gru_cell(engine):
    def value(x, h, w_ru, w_c, b_ru, b_c):
        r, u = np.split(sigmoid(np.concatenate([x, h], 1).dot(w_ru) + b_ru), 2, 1)
        c = np.tanh(np.concatenate([x, r * h], 1).dot(w_c) + b_c)
        return [r, u, c, u * h + (1 - u) * c]

    shapes = [(BATCH, INPUTS), (BATCH, UNITS), (INPUTS + UNITS, 2 * UNITS), (INPUTS + UNITS, UNITS), (2 * UNITS,),
              (UNITS,)]

    def build(*inputs):
        return created("GRUBlockCell", inputs, [tf.float32] * 4, T=tf.float32)

    assert_right(build, value, *[numbers(20 + k, *s) for k, s in enumerate(shapes)], engine=engine, **OPTIONS)
