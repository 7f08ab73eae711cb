"""CTC loss against the sum over all alignments, one by one."""
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, created, plain
from numpy_truth import numbers

import tf1_hessian as th

CLASSES, BATCH = 3, 2
OPTIONS = {"dtype": tf.float32, "tolerance": 5e-4}
# Row 0 has two labels, row 1 one.
PLACES = [[0, 0], [0, 1], [1, 0]]


def labels_of(values):
    return tf.SparseTensor(np.array(PLACES, np.int64), np.array(values, np.int32), np.array([2, 2], np.int64))


def collapsed(path, blank, merge):
    """The labels of an alignment: repeated classes count once (if merged), blanks not at all."""
    kept = [c for t, c in enumerate(path) if not (merge and t and path[t - 1] == c)]
    return [c for c in kept if c != blank]


def enumerated(rows, lengths, blank=CLASSES - 1, merge=True):
    """The loss: -log of the sum of the probabilities of all alignments of each row's labels."""
    allowed = [[p for p in itertools.product(range(CLASSES), repeat=n) if collapsed(p, blank, merge) == row]
               for row, n in zip(rows, lengths)]

    def value(logits):
        log_p = logits - np.log(np.sum(np.exp(logits), -1, keepdims=True))
        found = []
        for b, (paths, n) in enumerate(zip(allowed, lengths)):
            sums = [sum(log_p[t, b, c] for t, c in enumerate(path)) for path in paths]
            found.append(-np.log(np.sum(np.exp(sums))) if n else 0.0)
        return np.array(found)

    return value


def loss(values, lengths, **options):
    return lambda logits: tf.nn.ctc_loss(labels_of(values), logits, lengths, **options)


@pytest.mark.parametrize("engine", ["slices", "loop", "vectorized"])
def test_loss(engine):
    assert_right(loss([1, 0, 1], [3, 2]), enumerated([[1, 0], [1]], [3, 2]), numbers(1, 3, BATCH, CLASSES),
                 engine=engine, **OPTIONS)


def test_a_label_twice_needs_a_blank_in_between():
    assert_right(loss([1, 1, 0], [4, 2]), enumerated([[1, 1], [0]], [4, 2]), numbers(2, 4, BATCH, CLASSES),
                 directions=6, **OPTIONS)


def test_repeated_labels_collapsed_before():
    assert_right(loss([1, 1, 0], [3, 2], preprocess_collapse_repeated=True), enumerated([[1], [0]], [3, 2]),
                 numbers(3, 3, BATCH, CLASSES), directions=6, **OPTIONS)


def test_repeated_classes_not_merged():
    assert_right(loss([1, 1, 0], [4, 2], ctc_merge_repeated=False),
                 enumerated([[1, 1], [0]], [4, 2], merge=False), numbers(4, 4, BATCH, CLASSES), directions=6, **OPTIONS)


def test_blanks_at_the_end_of_the_labels_are_dropped():
    assert_right(loss([1, CLASSES - 1, 0], [3, 2]), enumerated([[1], [0]], [3, 2]), numbers(5, 3, BATCH, CLASSES),
                 directions=6, **OPTIONS)


@pytest.mark.parametrize("lengths", [[1, 3], [0, 3]])
def test_rows_that_are_too_short_are_ignored(lengths):
    """Row 0 has two labels in one step, or no step at all: its loss is zero."""
    true = enumerated([[1, 0], [0]], [0, lengths[1]])
    assert_right(loss([1, 0, 0], lengths, ignore_longer_outputs_than_inputs=True), true,
                 numbers(6, 3, BATCH, CLASSES), directions=6, **OPTIONS)


def test_an_infinite_loss_has_no_derivative():
    """1, 1 needs three steps and has two: the loss is infinite; a loss that leaves such rows out stays right."""
    logits = tf.placeholder(tf.float32, [3, BATCH, CLASSES])
    each = loss([1, 1, 0], [2, 3])(logits)
    kept = tf.reduce_sum(tf.where(tf.is_finite(each), each, tf.zeros_like(each)))
    found = th.hessian(kept, logits)
    alone = th.hessian(loss([1, 0, 0], [2, 3])(logits)[1], logits)
    with tf.Session() as session:
        values, found, alone = session.run([each, found, alone], {logits: numbers(7, 3, BATCH, CLASSES)})
    assert np.isinf(values[0]) and np.max(np.abs(alone)) > 0.1
    np.testing.assert_allclose(found, alone, atol=1e-6)


def test_blank_first():
    """CTCLossV2 counts the blank as class 0; it has no kernel on a CPU, but its derivatives need none."""
    logits = tf.placeholder(tf.float32, [3, BATCH, CLASSES])
    attributes = {name: {"b": False} for name in ("preprocess_collapse_repeated", "ignore_longer_outputs_than_inputs")}
    try:
        second = created("CTCLossV2", [logits, np.array(PLACES, np.int64), np.array([2, 1, 2], np.int32), [3, 2]],
                         [tf.float32] * 2, ctc_merge_repeated={"b": True}, **attributes)[0]
    except tf.errors.NotFoundError:
        assert tf.__version__.startswith("1.")
        return
    first = loss([1, 0, 1], [3, 2])(tf.concat([logits[..., 1:], logits[..., :1]], 2))
    found = [th.hessian(tf.reduce_sum(each), logits) for each in (second, first)]
    options = tf.GraphOptions(place_pruned_graph=True)
    with tf.Session(config=tf.ConfigProto(graph_options=options)) as session:
        found = session.run(found, {logits: numbers(8, 3, BATCH, CLASSES)})
    np.testing.assert_allclose(*found, atol=1e-6)


def test_unknown_time_is_refused():
    logits = tf.placeholder(tf.float32, [None, BATCH, CLASSES])
    each = loss([1, 0, 1], [3, 2])(logits)
    with pytest.raises(th.NoSecondDerivativeError, match="set_shape"):
        th.hvp(tf.reduce_sum(each), logits, tf.ones_like(logits))


def test_tensorflow_forbids_the_second_derivative():
    with pytest.raises(LookupError, match="explicitly disabled"):
        plain(loss([1, 0, 1], [3, 2]), numbers(1, 3, BATCH, CLASSES), dtype=tf.float32)
