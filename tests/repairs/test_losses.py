"""Cross-entropies: both outputs, the loss and its slope."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, plain
from numpy_truth import numbers

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
LABELS = np.array([2, 0])


def _softmax(logits):
    e = np.exp(logits - np.max(logits, -1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _loss(logits):
    return -np.log(_softmax(logits)[np.arange(2), LABELS])


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_sparse_softmax_cross_entropy(engine):
    assert_right(lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=x), _loss,
                 2 * numbers(1, 2, 3), engine=engine)


def test_sparse_softmax_cross_entropy_with_unknown_batch():
    def build(x):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=LABELS, logits=tf.placeholder_with_default(x, [None, 3]))

    assert_right(build, _loss, 2 * numbers(2, 2, 3))


def test_slope_of_sparse_softmax_cross_entropy():
    """The op's second output is the gradient, softmax - onehot, and a loss may read it."""
    def build(x):
        op = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=x).op
        while op.type != "SparseSoftmaxCrossEntropyWithLogits":
            op = op.inputs[0].op
        return list(op.outputs)

    assert_right(build, lambda x: [_loss(x), _softmax(x) - np.eye(3)[LABELS]], 2 * numbers(3, 2, 3))


def test_tensorflow_forbids_the_second_derivative():
    def build(x):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=x)

    if VERSION < (2, 0):
        with pytest.raises(LookupError, match="explicitly disabled"):
            plain(build, numbers(1, 2, 3))
    else:
        assert np.all(np.isfinite(plain(build, numbers(1, 2, 3))[1][0]))
