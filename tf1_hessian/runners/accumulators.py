"""Sums over batches that lose nothing: in float64, with the rounding errors of the additions carried along."""
import collections
import zlib

import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import checkpoints, flat, refusals

__all__ = ["REDUCTIONS", "WeightedMean", "chained"]

REDUCTIONS = ("mean", "sum")
# Whole numbers up to here are exact in float64.
_LARGEST_WHOLE = 2 ** 53

_State = collections.namedtuple("_State", "sums spare waiting weights batches mark")
_State.__doc__ = """All that changes, changed at once: an interrupt finds the state before a batch or after it. sums:
(sums, rests), a vector each for all values; spare: two vectors that the next ones are written into; waiting: how many
rows of the Flat are still to be added; weights: (sum, rest); mark: of all batches so far."""
_EMPTY = _State((), (), 0, (0.0, 0.0), 0, 0)


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
        self._kinds, self._flat, self._state = [], flat.Flat([]), _EMPTY

    @property
    def batches(self):
        """How many were added."""
        return self._state.batches

    @property
    def mark(self):
        """One number for the marks of all batches in their order."""
        return self._state.mark

    def add(self, values, weight=None, mark=None):
        """Adds the arrays of one batch; weight: a finite number, None for 1; mark: a number that tells it from
        others, None where nobody asks.

        Raises ValueError for what is not finite, no number, or of another shape than before; nothing is added then.
        """
        values = [np.asarray(v) for v in values]
        for name, value in zip(self._names, values):
            if value.dtype.kind != "f":
                self._check_number(name, value)
        if self._state.waiting == len(self._flat.rows):
            self._settle()
        kinds, state = flat.kinds_of(values), self._state
        if not state.sums:
            self._is_whole = [v.dtype.kind in "biu" and weight is None and self._reduce == "sum" for v in values]
            state = self._begun(kinds)
        elif kinds != self._kinds:
            self._refuse_change(kinds)
        if not self._flat.fill(state.waiting, values, weight):
            self._refuse_odd(values, weight)
        weights = _added(state.weights[0], state.weights[1], 1.0 if weight is None else float(weight))
        self._state = _State(state.sums, state.spare, state.waiting + 1, weights, state.batches + 1,
                             state.mark if mark is None else chained(state.mark, mark))

    def _begun(self, kinds):
        """The state before the first batch."""
        self._kinds, self._flat = kinds, flat.Flat(kinds)
        vectors = [np.zeros(self._flat.size) for _ in range(4)]
        return self._state._replace(sums=tuple(vectors[:2]), spare=tuple(vectors[2:]))

    def _settle(self):
        """Adds the batches that wait."""
        state = self._state
        if state.waiting:
            self._flat.add(state.waiting, state.sums, state.spare)
            self._state = state._replace(sums=state.spare, spare=state.sums, waiting=0)

    def result(self):
        """The arrays of the mean, or of the sum. ValueError where nothing was added, or the sums are beyond float64."""
        if not self._state.sums or self._is_whole is None:
            raise refusals.no_batches()
        sums, rests = self._parts()
        weights = self._state.weights[0] + self._state.weights[1]
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
        arrays = {}
        for kind, parts, weight in zip(("sum", "rest"), self._parts(), self._state.weights):
            arrays.update(("%s_%d" % (kind, i), part) for i, part in enumerate(parts + [np.asarray(weight)]))
        kept = {"batches": self.batches, "mark": self.mark, "is_whole": self._is_whole}
        checkpoints.write(path, problem, dict(more, **kept), arrays)

    def load(self, path, problem):
        """Takes what `save` wrote; returns the dict with `more`. Raises CheckpointError for a damaged file, and for one
        of another problem."""
        header, arrays = checkpoints.read(path, problem)
        try:
            self._take(header, arrays)
            self._is_whole = header["is_whole"]
        except (KeyError, TypeError) as error:
            raise refusals.damaged(path, errors.first_line(error)) from error
        return header

    def _parts(self):
        """The arrays of the sums, and those of the rests."""
        self._settle()
        return [self._flat.parts(vector) for vector in self._state.sums] if self._state.sums else [[], []]

    def _take(self, header, arrays):
        """Takes the state that a file holds."""
        count, state = len(self._names), _EMPTY._replace(batches=header["batches"], mark=header["mark"])
        if header["batches"]:
            stored = [[arrays["%s_%d" % (kind, i)] for i in range(count + 1)] for kind in ("sum", "rest")]
            begun = self._begun(flat.kinds_of(stored[0][:count]))
            for vector, parts in zip(begun.sums, stored):
                for part, array in zip(self._flat.parts(vector), parts):
                    part[...] = array
            state = state._replace(sums=begun.sums, spare=begun.spare, weights=tuple(float(p[-1]) for p in stored))
        self._state = state

    def _check_number(self, name, value):
        """Raises for what float64 or complex128 does not hold."""
        where = name, self.batches
        if value.dtype.kind not in "biufc" and value.dtype.name != "bfloat16":
            raise refusals.not_a_number(value.dtype, *where)
        if value.dtype.kind in "iu" and value.size and max(int(value.max()), -int(value.min())) > _LARGEST_WHOLE:
            raise refusals.too_large(*where)

    def _refuse_change(self, kinds):
        for name, (before, was_complex), (now, is_complex) in zip(self._names, self._kinds, kinds):
            if before != now:
                raise refusals.changed_shape(name, self.batches, before, now)
            if was_complex != is_complex:
                raise refusals.changed_kind(name, self.batches)

    def _refuse_odd(self, values, weight):
        terms = [v if weight is None else v * np.float64(weight) for v in values]
        odd = [i for i, term in enumerate(terms) if not np.isfinite(term.astype(np.complex128)).all()]
        raise refusals.not_finite(values[odd[0]], weight, self._names[odd[0]], self.batches)


def chained(mark, more):
    """The mark of some batches and one more."""
    return zlib.crc32(("%d %d" % (mark, more)).encode("ascii"))


def _added(total, rest, term):
    """A sum with a term more, and the rest with what this rounds off, as Flat.add has it."""
    new = total + term
    taken = new - total
    return new, rest + ((total - (new - taken)) + (term - taken))


def _whole(total, rest):
    """The sum of whole numbers as int64; as float64 where it is beyond."""
    if np.all(np.abs(total) < 2.0 ** 62):
        return total.astype(np.int64) + rest.astype(np.int64)
    return total + rest
