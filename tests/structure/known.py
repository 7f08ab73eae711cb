"""What is true of programs: their Hessians' diagonals by finite differences, and by a product for each element."""
import collections

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.random_truths import CONFIG, truths

__all__ = ["Known", "known"]

D = tf.float64

Known = collections.namedtuple("Known", "diagonal columns scale error problem")
Known.__doc__ = """diagonal: by finite differences, which may be off by `error`. columns: by products with unit vectors.
scale: the largest entry of the Hessian or the gradient. problem: why nothing is known, or None."""


def known(programs):
    """A Known for each program, all from one graph each."""
    return [_known(t, c) for t, c in zip(truths(programs), _columns(programs))]


def _known(truth, columns):
    # The gradient of EluGrad is wrong in TF 1.13, so that a loss with a gradient inside has a wrong first gradient.
    assert truth.note is None or tf.__version__.startswith("1.13"), truth.note
    if truth.problem is not None:
        return Known(None, columns, None, None, truth.problem)
    scale = max(np.abs(truth.hessian).max(), np.abs(truth.gradient).max(), 1e-3)
    return Known(np.diag(truth.hessian), columns, scale, truth.error, None)


def _columns(programs):
    """Entry i of the product with unit vector i, for all programs in each session call."""
    with tf.Graph().as_default():
        points = [tf.placeholder(D, [p.start.size]) for p in programs]
        seeds = [tf.placeholder(D, [p.start.size]) for p in programs]
        losses = [p.build(p.nodes_of(x), D, exact=True) for p, x in zip(programs, points)]
        products = [th.hvp(loss, x, v) for loss, x, v in zip(losses, points, seeds)]
        with tf.Session(config=CONFIG) as session:
            run = session.make_callable(products, points + seeds)
            starts = [p.start for p in programs]
            found = [run(*(starts + [1.0 * (np.arange(s.size) == i) for s in starts]))
                     for i in range(max(s.size for s in starts))]
    return [np.array([row[k][i] for i, row in enumerate(found[:s.size])]) for k, s in enumerate(starts)]
