"""Sums over batches whose error does not grow: in float64, what additions round off carried along."""
import collections
import zlib

import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import checkpoints, flat, refusals

__all__ = ["REDUCTIONS", "WeightedMean", "chained"]

REDUCTIONS = ("mean", "sum")
# Whole numbers up to here are exact in float64.
_LARGEST_WHOLE = 2 ** 53

_State = collections.namedtuple("_State", "sums spare block filled waiting weights batches mark")
_State.__doc__ = """All that changes, changed at once: an interrupt finds the state before a batch or after it. sums:
(sums, rests), a vector each for all values; spare: two vectors that the next ones are written into; block: the sum of
the last `filled` narrow batches, which is not in these, and a spare vector; waiting: the weights of the batches in the
rows of the Flat, which are in none of them; weights: (sum, rest); mark: of all batches so far."""
_EMPTY = _State((), (), (), 0, (), (0.0, 0.0), 0, 0)
# What files call the vectors, and how they say what these are.
_VECTORS = ("sum", "rest", "block")
_SUMS = {"sums": "of blocks of %d" % flat.BLOCK}


class WeightedMean(object):
    """The weighted mean, or sum, of lists of arrays that come batch by batch. The one mutable value: add, save, load.

    names: what messages call the arrays. reduce: "mean", sum(w v) / sum(w), or "sum", sum(w v). Sums are in float64 or
    complex128; what an addition rounds off is added up beside them (Neumaier, ZAMM 54, 1974), so that the error does
    not grow with the number of batches. Only sums of 16 batches of float32 or less are rounded first, to 2^-49 of
    their sizes, where each value is known to 2^-24. Whole numbers that are summed without weights stay whole.
    """

    def __init__(self, names, reduce="mean"):
        if reduce not in REDUCTIONS:
            raise errors.bad_option("reduce", reduce, "one of " + ", ".join(REDUCTIONS))
        self._names, self._reduce = list(names), reduce
        self._seen, self._kinds, self._odd, self._is_whole = None, [], [], []
        self._flat, self._state = flat.Flat([]), _EMPTY

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
        seen = [(v.shape, v.dtype) for v in values]
        if seen != self._seen:
            self._meet(values, weight)
            self._seen = seen
        for i in self._odd:
            self._check_number(self._names[i], values[i])
        state = self._state
        if len(state.waiting) in (len(self._flat.rows), flat.BLOCK - state.filled):
            state = self._state = self._settled()
        if not self._flat.fill(len(state.waiting), values, weight):
            self._refuse_odd(values, weight)
        weights = _added(state.weights[0], state.weights[1], 1.0 if weight is None else float(weight))
        self._state = state._replace(
            waiting=state.waiting + (weight,), weights=weights, batches=state.batches + 1,
            mark=state.mark if mark is None else chained(state.mark, mark))

    def _meet(self, values, weight):
        """Makes ready for arrays of these shapes and dtypes."""
        kinds, is_narrow = flat.kinds_of(values), flat.is_narrow(values)
        odd = [i for i, v in enumerate(values) if v.dtype.kind != "f"]
        for i in odd:
            self._check_number(self._names[i], values[i])
        if not self._state.batches:
            self._is_whole = [v.dtype.kind in "biu" and weight is None and self._reduce == "sum" for v in values]
            self._begin(kinds, is_narrow)
        elif kinds != self._kinds:
            self._refuse_change(kinds)
        elif is_narrow != self._flat.is_narrow:
            sums, spare = self._closed()
            self._state = self._state._replace(sums=sums, spare=spare, waiting=(), filled=0)
            self._flat = flat.Flat(kinds, is_narrow)
        self._odd = odd

    def _begin(self, kinds, is_narrow):
        """Empty sums."""
        self._kinds, self._flat = kinds, flat.Flat(kinds, is_narrow)
        vectors = [np.zeros(self._flat.size) for _ in range(6)]
        self._state = _EMPTY._replace(sums=tuple(vectors[:2]), spare=tuple(vectors[2:4]), block=tuple(vectors[4:]))

    def _settled(self):
        """The state once the rows that wait are added."""
        state, rows = self._state, self._flat
        if not state.waiting:
            return state
        if not rows.is_narrow:
            rows.add(state.waiting, state.sums, state.spare)
            return state._replace(sums=state.spare, spare=state.sums, waiting=())
        block, spare = state.block
        rows.add_up(state.waiting, block if state.filled else None, spare)
        filled = state.filled + len(state.waiting)
        if filled == flat.BLOCK:
            rows.add_vector(spare, state.sums, state.spare)
            state = state._replace(sums=state.spare, spare=state.sums)
        return state._replace(block=(spare, block), filled=filled % flat.BLOCK, waiting=())

    def _closed(self):
        """(sums, spare) with the block added to the sums; the state keeps it apart."""
        state = self._state = self._settled()
        if not state.filled:
            return state.sums, state.spare
        self._flat.add_vector(state.block[0], state.sums, state.spare)
        return state.spare, state.sums

    def result(self):
        """The arrays of the mean, or of the sum. ValueError where nothing was added, or the sums are beyond float64."""
        if not self._state.batches:
            raise refusals.no_batches()
        sums, rests = [self._flat.parts(vector) for vector in self._closed()[0]]
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
        state = self._state = self._settled()
        arrays = dict(zip(("sum_weights", "rest_weights"), map(np.asarray, state.weights)))
        for kind, vector in zip(_VECTORS, state.sums + state.block[:1 if state.filled else 0]):
            arrays.update(("%s_%d" % (kind, i), part) for i, part in enumerate(self._flat.parts(vector)))
        kept = {"batches": self.batches, "filled": state.filled, "mark": self.mark, "is_whole": self._is_whole}
        checkpoints.write(path, dict(problem, **_SUMS), dict(more, **kept), arrays)

    def load(self, path, problem):
        """Takes what `save` wrote; returns the dict with `more`. Raises CheckpointError for a damaged file, and for one
        of another problem."""
        header, arrays = checkpoints.read(path, dict(problem, **_SUMS))
        try:
            self._take(header, arrays)
            self._is_whole = header["is_whole"]
        except (KeyError, TypeError) as error:
            raise refusals.damaged(path, errors.first_line(error)) from error
        return header

    def _take(self, header, arrays):
        """Takes the state that a file holds."""
        state = _EMPTY._replace(batches=header["batches"], mark=header["mark"])
        if header["batches"]:
            kinds = _VECTORS if header["filled"] else _VECTORS[:2]
            stored = [[arrays["%s_%d" % (kind, i)] for i in range(len(self._names))] for kind in kinds]
            self._begin(flat.kinds_of(stored[0]), bool(header["filled"]))
            begun = self._state
            for vector, parts in zip(begun.sums + begun.block, stored):
                for part, array in zip(self._flat.parts(vector), parts):
                    part[...] = array
            state = begun._replace(
                batches=state.batches, mark=state.mark, filled=header["filled"],
                weights=(float(arrays["sum_weights"]), float(arrays["rest_weights"])))
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
        with np.errstate(over="ignore"):
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
