"""Connectionist temporal classification, written out over time."""
import math

from tf1_hessian import errors
from tf1_hessian._compat import tf

__all__ = ["DENSE", "FORWARDS"]

# Log of a probability of zero: finite, so that it can be added, masked and differentiated.
_LOG_ZERO = -1e30
# TensorFlow's log of zero for the ends of alignments of dense labels.
_LOG_OF_WRONG_END = math.log(1e-307)
DENSE = "tf.nn.ctc_loss_v2 of dense labels"


def _ctc_loss(op, inputs, indices, values, lengths):
    """CTC's forward recursion in log space, step by step over a known number of steps; TensorFlow forbids it.

    With labels l and blanks in between, l' = (-, l_1, -, l_2, -): log alpha_t(u) = log p_t(l'_u) + the log of the sum
    of alpha_{t-1} at u, u - 1 and, between different labels, u - 2; the loss is -log of the last two alphas' sum.
    Graves, Supervised Sequence Labelling with Recurrent Neural Networks, eq. 7.9. Where no alignment exists the loss
    is infinite, and its derivative zero here.
    """
    blank = inputs.shape.as_list()[2] - 1 if _is_known(inputs) else -1
    return _sparse_loss(op, inputs, indices, values, lengths, blank)


def _ctc_loss_v2(op, inputs, indices, values, lengths):
    """CTC's forward recursion in log space, step by step over a known number of steps, with class 0 as the blank."""
    return _sparse_loss(op, inputs, indices, values, lengths, blank=0)


def _ctc_loss_dense(op, *tensors):
    """CTC's forward recursion in log space in the place of the gradient that tf.nn.ctc_loss_v2 has for dense labels.

    That gradient is worked out beside the loss and passes for a constant; in TF 1 it is far off where a row of logits
    is shorter than the longest. Its value is kept where no alignment exists: TensorFlow counts an end at a wrong place
    as log(1e-307) then, so the loss is large, and its derivative that of the least wrong ends.
    """
    inputs, labels, sizes, lengths = tensors[1:5] if op.type == "IdentityN" else tensors[:4]
    sizes, lengths = tf.cast(sizes, tf.int32), tf.cast(lengths, tf.int32)
    total = _recursion(op, inputs, labels, sizes, lengths, 0, True, _LOG_OF_WRONG_END)
    loss = tf.where(lengths > 0, -total, tf.zeros_like(total))
    return [loss, inputs] if op.type == "IdentityN" else [loss, None]


def _is_known(inputs):
    return bool(inputs.shape.ndims) and inputs.shape.as_list()[2] is not None


def _sparse_loss(op, inputs, indices, values, lengths, blank):
    labels, sizes, asked = _dense_labels(op, indices, values, inputs, blank)
    total = _recursion(op, inputs, labels, sizes, lengths, blank, op.get_attr("ctc_merge_repeated"), _LOG_ZERO)
    counted = tf.logical_and(lengths > 0, total > _LOG_ZERO / 2)
    if op.get_attr("ignore_longer_outputs_than_inputs"):
        counted = tf.logical_and(counted, asked <= tf.cast(lengths, asked.dtype))
    return [tf.where(counted, -total, tf.zeros_like(total)), None]


def _recursion(op, inputs, labels, sizes, lengths, blank, merge, wrong_end):
    """The log of the sum of the probabilities of all alignments of each row's first `sizes` labels.

    wrong_end: the log of what an alignment counts that ends elsewhere.
    """
    steps = inputs.shape.as_list()[0] if inputs.shape.ndims else None
    if steps is None or not _is_known(inputs):
        raise errors.no_gradient(op, op.name, (
            "It is written out step by step, for which the numbers of time steps and of classes must be known: set the "
            "shape of its logits with set_shape."), True)
    extended = _with_blanks(labels, blank)
    place = tf.range(tf.shape(extended)[1])[tf.newaxis]
    stay, skip = _penalties(extended, place, merge, inputs.dtype)
    log_p = _log_probabilities(inputs, extended)
    alpha = log_p[:, 0] + _penalty(place < 2, inputs.dtype)
    for t in range(1, steps):
        ways = tf.stack([alpha + stay, _shifted(alpha, 1), _shifted(alpha, 2) + skip])
        running = tf.cast(tf.expand_dims(t < lengths, 1), inputs.dtype)
        alpha = running * (tf.reduce_logsumexp(ways, 0) + log_p[:, t]) + (1 - running) * alpha
    last = 2 * tf.expand_dims(sizes, 1)
    ends = tf.logical_or(tf.equal(place, last), tf.equal(place, last - 1))
    return tf.reduce_logsumexp(alpha + _penalty(ends, inputs.dtype, wrong_end), 1)


