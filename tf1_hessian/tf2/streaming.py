"""Second derivatives summed over many batches of a Python loss."""
import os
import time

import numpy as np

from tf1_hessian import __version__, _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.runners import checkpoints, refusals
from tf1_hessian.runners.accumulators import WeightedMean, chained
from tf1_hessian.runners.batches import mark_of
from tf1_hessian.runners.streaming import Pace
from tf1_hessian.streams.progress import reporting
from tf1_hessian.tf2 import calls
from tf1_hessian.tf2.question import refuse_graph

__all__ = ["stream"]

_CALLS = {"diag": calls.hessian_diag, "full": calls.hessian}


def stream(fn, xs, batches, quantity="diag", *, weight=None, reduce="mean", progress=None, checkpoint=None, every=None,
           **options):
    """The weighted mean, or sum, over batches of `th.tf2.hessian_diag` (quantity "diag") or `th.tf2.hessian` ("full"):
    numpy arrays of float64 in the structure of the result.

    fn, xs: as the module says. batches: an iterable of args, a tuple for each call of fn (another item stands for a
    tuple of itself), such as a tf.data.Dataset. weight: what a batch counts, a function of its tuple, 1 if None.
    options: those of the call. reduce, progress, checkpoint, every, the sums and what is raised: as in `th.stream`. A
    checkpoint is of the structure of the result and the values of xs; not of fn, whose code can't be told from others.
    """
    refuse_graph("stream")
    if quantity not in _CALLS:
        raise errors.bad_option("quantity", quantity, "'diag' or 'full'")
    if weight is not None and not callable(weight):
        raise errors.bad_option("weight", weight, "None, or a function of the tuple that a batch is")
    if checkpoint is None and every is not None:
        raise errors.bad_option("every", every, "None without checkpoint=, which it is about")
    names, structure = _names(xs, quantity, options)
    mean, pace = WeightedMean(names, reduce), Pace(every)
    store = None
    if checkpoint is not None:
        problem = {"kind": "th.tf2.stream", "library": __version__, "quantity": quantity, "reduce": reduce,
                   "names": names, "weight": weight is not None, "options": repr(sorted(options.items())),
                   "values of xs": _mark([_value(x) for x in _compat.flatten(xs)], is_whole=True)}
        store = _Store(os.fspath(checkpoint), problem, pace)
        if store.load(mean):
            return _compat.pack_sequence(structure, mean.result())
        checkpoints.check_place(store.path)
    with reporting(progress, "batch") as report:
        _add_all(batches, mean, weight, lambda args: _CALLS[quantity](fn, xs, args=args, **options), store, report)
    return _compat.pack_sequence(structure, mean.result())


def _add_all(batches, mean, weight, found, store, report):
    """Adds all batches that are not in the mean yet; what is finished when something raises is in the checkpoint."""
    skipped, before, start, mark = mean.batches, 0, time.perf_counter(), 0
    total = len(batches) if hasattr(batches, "__len__") else None
    try:
        for batch in batches:
            args = tuple(batch) if isinstance(batch, (list, tuple)) else (batch,)
            own = 0 if store is None else _mark(_compat.flatten(args))
            if before < skipped:
                before, mark = before + 1, chained(mark, own)
                if before == skipped and mark != mean.mark:
                    raise refusals.other_batches(store.path, skipped)
                continue
            values = [np.asarray(v) for v in _compat.flatten(found(args))]
            mean.add(values, None if weight is None else _weight_of(weight, args, mean.batches), own)
            if store is not None:
                store.keep(mean)
            if report is not None:
                report(mean.batches, total, time.perf_counter() - start)
        if before < skipped:
            raise refusals.fewer_batches(store.path, skipped, before)
    except BaseException:
        if store is not None and mean.batches > skipped:
            store.write(mean, False)
        raise
    if store is not None:
        store.write(mean, True)


def _mark(tensors, is_whole=False):
    return mark_of([(str(i), np.asarray(t)) for i, t in enumerate(tensors)], is_whole)


def _weight_of(weight, args, batch):
    found = weight(args)
    value = np.asarray(found)
    if value.ndim or value.dtype.kind not in "biuf" or not np.isfinite(value):
        raise refusals.wrong_weight(found, batch)
    return float(value)


def _value(x):
    """The present value of a variable, or a tensor or array itself."""
    inner = getattr(x, "value", None)
    return tf.convert_to_tensor(inner if isinstance(inner, _compat.Variable) else x)


def _names(xs, quantity, options):
    """What messages call the arrays of a result, and the structure that they are in."""
    leaves = [str(getattr(x, "name", "xs[%d]" % i)) if not _compat.is_eager(x) else "xs[%d]" % i
              for i, x in enumerate(_compat.flatten(xs))]
    if quantity == "diag":
        return leaves, xs
    if options.get("flat"):
        return ["Hessian"], 0
    blocks = [_compat.pack_sequence(xs, ["%s, %s" % (a, b) for b in leaves]) for a in leaves]
    structure = _compat.pack_sequence(xs, blocks)
    if not _compat.is_structure(xs):
        structure = leaves[0]
    return _compat.flatten(structure), structure


class _Store(object):
    """The checkpoint of one stream."""

    def __init__(self, path, problem, pace):
        self.path, self._problem, self._pace = path, problem, pace

    def load(self, mean):
        """Puts what there is into the mean: whether it is finished."""
        return os.path.exists(self.path) and bool(mean.load(self.path, self._problem)["is_finished"])

    def write(self, mean, is_finished):
        """Writes the checkpoint."""
        mean.save(self.path, self._problem, is_finished=is_finished)
        self._pace.restart()

    def keep(self, mean):
        """Writes it where it is due."""
        if self._pace.is_due():
            self.write(mean, False)
