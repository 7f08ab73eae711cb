"""Streams over the workers of an executor: batches dealt out, their values added up in order."""
import os

import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import fingerprints, units
from tf1_hessian.runners.batches import Feeds, read_feed
from tf1_hessian.runners.draws import effect_above
from tf1_hessian.runners.pools import Pool
from tf1_hessian.runners.streaming import Stream, streamed

__all__ = ["dealt"]

_SHAPES = {2: "(value, session)", 3: "(value, weight, session)"}


def dealt(make, batches, executor, session, weight, reduce, report, checkpoint, every, library):
    """What th.stream gives, with an executor; make: the function that builds value and session."""
    if not callable(make):
        raise errors.bad_option("value", make, "with executor=, a function without arguments that builds the model in "
                                "the default graph and returns (value, session) or (value, weight, session)")
    if session is not None:
        raise errors.bad_option("session", session, "None with executor=: the function that builds the value gives one")
    if weight is not None and not isinstance(weight, str) and not callable(weight):
        raise errors.bad_option("weight", weight, "with executor=, a function of the feed_dict or a tensor's name; or "
                                "let the function that builds the value return (value, weight, session)")
    pool = Pool(executor)
    try:
        sent = weight if isinstance(weight, str) else None
        with units.at_home(make, _Work, (sent, reduce, library)) as (recipe, work):
            if weight is not None and work.has_weight:
                raise errors.bad_option("weight", weight, "None where the function that builds the value returns one")
            stream = work.stream if weight is sent else Stream(work.value, weight, reduce, work.session.graph)
            return streamed(stream, batches, work.session, report, checkpoint, every, library,
                            lambda source: _Dealt(source, pool, recipe, callable(weight), work.session.graph))
    finally:
        pool.close()


class _Work(object):
    """A stream's value in one process, and the session it is evaluated in."""

    def __init__(self, found, weight, reduce, library):
        found = units.made(found, _SHAPES)
        self.value, self.session, self._library = found[0], found[-1], library
        self._passed = set()
        given = found[1] if len(found) == 3 else None
        self.has_weight = given is not None
        self.stream = Stream(self.value, given if self.has_weight else weight, reduce, self.session.graph)

    def identity(self):
        """What the caller's process and a worker's must agree about."""
        variables = fingerprints.state_mark([t.op for t in self.stream.tensors], self.session)
        return dict(self.stream.problem(self._library), variables=variables)

    def work(self, position, feed):
        """The values of a batch: a feed_dict by name, or a file with one."""
        if not isinstance(feed, dict):
            feed = read_feed(feed, position, self.session.graph)
        self._refuse_effects(feed)
        return self.stream.values(self.session, feed)

    def _refuse_effects(self, feed):
        kind = frozenset(getattr(k, "name", k) for k in feed)
        effect = None if kind in self._passed else effect_above(self.stream.tensors, feed, self.session.graph)
        if effect is not None:
            raise errors.bad_option("executor", "workers", (
                "a value that each process computes alike: '%s' (%s) draws, reads input or assigns, in each process "
                "from the start. Feed what it gives" % (effect.name, effect.type)))
        self._passed.add(kind)

    def close(self):
        """Ends the session."""
        self.session.close()


class _Dealt(object):
    """Batches that workers evaluate, in the place of Feeds."""

    extra = ()

    def __init__(self, feeds, pool, recipe, opens_files, graph):
        if not isinstance(feeds, Feeds):
            raise errors.bad_option("batches", feeds, "feed_dicts or files with executor=: each process would read an "
                                    "iterator of its own from the start")
        self.total, self.skip = feeds.total, feeds.skip
        self._feeds, self._opens_files, self._graph = feeds, opens_files, graph
        self._results = pool.results(units.run, ((told, (recipe,) + unit) for told, unit in self._units()))

    def step(self, session, run):
        """(feed_dict, values, mark) of the next batch; None at the end."""
        found = next(self._results, None)
        if found is None:
            return None
        (feed, mark), values = found
        return feed, units.done(values), mark

    def _units(self):
        """What is kept of each batch, and what is sent: copies, since a loop may fill the same arrays again."""
        while True:
            taken = self._feeds.take()
            if taken is None:
                return
            position, item, mark = taken
            if isinstance(item, dict):
                feed = {t: np.array(v) for t, v in item.items()}
                yield (feed, mark), (position, units.by_name(feed))
            else:
                feed = read_feed(item, position, self._graph) if self._opens_files else {}
                yield (feed, mark), (position, os.path.abspath(os.fspath(item)))
