"""The commands: their numbers are those that TF 1.15's finite differences gave, and their files are whole."""
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from on_disk import CHECKPOINT, SAVED_MODEL, frozen, save, truncated

import tf1_hessian as th
from tf1_hessian.cli import work

NET = CHECKPOINT + " --loss loss:0 --feeds net.npz --out out.npz "
NLL = SAVED_MODEL + " --loss nll --source coefficients --source intercept:0 --feeds nll.npz --out out.npz "


def loaded(path="out.npz"):
    with np.load(path) as file:
        return dict(file), json.loads(str(file["__provenance__"]))


def test_inspect(command):
    ended = command("inspect " + CHECKPOINT)
    assert (ended.code, ended.err) == (0, "")
    for part in ("written by TensorFlow 1.15.5", "  loss:0  float32, needs x, y", "trainable variables: 3, 24 elements",
                 "  hidden/kernel  float32 [3, 4]", "  x  float32 [None, 3]"):
        assert part in ended.out
    assert "gradients" not in ended.out and "save/" not in ended.out and "Adam" not in ended.out
    ended = command("inspect %s --loss loss" % SAVED_MODEL)
    assert "signature 'serving_default': features = x:0, observed = counts:0 -> loss = nll:0" in ended.out
    assert "Diagnosis(n=4" in ended.out and ended.code == 0


def test_a_graph_saved_with_hessians_in_it_has_no_more_losses(command, folder):
    def net():
        w = tf.get_variable("w", initializer=np.arange(20.0).reshape(4, 5) / 10)
        loss = tf.reduce_sum(tf.tanh(tf.matmul(tf.tanh(tf.matmul(np.ones([2, 4]), w)), tf.ones([5, 3], tf.float64))),
                             name="loss")
        made = {op.name for op in loss.graph.get_operations()}
        th.hessian(loss, w, engine="loop")
        assert any(op.type in ("While", "StatelessWhile") for op in loss.graph.get_operations() if op.name not in made)

    ended = command("inspect " + save(folder, net))
    told = ended.out.splitlines()
    assert ended.code == 0 and told[2].startswith("  loss:0  float64") and told[3].startswith("trainable variables")


def test_plan(command):
    ended = command("plan %s --loss loss" % CHECKPOINT)
    assert ended.code == 0 and ended.out.startswith("HessianPlan(diag, n=24, engine=structured")
    ended = command("plan %s --loss loss --quantity full --source hidden/bias --engine loop" % CHECKPOINT)
    assert ended.out.startswith("HessianPlan(full, n=4, engine=loop")


@pytest.mark.parametrize("more, tolerance", [
    ("", 1e-5), ("--batch-size 4", 1e-5),
    ("--batch-size 3 --precision float64 --engine loop --chunk-size 2 --resume", 1e-7)])
def test_diag(command, truth, more, tolerance):
    ended = command("diag " + NET + "--source output/kernel:0 --source hidden/kernel " + more)
    assert ended.code == 0
    found, facts = loaded()
    assert sorted(found) == ["__provenance__", "hidden/kernel", "output/kernel:0"]
    true = np.diag(truth["net_hessian"])
    np.testing.assert_allclose(found["hidden/kernel"], true[:12].reshape(3, 4), atol=tolerance)
    np.testing.assert_allclose(found["output/kernel:0"], true[16:].reshape(4, 2), atol=tolerance)
    assert os.listdir(".") and not [f for f in os.listdir(".") if "resume" in f or "part" in f]
    assert facts["loss"] == "loss:0" and facts["plan"].startswith("HessianPlan(diag, n=20")
    assert facts["sources"] == [["output/kernel:0", "[4, 2]"], ["hidden/kernel", "[3, 4]"]]
    assert facts["command"][:2] == ["tf1-hessian", "diag"] and facts["tensorflow"] == tf.__version__
    assert sorted(facts["sha256"]) == ["model.ckpt-20" + end for end in (".data-00000-of-00001", ".index", ".meta")]
    if "--batch" in more:
        assert facts["examples"] == 11 and "batch 4 of 4" in ended.err or "batch 3 of 3" in ended.err


def test_diag_of_all_trainable_variables(command, truth):
    assert command("diag " + NET).code == 0
    found, _ = loaded()
    assert sorted(found) == ["__provenance__", "hidden/bias", "hidden/kernel", "output/kernel"]
    np.testing.assert_allclose(found["hidden/bias"], np.diag(truth["net_hessian"])[12:16], atol=1e-5)


@pytest.mark.parametrize("more", ["", "--batch-size 4 --reduce sum"])
def test_hessian(command, truth, more):
    ended = command("hessian " + NLL + more)
    assert ended.code == 0 and "[4, 4], symmetric" in ended.out
    found, facts = loaded()
    np.testing.assert_allclose(found["__hessian__"], truth["nll_hessian"], atol=1e-8)
    np.testing.assert_array_equal(found["coefficients"], found["__hessian__"][:3, :3])
    np.testing.assert_array_equal(found["intercept:0"], found["__hessian__"][3, 3])
    assert facts["quantity"] == "hessian"


def test_a_mean_over_batches_of_unequal_size(command, folder):
    """The loss is a mean over examples: 6 w mean(x) whatever the batches."""
    prefix, x = save(folder), np.arange(21.0).reshape(7, 3)
    np.savez("x.npz", x=x)
    assert command("diag %s --loss loss --feeds x.npz --out o.npz --batch-size 5" % prefix).code == 0
    np.testing.assert_allclose(loaded("o.npz")[0]["w"], 6 * np.array([1.0, -2.0, 0.5]) * x.mean(0))


