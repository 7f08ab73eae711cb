"""Arrays behind one another in vectors of float64, and sums of such vectors."""
import numpy as np

__all__ = ["Flat", "is_narrow", "kinds_of"]

# Elements that are added at a time: many calls cost more than numbers that stay in the caches of a core save.
_PIECE = 16384
# Vectors that wait for being added together, since sums are cold after each session call; and their bytes at most.
_ROWS, _BYTES = 16, 2 ** 20


def kinds_of(values):
    """(shape, whether complex) of arrays."""
    return [(v.shape, v.dtype.kind == "c") for v in values]


def is_narrow(values):
    """Whether float64 has at least 29 bits more than these arrays: a few of them may be added up as they are."""
    return all(v.dtype.itemsize <= (8 if v.dtype.kind == "c" else 4) for v in values)


class Flat(object):
    """How arrays of some kinds lie in a vector of `size` numbers, a complex one as two. rows: a matrix of vectors that
    wait for being added; two at least, so that one can be filled beside one that waits."""

    def __init__(self, kinds):
        self._places, self.size = [], 0
        for shape, is_complex in kinds:
            stop = self.size + int(np.prod(shape, dtype=np.int64)) * (2 if is_complex else 1)
            self._places.append((slice(self.size, stop), shape, is_complex))
            self.size = stop
        count = max(2, min(_ROWS, _BYTES // max(1, 8 * self.size)))
        self.rows = np.empty((count, self.size))
        self._buffers = np.empty((3, min(_PIECE, self.size)))

    def parts(self, vector):
        """The arrays in a vector, as views."""
        return [(vector[place].view(np.complex128) if is_complex else vector[place]).reshape(shape)
                for place, shape, is_complex in self._places]

    def fill(self, row, values, weight=None, onto=None):
        """Puts arrays of these kinds, times a weight, into a row; whether all are finite. onto: another row, whose
        vector is added, in float64 without more."""
        row = self.rows[row]
        if len(values) > 1 and all(v.dtype.kind in "fiub" for v in values):
            np.concatenate(values, axis=None, out=row)  # one call: each costs several times what it does when warm
        else:
            for (place, _, is_complex), value in zip(self._places, values):
                row[place] = _pairs(value) if is_complex else value.reshape(-1)
        if weight is not None:
            np.multiply(row, weight, out=row)
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduce(row)
            # A sum of finite numbers alone may be beyond float64; then each is looked at.
            is_finite = bool(np.isfinite(total)) or bool(np.isfinite(row).all())
            if onto is not None:
                np.add(row, self.rows[onto], out=row)
        return is_finite

    def add(self, rows, before, after):
        """Puts some rows, one after the other, on top of (sums, rests) `before` into `after`, two other vectors.

        Each sum is rounded; what this leaves out goes into the rest, exactly (Knuth's two-sum, without branches).
        """
        for start in range(0, self.size, _PIECE):
            place = slice(start, start + _PIECE)
            (total, rest), (last, kept) = [part[place] for part in before], [part[place] for part in after]
            other, taken, lost = self._buffers[:, :total.size]
            for left, row in zip(range(len(rows) - 1, -1, -1), rows):
                term, new = self.rows[row, place], other if left % 2 else last  # in turns, and `last` in the end
                np.add(total, term, out=new)
                np.subtract(new, total, out=taken)
                np.subtract(term, taken, out=lost)
                np.subtract(new, taken, out=taken)
                np.subtract(total, taken, out=taken)
                np.add(taken, lost, out=lost)
                rest = np.add(rest, lost, out=kept)
                total = new


def _pairs(value):
    """The numbers of a complex array in a row, as pairs."""
    value = np.ascontiguousarray(value.reshape(-1))
    return value.view(value.real.dtype)
