"""Fetching results: any structure, one session call, numpy out."""
import time

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import built, compiled
from tf1_hessian.runners import refusals
from tf1_hessian.runners.retries import halve, with_smaller_chunks

__all__ = ["Fetches", "evaluate", "session_of"]


def evaluate(fetches, feed_dict=None, session=None):
    """The numpy values of any structure of tensors, variables, names and this library's values, in ONE session.run.

    One call, so that dropout, random ops and iterators are drawn once for all of them. The default session is used
    where none is given, as Tensor.eval() does; a ValueError says so where there is none. Structured diagonals are
    checked in that call the first time (see `verify` in th.hessian_diag); VerificationError where they are wrong.
    Where memory runs out, the call is made again with half the columns at once, and a warning says so.
    """
    session = session_of(session)
    asked = Fetches(fetches)
    return asked.packed(asked.run(session, feed_dict))


def session_of(session=None):
    """The session, or the default one; ValueError where there is none."""
    session = session or tf.get_default_session()
    if session is None:
        raise errors.no_session()
    return session


class Fetches(object):
    """A structure of fetches whose plans are built, for any number of session calls. `flat`: what is fetched."""

    def __init__(self, fetches):
        self._asked = fetches
        self._leaves = [_built(leaf) for leaf in _compat.flatten(fetches)]
        self._structures = [leaf.as_fetches() if hasattr(leaf, "as_fetches") else leaf for leaf in self._leaves]
        self.flat = _compat.flatten(self._structures)
        self._is_partitioned = any(isinstance(leaf, _compat.PartitionedVariable) for leaf in self.flat)
        self._settled = None  # (leaves, what is fetched for them)

    def __str__(self):
        return str(_compat.map_structure(lambda _: 0, [self._asked, self._structures]))

    def run(self, session, feed_dict=None, extra=()):
        """The flat values, and those of extra tensors behind them, in ONE session.run; checks that are due are made."""
        flat = self.flat + list(extra)
        values = self._again(session, flat, feed_dict)
        if values is None:
            values, checks, chosen = with_smaller_chunks(lambda leaves: _timed_run(session, leaves, feed_dict), flat)
            for check, found in checks:
                check.judge(found)
            self._settled = None if chosen is None else (flat, chosen)
        return [_joined(f, v) for f, v in zip(flat, values)] if self._is_partitioned else values

    def _again(self, session, flat, feed_dict):
        """The values, where a call before left nothing to choose and to check; None else, and once memory is short."""
        if self._settled is None or _differ(self._settled[0], flat):
            return None
        try:
            return _called(session, self._settled[1], feed_dict)
        except tf.errors.ResourceExhaustedError:
            self._settled = None
            halve(flat)
        return None

    def packed(self, values):
        """Flat values in the structure that was asked for."""
        values = _compat.pack_sequence(self._structures, values)
        return _compat.pack_sequence(self._asked, [leaf.evaluated(v) if hasattr(leaf, "evaluated") else v
                                                   for leaf, v in zip(self._leaves, values)])


def _timed_run(session, leaves, feed_dict):
    """(values, [(check, what it fetched)], what to fetch the next times, None where that is open). Of results that are
    laid in two ways, one is timed along."""
    trials = [compiled.trial_of(leaf) for leaf in leaves]
    on_trial = next((t for t in trials if t is not None and t.is_open), None)
    chosen = [leaf if trial is None or (trial.is_open and trial is not on_trial) else trial.chosen(leaf)
              for leaf, trial in zip(leaves, trials)]
    due, chosen = _checks_of(chosen), [_fetchable(f) for f in chosen]
    start = time.perf_counter()
    if due:
        values, checks = _called(session, [chosen, [d.fetches for d in due]], feed_dict)
    else:  # flat lists take TensorFlow less time
        values, checks = _called(session, chosen, feed_dict), []
    if on_trial is not None:
        on_trial.took(time.perf_counter() - start)
    return values, zip(due, checks), None if due or on_trial else chosen


def _called(session, fetches, feed_dict):
    try:
        return session.run(fetches, feed_dict=feed_dict)
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        raise refusals.lost_task(error) from error


def _built(leaf):
    """What a plan builds; anything else as it is."""
    return leaf.build() if hasattr(leaf, "build") else leaf


def _checks_of(leaves):
    """What is still to check of the results among the leaves, each once."""
    records = [built.record_of(leaf) for leaf in leaves if isinstance(leaf, tf.Tensor)]
    due = {id(r.due): r.due for r in records if r is not None and r.due is not None}
    return [d for d in due.values() if d.fetches]


def _fetchable(leaf):
    if isinstance(leaf, (str, tf.Tensor, tf.Operation, tf.SparseTensor, _compat.Variable)):
        return leaf
    inner = getattr(leaf, "value", None)
    if isinstance(inner, _compat.Variable):
        return inner
    if isinstance(leaf, _compat.PartitionedVariable):
        return list(leaf)
    raise errors.not_fetchable(leaf)


def _differ(some, others):
    return len(some) != len(others) or any(a is not b for a, b in zip(some, others))


def _joined(leaf, value):
    """The parts of a partitioned variable as one array."""
    if not isinstance(leaf, _compat.PartitionedVariable):
        return value
    return np.concatenate(value, _compat.partition_axis(leaf))
