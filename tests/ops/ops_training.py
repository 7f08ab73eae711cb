"""Losses, normalisation, quantisation and recurrent cells of neural networks."""
import numpy as np
import tensorflow.compat.v1 as tf
from op import Op, created, pieces

__all__ = ["OPS"]

EPSILON = 0.1


def _channels(x):
    """Image, scale and offset of two channels."""
    image, scale, offset = pieces(x, (1, 2, 3, 2), (2,), (2,))
    return image, 1.5 + scale, offset


def _trained(x):
    return tf.nn.fused_batch_norm(*_channels(x), epsilon=EPSILON)[0]


def _inferred(x):
    image, scale, offset, mean, variance = pieces(x, (1, 2, 2, 2), (2,), (2,), (2,), (2,))
    return tf.nn.fused_batch_norm(
        image, 1.5 + scale, offset, mean, 1.5 + variance, epsilon=EPSILON, is_training=False)[0]


def _normalized_by_moments(x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, 0.5, 2.0, EPSILON)


def _ctc(x):
    labels = tf.SparseTensor(
        np.array([[0, 0], [0, 1], [1, 0]], np.int64), np.array([1, 0, 1], np.int32), np.array([2, 2], np.int64))
    return tf.nn.ctc_loss(labels, pieces(x, (3, 2, 3))[0], [3, 2])


def _cross_entropy(x):
    logits, labels = pieces(x, (2, 3), (2, 3))
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(labels), logits=logits)


def _entropy(x):
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(x), logits=x)


def _lstm(kind, x, steps=()):
    """One input and one unit: x, cs, h, w, three peepholes and b."""
    now, cell, h, w, i, f, o, b = pieces(x, steps + (1, 1), (1, 1), (1, 1), (2, 4), (1,), (1,), (1,), (4,))
    before = [tf.constant(2, tf.int64)] if steps else []
    forget = {} if kind == "BlockLSTMV2" else {"forget_bias": {"f": 1.0}}
    found = created(kind, before + [now, cell, h, w, i, f, o, b], [tf.float32] * 7, T=tf.float32,
                    use_peephole={"b": True}, cell_clip={"f": 3.0}, **forget)
    return tf.concat([tf.reshape(found[1], [-1]), tf.reshape(found[6], [-1])], 0)


def _gru(x):
    inputs = pieces(x, (1, 1), (1, 1), (2, 2), (2, 1), (2,), (1,))
    return created("GRUBlockCell", inputs, [tf.float32] * 4, T=tf.float32)[3]


def _between(x, low, high):
    """What straight-through quantisation counts as."""
    return tf.minimum(tf.maximum(x, low), high)


def _quantized_between(x):
    x, low, high = pieces(x, (4,), (1,), (1,))
    return tf.quantization.fake_quant_with_min_max_vars(3 * x, low[0] - 2, high[0] + 2, num_bits=16)


def _clipped_between(x):
    x, low, high = pieces(x, (4,), (1,), (1,))
    return _between(3 * x, low[0] - 2, high[0] + 2)


def _cudnn(x):
    steps, state, weights = pieces(x, (1, 1, 1), (1, 1, 1), (4,))
    return created("CudnnRNN", [steps, state, tf.zeros([0]), weights], [tf.float32] * 4, T=tf.float32,
                   rnn_mode={"s": b"rnn_tanh"})[0]


OPS = [
    Op("SoftmaxCrossEntropyWithLogits", _cross_entropy, "repaired", "wrong", shape=(12,)),
    Op("SoftmaxCrossEntropyWithLogits", _entropy, "repaired", "wrong", case="labels that depend on the logits"),
    Op("SparseSoftmaxCrossEntropyWithLogits", lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=[2, 0], logits=x), "repaired", "refused/right"),
    Op("CTCLoss", _ctc, "repaired", "refused", shape=(18,), precision="float32"),
    Op("L2Loss", tf.nn.l2_loss),
    Op("FusedBatchNorm", _trained, "repaired", shape=(16,), precision="float32", case="training"),
    Op("FusedBatchNorm", _inferred, "repaired", "wrong", shape=(16,), precision="float32", case="inference"),
    Op("StopGradient", _normalized_by_moments, "repaired", "wrong", shape=(4, 2), case="in tf.nn.moments"),
    Op("LRN", lambda x: tf.nn.lrn(pieces(x, (1, 1, 2, 4))[0], depth_radius=1, bias=1.0, alpha=0.7, beta=0.4),
       "repaired", "refused", shape=(8,), precision="float32"),
    Op("FakeQuantWithMinMaxArgs", lambda x: tf.quantization.fake_quant_with_min_max_args(3 * x, -2, 2, num_bits=16),
       "repaired", "refused/wrong",
       precision="float32", truth=lambda x: _between(3 * x, -2.0, 2.0), repair="FakeQuantWithMinMaxArgsGradient"),
    Op("FakeQuantWithMinMaxVars", _quantized_between, "repaired", "refused/wrong", precision="float32",
       truth=_clipped_between, repair="FakeQuantWithMinMaxVarsGradient"),
    Op("QuantizeAndDequantize", lambda x: tf.quantization.quantize_and_dequantize(
        3 * x, -4.0, 4.0, num_bits=24, range_given=True), truth=lambda x: 3 * x),
    Op("BlockLSTM", lambda x: _lstm("BlockLSTM", x, (2,)), "repaired", "refused", shape=(19,), precision="float32",
       since=(1, 15)),
    Op("CudnnRNN", _cudnn, "refused", "refused", shape=(6,), precision="float32",
       note="its gradient is in a library that does not give the second"),
    Op("GRUBlockCell", _gru, "repaired", "refused", shape=(11,), precision="float32", since=(1, 15)),
]
