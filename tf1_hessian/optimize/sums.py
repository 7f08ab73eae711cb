"""Values over one feed_dict, or added up over many."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import refusals
from tf1_hessian.runners.accumulators import WeightedMean
from tf1_hessian.runners.batches import Feeds
from tf1_hessian.runners.evaluate import evaluate, session_of

__all__ = ["Sum"]


class Sum(object):
    """Where a loss is evaluated, and how the batches count.

    feeds: None, a feed_dict, a list of feed_dicts or of .npz files with an array for each placeholder, or a function
    without arguments that gives an iterable of them, each time anew. weight: None, a scalar tensor or a function of the
    feed_dict, what a batch counts; reduce: "mean", sum(w v) / sum(w), or "sum", sum(w v). Raises ValueError for others.
    """

    def __init__(self, session, feeds, weight, reduce):
        WeightedMean([], reduce)
        if not (feeds is None or callable(feeds) or isinstance(feeds, (dict, list, tuple))):
            raise errors.bad_option("feeds", feeds, "None, a feed_dict, a list of feed_dicts, or a function that gives "
                                    "an iterable of them: what can be read once alone serves one product")
        if not (weight is None or callable(weight) or hasattr(weight, "op") or isinstance(weight, str)):
            raise errors.bad_option("weight", weight, "None, a scalar tensor, or a function of the feed_dict")
        self._session, self._feeds, self._weight, self._reduce = session, feeds, weight, reduce

    def first(self):
        """The first feed_dict."""
        if self._feeds is None or isinstance(self._feeds, dict):
            return self._feeds or {}
        found = self._batches().step(session_of(self._session), lambda feed: None)
        if found is None:
            raise refusals.no_batches()
        return found[0]

    def _batches(self):
        found = self._feeds() if callable(self._feeds) else self._feeds
        found = [found or {}] if found is None or isinstance(found, dict) else found
        if not found and isinstance(found, (list, tuple)):
            raise refusals.no_batches()
        return Feeds(found, iter(found), (), False)

    @property
    def _is_single(self):
        return self._weight is None and (self._feeds is None or isinstance(self._feeds, dict))

    def of(self, tensors, more=({},)):
        """The values of tensors for each of the feed_dicts in `more`, a list of arrays in float64 for each, added up
        over the batches, each of which is read once. What is not finite is refused where there are several batches."""
        session = session_of(self._session)
        if self._is_single:
            return [[np.asarray(v, np.float64) for v in self._run(tensors, self._feeds or {}, extra, session)]
                    for extra in more]
        total = WeightedMean([t.name for t in tensors] * len(more), self._reduce)
        batches = self._batches()
        while True:
            found = batches.step(session, lambda feed: [self._run(tensors, feed, extra, session) for extra in more])
            if found is None:
                break
            values = [v for each in found[1] for v in each[:len(tensors)]]
            total.add(values, self._weight_of(found[0], found[1][0], total.batches))
        result = [np.asarray(v, np.float64) for v in total.result()]
        return [result[i:i + len(tensors)] for i in range(0, len(result), len(tensors))]

    def _run(self, tensors, batch, extra, session):
        is_fetched = self._weight is not None and not callable(self._weight)
        feed = dict(batch)
        feed.update(extra)
        return evaluate(list(tensors) + ([self._weight] if is_fetched else []), feed, session)

    def _weight_of(self, feed, values, batch):
        if self._weight is None:
            return None
        found = np.asarray(self._weight(feed) if callable(self._weight) else values[-1])
        if found.ndim or found.dtype.kind not in "biuf" or not np.isfinite(found):
            raise refusals.wrong_weight(found, batch)
        return float(found)
