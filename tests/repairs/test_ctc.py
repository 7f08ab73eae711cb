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
# The slices engine adds a copy of the gradient for each element: there along few directions.
IN_ENGINES = [("slices", {"directions": 3}), ("loop", {}), ("vectorized", {})]
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


@pytest.mark.parametrize("engine, options", IN_ENGINES)
def test_loss(engine, options):
    assert_right(loss([1, 0, 1], [3, 2]), enumerated([[1, 0], [1]], [3, 2]), numbers(1, 3, BATCH, CLASSES),
                 engine=engine, **dict(OPTIONS, **options))


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


# Labels of class 0, the blank of dense labels, only fill the rows.
def dense(labels, sizes, lengths, **options):
    return lambda logits: tf.nn.ctc_loss_v2(
        labels=labels, logits=logits, label_length=sizes, logit_length=lengths, blank_index=0, **options)


DENSE = [
    ([[1, 2], [2, 0]], [2, 1], [3, 3]),
    ([[1, 2], [2, 0]], [2, 1], [3, 2]),
    ([[1, 1], [2, 0]], [2, 1], [4, 3]),
    ([[2, 0], [0, 0]], [1, 0], [2, 3]),
    ([[2, 1], [1, 0]], [2, 1], [3, 0]),
]


@pytest.mark.parametrize("labels,sizes,lengths", DENSE)
def test_dense_labels(labels, sizes, lengths):
    rows = [row[:n] for row, n in zip(labels, sizes)]
    assert_right(dense(labels, sizes, lengths), enumerated(rows, lengths, blank=0),
                 numbers(9, max(lengths), BATCH, CLASSES), directions=6, **OPTIONS)


@pytest.mark.parametrize("engine, options", IN_ENGINES)
def test_dense_labels_in_each_engine(engine, options):
    assert_right(dense(*DENSE[1], logits_time_major=False),
                 lambda x: enumerated([[1, 2], [2]], [3, 2], blank=0)(x.transpose([1, 0, 2])),
                 numbers(10, BATCH, 3, CLASSES), engine=engine, **dict(OPTIONS, **options))


def test_dense_labels_with_another_blank_and_unique_ones():
    labels = tf.constant([[1, 0], [0, 2]])
    options = {"blank_index": -1, "unique": tf.nn.ctc_unique_labels(labels)}
    assert_right(lambda logits: tf.nn.ctc_loss_v2(labels, logits, [2, 1], [3, 2], **options),
                 enumerated([[1, 0], [0]], [3, 2]), numbers(11, 3, BATCH, CLASSES), directions=6, **OPTIONS)


def test_dense_labels_without_an_alignment():
    """1, 1 needs three steps and has two. TensorFlow's loss is finite then: an end at a wrong place counts 1e-307, and
    what two steps can end at are -, -1, 1- and 1."""
    def value(logits):
        log_p = logits - np.log(np.sum(np.exp(logits), -1, keepdims=True))
        ends = [log_p[0, 0, a] + log_p[1, 0, b] for a in (0, 1) for b in (0, 1)]
        return np.array([-np.log(np.sum(np.exp(ends))) - np.log(1e-307), -log_p[0, 1, 1] - log_p[1, 1, 2]])

    x, loss = numbers(12, 2, BATCH, CLASSES), dense([[1, 1], [1, 2]], [2, 2], [2, 2])
    given = tf.placeholder(tf.float32, x.shape)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(loss(given), {given: x}), value(x), rtol=1e-6)
    assert_right(loss, value, x, directions=6, **OPTIONS)


def test_the_gradient_of_tensorflow_for_dense_labels():
    """Behind the end of a row of logits it is zero; in TF 1 it is the probabilities of all classes there."""
    x = tf.placeholder(tf.float32, [3, BATCH, CLASSES])
    loss, point = tf.reduce_sum(dense(*DENSE[1])(x)), numbers(13, 3, BATCH, CLASSES)
    with tf.Session() as session:
        own, ours = session.run([tf.gradients(loss, x)[0], th.gradients(loss, x)[0]], {x: point})
    np.testing.assert_array_equal(ours[2, 1], 0)
    if tf.__version__.startswith("1."):
        chances = np.exp(point[2, 1])
        own[2, 1] -= chances / np.sum(chances)
    np.testing.assert_allclose(own, ours, atol=1e-6)


def test_dense_labels_of_a_copy():
    """A rewritten loss keeps the repair, and TensorFlow can't use a gradient that belongs to the original."""
    x, z = tf.placeholder(tf.float32, [3, BATCH, CLASSES]), tf.placeholder(tf.float32, [3, BATCH, CLASSES])
    loss = tf.reduce_sum(dense(*DENSE[1])(x))
    copy = th.rewrite(loss, {x: z})
    found = [th.hessian(loss, x), th.hessian(copy, z)]
    with tf.Session() as session:
        point = numbers(14, 3, BATCH, CLASSES)
        first, second = session.run(found, {x: point, z: point})
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert np.max(np.abs(first)) > 0.1
    if copy.op.inputs[0].op.type == "IdentityN":
        with pytest.raises(LookupError):
            tf.gradients(copy, z)


def test_unknown_time_is_refused():
    logits = tf.placeholder(tf.float32, [None, BATCH, CLASSES])
    each = loss([1, 0, 1], [3, 2])(logits)
    with pytest.raises(th.NoSecondDerivativeError, match="set_shape"):
        th.hvp(tf.reduce_sum(each), logits, tf.ones_like(logits))


def test_tensorflow_forbids_the_second_derivative():
    with pytest.raises(LookupError, match="explicitly disabled"):
        plain(loss([1, 0, 1], [3, 2]), numbers(1, 3, BATCH, CLASSES), dtype=tf.float32)
