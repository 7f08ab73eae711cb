"""Arrays that are computed row by row into a file, which a killed run leaves as far as it came."""
import os
import shutil

import numpy as np

from tf1_hessian.runners import checkpoints, refusals

__all__ = ["RowFile"]


class RowFile(object):
    """An .npy file that is filled from its first row to its last.

    While rows are missing it is called `path`.part, and `path`.progress tells how many there are; both are written
    before the next rows are computed, so that a crash loses no more than `pace` allows. The latter stays, to tell what
    the file is of. problem: what the rows are of, for json. Rows are written, not mapped: a full disk is an OSError
    then, where a mapped file ends the program. Raises CheckpointError for a file of something else, which is left as it
    was.
    """

    def __init__(self, path, shape, dtype, problem, pace):
        self.path, self._shape, self._dtype, self._pace = path, tuple(shape), np.dtype(dtype), pace
        self._part, self._progress = path + ".part", path + ".progress"
        self._problem = dict(problem, shape=list(shape), dtype=self._dtype.name)
        self.done = 0
        self._row_bytes = self._dtype.itemsize * int(np.prod(self._shape[1:], dtype=np.int64))
        self.is_finished = self._found()

    def _found(self):
        """Whether all rows are there; takes up what an earlier run left."""
        if not os.path.exists(self._progress):
            if os.path.exists(self.path):
                raise refusals.not_ours(self.path, self._progress)
            return False
        state, _ = checkpoints.read(self._progress, self._problem)
        self.done = state["rows"]
        there = self.path if self.done == self._shape[0] and not os.path.exists(self._part) else self._part
        if not os.path.exists(there) or os.path.getsize(there) < self._offset_of(there) + self.done * self._row_bytes:
            raise refusals.damaged(there, "it holds fewer rows than '%s' says" % self._progress)
        if there == self._part and self.done == self._shape[0]:
            self._rename()
        return self.done == self._shape[0]

    def _offset_of(self, path):
        with open(path, "rb") as file:
            return self._read_header(file, path)

    def _read_header(self, file, path):
        try:
            np.lib.format.read_magic(file)
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except ValueError as error:
            raise refusals.damaged(path, str(error).rstrip(".")) from error
        if (tuple(shape), is_fortran, dtype) != (self._shape, False, self._dtype):
            raise refusals.damaged(path, "it holds an array %s of %s" % (list(shape), dtype))
        return file.tell()

    def __enter__(self):
        """Opens the file to go on writing; raises OSError where that is not possible."""
        self._check_room()
        try:
            if self.done:
                self._file = open(self._part, "r+b")
                offset = self._read_header(self._file, self._part)
            else:
                checkpoints.check_place(self._progress)
                self._file = open(self._part, "w+b")
                np.lib.format.write_array_header_1_0(self._file, {
                    "descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": self._shape})
                offset = self._file.tell()
            self._file.seek(offset + self.done * self._row_bytes)
        except OSError as error:
            raise refusals.unwritable(error, self._part, False) from error
        self._kept = self.done
        return self

    def _check_room(self):
        """Raises OSError where the missing rows are more than the disk has left, before any is computed."""
        missing = (self._shape[0] - self.done) * self._row_bytes
        folder = os.path.dirname(os.path.abspath(self.path))
        free = shutil.disk_usage(folder).free if os.path.isdir(folder) else missing
        if missing > free:
            raise refusals.no_room(self.path, missing, free)

    def __exit__(self, kind, error, trace):
        try:
            if self.done > self._kept and not isinstance(error, OSError):
                self._keep()
        finally:
            self._file.close()
        if self.done == self._shape[0] and error is None:
            self._rename()
            self.is_finished = True

    def add(self, rows):
        """Writes the next rows."""
        try:
            self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
            self.done += len(rows)
            if self._pace.is_due():
                self._keep()
        except OSError as error:
            raise refusals.unwritable(error, self._part, True) from error

    def _keep(self):
        self._file.flush()
        os.fsync(self._file.fileno())
        checkpoints.write(self._progress, self._problem, {"rows": self.done}, {})
        self._kept = self.done
        self._pace.restart()

    def _rename(self):
        os.replace(self._part, self.path)

    def mapped(self):
        """The finished array, read from the file as it is used."""
        return np.load(self.path, mmap_mode="r", allow_pickle=False)