def test_a_frozen_graph(command, folder):
    np.savez("x.npz", x=np.ones([2, 3]))
    assert command("diag %s --loss loss --source w --feeds x.npz --out o.npz" % frozen(folder)).code == 0
    np.testing.assert_allclose(loaded("o.npz")[0]["w"], [6, -12, 3])


@pytest.mark.parametrize("more", ["", "--batch-size 6"])
def test_spectrum(command, truth, more):
    ended = command("spectrum " + NET + "--top 3 --precision float64 --samples 4 --steps 24 --plot out.pdf " + more)
    assert ended.code == 0
    found, _ = loaded()
    true = np.linalg.eigvalsh(truth["net_hessian"])
    np.testing.assert_allclose(np.sort(found["eigenvalues"]), np.sort(true[np.argsort(-np.abs(true))[:3]]), atol=1e-7)
    width = np.diff(found["grid"])
    mass = np.sum((found["density"][1:] + found["density"][:-1]) / 2 * width)
    assert abs(mass - 1) < 0.02
    assert open("out.pdf", "rb").read(4) == b"%PDF"


def test_pictures(command):
    assert command("diag " + NLL + "--plot d.png").code == 0
    assert command("hessian " + NLL + "--plot h.png").code == 0
    for name in ("d.png", "h.png"):
        assert open(name, "rb").read(8) == b"\x89PNG\r\n\x1a\n" and os.path.getsize(name) > 5000


def test_check(command, monkeypatch):
    line = "check %s --loss loss --feeds nll.npz --quantity " % SAVED_MODEL
    ended = command(line + "full")
    assert ended.code == 0 and "agrees with" in ended.out
    real = work.checked_by_differences
    monkeypatch.setattr(work, "checked_by_differences", lambda *given: real(*given)._replace(error=1.0))
    ended = command(line + "diag")
    assert ended.code == 1 and "DIFFERS" in ended.out


def test_resume_goes_on_from_finished_batches(command, truth, monkeypatch):
    """Stopped by Ctrl-C after two of four batches; the second time the other two are evaluated."""
    line = "diag " + NET + "--source hidden/bias --precision float64 --batch-size 3 --resume"
    seen = []

    def stopping(done, total, seconds):
        seen.append(done)
        if done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(work, "Progress", lambda: stopping)
    ended = command(line)
    assert (ended.code, ended.err) == (130, "tf1-hessian: error: interrupted\n")
    left = [f for f in os.listdir(".") if f.endswith(".resume")]
    assert len(left) == 1 and not os.path.exists("out.npz")
    ended = command(line.replace("--precision float64 ", ""))
    assert ended.code == 2 and left[0] in ended.err and "another question" in ended.err
    shutil.copy(left[0], "kept")
    truncated(left[0])
    ended = command(line)
    assert ended.code == 2 and "no checkpoint of tf1_hessian" in ended.err and os.path.exists(left[0])
    shutil.copy("kept", left[0])
    assert command(line).code == 0 and seen == [1, 2, 3, 4]
    np.testing.assert_allclose(loaded()[0]["hidden/bias"], np.diag(truth["net_hessian"])[12:16], atol=1e-7)
    assert not [f for f in os.listdir(".") if f.endswith(".resume")]


def test_an_old_result_is_replaced_only_by_a_whole_one(command):
    with open("out.npz", "w") as file:
        file.write("old")
    assert command("diag " + NET + "--max-columns 1").code == 1
    assert open("out.npz").read() == "old"
    assert command("diag " + NET).code == 0
    assert "hidden/bias" in loaded()[0]


def singular():
    """sqrt(w) at 0, where no second derivative is finite."""
    w = tf.get_variable("w", initializer=np.array([0.0, 1.0]))
    return tf.reduce_sum(tf.sqrt(w), name="loss")


def test_what_is_not_finite_is_not_written(refused, folder):
    prefix = save(folder, singular)
    for name in ("diag", "hessian"):
        assert "not finite" in refused("%s %s --loss loss --out out.npz --verify never" % (name, prefix), 3)
    for more in ("", " --resume"):
        assert refused("spectrum %s --loss loss --out out.npz%s" % (prefix, more), 3)
    assert refused("check %s --loss loss" % prefix, 3)


def test_refusals_of_the_library(refused, command, folder):
    def drawn():
        w = tf.get_variable("w", initializer=1.0)
        return tf.py_func(lambda a: a, [w], tf.float32, name="loss")

    prefix = save(folder, drawn)
    assert "PyFunc" in refused("diag %s --loss loss --source w --out out.npz" % prefix, 1)
    ended = command("inspect %s --loss loss --source w" % prefix)
    assert ended.code == 1 and "refused" in ended.out
    assert "max_columns" in refused("diag " + NET + "--max-columns 1", 1)
    assert "memory_limit" in refused("hessian " + NET + "--memory-limit 100", 1)


def test_a_picture_that_fails_keeps_the_numbers(command, monkeypatch):
    from tf1_hessian import plots

    def failing(diagonals):
        raise ValueError("no\nroom")

    monkeypatch.setattr(plots, "curvature_by_layer", failing)
    ended = command("diag " + NET + "--plot d.png")
    assert ended.code == 3 and "'out.npz' is written, and the picture can't be drawn: no room\n" in ended.err
    assert "hidden/bias" in loaded()[0] and not os.path.exists("d.png")
