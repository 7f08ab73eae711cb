"""Files that hold unfinished work: written at once or not at all, and read only for the problem that they are of."""
import glob
import json
import os
import uuid

import numpy as np

from tf1_hessian import errors
from tf1_hessian.runners import refusals

__all__ = ["FORMAT", "check_place", "check_problem", "read", "write"]

# Changes with the layout of the files.
FORMAT = 1
# Of the names of parts of files.
_DIGITS = 12


def check_place(path):
    """Raises OSError where a file can't be written, and removes what a killed run has left of one."""
    for left in glob.glob(glob.escape(path) + "." + "[0-9a-f]" * _DIGITS + ".part"):
        os.remove(left)
    if os.path.isdir(path):
        raise IsADirectoryError(21, "A directory is no place for a checkpoint", path)
    probe = _beside(path)
    try:
        try:
            with open(probe, "xb") as file:
                _flush(file)
        finally:
            _remove(probe)
    except OSError as error:
        raise refusals.unwritable(error, path, os.path.exists(path)) from error


def write(path, problem, state, arrays):
    """Puts a header, of dicts for json, and named arrays in a file; after a crash it holds these or what it
    held before.

    Raises OSError with the path where that fails; the file is as it was then.
    """
    header = json.dumps({"format": FORMAT, "problem": problem, "state": state}, sort_keys=True)
    part = _beside(path)
    try:
        try:
            with open(part, "xb") as file:
                np.savez(file, header=np.frombuffer(header.encode("utf-8"), np.uint8), **arrays)
                _flush(file)
            os.replace(part, path)
        finally:
            _remove(part)
        _flush_folder(path)
    except OSError as error:
        raise refusals.unwritable(error, path, os.path.exists(path)) from error


def read(path, problem):
    """(state, arrays) of a file that `write` made for the same problem. Raises CheckpointError for any other."""
    with open(path, "rb") as file:
        try:
            found = np.load(file, allow_pickle=False)
            arrays = {name: found[name] for name in found.files}
            header = json.loads(arrays.pop("header").tobytes().decode("utf-8"))
            there, state, version = header["problem"], header["state"], header["format"]
        except Exception as error:  # numpy, zipfile and json have no common class for what is damaged
            raise refusals.damaged(path, errors.first_line(error)) from error
    check_problem(path, dict(there, format=version), dict(problem, format=FORMAT))
    return state, arrays


def check_problem(path, there, here):
    """Raises CheckpointError that says what differs between two problems."""
    here = json.loads(json.dumps(here))
    for name in sorted(set(here) | set(there)):
        if there.get(name) != here.get(name):
            raise refusals.other_problem(path, name, *_apart(there.get(name), here.get(name)))


def _apart(there, here):
    """What differs of two values: of lists of one length the first pair of items that does, of dicts these entries."""
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        return next(_apart(*pair) for pair in zip(there, here) if pair[0] != pair[1])
    if isinstance(there, dict) and isinstance(here, dict):
        names = [n for n in sorted(set(there) | set(here)) if there.get(n) != here.get(n)]
        return tuple({n: side[n] for n in names if n in side} for side in (there, here))
    return there, here


def _beside(path):
    """A name for a part of a file, in its folder, that no other process uses."""
    return "%s.%s.part" % (path, uuid.uuid4().hex[:_DIGITS])


def _flush(file):
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(path):
    """Makes a new name last; where folders can't be opened, as on Windows, the system does so in its time."""
    try:
        folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder)
    except OSError:
        pass  # some network file systems flush no folders
    finally:
        os.close(folder)


def _remove(path):
    if os.path.exists(path):
        os.remove(path)
