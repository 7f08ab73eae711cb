"""Programs and tests that need a process of their own: for eager execution, or for switches that an import turns.

Each is forked from one server that has imported TensorFlow and called nothing of it, since a start of TensorFlow takes
seconds. What a start itself must show (a quiet log, an import without effects) has a process from scratch in its test.
"""
import collections
import multiprocessing
import os
import runpy
import sys
import tempfile
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
IMPORTED = ["tensorflow.compat.v1", "tf1_hessian", "tf1_hessian.optimize", "matplotlib.pyplot", "scipy.optimize"]

Ended = collections.namedtuple("Ended", "code out err")


def run_apart(folder, *arguments):
    """The end of what pytest says of the files case_*.py in a folder of the tests."""
    folder = os.path.join(HERE, folder)
    asked = ["-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "-o", "python_files=case_*.py", folder]
    return run(asked + list(arguments), folder)


def run(arguments, *folders):
    """What Python says with some arguments, both streams; the package and some folders can be imported."""
    ended = program(arguments, ROOT, *folders)
    return (ended.out + ended.err)[-6000:]


def program(arguments, cwd, *folders):
    """How `python -W ignore` with some arguments ends, in a working directory: [file, ...], ["-m", module, ...] or
    ["-c", text]."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with tempfile.TemporaryDirectory() as kept:
        streams = [os.path.join(kept, name) for name in ("out", "err")]
        child = context.Process(target=_run, args=(arguments, str(cwd), (ROOT,) + folders, dict(os.environ), streams))
        child.start()
        child.join(600)
        code = child.exitcode
        if code is None:
            child.terminate()
            child.join()
        return Ended(code, *[_read(path) for path in streams])


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _run(arguments, cwd, folders, env, streams):
    os.environ.clear()
    os.environ.update(env, TF_CPP_MIN_LOG_LEVEL="3")
    for number, path in enumerate(streams, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    sys.path[:0] = folders
    sys.warnoptions[:] = ["ignore"]  # pytest turns warnings on where this is empty
    warnings.simplefilter("ignore")
    how, rest = (arguments[0], arguments[1:]) if arguments[0] in ("-m", "-c") else ("", arguments)
    sys.argv = list(rest)
    if how == "-m":
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif how == "-c":
        exec(compile(rest[0], "<text>", "exec"), {"__name__": "__main__"})
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(rest[0])))
        runpy.run_path(rest[0], run_name="__main__")


def all_passed(said):
    """Whether pytest says so, in its last line."""
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return " passed" in last and "failed" not in last and "error" not in last
