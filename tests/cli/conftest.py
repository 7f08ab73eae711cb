"""Makes the models and the finite differences importable from here, and runs commands in this process."""
import collections
import os
import sys

import numpy as np
import pytest

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for folder in (os.path.join(_TESTS, "models"), _TESTS):
    if folder not in sys.path:
        sys.path.insert(0, folder)

Ended = collections.namedtuple("Ended", "code out err")


@pytest.fixture(scope="session")
def truth():
    """What tests/models/make_models.py stored."""
    with np.load(os.path.join(_TESTS, "models", "truth.npz")) as file:
        return dict(file)


@pytest.fixture
def folder(tmp_path, monkeypatch, truth):
    """The working folder, with feeds for the net, net.npz, and for the regression, nll.npz."""
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", x=truth["x"], y=truth["y"])
    np.savez("nll.npz", **{"x:0": truth["x"], "counts": truth["counts"]})
    return tmp_path


@pytest.fixture
def command(folder, capsys):
    """Runs a command line, given as a text or a list: its exit code and what it wrote."""
    from tf1_hessian.cli import main

    def run(line):
        capsys.readouterr()
        code = main(line.split() if isinstance(line, str) else line)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(command, folder):
    """Runs a command line that ends in one line on stderr, an exit code, and no new file; gives the line."""
    def run(line, code):
        before = sorted(os.listdir(str(folder)))
        ended = command(line)
        assert ended.code == code, ended
        assert ended.err.startswith("tf1-hessian: error: ") and ended.err.count("\n") == 1, ended.err
        assert sorted(os.listdir(str(folder))) == before
        return ended.err

    return run
