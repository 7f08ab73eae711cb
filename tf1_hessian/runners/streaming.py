"""Values over many batches: one session call a batch, sums that lose nothing, and a checkpoint to go on from."""
import numbers
import os
import time
import warnings

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.sources import resolve_tensor
from tf1_hessian.runners import checkpoints, fingerprints, refusals
from tf1_hessian.runners.accumulators import WeightedMean, chained
from tf1_hessian.runners.batches import batches_of
from tf1_hessian.runners.evaluate import Fetches, session_of

__all__ = ["Pace", "Stream", "graph_of", "streamed"]

# Seconds between two checkpoints.
_EVERY = 30.0


def streamed(stream, batches, session, report, checkpoint, every, library, deal=lambda source: source):
    """What th.stream gives. report: a function of (done, total, seconds), or None. library: its version. deal: gives
    what evaluates the batches in the place of their source, here as it is."""
    pace = _pace(checkpoint, every)
    mean = WeightedMean(stream.names, stream.reduce)
    if checkpoint is None:
        source = deal(batches_of(batches, stream.tensors, False))
        return stream.run(source, mean, session_of(session), report or _silent, None)
    store = _Store(os.fspath(checkpoint), pace, stream.problem(library))
    source = deal(batches_of(batches, stream.tensors, True))
    if store.load(mean):
        store.check_total(mean, source)
        return stream.fetches.packed(mean.result())
    session = session_of(session)
    store.begin(stream.tensors, session)
    store.skip(mean, source, session)
    return stream.run(source, mean, session, report or _silent, store)


def graph_of(session):
    """The graph that names are looked up in."""
    session = session or tf.get_default_session()
    return tf.get_default_graph() if session is None else session.graph


def _silent(done, total, seconds):
    return None


class Stream(object):
    """What is evaluated of each batch, and how it counts."""

    def __init__(self, value, weight, reduce, graph):
        self.reduce, self._weight = reduce, weight
        WeightedMean([], reduce)
        self._fetches_weight = weight is not None and not callable(weight)
        if self._fetches_weight:
            weight = resolve_tensor(weight, graph)
            _check_weight(weight)
        self.fetches = Fetches(_compat.map_structure(lambda leaf: resolve_tensor(leaf, graph), value))
        for leaf in self.fetches.flat:
            _check_summable(leaf)
        self.names = fingerprints.names_of(self.fetches.flat)
        weights = [weight] if self._fetches_weight else []
        self._extra = weights
        self.tensors = [t for t in self.fetches.flat + weights if hasattr(t, "op")]

    def problem(self, library):
        """What a checkpoint is of: a dict for json."""
        kind = "none" if self._weight is None else "function"
        if self._fetches_weight:
            kind = fingerprints.identity_of(self._extra[0])
        return {"kind": "stream", "library": library, "tensorflow": tf.__version__, "reduce": self.reduce,
                "structure": str(self.fetches), "weight": kind,
                "value": [fingerprints.identity_of(leaf) for leaf in self.fetches.flat]}

    def values(self, session, feed, extra=()):
        """The flat values of one batch, the weight that is fetched along, and extra tensors."""
        return self.fetches.run(session, feed, self._extra + list(extra))

    def run(self, source, mean, session, report, store):
        """The result, once all batches that are left were added to the mean. What is finished when something raises is
        in the checkpoint."""
        start = time.perf_counter()
        try:
            while True:
                found = source.step(session, lambda feed: self.values(session, feed, source.extra))
                if found is None:
                    break
                feed, values, mark = found
                mean.add(values[:len(self.names)], self._weight_of(feed, values, mean.batches), mark)
                if store is not None:
                    store.keep(mean)
                report(mean.batches, source.total, time.perf_counter() - start)
        except BaseException:
            if store is not None:
                store.rescue(mean)
            raise
        result = self.fetches.packed(mean.result())
        if store is not None:
            store.write(mean, is_finished=True)
        return result

    def _weight_of(self, feed, values, batch):
        if self._weight is None:
            return None
        found = values[len(self.names)] if self._fetches_weight else self._weight(feed)
        weight = np.asarray(found)
        if weight.ndim or weight.dtype.kind not in "biuf" or not np.isfinite(weight):
            raise refusals.wrong_weight(found, batch)
        return float(weight)


