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
    """The most memory that this process had. (On Linux ru_maxrss starts from that of the process that started it.)"""
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status") as file:
            return [int(line.split()[1]) for line in file if line.startswith("VmHWM:")][0] / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Rival(object):
    """A worker script of this folder under another Python, which reads its problem from a .npz file.

    build, first: milliseconds of what it does ahead, such as compiling, and of its first run. base: MB before that.
    """

    def __init__(self, python, worker, arrays, *arguments):
        path = os.path.join(tempfile.mkdtemp(), "problem.npz")
        np.savez(path, **arrays)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), worker)
        self._process = subprocess.Popen(
            [python, script, path] + list(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True)
        self.base, self.build, self.first = [float(word) for word in self._told().split()]

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
        return self._told()

    def _told(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("%s ended with code %s; what it said stands above." % (
                " ".join(self._process.args), self._process.wait()))
        return line


def serve(run, answer, build=None):
    """The worker's side: answers what is asked on the standard input, until it is told to quit."""
    base = peak_megabytes()
    print(base, timed(build)[0] if build else 0.0, timed(run)[0], flush=True)
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
