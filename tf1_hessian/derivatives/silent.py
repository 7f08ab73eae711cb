"""Where TensorFlow's own second derivative is wrong without an error: facts by op type and version.

Each was met in tests/ops, where a change in TensorFlow is noticed.
"""
import re

from tf1_hessian._compat import VERSION
from tf1_hessian.derivatives import repairs

__all__ = ["wrong_in_tensorflow"]

_ALWAYS = (0, 0), (99, 0)
_BEFORE_2, _SINCE_2 = ((0, 0), (2, 0)), ((2, 0), (99, 0))

# By op type: where it is wrong; the first version that is, the first that is no longer.
_WRONG = {
    "Betainc": ("where a parameter depends on x", _ALWAYS),
    "CTCLoss": ("for logits shorter than the longest, through tf.nn.ctc_loss_v2", _BEFORE_2),
    "DynamicStitch": ("where a place is written twice", _ALWAYS),
    "Elu": ("below zero", ((0, 0), (1, 14))),
    "EuclideanNorm": ("everywhere: its gradient is None", _BEFORE_2),
    "ExtractGlimpse": ("everywhere: its gradient is None", _ALWAYS),
    "FakeQuantWithMinMaxArgs": ("in what was clipped", _SINCE_2),
    "FakeQuantWithMinMaxVars": ("in what was clipped", _SINCE_2),
    "FusedBatchNorm": ("in inference, where the averages depend on x", _ALWAYS),
    "HSVToRGB": ("everywhere: its gradient is None", _ALWAYS),
    "ImageProjectiveTransform": ("where the transform depends on x", _ALWAYS),
    "LinSpace": ("everywhere: its gradient is None", _ALWAYS),
    "LogMatrixDeterminant": ("for matrices that are not symmetric", _BEFORE_2),
    "MatrixDeterminant": ("for matrices that are not symmetric", _BEFORE_2),
    "MatrixInverse": ("with adjoint=True", _BEFORE_2),
    "MaxPool": ("with strides of 1 and padding SAME", _ALWAYS),
    "OneHot": ("everywhere: its gradient is None", _ALWAYS),
    "Pad": ("where the padding's value depends on x", _ALWAYS),
    "Prod": ("where a factor is zero", _ALWAYS),
    "Range": ("everywhere: its gradient is None", _ALWAYS),
    "ResizeBilinear": ("everywhere: the gradient of its gradient is None", _SINCE_2),
    "SegmentProd": ("where a factor is zero", _SINCE_2),
    "Selu": ("below zero", ((0, 0), (1, 14))),
    "Sign": ("for complex numbers: its gradient is zero", _BEFORE_2),
    "SoftmaxCrossEntropyWithLogits": ("where the labels depend on x", _ALWAYS),
    "SparseAdd": ("everywhere", _ALWAYS),
    "SparseConcat": ("everywhere: its gradient is None", _ALWAYS),
    "UnsortedSegmentProd": ("where a factor is zero", _ALWAYS),
    "Xlogy": ("where the first input is zero", _ALWAYS),
    "Zeta": ("where the first input depends on x", _ALWAYS),
}


def wrong_in_tensorflow(op):
    """Where the installed TensorFlow's own second derivative of an op is wrong without an error, or None."""
    if repairs.is_moment_mean(op):
        return "in tf.nn.moments, whose mean counts as constant"
    where, (first, right) = _WRONG.get(re.sub(r"V\d+$", "", op.type), (None, _ALWAYS))
    return where if first <= VERSION < right else None
