"""Arrays behind one another in vectors, and sums of such vectors in float64."""
import numpy as np

__all__ = ["BLOCK", "Flat", "is_narrow", "kinds_of"]

# Vectors of float32 that are added up as they are before their sum is added with its rest.
BLOCK = 16
# Elements that are added at a time: many calls cost more than numbers that stay in the caches of a core save.
_PIECE = 16384
# Vectors that wait for being added together, since sums are cold after each session call; and their bytes at most.
_ROWS, _BYTES = 16, 2 ** 21
# A finite float32 times a weight up to here is finite in float64.
_LARGE = 2.0 ** 800


def kinds_of(values):
    """(shape, whether complex) of arrays."""
    return [(v.shape, v.dtype.kind == "c") for v in values]


def is_narrow(values):
    """Whether arrays are of float32 or less, of which float64 holds sums with 29 bits to spare."""
    return all(v.dtype.itemsize <= (8 if v.dtype.kind == "c" else 4) and v.dtype.kind not in "biu" for v in values)


class Flat(object):
    """How arrays of some kinds lie in a vector of `size` numbers, a complex one as two. rows: a matrix of vectors that
    wait for being added, of float32 where the arrays are narrow, else of float64."""

    def __init__(self, kinds, is_narrow=False):
        self._places, self.size, self.is_narrow = [], 0, is_narrow
        for shape, is_complex in kinds:
            stop = self.size + int(np.prod(shape, dtype=np.int64)) * (2 if is_complex else 1)
            self._places.append((slice(self.size, stop), shape, is_complex))
            self.size = stop
        dtype = np.dtype(np.float32 if is_narrow else np.float64)
        count = max(1, min(_ROWS, _BYTES // max(1, dtype.itemsize * self.size)))
        self.rows = np.empty((count, self.size), dtype)
        self._buffers = np.empty((4, min(_PIECE, self.size)))

    def parts(self, vector):
        """The arrays in a vector of float64, as views."""
        return [(vector[place].view(np.complex128) if is_complex else vector[place]).reshape(shape)
                for place, shape, is_complex in self._places]

    def fill(self, row, values, weight=None):
        """Puts arrays of these kinds into a row; whether all are finite, and are so times a weight."""
        row = self.rows[row]
        if len(values) > 1 and all(v.dtype.kind in "fiub" for v in values):
            np.concatenate(values, axis=None, out=row)  # one call: each costs several times what it does when warm
        else:
            for (place, _, is_complex), value in zip(self._places, values):
                row[place] = _pairs(value) if is_complex else value.reshape(-1)
        is_small = weight is None or self.is_narrow and abs(weight) < _LARGE
        with np.errstate(over="ignore", invalid="ignore"):
            # A sum of finite numbers alone may be beyond what holds it; then each is looked at.
            if is_small and np.isfinite(np.add.reduce(row)):
                return True
            return bool(np.isfinite(row if weight is None else np.multiply(row, weight, dtype=np.float64)).all())

    def add_up(self, weights, before, after):
        """Adds rows times their weights, one after the other, to the vector `before`, None for zeros, into another one:
        a rounding each."""
        for place in self._pieces():
            after[place] = 0 if before is None else before[place]
            for row, weight in enumerate(weights):
                np.add(after[place], self._term(row, weight, place), out=after[place])

    def add(self, weights, before, after):
        """Puts rows times their weights, one after the other, on top of (sums, rests) `before` into `after`.

        Each sum is rounded; what this leaves out goes into the rest, exactly.
        """
        self._compensate(lambda place: (self._term(*pair, place=place) for pair in enumerate(weights)), before, after)

    def add_vector(self, vector, before, after):
        """The same with a vector of float64."""
        self._compensate(lambda place: [vector[place]], before, after)

    def _compensate(self, terms_of, before, after):
        for place in self._pieces():
            total, rest = _copied(before, after, place)
            for term in terms_of(place):
                self._two_sum(total, rest, term)

    def _pieces(self):
        return [slice(start, start + _PIECE) for start in range(0, self.size, _PIECE)]

    def _term(self, row, weight, place):
        row = self.rows[row, place]
        if weight is None:
            return row
        # Old NumPy would take a number beside an array for one of the array's dtype.
        return np.multiply(row, weight, out=self._buffers[3, :row.size], dtype=np.float64)

    def _two_sum(self, total, rest, term):
        """Adds a term in place, and to the rest what that rounds off (Knuth's two-sum, without branches)."""
        new, taken, lost = self._buffers[:3, :total.size]
        np.add(total, term, out=new)
        np.subtract(new, total, out=taken)
        np.subtract(term, taken, out=lost)
        np.subtract(new, taken, out=taken)
        np.subtract(total, taken, out=taken)
        np.add(taken, lost, out=lost)
        np.add(rest, lost, out=rest)
        total[:] = new


def _copied(before, after, place):
    """Pieces of some vectors, once they hold what others do."""
    for source, target in zip(before, after):
        target[place] = source[place]
    return [target[place] for target in after]


def _pairs(value):
    """The numbers of a complex array in a row, as pairs."""
    value = np.ascontiguousarray(value.reshape(-1))
    return value.view(value.real.dtype)
