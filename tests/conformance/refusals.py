"""The engines that can't do a scenario, by TensorFlow version: exactly these refuse, so that a change is noticed."""
import collections

from scenario import VERSION

Refusal = collections.namedtuple("Refusal", "engine reason scenarios first last")
Refusal.__new__.__defaults__ = ((1, 13), (99, 0))
Refusal.__doc__ = "`engine` refuses `scenarios` in versions first .. last (both included); the error names `reason`."

_NEW = (2, 0)
_OLD = (1, 15)

REFUSALS = [
    Refusal("vectorized", "nested conditionals", ["cond_nested_v1", "cond_nested_v2"], first=_NEW),
    Refusal("slices", "custom gradient", ["custom_gradient"]),
    Refusal("vectorized", "Input \"filter\" of op 'Conv2D'", [
        "average_pooling", "convolution_1d", "convolution_of_both", "convolution_of_kernel", "max_pooling",
        "keras_convolution_and_pooling", "two_convolutions"]),
    Refusal("vectorized", "Input \"filter\" of op 'Conv2DBackpropInput'", ["transposed_convolution"]),
    Refusal("vectorized", "DepthwiseConv2dNative", ["depthwise_convolution"]),
    Refusal("vectorized", "DynamicStitch", ["array_dynamic_partition"]),
    Refusal("vectorized", "ScatterNd", ["array_gather_nd", "array_top_k"], first=_NEW),
    Refusal("vectorized", "MirrorPad", ["array_mirror_pad"], first=_NEW),
]


def refusal_of(engine, name):
    """The Refusal that applies on the installed TensorFlow, or None."""
    for refusal in REFUSALS:
        if refusal.engine == engine and name in refusal.scenarios and refusal.first <= VERSION <= refusal.last:
            return refusal
    return None