def _dense_labels(op, indices, values, inputs, blank):
    """The labels [batch, longest], how many of them count in each row, and how many there were.

    Repeated ones are dropped if the op says so, and with a last blank, classes from there on.
    """
    rows, batch = tf.cast(indices[:, 0], tf.int32), tf.shape(inputs)[1]
    kept = tf.ones_like(values, tf.bool) if blank == 0 else values < blank
    if op.get_attr("preprocess_collapse_repeated"):
        changed = tf.logical_or(tf.not_equal(values[1:], values[:-1]), tf.not_equal(rows[1:], rows[:-1]))
        kept = tf.logical_and(kept, tf.concat([tf.ones_like(kept[:1]), changed], 0))
    asked = _counts(rows, batch)
    rows, values = tf.boolean_mask(rows, kept), tf.boolean_mask(values, kept)
    sizes = _counts(rows, batch)
    place = tf.range(tf.size(rows)) - tf.gather(tf.cumsum(sizes, exclusive=True), rows)
    longest = tf.reduce_max(tf.concat([sizes, [0]], 0))
    return tf.scatter_nd(tf.stack([rows, place], 1), values, tf.stack([batch, longest])), sizes, asked


def _counts(rows, batch):
    return tf.unsorted_segment_sum(tf.ones_like(rows), rows, batch)


def _with_blanks(labels, blank):
    """(l_1, l_2) becomes (-, l_1, -, l_2, -)."""
    blanks = tf.fill(tf.shape(labels), tf.cast(blank, labels.dtype))
    pairs = tf.reshape(tf.stack([blanks, labels], 2), [tf.shape(labels)[0], -1])
    return tf.concat([pairs, tf.fill([tf.shape(labels)[0], 1], tf.cast(blank, labels.dtype))], 1)


def _penalties(extended, place, merge, dtype):
    """What is added for staying at a place, and for coming from two places before it: 0, or the log of zero.

    Labels stand at the odd places; only from one to a different one no blank is needed.
    """
    is_label = tf.equal(place % 2, 1)
    differs = tf.not_equal(extended[:, 2:], extended[:, :-2])
    may_skip = tf.logical_and(is_label[:, 2:], tf.logical_or(differs, not merge))
    may_skip = tf.pad(may_skip, [[0, 0], [2, 0]])[:, :tf.shape(extended)[1]]
    may_stay = tf.ones_like(is_label) if merge else tf.logical_not(is_label)
    return _penalty(may_stay, dtype), _penalty(may_skip, dtype)


def _penalty(allowed, dtype, otherwise=_LOG_ZERO):
    return (1 - tf.cast(allowed, dtype)) * otherwise


def _log_probabilities(inputs, extended):
    """log p of each place's class at each time, [batch, time, places]: by a product with one-hot classes."""
    one_hot = tf.one_hot(extended, inputs.shape.as_list()[2], dtype=inputs.dtype)
    return tf.matmul(tf.transpose(tf.nn.log_softmax(inputs), [1, 0, 2]), one_hot, transpose_b=True)


def _shifted(alpha, by):
    """alpha at `by` places before."""
    return tf.pad(alpha, [[0, 0], [by, 0]], constant_values=_LOG_ZERO)[:, :tf.shape(alpha)[1]]


FORWARDS = {
    "CTCLoss": _ctc_loss,
    "CTCLossV2": _ctc_loss_v2,
    DENSE: _ctc_loss_dense,
}
