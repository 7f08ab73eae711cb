"""What a scenario is: a small named loss with its sources, and where the truth about it comes from."""
import collections
import contextlib

import numpy as np
import tensorflow.compat.v1 as tf

SCENARIOS = collections.OrderedDict()
ENGINES = ("slices", "loop", "vectorized", "auto")
VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])


class Case(object):
    """A built scenario: the loss, xs as a user gives them, and what an evaluation needs.

    feeds: one feed, or several to evaluate at (the branches of a cond). drawn: tensors whose values decide what the
    loss is in one session call (a mask, a batch). setup: ops to run once after the variables' initializers.
    """

    def __init__(self, loss, xs, feeds=None, drawn=(), setup=()):
        self.loss, self.xs = loss, xs
        self.feeds = list(feeds) if isinstance(feeds, (list, tuple)) else [feeds or {}]
        self.drawn, self.setup = list(drawn), list(setup)

    @contextlib.contextmanager
    def session(self):
        """A session in which everything is initialized."""
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(self.setup)
            yield session


class Scenario(object):
    """`build(dtype)` makes the Case in the default graph.

    closed: the Hessian [n, n] in numpy, of the flat sources and of the drawn values; where there is one feed.
    differences: whether finite differences of the first gradient see the same: not where the draw can't be held by
    feeding, nor where a user stops a gradient or gives another. zeros: the (row, column) entries that are exact zeros.
    refused: the op type for which every engine must refuse, or None. engines: those that meet it.
    within: the context in which TensorFlow can differentiate it.
    """

    def __init__(self, name, build, closed=None, differences=True, zeros=(), refused=None, engines=ENGINES,
                 within=contextlib.ExitStack):
        self.within = within
        self.name, self.build, self.closed, self.differences = name, build, closed, differences
        self.zeros, self.refused, self.engines = zeros, refused, engines


def register(name, build, since=(1, 13), **options):
    """Adds a Scenario under a name of its own, unless this TensorFlow is older than the first one that can run it."""
    assert name not in SCENARIOS, name
    if VERSION >= since:
        SCENARIOS[name] = Scenario(name, build, **options)


def scenario(**options):
    """Registers a build function under its own name."""
    def decorate(build):
        register(build.__name__, build, **options)
        return build

    return decorate


def numbers(seed, *shape, **limits):
    """Repeatable numbers in [low, high), -1 and 1 by default."""
    low, high = limits.get("low", -1.0), limits.get("high", 1.0)
    return np.random.RandomState(seed).uniform(low, high, shape)


def constant(value, dtype):
    """A constant of the scenario's dtype."""
    return tf.constant(value, dtype)


def variable(name, value, dtype, **options):
    """A variable that starts at a known value; options as in tf.get_variable."""
    value = np.asarray(value, dtype.as_numpy_dtype)
    if "partitioner" not in options:
        return tf.get_variable(name, initializer=value, **options)
    return tf.get_variable(name, value.shape, dtype, initializer=_parts_of(value), **options)


def _parts_of(value):
    """An initializer that gives each part of a partitioned variable its piece."""
    def initial(shape, dtype=None, partition_info=None):
        piece = tuple(slice(o, o + int(s)) for o, s in zip(partition_info.var_offset, shape))
        return tf.constant(value[piece], dtype)

    return initial
