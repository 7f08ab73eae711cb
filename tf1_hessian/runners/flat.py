"""Arrays behind one another in one vector of float64, and sums of such vectors that lose nothing."""
import numpy as np

__all__ = ["Flat", "kinds_of"]

# Elements that are added at a time: the numbers on the way stay in the caches of a core.
_PIECE = 4096


def kinds_of(values):
    """(shape, whether complex) of arrays."""
    return [(v.shape, v.dtype.kind == "c") for v in values]


class Flat(object):
    """How arrays of some kinds lie in a vector of `size` numbers, a complex one as two."""

    def __init__(self, kinds):
        self._kinds, self._starts, self.size = kinds, [], 0
        for shape, is_complex in kinds:
            self._starts.append(self.size)
            self.size += int(np.prod(shape, dtype=np.int64)) * (2 if is_complex else 1)
        self._pieces = self._cut()
        self._buffers = np.empty((4, min(_PIECE, self.size)))
        self._finite = np.empty(min(_PIECE, self.size), np.bool_)

    def parts(self, vector):
        """The arrays in a vector, as views."""
        found = []
        for (shape, is_complex), start in zip(self._kinds, self._starts):
            count = int(np.prod(shape, dtype=np.int64)) * (2 if is_complex else 1)
            part = vector[start:start + count]
            found.append((part.view(np.complex128) if is_complex else part).reshape(shape))
        return found

    def vector(self, arrays):
        """The vector of arrays of these kinds."""
        vector = np.zeros(self.size)
        for part, array in zip(self.parts(vector), arrays):
            part[...] = array
        return vector

    def add(self, values, weight, before, after):
        """Puts weighted arrays of these kinds on top of (sums, rests) `before` into `after`, two other vectors; whether
        all were finite. Each sum is rounded; what this leaves out goes into the rest, exactly (Knuth's two-sum, which
        needs no branches)."""
        numbers = [_numbers(v) for v in values]
        (sums, rests), (new_sums, new_rests) = before, after
        for start, stop, fills in self._pieces:
            term, taken, kept, lost = self._buffers[:, :stop - start]
            for index, first, last, at in fills:
                term[at:at + last - first] = numbers[index][first:last]
            if weight is not None:
                np.multiply(term, weight, out=term)
            if not np.isfinite(term, out=self._finite[:stop - start]).all():
                return False
            total, new = sums[start:stop], new_sums[start:stop]
            np.add(total, term, out=new)
            np.subtract(new, total, out=taken)
            np.subtract(new, taken, out=kept)
            np.subtract(total, kept, out=lost)
            np.subtract(term, taken, out=term)
            np.add(lost, term, out=lost)
            np.add(rests[start:stop], lost, out=new_rests[start:stop])
        return True

    def _cut(self):
        """(start, stop, what fills it) of each piece; of a filling: which array, its first and last number, where."""
        pieces = [(at, min(at + _PIECE, self.size), []) for at in range(0, self.size, _PIECE)]
        stops = self._starts[1:] + [self.size]
        for index, (begin, end) in enumerate(zip(self._starts, stops)):
            at = begin
            while at < end:
                start, stop, fills = pieces[at // _PIECE]
                last = min(end, stop)
                fills.append((index, at - begin, last - begin, at - start))
                at = last
        return pieces


def _numbers(value):
    """The numbers of an array in a row, those of a complex one as pairs."""
    flat = value.reshape(-1)
    return np.ascontiguousarray(flat).view(flat.real.dtype) if value.dtype.kind == "c" else flat
