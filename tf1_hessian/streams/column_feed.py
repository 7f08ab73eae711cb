"""Hessians that do not fit one session call: some rows a call, into a file."""
import collections
import functools
import os
import time

import numpy as np

from tf1_hessian import __version__, errors, memory
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import Options
from tf1_hessian.graph import built
from tf1_hessian.graph.emission import Emission
from tf1_hessian.limits import check_options
from tf1_hessian.planner import Planner
from tf1_hessian.problem import Problem, refuse_eager
from tf1_hessian.runners import fingerprints, units
from tf1_hessian.runners.batches import mark_of
from tf1_hessian.runners.draws import refuse_draws
from tf1_hessian.runners.evaluate import session_of
from tf1_hessian.runners.pools import Pool
from tf1_hessian.runners.row_files import RowFile
from tf1_hessian.runners.streaming import Pace
from tf1_hessian.streams.progress import reporting

__all__ = ["ColumnFeed"]

# What a chunk gives: `results` [size, n], or [size] of a diagonal, for the elements `ids` of one source, which start at
# `first` in the flat vector; results is None where all are zero.
_Chunk = collections.namedtuple("_Chunk", "first count size ids results")


class ColumnFeed(object):
    """The Hessian in calls of some rows each, for a matrix [n, n], or a count of columns, that fits no single call.

    loss, xs: as in th.hessian; rows and columns as in th.hessian(flat=True). diag=True: the diagonal alone, [n], a
    column for each element. chunk_size: rows a call, by default what memory allows. precision, memory_limit: as in
    th.hessian_diag. The graph gets one chunk for each source, with a placeholder for the elements that it is of.

    n; chunk_size. Raises what th.hessian raises, before the graph gets an op.
    """

    def __init__(self, loss, xs, *, diag=False, chunk_size=None, precision=None, memory_limit=None, name=None):
        refuse_eager("ColumnFeed")
        if not isinstance(diag, bool):
            raise errors.bad_option("diag", diag, "True or False")
        check_options("auto", ("auto",), precision, False, memory_limit, chunk_size=chunk_size)
        asked = functools.partial(Problem, loss, xs, "diag" if diag else "full", None, True, Options(), precision)
        problem = asked()
        self.n, self._is_diag, self._graph = problem.layout.n, diag, problem.graph
        self._losses, self._sources = problem.asked
        question = ("column_feed", problem.question, chunk_size, memory_limit, name)
        self._chunks = built.remembered(
            problem.graph, question, lambda: _fitted(asked, problem, chunk_size, memory_limit).build(name))
        self.chunk_size = max([c.size for c in self._chunks if c.results is not None] or [1])
        self.dtype = np.dtype(problem.results()[0][1].as_numpy_dtype)

    def __repr__(self):
        return "ColumnFeed(%s, n=%d, %s a call)" % (
            "diag" if self._is_diag else "full", self.n, errors.counted(self.chunk_size, "row"))

    def rows(self, start, stop, session=None, feed_dict=None):
        """The rows start .. stop-1 of the Hessian, [stop - start, n]; entries of the diagonal with diag=True."""
        if not 0 <= start <= stop <= self.n:
            raise errors.bad_option("rows", (start, stop), "0 <= start <= stop <= %d" % self.n)
        session = session_of(session)
        self._refuse_draws(feed_dict)
        found = list(self._computed(start, stop, session, feed_dict))
        return np.concatenate(found) if found else np.zeros((0,) + self._shape[1:], self.dtype)

    def run(self, path, session=None, feed_dict=None, *, progress=None, every=None, executor=None, recipe=None):
        """Computes all rows into an .npy file, and returns it mapped into memory (read-only).

        Killed at any moment and called again with the same path, it goes on where it was. Each `every` rows (an int) or
        seconds (a float; 30.0 by default) `path`.progress tells how far it is; rows stand in `path`.part until all are
        there. progress: as in th.stream, in rows.

        executor: workers that compute the rows, as in th.stream. recipe: a picklable function without arguments that
        gives each process (this ColumnFeed made anew, a session), with the same values of variables.

        Raises ValueError where something random, an iterator or an assignment is above the loss and not fed, since each
        call would be of another loss; CheckpointError where the files are of another loss, other values of variables or
        other feeds, which are left as they were; OSError where they can't be written.
        """
        path = os.fspath(path)
        pace, session = Pace(every), session_of(session)
        if (executor is None) != (recipe is None):
            raise errors.bad_option("recipe", recipe, "a function with executor=, and none without")
        self._refuse_draws(feed_dict)
        file = RowFile(path, self._shape, self.dtype, self.identity(session, feed_dict), pace)
        if not file.is_finished:
            with reporting(progress, "row") as report, file:
                start = time.perf_counter()
                dealt = (session, feed_dict) if executor is None else (session, feed_dict, executor, recipe)
                for rows in (self._computed if executor is None else self._dealt)(file.done, self.n, *dealt):
                    file.add(rows)
                    if report is not None:
                        report(file.done, self.n, time.perf_counter() - start)
        return file.mapped()

    @property
    def _shape(self):
        return (self.n,) if self._is_diag else (self.n, self.n)

    def identity(self, session, feed_dict=None):
        """What rows are of, for json: the question, its graph, marks of the values that variables and feeds have."""
        fed = [(getattr(k, "name", k), v) for k, v in (feed_dict or {}).items()]
        return {"kind": "rows", "library": __version__, "tensorflow": tf.__version__,
                "losses": [t.name for t in self._losses], "sources": fingerprints.sources_of(self._sources),
                "graph": fingerprints.graph_mark([t.op for t in self._losses]),
                "a mark of the values of the variables": fingerprints.state_mark(
                    [t.op for t in self._losses], session),
                "a mark of what is fed": mark_of(fed, is_whole=True)}

    def _refuse_draws(self, feed_dict):
        refuse_draws([c.results for c in self._chunks if c.results is not None], feed_dict, self._graph)

    def _ranges(self, start, stop):
        """(chunk, first, last) of each call for the rows start .. stop-1."""
        for chunk in self._chunks:
            first, last = max(start, chunk.first), min(stop, chunk.first + chunk.count)
            for at in range(first, last, chunk.size):
                yield chunk, at, min(at + chunk.size, last)

    def _computed(self, start, stop, session, feed_dict):
        """The rows start .. stop-1, some at a time."""
        for chunk, first, last in self._ranges(start, stop):
            if chunk.results is None:
                yield np.zeros((last - first,) + self._shape[1:], self.dtype)
                continue
            ids = np.arange(first, first + chunk.size, dtype=np.int32) - chunk.first
            feed = dict(feed_dict or {})
            feed[chunk.ids] = np.minimum(ids, chunk.count - 1)
            yield session.run(chunk.results, feed)[:last - first]

    def _dealt(self, start, stop, session, feed_dict, executor, recipe):
        """The same from the workers of an executor."""
        feed, pool = units.by_name(feed_dict or {}), Pool(executor)
        try:
            with units.at_home(recipe, _RowsWork, (feed,), _RowsWork((self, session), feed)) as (sent, _):
                calls = ((None, (sent, first, last)) for _, first, last in self._ranges(start, stop))
                for _, found in pool.results(units.run, calls):
                    yield units.done(found)
        finally:
            pool.close()


