"""docs/moving-to-tf2.md: its blocks run as they stand, from a Session script to Keras 3."""
import os
import re

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from apart import HERE, run

IS_TF1 = tf.__version__.startswith("1.")
RECORD = os.path.join(HERE, "bridge", "recorded", "digits-1.15.5.npz")


def blocks():
    """The Python blocks of each section, by its number."""
    with open(os.path.join(os.path.dirname(HERE), "docs", "moving-to-tf2.md"), encoding="utf-8") as file:
        sections = re.split(r"^## (\d)\. ", file.read(), flags=re.MULTILINE)[1:]
    return {int(n): re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
            for n, text in zip(sections[::2], sections[1::2])}


def ran(folder, text):
    """What a script says, in a folder with what the first stop has left there."""
    with np.load(RECORD, allow_pickle=False) as found:
        names = ("hidden/kernel", "hidden/bias", "out/kernel", "out/bias")
        np.savez(str(folder / "weights.npz"), **{n: found["weights_%d" % i] for i, n in enumerate(names)})
        np.savez(str(folder / "digits-1.15.5.npz"), **{n: found[n] for n in found.files})
    (folder / "script.py").write_text("import os\nos.chdir(%r)\n%s" % (str(folder), text), encoding="utf-8")
    return run([str(folder / "script.py")])


def test_the_session_script_before_and_after_its_import_changed(tmp_path):
    (script,), (header, comparison) = blocks()[1], blocks()[2]
    assert script.count("import tensorflow as tf\n") == 1
    said = ran(tmp_path, script if IS_TF1 else script.replace("import tensorflow as tf\n", header))
    path = str(tmp_path / ("digits-%s.npz" % tf.__version__))
    assert os.path.exists(path), said
    parity = th.parity(RECORD, path)
    assert parity.ok and parity.pairs[0] == ("hidden/kernel:0", "hidden/kernel:0", "name"), parity
    assert [row.kind for row in parity.rows[:5]] == ["weights"] * 4 + ["loss"]
    assert comparison.startswith("print(th.parity(")


def test_functions_and_keras(tmp_path):
    said = ran(tmp_path, "\n".join(blocks()[3] + blocks()[4]))
    if IS_TF1:
        assert ("RuntimeError: th.parity runs a Python function eagerly" if hasattr(tf, "function") else
                "has no attribute 'function'") in said
        return
    assert said.count("Equal, at ") == 2 and "Error" not in said, said
    assert "hidden/kernel:0 is hidden/kernel:0, by name" in said
