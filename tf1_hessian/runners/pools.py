"""Executors of other libraries: units of work sent out, their results taken in order, and what was lost sent again."""
import collections
from concurrent import futures

from tf1_hessian import errors

__all__ = ["Pool"]

# Units in the hands of an executor for each of its workers: one at work, one waiting; and where it does not tell.
_AHEAD, _AHEAD_ELSE = 2, 32
# How often a unit is sent again, or an executor made anew, before something gets done.
_MOST_AGAIN = 3
# Errors, by name, for work that was lost with its worker: Dask's, for a unit whose workers died several times.
_LOST = ("KilledWorker",)
_EXPECTED = ("an executor with submit(): concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("
             "'spawn')), joblib's get_reusable_executor(), a Dask distributed Client; or a function that makes one")


class _Unit(object):
    """Something to do, what is told with its result, and who does it now."""

    def __init__(self, told, arguments):
        self.told, self.arguments, self.sent, self.future = told, arguments, 0, None


class Pool(object):
    """An executor, or a function that makes one, called again when all of the last one's workers were lost at once.

    Raises TypeError for what is neither, ValueError for processes that are forked: TensorFlow's threads and locks do
    not survive that.
    """

    def __init__(self, executor):
        is_executor = hasattr(executor, "submit") and not isinstance(executor, type)
        if not is_executor and not callable(executor):
            raise TypeError("executor=%r is not possible; expected %s." % (executor, _EXPECTED))
        self._make = None if is_executor else executor
        self._executor = _checked(executor if is_executor else executor())
        self._waiting, self._in_vain = collections.deque(), 0

    def results(self, function, units):
        """(told, result) of each unit, in their order, whatever the order they arrive in: each is counted once.

        function(attempt, *arguments) is what a worker calls; units: an iterable of (told, arguments). What this raises
        comes after the results of the units before. No more units are taken than keep the workers busy.
        """
        units, failure = iter(units), None
        while True:
            while failure is None and len(self._waiting) < _ahead(self._executor):
                try:
                    told, arguments = next(units)
                except StopIteration:
                    break
                except Exception as error:  # whatever the caller's batches raise
                    failure = error
                    break
                self._waiting.append(_Unit(told, arguments))
                self._send(function, self._waiting[-1])
            if not self._waiting:
                break
            found = self._first(function)
            yield self._waiting.popleft().told, found
        if failure is not None:
            raise failure

    def close(self):
        """Gives up what is not done; ends an executor that was made here."""
        for unit in self._waiting:
            getattr(unit.future, "cancel", bool)()
        self._waiting.clear()
        if self._make is not None:
            _ended(self._executor)

    def _send(self, function, unit):
        try:
            unit.future = self._executor.submit(function, unit.sent, *unit.arguments)
        except futures.BrokenExecutor as error:
            unit.future = futures.Future()
            unit.future.set_exception(error)
        unit.sent += 1

    def _first(self, function):
        """The result of the unit that waits longest."""
        while True:
            unit = self._waiting[0]
            try:
                found = unit.future.result()
            except futures.BrokenExecutor as error:
                self._renew(error)
                for each in self._waiting:
                    if not each.future.done() or each.future.exception() is not None:
                        self._send(function, each)
            except Exception as error:
                if type(error).__name__ not in _LOST or unit.sent > _MOST_AGAIN:
                    raise
                self._send(function, unit)
            else:
                self._in_vain = 0
                return found

    def _renew(self, error):
        if self._make is None:
            raise _broken(error, "It can't be used again: pass a function that makes one, executor=lambda: ..., or "
                          "call again with a new one; what is finished is in the checkpoint, if there is one"
                          ) from error
        if self._in_vain == _MOST_AGAIN:
            raise _broken(error, "The same was lost by %d executors in turn: memory may be short, or the function that "
                          "rebuilds the graph ends its process" % (_MOST_AGAIN + 1)) from error
        self._in_vain += 1
        _ended(self._executor)
        self._executor = _checked(self._make())


def _broken(error, way_out):
    return futures.BrokenExecutor("The executor has lost a worker (%s). %s." % (errors.first_line(error), way_out))


def _checked(executor):
    if not hasattr(executor, "submit"):
        raise TypeError("executor=%r is not possible; expected %s." % (executor, _EXPECTED))
    context = getattr(executor, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise errors.bad_option("executor", executor, (
            "processes that are not forked, since TensorFlow's threads and locks do not survive that: "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn'))"))
    return executor


def _ahead(executor):
    """How many units may be in its hands."""
    count = getattr(executor, "_max_workers", None)
    client = executor if hasattr(executor, "nthreads") else getattr(executor, "_client", None)
    if count is None and client is not None:
        count = sum(client.nthreads().values())
    return _AHEAD * max(1, count) if isinstance(count, int) else _AHEAD_ELSE


def _ended(executor):
    """Clients of a cluster are closed: their shutdown would end the cluster."""
    (getattr(executor, "close", None) or executor.shutdown)()
