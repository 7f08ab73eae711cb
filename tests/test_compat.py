"""Old names: the cases in tests/old, and a whole script of 2016 with nothing changed but its import."""
import os

import numpy as np

from apart import HERE, all_passed, run, run_apart


def test_cases():
    said = run_apart("old")
    assert all_passed(said), said


def hessian(x):
    """Of half the summed cross-entropy of two classes and 0.05 times the squares, at w = 0.1, b = (0.2, -0.3)."""
    p = 1 / (1 + np.exp(-0.5))
    inputs = np.concatenate([x, np.ones([len(x), 1])], 1)
    return np.kron(0.5 * p * (1 - p) * inputs.T.dot(inputs), [[1, -1], [-1, 1]]) + 0.1 * np.eye(8)


def test_a_script_of_2016_with_its_import_changed(tmp_path):
    with open(os.path.join(HERE, "old", "script_2016.py"), encoding="utf-8") as file:
        old = file.read()
    changed = old.replace("import tensorflow as tf\n", "from tf1_hessian.compat import tf\n")
    assert sum(a != b for a, b in zip(old.splitlines(), changed.splitlines())) == 1
    script = tmp_path / "script.py"
    script.write_text(changed, encoding="utf-8")
    said = run([str(script), str(tmp_path / "logs")])
    found = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert found.get("variables") == "w b" and found["sizes"] == "3 2", said
    x = np.random.RandomState(0).randn(20, 3).astype(np.float32)
    np.testing.assert_allclose(np.array(found["diagonal"].split(), float), np.diag(hessian(x)), rtol=1e-4)
    assert float(found["after"]) < float(found["before"]) and float(found["gradient"]) < 1e-4
    np.testing.assert_allclose(float(found["scipy"]), float(found["after"]), rtol=1e-5)
    assert os.listdir(str(tmp_path / "logs"))
