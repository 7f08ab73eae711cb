"""What one entry of the table comes to on the installed TensorFlow, here and in TensorFlow alone."""
import collections

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from forms import built_as

__all__ = ["Finding", "TOLERANCES", "finding_of"]

# Of central differences of fourth order, whose error is near step**4 + rounding / step.
_STEPS = {"float64": 1e-3, "float32": 2e-2}
_FORMULA = ((-2, 1 / 12.0), (-1, -2 / 3.0), (1, 2 / 3.0), (2, -1 / 12.0))
# How far a result may be off, as a share of its largest entry.
TOLERANCES = {"float64": 1e-6, "float32": 1e-3}
# Of second differences of the loss, where there is no first gradient to go by.
_COARSE_STEP, _COARSE = 2e-3, 1e-4

Finding = collections.namedtuple("Finding", "gradient_error hessian_error refusal statuses notes warned tensorflow")
Finding.__doc__ = """gradient_error, hessian_error: the largest deviations from finite differences of the loss and
of the first gradient, as shares of the largest entry; None where refused. refusal: th.hessian's LookupError, or None.
statuses, notes, warned: what th.diagnose says of the entry's op type, and whether it warns that TensorFlow alone is
wrong. tensorflow: "right", "wrong" or "refused", or None where it was not asked."""


def finding_of(op, ask_tensorflow=True):
    """The Finding of an Op, built in the default graph; TensorFlow's own Hessian in a graph of its own."""
    with built_as(op.form), tf.Session(config=_plain_config()) as session:
        x = tf.placeholder(tf.float64, op.at.shape)
        loss, y, out = _loss(x, op.build, op.precision)
        statuses, notes, warned = _diagnosed(op, out, y)
        gradient, hessian, refusal = _ours(loss, x)
        errors, truth, tolerance = [None, None], None, TOLERANCES[op.precision]
        if refusal is None:
            slope, truth = _differences(op, _smooth(op, x, loss, gradient), x, session)
            found = session.run([gradient, hessian], {x: op.at})
            errors = [_error(found[0], slope), _error(found[1], truth)]
        theirs = _of_tensorflow(op) if ask_tensorflow else None
        if truth is None and theirs is not None:
            truth, tolerance = _second_differences(op, loss, x, session), _COARSE
    if ask_tensorflow:
        theirs = "refused" if theirs is None else "right" if _error_of(theirs, truth) < tolerance else "wrong"
    return Finding(errors[0], errors[1], refusal, statuses, notes, warned, theirs)


def _diagnosed(op, out, y):
    """What th.diagnose says of an op type: its statuses, its notes, and whether TensorFlow alone is wrong."""
    try:
        found = th.diagnose(out, y)
    except LookupError as refusal:
        return {"refused"}, str(refusal), False
    reports = [r for r in found.ops if op.matches(r.type)]
    warned = any(op.matches(kind) for _, kind, _ in found.warnings)
    return {r.status for r in reports}, "; ".join(r.note for r in reports), warned


def _plain_config():
    """Without the optimizer of graphs, which takes longer than what is run here."""
    options = tf.GraphOptions()
    options.rewrite_options.disable_meta_optimizer = True
    return tf.ConfigProto(graph_options=options)


def _loss(x, build, precision):
    """sum(w sin(build(y))) + sum(y) with y = sinh(x), so that a lost term is a wrong number; y and build(y)."""
    wavy = tf.sinh(x)
    y = tf.cast(wavy, precision)
    out = build(y)
    result = tf.cast(out, tf.float64)
    shape = result.shape.as_list() if result.shape.is_fully_defined() else None
    size = tf.size(result, out_type=tf.int32) if shape is None else int(np.prod(shape))
    weights = _weights(size) if shape is None else _weights(size).reshape(shape)
    result = tf.reshape(result, [-1]) if shape is None else result
    return tf.reduce_sum(weights * tf.sin(result)) + tf.reduce_sum(wavy), y, out


def _weights(size):
    """Numbers between 1/2 and 3/2: an array, or a tensor where the size is one."""
    if isinstance(size, int):
        return 0.5 + 0.37 * np.arange(size) % 1.0
    return 0.5 + tf.floormod(0.37 * tf.cast(tf.range(size), tf.float64), 1.0)


def _ours(loss, x):
    """(first gradient, Hessian, None), or what th.hessian raises."""
    try:
        return th.gradients([loss], [x])[0], th.hessian(loss, x, flat=True, engine="loop"), None
    except LookupError as refusal:
        return None, None, refusal


def _smooth(op, x, loss, gradient):
    """The loss and the first gradient whose differences are the truth."""
    if op.truth is None:
        return [loss, gradient]
    loss = _loss(x, op.truth, "float64")[0]
    return [loss, tf.gradients(loss, x)[0]]


def _differences(op, fetches, x, session):
    """The slopes of the two fetches by central differences: the gradient [n], the Hessian [n, n]."""
    step = _STEPS["float64" if op.truth else op.precision]
    run = session.make_callable(fetches, [x])
    slopes, rows = [], []
    for unit in _units(op.at):
        values = [run(op.at + move * step * unit) for move, _ in _FORMULA]
        slope, row = [sum(w * np.ravel(v) for (_, w), v in zip(_FORMULA, several)) / step for several in zip(*values)]
        slopes.append(slope[0])
        rows.append(row)
    return np.array(slopes), np.stack(rows)


def _second_differences(op, loss, x, session):
    """The Hessian [n, n] by differences of the loss alone, to about 1e-5."""
    run = session.make_callable(loss, [x])

    def value(move):
        return float(run(op.at + _COARSE_STEP * move))

    units = _units(op.at)
    return np.array([[(value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (4 * _COARSE_STEP ** 2)
                      for a in units] for b in units])


def _units(at):
    return np.eye(at.size).reshape((at.size,) + at.shape)


def _error_of(theirs, truth):
    return _error(theirs, truth if theirs.ndim == 2 else truth.sum(1))


def _error(found, true):
    error = np.max(np.abs(np.reshape(found, true.shape) - true)) / np.max(np.abs(true))
    return np.inf if np.isnan(error) else float(error)


def _of_tensorflow(op):
    """tf.hessians of the same loss, or None where it raises.

    For an exact op, where the claim is that TensorFlow's gradient functions are right, the row sums alone: tf.gradients
    of tf.gradients, in half the time.
    """
    with tf.Graph().as_default(), tf.Session(config=_plain_config()) as session:
        x = tf.placeholder(tf.float64, op.at.shape)
        loss = _loss(x, op.build, op.precision)[0]
        try:
            if (op.status, op.tensorflow) == ("exact", "right"):
                return session.run(tf.gradients(tf.gradients(loss, x)[0], x)[0], {x: op.at}).ravel()
            return session.run(tf.hessians(loss, x)[0], {x: op.at}).reshape([op.at.size] * 2)
        except Exception:  # each op fails in its own way, while building or when it runs
            return None
