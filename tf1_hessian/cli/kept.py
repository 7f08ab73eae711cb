"""Products with the Hessian that outlive the run: Lanczos' method asks for the same ones again when it starts anew."""
import hashlib
import os

import numpy as np

from tf1_hessian.cli.failures import INPUT, Stop
from tf1_hessian.optimize import HessianOperator

__all__ = ["KeptOperator"]

_HEAD = b"tf1_hessian products 1\n"


class KeptOperator(HessianOperator):
    """A HessianOperator whose finished products are kept in a file; what is there is not evaluated again.

    path: the file, or None to keep nothing. report: a function of the number of products so far. Other arguments as in
    th.HessianOperator. A vector that differs in its last bit is another vector, so that a result never depends on what
    was kept. Raises Stop for a file that holds something else.
    """

    def __init__(self, path, report, *given, **options):
        super(KeptOperator, self).__init__(*given, **options)
        self._file = None if path is None else _Products(path, self.shape[0])
        self._report, self._done = report, 0

    def _matmat(self, vectors):
        # One by one where they are kept, so that a run that is killed loses one at most.
        parts = [vectors] if self._file is None else [vectors[:, [i]] for i in range(vectors.shape[1])]
        return np.concatenate([self._times(p) for p in parts], 1) if parts else np.zeros(vectors.shape)

    def _times(self, vectors):
        found = None if self._file is None else self._file.read(vectors)
        if found is None:
            found = super(KeptOperator, self)._matmat(vectors)
            if self._file is not None and np.all(np.isfinite(found)):
                self._file.add(vectors, found)
        self._done += vectors.shape[1]
        self._report(self._done)
        return found


class _Products(object):
    """A file of records, each the hash of a vector, its product and the hash of both. What a killed run left of its
    last record is dropped."""

    def __init__(self, path, n):
        self._path, self._places = path, {}
        self._head, self._size = _HEAD + b"%d\n" % n, 8 * n
        self._end = self._scanned() if os.path.exists(path) else None

    def _scanned(self):
        """Where the last whole record ends."""
        with open(self._path, "rb") as file:
            head = file.read(len(self._head))
            if head != self._head:
                raise Stop(INPUT, "'%s' holds no finished products of this question. Remove it to start anew, or give "
                           "another --out" % self._path)
            while True:
                end = file.tell()
                record = file.read(self._size + 64)
                if len(record) < self._size + 64 or hashlib.sha256(record[:-32]).digest() != record[-32:]:
                    return end
                self._places[record[:32]] = end + 32

    def read(self, vectors):
        """The product with an array [n, 1], or None."""
        place = self._places.get(_hash(vectors))
        if place is None:
            return None
        with open(self._path, "rb") as file:
            file.seek(place)
            return np.frombuffer(file.read(self._size), "<f8").astype(np.float64)[:, None]

    def add(self, vectors, found):
        """Puts a product behind the others."""
        record = _hash(vectors) + np.asarray(found, "<f8").tobytes()
        with open(self._path, "r+b" if self._end is not None else "wb") as file:
            if self._end is None:
                file.write(self._head)
                self._end = len(self._head)
            file.seek(self._end)
            file.truncate()
            file.write(record + hashlib.sha256(record).digest())
        self._places[record[:32]] = self._end + 32
        self._end += self._size + 64


def _hash(vectors):
    return hashlib.sha256(np.ascontiguousarray(vectors, "<f8").tobytes()).digest()