class _RowsWork(object):
    """A ColumnFeed in one process, and the session that its rows are computed in."""

    def __init__(self, found, feed_dict):
        self._feed, self._session = units.made(found, {2: "(ColumnFeed, session)"})
        self._feed_dict = feed_dict

    def identity(self):
        """What the caller's process and a worker's must agree about."""
        return self._feed.identity(self._session, self._feed_dict)

    def work(self, start, stop):
        """The rows start .. stop-1."""
        return self._feed.rows(start, stop, self._session, self._feed_dict)

    def close(self):
        """Ends the session."""
        self._session.close()


def _fitted(asked, problem, chunk_size, memory_limit):
    limit = memory.limit_of(memory_limit)
    return memory.fitted(_Laid(problem, chunk_size), lambda size: _Laid(asked(), size), lambda laid: laid.bytes, limit,
    0)


class _Laid(object):
    """The rehearsed chunk of each source."""

    def __init__(self, problem, chunk_size):
        problem.rehearse()
        problem.symmetric = False  # each row is wanted whole
        self._problem = problem
        with problem.scratch.as_default():
            planner = _planned(problem, chunk_size)
        self._rows = {rows.source: rows.laid for rows in planner.rows}
        self.chunk_size = max([laid.size for laid in self._rows.values()] or [1])
        self.bytes = planner.cost.bytes

    def build(self, name):
        """A _Chunk for each source, in the user's graph."""
        problem, chunks, first = self._problem, [], 0
        with problem.graph.as_default(), tf.name_scope(name or "column_feed"):
            emission = Emission.of_scratch(problem.scratch)
            for source in problem.rows:
                chunks.append(self._chunk(emission, source, first))
                first += source.size
        return chunks

    def _chunk(self, emission, source, first):
        laid = self._rows.get(source)
        if laid is None:
            return _Chunk(first, source.size, max(1, source.size), None, None)
        ids = tf.placeholder(tf.int32, [laid.size], "elements")
        outputs = laid.at(emission, ids)
        if self._problem.quantity == "diag":
            return _Chunk(first, source.size, laid.size, ids, outputs[0])
        columns = [tf.zeros([laid.size, c.size], c.dtype) if o is None else tf.reshape(o, [laid.size, c.size])
                   for o, c in zip(outputs, self._problem.cols)]
        return _Chunk(first, source.size, laid.size, ids, tf.concat(columns, 1))


def _planned(problem, chunk_size):
    """Columns of all elements at once where TensorFlow vectorises them, else one by one; each call is of one source."""
    try:
        return Planner(problem, "vectorized", chunk_size, False, shares=False)
    except LookupError:
        raise
    except ValueError:
        return Planner(problem, "loop", chunk_size, False, shares=False)