def _check_weight(weight):
    expected = "None, a scalar tensor or its name, or a function of the feed_dict"
    if not hasattr(weight, "op") or weight.shape.ndims not in (None, 0):
        raise errors.bad_option("weight", weight, expected)


def _check_summable(leaf):
    if isinstance(leaf, tf.Operation):
        raise refusals.unsummable(leaf, "an operation")
    if isinstance(leaf, tf.SparseTensor):
        raise refusals.unsummable(leaf.values, "a SparseTensor, whose pattern may change")
    if isinstance(leaf, tf.Tensor) and not any(
            [leaf.dtype.is_floating, leaf.dtype.is_integer, leaf.dtype.is_complex, leaf.dtype.is_bool]):
        raise refusals.unsummable(leaf, "of dtype %s" % leaf.dtype.name)


class Pace(object):
    """When to write a checkpoint: after a number of steps (an int) or of seconds (a float), the default 30 seconds."""

    def __init__(self, every=None):
        every = _EVERY if every is None else every
        if isinstance(every, bool) or not isinstance(every, numbers.Real) or not float(every) > 0:
            raise errors.bad_option("every", every, "a number of batches (an int) or of seconds (a float), above 0")
        self._every, self._counts = float(every), isinstance(every, numbers.Integral)
        self.restart()

    def restart(self):
        """Counts from now."""
        self._steps, self._since = 0, time.perf_counter()

    def is_due(self):
        """Whether to write after one more step."""
        self._steps += 1
        return self._steps >= self._every if self._counts else time.perf_counter() - self._since >= self._every


def _pace(checkpoint, every):
    if checkpoint is None and every is not None:
        raise errors.bad_option("every", every, "None without checkpoint=, which it is about")
    return Pace(every)


class _Store(object):
    """The checkpoint of one stream. `_variables` marks the values of the variables it began with."""

    def __init__(self, path, pace, problem):
        self._path, self._pace, self._problem = path, pace, problem
        self._variables, self._kept, self._has_failed = None, 0, False

    def load(self, mean):
        """Puts what the checkpoint holds, if there is one, into the mean: whether it is finished."""
        if not os.path.exists(self._path):
            return False
        state = mean.load(self._path, self._problem)
        self._variables, self._kept = state.get("variables"), mean.batches
        return state["is_finished"]

    def check_total(self, mean, source):
        """Raises CheckpointError where a finished checkpoint is of another number of batches."""
        if source.total not in (None, mean.batches):
            raise refusals.fewer_batches(self._path, mean.batches, source.total)

    def begin(self, tensors, session):
        """Raises what can be raised before the first batch: for a place where nothing can be written, and for variables
        with other values than those that the checkpoint is of."""
        checkpoints.check_place(self._path)
        variables = fingerprints.state_mark([t.op for t in tensors], session)
        if self._variables is not None:
            checkpoints.check_problem(self._path, {_VALUES: self._variables}, {_VALUES: variables})
        self._variables = variables

    def skip(self, mean, source, session):
        """Passes over the batches that are in the mean. Raises CheckpointError where they are others."""
        mark = 0
        for done in range(mean.batches):
            found = source.skip(session)
            if found is None:
                raise refusals.fewer_batches(self._path, mean.batches, done)
            mark = chained(mark, found)
        if mark != mean.mark:
            raise refusals.other_batches(self._path, mean.batches)

    def write(self, mean, is_finished=False):
        """Writes the checkpoint."""
        self._has_failed = True
        mean.save(self._path, self._problem, is_finished=is_finished, variables=self._variables)
        self._has_failed, self._kept = False, mean.batches
        self._pace.restart()

    def keep(self, mean):
        """Writes the checkpoint where it is due."""
        if self._pace.is_due():
            self.write(mean)

    def rescue(self, mean):
        """Writes what was finished when something was raised, which goes before what may be raised here."""
        if self._has_failed or mean.batches == self._kept:
            return
        try:
            self.write(mean)
        except OSError as error:
            missing = mean.batches - self._kept
            warnings.warn("%s; %s not in it." % (error.strerror, errors.counted(missing, "batch is", "batches are")),
                          stacklevel=5)


# What a difference of variables is called.
_VALUES = "a mark of the values of the variables"
