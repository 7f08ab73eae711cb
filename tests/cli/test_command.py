"""The command line as a whole: what is wrong ends in one line, an exit code that is not 0, and nothing half-written."""
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
from on_disk import CHECKPOINT, SAVED_MODEL, truncated

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOD = ["diag", CHECKPOINT, "--loss", "loss:0", "--source", "hidden/bias", "--feeds", "net.npz", "--out", "out.npz"]


def changed(**flags):
    """GOOD with other values of flags; None leaves one out."""
    line = list(GOOD)
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        at = line.index(flag) if flag in line else len(line)
        line[at:at + 2] = [] if value is None else [flag] + ([] if value is True else [value])
    return line


@pytest.mark.parametrize("line, told", [
    ([], "COMMAND"), (["dia"], "dia"), (["diag"], "MODEL"), (GOOD[:1] + GOOD[2:], "MODEL"),
    (changed(loss=None), "--loss"), (changed(out=None), "--out"), (changed(chunk_size="0"), "from 1 up"),
    (changed(chunk_size="1.5"), "from 1 up"), (changed(batch_size="-3"), "from 1 up"), (changed(engine="fast"), "fast"),
    (changed(precision="float16"), "float16"), (changed(memory_limit="much"), "memory_limit"),
    (changed(reduce="median"), "median"), (changed(reduce="sum"), "--batch-size"),
    (changed(resume=True), "--batch-size"),
    (changed(sauce="w"), "--sauce"), (changed(feed="net.npz"), "--feed"), (GOOD + ["--source", "hidden/bias"], "twice"),
    (changed(out="net.npz"), "same file"), (changed(plot="out.npz"), "same file"), (changed(plot="out.exe"), ".png"),
    (changed(out="no/where/out.npz"), "no folder"), (changed(out="."), "is a folder"),
    (changed(plot="no/p.png"), "no folder"),
    (changed(out=CHECKPOINT + ".meta"), "file of the model"), (changed(loss="los"), "Did you mean 'loss'"),
    (changed(source="hidden/bia"), "Did you mean 'hidden/bias'"), (changed(loss="x"), "does not depend"),
    (changed(source="x"), "size of 'x:0'"), (changed(feeds=None), "needs 'x'"),
    (changed(feeds="nothing.npz"), "nothing.npz"),
    (changed(checkpoint="elsewhere"), "elsewhere"), (["inspect", "nowhere"], "nowhere"),
    (["inspect", CHECKPOINT, "--source", "w"], "--loss"), (["inspect", CHECKPOINT, "--loss", "x"], "x"),
    (["inspect", SAVED_MODEL, "--tags", "train"], "serve"), (["check"] + GOOD[1:8] + ["--seed", "-1"], "from 0")])
def test_wrong_flags_and_names(refused, line, told):
    code = 1 if told in ("does not depend", "size of 'x:0'") else 2
    assert told in refused(line, code)


def arrays(**changes):
    found = {"x": np.ones([5, 3]), "y": np.ones([5, 2])}
    found.update(changes)
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("feeds, more, told", [
    (arrays(y=None), {}, "needs 'y'"), (arrays(z=np.ones(3)), {}, "'z'"), (arrays(x=np.ones([5, 4])), {}, "[None, 3]"),
    (arrays(x=np.full([5, 3], np.nan)), {}, "NaN at 15"), (arrays(x=np.ones([5, 3], complex)), {}, "complex128"),
    (arrays(x=np.array([["a"] * 3])), {}, "takes float32"),
    (arrays(x=np.ones([4, 3])), {"batch_size": "2"}, "'x:0' has 4, 'y:0' has 5"),
    (arrays(x=np.ones([0, 3]), y=np.ones([0, 2])), {"batch_size": "2"}, "no examples"),
    (arrays(x=np.array([[{}] * 3])), {}, "array of objects"),
    ({"MatMul_1": np.ones([2, 2]), "y": np.ones([2, 3])}, {}, "[None, 2]")])
