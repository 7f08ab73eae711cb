"""What can be drawn, what it is called, and what is refused."""
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian.plots import values

PROGRAM = """
import sys
sys.modules["matplotlib"] = None
import tf1_hessian as th
th.tensorboard.summaries({"w": [1.0]})
try:
    th.plots
except ImportError as error:
    print(error)
del sys.modules["matplotlib"]
import matplotlib
before = dict(dict.items(matplotlib.rcParams))  # Not by key: asking for the backend chooses one.
th.plots.top_curvatures({"w": [1.0, 2.0]})[0].savefig(sys.argv[1])
print(dict(dict.items(matplotlib.rcParams)) == before, "matplotlib.pyplot" in sys.modules)
"""


def test_matplotlib_is_asked_for_by_pictures_alone_and_its_settings_and_backend_stay(tmp_path):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "new.png")], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    assert done.stdout.splitlines() == [
        "th.plots needs matplotlib: pip install tf1-hessian[plots]", "True False"]
    assert (tmp_path / "new.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong, sentence", [
    ([[1.0, np.nan], [np.inf, 2.0]], r"v: 2 of 4 entries are NaN or infinite, the first is \[0, 1\]: nan"),
    (float("inf"), "1 of 1 entries are NaN or infinite, the first is the number: inf"),
    ([1e301], "entries larger than 1e.300 can't be drawn"), ([1j], "expected real numbers and got complex128"),
])
def test_numbers_that_can_not_be_drawn_are_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        values.real(wrong, "v")


def test_a_tensor_is_told_the_way_to_numpy():
    for tensor in (tf.constant([1.0]), tf.get_variable("v", [2])):
        with pytest.raises(TypeError, match="th.evaluate gives them"):
            th.plots.top_curvatures({"w": tensor})


def test_names_are_keys_or_given_ones():
    w = tf.get_variable("scope/w", [2])
    assert [n for n, _ in values.named({"a": {"b:0": [1.0], "c": 2.0}}, None, "t")] == ["a/b", "a/c"]
    assert [n for n, _ in values.named([np.ones(2), np.ones(3)], [w, "other:0"], "t")] == ["scope/w", "other"]
    assert [n for n, _ in values.named([np.ones(2), np.ones(3)], None, "t")] == ["x0", "x1"]
    assert [n for n, _ in values.named(np.ones(2), "w", "t")] == ["w"]


@pytest.mark.parametrize("given, names", [([np.ones(2)], ["a", "b"]), ({}, None), ([], [])])
def test_names_and_arrays_that_do_not_fit_are_refused(given, names):
    with pytest.raises(ValueError, match="for 1 array|at least one"):
        values.named(given, names, "t")


def test_long_names_keep_what_tells_them_apart():
    names = ["model/encoder/layer_%d/attention/self/query/kernel" % i for i in range(30)]
    assert values.told_apart(names)[7] == ".../layer_7/..."
    assert values.told_apart(["a", "b/c"]) == ["a", "b/c"]
    assert values.told_apart(["x/" * 30 + "kernel"])[0].endswith("/kernel")
    assert max(len(n) for n in values.told_apart(["q" * 90 + "1", "q" * 90 + "2"])) == 28
    assert values.shortened("a$b$") == r"a\$b\$"
