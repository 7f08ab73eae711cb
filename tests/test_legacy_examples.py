"""Each example runs as a user starts it, from another folder, and prints the numbers that are true."""
import ast
import os
import re
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest

from apart import ROOT, program

ROW = re.compile(r"^ *(\d+) % +([\d.]+) +([\d.]+) +(\S+) +(\S+) +(\S+)$", re.MULTILINE)


def run(name, folder, *arguments):
    """What the example prints."""
    ended = program([os.path.join(ROOT, "legacy_examples", name)] + list(arguments), folder)
    assert ended.code == 0, ended.err
    return ended.out


def started(name, folder):
    """The same, in a process from scratch."""
    path = os.pathsep.join(p for p in (ROOT, os.environ.get("PYTHONPATH")) if p)
    return subprocess.check_output([sys.executable, os.path.join(ROOT, "legacy_examples", name)], cwd=str(folder),
                                   env=dict(os.environ, PYTHONPATH=path), universal_newlines=True, timeout=600)


def printed(output, label):
    """The Python literal behind a label at the start of a line."""
    return ast.literal_eval(re.search("^ *%s: +([^ ].*?)(?:   .*)?$" % re.escape(label), output, re.MULTILINE).group(1))


def test_diagonal_of_a_product(tmp_path):
    output = started("diagonal_of_a_product.py", tmp_path)
    assert printed(output, "tf.gradients by f[0]") is None
    assert printed(output, "tf.gradients twice") == [-6, 0, 2]
    assert printed(output, "th.hessian_diag") == [-2, -2, 2]
    assert printed(output, "th.hessian") == [[-2, -1, -3], [-1, -2, 3], [-3, 3, 2]]
    assert "HessianPlan(diag, n=3" in output and "HessianPlan(full, n=3" in output


def test_separate_variables(tmp_path):
    output = run("separate_variables.py", tmp_path)
    assert printed(output, "tf.gradients of dL/dx by y") is None
    assert printed(output, "th.gradients of dL/dx by y") == 0
    assert printed(output, "th.hessian by [x, y]") == [[2, 0], [0, 2]]
    assert "tf.hessians by z:            ValueError" in output
    assert printed(output, "th.hessian by z") == 0
    assert printed(output, "d2L/dx dy and d2L/dx dz") == (6, 0)
    assert printed(output, "th.hessian by [x, y, z]") == [[-4, 6, 0], [6, 0, 0], [0, 0, 0]]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """(what the example prints, the folder of its pictures, which it makes itself)."""
    folder = tmp_path_factory.mktemp("digits")
    pictures = folder / "new" / "pictures"
    return run("digits_pruning.py", folder, "--quick", "--output", str(pictures)), pictures


def table(output):
    """{percent: (accuracy by OBD, by magnitude, predicted rise, rise by OBD, rise by magnitude)}"""
    return {int(row[0]): [float(v) for v in row[1:]] for row in ROW.findall(output)}


def test_digits_are_learned_and_the_diagonal_covers_all_weights(digits):
    accuracies = re.findall(r"test accuracy ([\d.]+) %", digits[0])
    assert len(accuracies) == 2 and min(float(a) for a in accuracies) > 95
    assert "HessianPlan(diag, n=2410" in digits[0]
    assert digits[0].count("2410 entries in ") == 2


def test_digits_diagonal_agrees_with_finite_differences(digits):
    pairs = re.findall(r"th.hessian_diag (\S+), finite difference (\S+)", digits[0])
    assert len(pairs) == 2
    for exact, difference in pairs:
        assert abs(float(exact)) > 1e-5
        np.testing.assert_allclose(float(exact), float(difference), rtol=1e-2)


def test_digits_pruning_by_the_diagonal_predicts_and_spares_the_loss(digits):
    rows = table(digits[0])
    assert list(rows) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95]
    assert rows[0][0] == rows[0][1] and max(abs(v) for v in rows[0][2:]) < 1e-7
    for percent in (30, 40):
        by_obd, by_magnitude, predicted, rise, other = rows[percent]
        assert by_obd > by_magnitude - 1
        assert predicted / 2 < rise < 2 * predicted
        assert rise < other
    assert rows[95][0] < 60


def assert_shows_something(picture):
    image = matplotlib.image.imread(str(picture))
    assert min(image.shape[:2]) > 500
    assert len(np.unique(image.reshape(-1, image.shape[2])[::7], axis=0)) > 50
    assert 0.02 < np.mean(image[..., :3].min(axis=2) < 0.9) < 0.6


@pytest.mark.parametrize("name", ["digits_pruning.png", "digits_diagonal.png"])
def test_digits_pictures_show_something(digits, name):
    assert_shows_something(digits[1] / name)


def test_lenet_pruning(tmp_path):
    output = run("lenet_pruning.py", tmp_path, "--quick", "--output", str(tmp_path / "new"))
    assert "HessianPlan(diag, n=2618, engine=structured, 24 columns" in output
    assert min(float(a) for a in re.findall(r"test accuracy ([\d.]+) %", output)) > 95
    rows = table(output)
    assert list(rows) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95]
    for percent in (30, 40):
        by_obd, by_magnitude, _, rise, other = rows[percent]
        assert by_obd > by_magnitude - 1
        assert rise < other
    assert_shows_something(tmp_path / "new" / "lenet_pruning.png")


def test_tv_denoising(tmp_path):
    """Newton's method ends at a gradient of zero, with as many columns as a row has entries."""
    output = run("tv_denoising.py", tmp_path, "--size", "24")
    slopes = [float(s) for s in re.findall(r"gradient (\S+)$", output, re.MULTILINE)]
    assert slopes[-1] < 1e-9 and len(slopes) < 40
    assert re.search("^columns: 7 of 576$", output, re.MULTILINE)
    assert float(printed(output, "error after")) < 0.5 * float(printed(output, "error before"))


def test_normal_modes(tmp_path):
    """Three ways to move the whole and three to turn it take no force; all else does."""
    output = run("normal_modes.py", tmp_path, "--radius", "2.3")
    assert printed(output, "modes without a force") == 6
    slopes = [float(s) for s in re.findall(r"gradient (\S+)$", output, re.MULTILINE)]
    assert slopes[-1] < 1e-10 and len(slopes) < 10
    assert 0 < printed(output, "lowest frequency") < printed(output, "highest frequency")


def test_poisson_pinn(tmp_path):
    output = run("poisson_pinn.py", tmp_path, "--quick")
    assert "RowPlan(laplacian, n=2 by row, engine=tangents, 2 tangents and 1 adjoint" in output
    slope, difference = re.search(r"gradient (\S+), finite difference (\S+)", output).groups()
    np.testing.assert_allclose(float(slope), float(difference), rtol=1e-6)
    before, after = (float(re.search("largest error of u %s training: (\\S+)" % when, output).group(1))
                     for when in ("before", "after"))
    assert before > 0.5 and after < 5e-3
