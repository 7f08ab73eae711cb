"""A loss that is not what --reduce says would give a wrong number in silence: it is refused."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from on_disk import save


def loss_of(kind):
    def build():
        x = tf.placeholder(tf.float64, [None, 3], "x")
        w = tf.get_variable("w", initializer=np.array([1.0, -2.0, 0.5]), use_resource=True)
        each = tf.reduce_sum(x * w ** 3, 1)
        whole = tf.reduce_mean(each) if kind.startswith("mean") else tf.reduce_sum(each)
        if kind.endswith("decay"):
            whole += tf.reduce_sum(w ** 2)
        if kind.endswith("noise"):
            whole += tf.reduce_sum(w * tf.random_normal([3], dtype=tf.float64))
        if kind.endswith("fixed"):
            whole = tf.reduce_sum(w * tf.reshape(x, [2, 3]) ** 2) / 2
        return tf.identity(whole, name="loss")
    return build


X = np.arange(1.0, 13.0).reshape(4, 3)


@pytest.mark.parametrize("kind, reduce, told", [
    ("mean", "mean", None), ("sum", "sum", None), ("mean", "sum", "it is a MEAN, for --reduce mean"),
    ("sum", "mean", "it is a SUM, for --reduce sum"), ("mean, decay", "mean", None),
    ("sum, decay", "sum", "it is neither"), ("sum, decay", "mean", "it is neither"),
    ("mean, noise", "mean", None), ("fixed", "mean", None)])
def test_mean_and_sum_are_told_apart(command, refused, folder, kind, reduce, told):
    np.savez("x.npz", x=X)
    prefix = save(folder, loss_of(kind))
    line = "diag %s --loss loss --feeds x.npz --out o.npz --batch-size 2 --reduce %s" % (prefix, reduce)
    if told is not None:
        assert told in refused(line, 2)
        line += " --trust-reduce"
    ended = command(line)
    assert ended.code == 0, ended.err
    if kind in ("mean", "sum") and told is None:
        mean = 6 * np.array([1.0, -2.0, 0.5]) * X.mean(0)
        with np.load("o.npz") as file:
            np.testing.assert_allclose(file["w"], mean if kind == "mean" else 4 * mean)