def test_wrong_arrays(refused, folder, feeds, more, told):
    np.savez("f.npz", **feeds)
    assert told in refused(changed(feeds="f.npz", **more), 2)


def test_nan_that_is_meant_ends_at_the_result(refused, folder):
    np.savez("f.npz", **arrays(x=np.full([5, 3], np.nan)))
    assert "not finite" in refused(changed(feeds="f.npz", allow_nan=True), 3)


def test_a_place_that_can_not_be_written(refused, folder, monkeypatch):
    import builtins
    real = builtins.open

    def full(path, mode="r", *given, **options):
        if str(path).endswith(".part"):
            raise OSError(28, "No space left on device")
        return real(path, mode, *given, **options)

    monkeypatch.setattr(builtins, "open", full)
    assert "No space left" in refused(GOOD, 2)


def test_a_pipe_is_not_replaced_and_a_link_stays(command, refused, folder):
    os.mkfifo("pipe")
    assert "a device or a pipe" in refused(changed(out="pipe"), 2)
    (folder / "deep").mkdir()
    os.symlink(os.path.join("deep", "there.npz"), "link.npz")
    assert command(changed(out="link.npz")).code == 0
    assert os.path.islink("link.npz") and "hidden/bias" in np.load(os.path.join("deep", "there.npz")).files


def test_corrupt_models(refused, folder):
    """Files cut at random."""
    chance = random.Random(5)
    for _ in range(4):
        copy = os.path.join(str(folder), "copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(os.path.dirname(CHECKPOINT), copy)
        for end in chance.sample([".meta", ".index", ".data-00000-of-00001"], 1):
            truncated(os.path.join(copy, "model.ckpt-20" + end), chance.random())
        line = changed()
        line[1] = os.path.join(copy, "model.ckpt-20")
        refused(line, 2)


def test_traceback(command):
    ended = command(changed(loss="los", traceback=True))
    assert ended.code == 2 and "Traceback" in ended.err and ended.err.count("tf1-hessian: error") == 1


def test_missing_matplotlib_is_told_before_the_work(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install matplotlib" in refused(changed(plot="p.png"), 2)


@pytest.mark.parametrize("name", ["", "inspect", "plan", "diag", "hessian", "spectrum", "check"])
def test_help(command, name):
    ended = command([name, "--help"] if name else ["--help"])
    assert ended.code == 0 and not ended.err
    wanted = {"": ["examples:", "exit codes:"], "diag": ["MEAN over the examples", "SUM over the examples", "--resume"],
              "spectrum": ["MEAN over the examples", "--resume", "keeps every finished product"]}
    assert all(part in ended.out for part in wanted.get(name, ["--loss"]))


def test_version(command):
    assert command("--version").out.startswith("tf1-hessian 1.")


# --- as a person would

def in_terminal(folder, *line, **options):
    """A command in a process of its own, with eager execution as TensorFlow has it there."""
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    env["PYTHONPATH"] = ROOT
    return subprocess.run([sys.executable, "-m"] + list(line), cwd=str(folder), env=env, universal_newlines=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, **options)


def test_in_a_terminal(folder, truth):
    done = in_terminal(folder, "tf1_hessian_command", *changed(batch_size="4"))
    assert done.returncode == 0
    assert [line[:6] for line in done.stderr.splitlines()] == ["batch "] * len(done.stderr.splitlines()), done.stderr
    with np.load(str(folder / "out.npz")) as file:
        np.testing.assert_allclose(file["hidden/bias"], np.diag(truth["net_hessian"])[12:16], atol=1e-5)


def test_as_a_module_and_an_error(folder):
    done = in_terminal(folder, "tf1_hessian", *changed(loss="los"))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("tf1-hessian: error: No tensor or variable is called 'los'")
    assert "Traceback" not in done.stderr
