"""Products that outlive the run: the spectrum goes on from them, and a result never depends on what was kept."""
import glob
import os
import shutil

import numpy as np
import pytest
from on_disk import CHECKPOINT

from tf1_hessian.optimize import operators

LINE = "spectrum %s --loss loss:0 --feeds net.npz --top 3 --samples 3 --steps 9 --out out.npz" % CHECKPOINT


@pytest.fixture
def evaluated(monkeypatch):
    """The products that were evaluated so far; Ctrl-C at number `until`."""
    real, seen = operators.FlatProduct.times, []

    def counting(product, vectors, fed=()):
        if len(seen) == counting.until:
            raise KeyboardInterrupt
        found = real(product, vectors, fed)
        seen.extend([None] * vectors.shape[1])
        return found

    counting.until, counting.seen = None, seen
    monkeypatch.setattr(operators.FlatProduct, "times", counting)
    return counting


def arrays(path="out.npz"):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if not name.startswith("__")}


def assert_same(found, true):
    assert sorted(found) == sorted(true)
    for name in true:
        np.testing.assert_array_equal(found[name], true[name])


@pytest.mark.parametrize("more", ["", " --batch-size 4 --reduce mean"])
def test_a_spectrum_goes_on_from_finished_products(command, evaluated, more):
    """24 products of the dense matrix, 3 of residuals, 27 of the density; stopped in the last."""
    assert command(LINE + more).code == 0
    whole, count = arrays(), len(evaluated.seen)
    os.remove("out.npz")
    assert count == 54
    evaluated.until = count + 40
    ended = command(LINE + more + " --resume")
    assert (ended.code, ended.err.splitlines()[-1]) == (130, "tf1-hessian: error: interrupted")
    left, = glob.glob("out.npz.*.resume")
    assert sorted(os.listdir(".")) == sorted(["net.npz", "nll.npz", left])
    evaluated.until = None
    ended = command(LINE + more + " --resume")
    assert ended.code == 0 and all(line.startswith("product ") for line in ended.err.splitlines())
    assert len(evaluated.seen) == count + 54
    assert_same(arrays(), whole)
    assert not glob.glob("*.resume")


def test_what_is_damaged_is_evaluated_again(command, evaluated, folder):
    assert command(LINE).code == 0
    whole = arrays()
    evaluated.until = len(evaluated.seen) + 50
    assert command(LINE + " --resume").code == 130
    left, = glob.glob("out.npz.*.resume")
    evaluated.until = None
    with open(left, "r+b") as file:
        content = file.read()
        assert len(content) == content.index(b"\n24\n") + 4 + 50 * (8 * 24 + 64)
        file.seek(len(content) // 2)
        file.write(b"damage")
    before = len(evaluated.seen)
    assert command(LINE + " --resume").code == 0
    assert 54 - 50 < len(evaluated.seen) - before < 54
    assert_same(arrays(), whole)


def test_a_file_of_something_else_is_left_alone(command, refused, evaluated):
    evaluated.until = 5
    assert command(LINE + " --resume").code == 130
    left, = glob.glob("out.npz.*.resume")
    assert "another question" in refused(LINE + " --resume --precision float64", 2)
    assert "another question" in refused(LINE + " --resume --batch-size 3", 2)
    shutil.copy("net.npz", left)
    assert "holds no finished products" in refused(LINE + " --resume", 2)
    assert open(left, "rb").read() == open("net.npz", "rb").read()


def test_more_is_asked_of_the_same_file(command, evaluated):
    """Other numbers of eigenvalues and samples take what serves them."""
    evaluated.until = 45
    assert command(LINE + " --resume").code == 130
    evaluated.until = None
    assert command(LINE.replace("--samples 3", "--samples 4") + " --resume").code == 0
    assert len(evaluated.seen) == 24 + 3 + 36
