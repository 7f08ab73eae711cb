"""A rival in a process of its own, asked one run at a time: the two ends of a pipe. Needs numpy alone."""
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

__all__ = ["THREADS", "Rival", "peak_megabytes", "serve", "timed"]

THREADS = 2


def timed(call):
    """(milliseconds, result)."""
    began = time.time()
    found = call()
    return 1e3 * (time.time() - began), found


def peak_megabytes():
    """The most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Rival(object):
    """A worker script of this folder under another Python, which reads its problem from a .npz file.

    first: milliseconds of its first run, compilation included.
    """

    def __init__(self, python, worker, arrays, *arguments):
        path = os.path.join(tempfile.mkdtemp(), "problem.npz")
        np.savez(path, **arrays)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), worker)
        self._process = subprocess.Popen(
            [python, script, path] + list(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True)
        self.first = float(self._process.stdout.readline())

    def run(self):
        """Milliseconds of one run."""
        return float(self._ask("run"))

    def answer(self):
        """The arrays of its answer."""
        stored = np.load(self._ask("answer").strip())
        return [stored["arr_%d" % i] for i in range(len(stored.files))]

    def close(self):
        """The most memory in MB that the process had; ends it."""
        peak = float(self._ask("quit"))
        self._process.wait()
        return peak

    def _ask(self, what):
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def serve(run, answer):
    """The worker's side: answers what is asked on the standard input, until it is told to quit."""
    print(timed(run)[0], flush=True)
    for line in sys.stdin:
        if line.strip() == "run":
            print(timed(run)[0], flush=True)
        elif line.strip() == "answer":
            path = os.path.join(tempfile.mkdtemp(), "answer.npz")
            np.savez(path, *answer())
            print(path, flush=True)
        else:
            print(peak_megabytes(), flush=True)
            return
