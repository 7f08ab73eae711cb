"""What is true of random programs: finite differences, in float64, of first gradients that are checked themselves.

A first gradient is tf.gradients', and is compared with differences of the loss. Where TensorFlow has none, or a wrong
one, the library's is compared and taken instead.
"""
import collections

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.forms import built_as

__all__ = ["CONFIG", "Truth", "first_line", "truths"]

D = tf.float64
# A power of two, so that moved values are exact; the second estimate has twice the step.
STEP = 2.0 ** -12
OFFSETS = (-4, -2, -1, 1, 2, 4)
# What finite differences must agree to with each other, as a share of the largest entry: else a kink is near.
CERTAIN = 1e-6
# Small graphs that run once: optimizing them would take longer than all else.
CONFIG = tf.ConfigProto()
CONFIG.graph_options.rewrite_options.disable_meta_optimizer = True

Truth = collections.namedtuple("Truth", "gradient hessian error problem note")
Truth.__doc__ = """gradient [n], hessian [n, n]; error: what the differences may be off by. problem: (status, why) where
they are of no use, or None. note: what is wrong with TensorFlow's own first gradient, or None."""


def truths(programs):
    """The Truth of each program, in float64, of tf.gradients."""
    try:
        return _differences(programs, tf.gradients)
    except Exception:  # one program that can't be built or run must not take the others with it
        return [_truth_of_one(p) for p in programs]


def _truth_of_one(program):
    try:
        return _differences([program], tf.gradients)[0]
    except Exception as error:
        return _of_ours(program, first_line(error))


def _of_ours(program, theirs):
    """Where TensorFlow has no first gradient, or a wrong one: the library's, which is checked like it."""
    note = "tf.gradients: %s" % theirs
    try:
        return _differences([program], th.gradients)[0]._replace(note=note)
    except LookupError as error:
        return Truth(None, None, None, ("refused", first_line(error)), note)


def _differences(programs, gradients):
    with tf.Graph().as_default():
        given = [tf.placeholder(D, [p.start.size]) for p in programs]
        fetches = []
        for program, x in zip(programs, given):
            nodes = program.nodes_of(x)
            loss = tf.reduce_sum(program.build(nodes, D, exact=True))
            with built_as(program.form):
                found = gradients(loss, [x])[0]
            fetches.append([loss, tf.zeros_like(x) if found is None else tf.convert_to_tensor(found)])
        with tf.Session(config=CONFIG) as session:
            run = session.make_callable(fetches, given)
            slopes = _slopes(run, [p.start for p in programs])
            firsts = [f[1] for f in run(*[p.start for p in programs])]
    found = [_truth(*f) for f in zip(firsts, slopes)]
    if gradients is th.gradients:
        return found
    return [_of_ours(p, t.problem[1]) if t.problem and t.problem[0] == "wrong" else t for p, t in zip(programs, found)]


def _slopes(run, starts):
    """For each program the derivatives of value and gradient by each coordinate, at two steps: [2][n] of arrays."""
    slopes = [[] for _ in starts]
    for i in range(max(s.size for s in starts)):
        moved = {}
        for offset in OFFSETS:
            points = [s + offset * STEP * (np.arange(s.size) == i) for s in starts]
            moved[offset] = run(*points)
        for k, start in enumerate(starts):
            if i < start.size:
                at = {o: np.append(moved[o][k][0], moved[o][k][1]) for o in OFFSETS}
                slopes[k].append([_five_point(at, 1), _five_point(at, 2)])
    return [np.array(s) for s in slopes]


def _five_point(at, step):
    return (8 * (at[step] - at[-step]) - (at[2 * step] - at[-2 * step])) / (12 * step * STEP)


def _truth(first, slopes):
    """Checks the differences against each other, and the first gradient against them."""
    fine, error = slopes[:, 0], np.abs(slopes[:, 0] - slopes[:, 1])
    if not np.isfinite(fine[:, 0]).all():
        return Truth(first, None, None, ("uncertain", "the loss is not finite"), None)
    scale = max(np.abs(fine[:, 0]).max(), 1e-3)
    if error[:, 0].max() > CERTAIN * scale:
        return Truth(first, None, None, ("uncertain", "a kink or a jump of the loss is near"), None)
    off = np.abs(first - fine[:, 0]).max()
    if not off < 10 * CERTAIN * scale or not np.isfinite(fine).all():
        return Truth(first, None, None, ("wrong", "it is %s, and differences give %s" % (first, fine[:, 0])), None)
    scale = max(np.abs(fine).max(), 1e-3)
    if error.max() > CERTAIN * scale:
        return Truth(first, None, None, ("uncertain", "a kink is near"), None)
    return Truth(first, fine[:, 1:], error.max(), None, None)


def first_line(error):
    """The kind of an error and the first line of what it says."""
    return "%s: %s" % (type(error).__name__, (str(error).strip().splitlines() or [""])[0])
