"""Values over one feed_dict, or added up over many."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners.evaluate import evaluate

__all__ = ["Sum"]


class Sum(object):
    """Where a loss is evaluated, and how the batches count.

    feeds: None, a feed_dict, a list of these, or a function without arguments that gives an iterable of them, each time
    anew. weight: None, a scalar tensor or a function of the feed_dict, what a batch counts; reduce: "mean", sum(w v) /
    sum(w), or "sum", sum(w v). Raises ValueError for others.
    """

    def __init__(self, session, feeds, weight, reduce):
        if reduce not in ("mean", "sum"):
            raise errors.bad_option("reduce", reduce, "one of mean, sum")
        if not (feeds is None or callable(feeds) or isinstance(feeds, (dict, list, tuple))):
            raise errors.bad_option("feeds", feeds, "None, a feed_dict, a list of feed_dicts, or a function that gives an "
                                    "iterable of them: what can be read once alone serves one product")
        if not (weight is None or callable(weight) or hasattr(weight, "op") or isinstance(weight, str)):
            raise errors.bad_option("weight", weight, "None, a scalar tensor, or a function of the feed_dict")
        self._session, self._feeds, self._weight, self._reduce = session, feeds, weight, reduce

    def first(self):
        """The first feed_dict."""
        return next(iter(self._batches()), {})

    def _batches(self):
        found = self._feeds() if callable(self._feeds) else self._feeds
        return [found or {}] if found is None or isinstance(found, dict) else found

    def of(self, tensors, more=({},)):
        """The values of tensors for each of the feed_dicts in `more`, [(values as arrays) for each], added up over the
        batches, each of which is read once."""
        totals, weights = None, 0.0
        for batch in self._batches():
            found = [self._run(tensors, batch, extra) for extra in more]
            weight = found[0][1]
            values = [[np.asarray(v, np.float64) * weight for v in vs] for vs, _ in found]
            totals = values if totals is None else [[t + v for t, v in zip(*pair)] for pair in zip(totals, values)]
            weights += weight
        if totals is None:
            raise errors.bad_option("feeds", self._feeds, "at least one feed_dict")
        if self._reduce == "sum":
            return totals
        if not weights:
            raise ValueError("The weights of all batches add up to zero, so that there is no mean.")
        return [[t / weights for t in ts] for ts in totals]

    def _run(self, tensors, batch, extra):
        feed = dict(batch)
        feed.update(extra)
        is_fetched = self._weight is not None and not callable(self._weight)
        values = evaluate(list(tensors) + ([self._weight] if is_fetched else []), feed, self._session)
        if self._weight is None:
            return values, 1.0
        weight = float(values.pop() if is_fetched else self._weight(batch))
        if not np.isfinite(weight):
            raise ValueError("The weight of a batch is %s; expected a finite number." % weight)
        return values, weight
