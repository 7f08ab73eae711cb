"""Sums over batches that lose nothing: in float64, with the rounding errors of the additions carried along."""
import collections
import zlib

import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import checkpoints, refusals

__all__ = ["REDUCTIONS", "WeightedMean", "chained"]

REDUCTIONS = ("mean", "sum")
# Whole numbers up to here are exact in float64.
_LARGEST_WHOLE = 2 ** 53

_State = collections.namedtuple("_State", "sums rests batches mark")
_State.__doc__ = """All that changes, changed at once: an interrupt finds the state before a batch or after it. sums,
rests: an array for each value, and one for the weights behind them; mark: of all batches so far."""


class WeightedMean(object):
    """The weighted mean, or sum, of lists of arrays that come batch by batch. The one mutable value: add, save, load.

    names: what messages call the arrays. reduce: "mean", sum(w v) / sum(w), or "sum", sum(w v). Sums are in float64 or
    complex128; what an addition rounds off is added up beside them (Neumaier, ZAMM 54, 1974), so that the error does
    not grow with the number of batches. Whole numbers that are summed without weights stay whole.
    """

    def __init__(self, names, reduce="mean"):
        if reduce not in REDUCTIONS:
            raise errors.bad_option("reduce", reduce, "one of " + ", ".join(REDUCTIONS))
        self._names, self._reduce, self._is_whole = list(names), reduce, None
        self._state = _State(None, None, 0, 0)

    @property
    def batches(self):
        """How many were added."""
        return self._state.batches

    @property
    def mark(self):
        """One number for the marks of all batches in their order."""
        return self._state.mark

    def add(self, values, weight=None, mark=0):
        """Adds the arrays of one batch; weight: a finite number, None for 1; mark: a number that tells it from others.

        Raises ValueError for what is not finite, no number, or of another shape than before; nothing is added then.
        """
        terms = [self._term(*found, weight=weight) for found in zip(self._names, values)]
        terms.append(1.0 if weight is None else float(weight))
        state = self._state
        if state.sums is None:
            self._is_whole = [_is_whole(v) and weight is None and self._reduce == "sum" for v in values]
            sums, rests = terms, [np.zeros_like(t) for t in terms]
        else:
            for name, total, term in zip(self._names, state.sums, terms):
                self._check_shape(name, total, term)
            pairs = [_added(*three) for three in zip(state.sums, state.rests, terms)]
            sums, rests = [s for s, _ in pairs], [r for _, r in pairs]
        self._state = _State(sums, rests, state.batches + 1, chained(state.mark, mark))

    def result(self):
        """The arrays of the mean, or of the sum. ValueError where nothing was added, or the sums are beyond float64."""
        sums, rests, _, _ = self._state
        if sums is None or self._is_whole is None:
            raise refusals.no_batches()
        weights = sums[-1] + rests[-1]
        if self._reduce == "mean" and weights == 0:
            raise refusals.no_weight()
        found = [_whole(s, r) if w else s + r for s, r, w in zip(sums, rests, self._is_whole)]
        if self._reduce == "mean":
            found = [f / weights for f in found]
        for name, value in zip(self._names, found):
            if not np.all(np.isfinite(value)):
                raise refusals.overflow(name)
        return found

    def save(self, path, problem, **more):
        """Writes all of it to a file, at once or not at all, and more for json. problem: what is added up, for json."""
        state, arrays = self._state, {}
        for kind, parts in (("sum", state.sums), ("rest", state.rests)):
            arrays.update(("%s_%d" % (kind, i), part) for i, part in enumerate(parts or []))
        kept = {"batches": state.batches, "mark": state.mark, "is_whole": self._is_whole}
        checkpoints.write(path, problem, dict(more, **kept), arrays)

    def load(self, path, problem):
        """Takes what `save` wrote; returns the dict with `more`. Raises CheckpointError for a damaged file, and for one
        of another problem."""
        header, arrays = checkpoints.read(path, problem)
        try:
            count = len(self._names) + 1 if header["batches"] else 0
            sums, rests = ([arrays["%s_%d" % (kind, i)] for i in range(count)] for kind in ("sum", "rest"))
            self._state = _State(sums or None, rests or None, header["batches"], header["mark"])
            self._is_whole = header["is_whole"]
        except (KeyError, TypeError) as error:
            raise refusals.damaged(path, errors.first_line(error)) from error
        return header

    def _term(self, name, value, weight):
        """A weighted value as a new array of float64 or complex128, finite."""
        where = name, self.batches
        value = np.asarray(value)
        if value.dtype.kind not in "biufc" and value.dtype.name != "bfloat16":
            raise refusals.not_a_number(value.dtype, *where)
        if value.dtype.kind in "iu" and value.size and max(int(value.max()), -int(value.min())) > _LARGEST_WHOLE:
            raise refusals.too_large(*where)
        term = value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)
        if weight is not None:
            term = term * weight
        if not np.isfinite(term).all():
            raise refusals.not_finite(value, weight, *where)
        return term

    def _check_shape(self, name, total, term):
        if total.shape != term.shape:
            raise refusals.changed_shape(name, self.batches, total.shape, term.shape)


def chained(mark, more):
    """The mark of some batches and one more."""
    return zlib.crc32(("%d %d" % (mark, more)).encode("ascii"))


def _added(total, rest, term):
    """A sum with a term more, and the rest with what this rounds off: exact without branches (Knuth's two-sum)."""
    new = total + term
    taken = new - total
    return new, rest + ((total - (new - taken)) + (term - taken))


def _is_whole(value):
    return np.asarray(value).dtype.kind in "biu"


def _whole(total, rest):
    """The sum of whole numbers as int64; as float64 where it is beyond."""
    if np.all(np.abs(total) < 2.0 ** 62):
        return total.astype(np.int64) + rest.astype(np.int64)
    return total + rest
