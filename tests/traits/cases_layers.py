"""Ops of image and normalising layers."""
import numpy as np
from case import Case, Fed, S, X, numbers, positive

__all__ = ["CASES"]

ONES, TWICE = [1, 1, 1, 1], [1, 2, 2, 1]
ROWS, BOTH = [0, S, S, S], [0, S, S, 3]
SAME = {"strides": ONES, "padding": "SAME"}
# From -1.7 to 1.9, in steps that differences do not cross.
IMAGE = numbers(2, 4, 3, 4)
SINGLE = (17 * IMAGE).astype(np.float32)
SIZES = np.array(IMAGE.shape)
VECTORS = [positive(4), numbers(4), numbers(4) / 3, positive(4) + 0.2]


CONVOLUTIONS = [
    Case("Conv2D", [IMAGE, numbers(2, 2, 4, 3)], {0: ROWS, 1: [S, S, S, 3]}, "one", **SAME),
    Case("Conv2D", [IMAGE, numbers(2, 2, 4, 3)], {0: ROWS, 1: [S, S, S, 3]}, "one", "strides, no padding",
         strides=TWICE, padding="VALID"),
    Case("Conv2D", [Fed(IMAGE, [None, None, None, 4]), numbers(2, 2, 4, 4)], {0: ROWS, 1: [S, S, S, 3]}, "one",
         "unknown sizes", together={((0, 0), (1, 0)): X, ((0, 3), (1, 2)): X, ((0, 3), (1, 3)): X}, **SAME),
    Case("Conv3D", [numbers(2, 3, 2, 2, 3), numbers(2, 1, 2, 3, 4)], {0: [0, S, S, S, S], 1: [S, S, S, S, 4]}, "one",
         strides=[1] * 5, padding="SAME"),
    Case("Conv2DBackpropInput", [SIZES, numbers(2, 2, 4, 3), numbers(2, 4, 3, 3)], {1: [S, S, 3, S], 2: ROWS}, "one",
         together={((1, 0), (2, 0)): X, ((1, 3), (2, 3)): X}, **SAME),
    Case("Conv2DBackpropInput", [Fed(SIZES, [4]), numbers(2, 2, 4, 3), Fed(numbers(2, 4, 3, 3), [None, 4, 3, 3])],
         {1: [S, S, S, S], 2: ROWS}, "one", "unknown sizes", **SAME),
    Case("Conv3DBackpropInputV2", [np.array([2, 3, 2, 2, 3]), numbers(2, 1, 2, 3, 4), numbers(2, 3, 2, 2, 4)],
         {1: [S, S, S, 4, S], 2: [0, S, S, S, S]}, "one", strides=[1] * 5, padding="SAME"),
    Case("Conv2DBackpropFilter", [IMAGE, np.array([2, 2, 4, 3]), numbers(2, 4, 3, 3)],
         {0: [S, S, S, 2], 2: [S, S, S, 3]}, "one",
         together={((0, 0), (2, 0)): S, ((0, 1), (2, 1)): X, ((0, 2), (2, 2)): X}, **SAME),
    Case("Conv3DBackpropFilterV2", [numbers(2, 3, 2, 2, 3), np.array([2, 1, 2, 3, 4]), numbers(2, 3, 2, 2, 4)],
         {0: [S, S, S, S, 3], 2: [S, S, S, S, 4]}, "one", strides=[1] * 5, padding="SAME",
         together={((0, 0), (2, 0)): S}),
    Case("DepthwiseConv2dNative", [IMAGE, numbers(2, 2, 4, 3)], {0: [0, S, S, (3, 1, 3)], 1: [S, S, (3, 1, 3),
         (3, 4, 1)]}, "one", together={((0, 3), (1, 2)): X, ((0, 0), (1, 0)): X}, **SAME),
    Case("DepthwiseConv2dNative", [IMAGE, numbers(2, 2, 4, 1)], {0: BOTH, 1: [S, S, 3, (3, 4, 1)]}, "one",
         "one filter a channel", **SAME),
    Case("DepthwiseConv2dNative", [Fed(IMAGE, [None, 4, 3, 4]), Fed(numbers(2, 2, 4, 3), [2, 2, None, None])],
         {0: ROWS, 1: [S, S, S, S]}, "one", "unknown channels", **SAME),
    Case("DepthwiseConv2dNativeBackpropInput", [SIZES, numbers(2, 2, 4, 3), numbers(2, 4, 3, 12)],
         {1: [S, S, 3, S], 2: ROWS}, "one", **SAME),
    Case("DepthwiseConv2dNativeBackpropFilter", [IMAGE, np.array([2, 2, 4, 3]), numbers(2, 4, 3, 12)],
         {0: [S] * 4, 2: [S] * 4}, "one", together={((0, 0), (2, 0)): S, ((0, 2), (2, 2)): X}, **SAME),
]
POOLS = [Case(kind, [IMAGE], {0: BOTH}, ksize=TWICE, strides=TWICE, padding="SAME")
         for kind in ("AvgPool", "MaxPool", "MaxPoolWithArgmax")]
POOLS += [
    Case("MaxPool", [Fed(IMAGE, [None, None, None, 4])], {0: BOTH}, name="unknown sizes, overlapping",
         ksize=[1, 2, 2, 1], strides=ONES, padding="VALID"),
    Case("MaxPool", [IMAGE], {0: ROWS}, name="over channels", ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2],
         padding="VALID"),
    Case("MaxPool", [Fed(IMAGE, None)], {0: ROWS}, name="an unknown rank", ksize=TWICE, strides=TWICE, padding="SAME"),
    Case("MaxPoolV2", [IMAGE, np.array(TWICE), np.array(TWICE)], {0: BOTH}, padding="SAME"),
    Case("MaxPoolV2", [IMAGE, Fed(TWICE, [4]), np.array(TWICE)], {0: ROWS}, name="an unknown window", padding="SAME"),
]
POOLS += [Case(kind, [17 * numbers(2, 3, 4, 2, 3, kind=np.float32)], {0: [0, S, S, S, 4]}, ksize=[1, 2, 2, 1, 1],
               strides=[1, 1, 2, 1, 1], padding="SAME") for kind in ("AvgPool3D", "MaxPool3D")]


def _maxima(array, window):
    """Max-pooling of disjoint windows, in numpy."""
    shape = []
    for size, width in zip(array.shape, window):
        shape += [size // width, width]
    return array.reshape(shape).max(axis=tuple(range(1, 2 * len(window), 2)))


def _back(kind, array, window, expected, **attributes):
    maxima = _maxima(array, window)
    last = array.ndim - 1
    together = {} if "held" in attributes else {((0, 0), (1, 0), (2, 0)): 0, ((0, last), (2, last)): last}
    return Case(kind, [array, maxima, positive(*maxima.shape).astype(array.dtype)] + attributes.pop("more", []),
                {0: expected, 1: expected, 2: expected}, padding="VALID", together=together, **attributes)


EVEN = numbers(2, 4, 2, 4)
POOLS += [
    _back("MaxPoolGrad", EVEN, TWICE, BOTH, ksize=TWICE, strides=TWICE),
    _back("MaxPoolGradV2", EVEN, TWICE, BOTH, more=[np.array(TWICE), np.array(TWICE)]),
    # Its kernel looks for the maxima it is given, which a moved image no longer has.
    _back("MaxPool3DGrad", 17 * numbers(2, 2, 4, 2, 3, kind=np.float32), [1, 2, 2, 1, 1], [0, S, S, S, 4],
          ksize=[1, 2, 2, 1, 1], strides=[1, 2, 2, 1, 1], held=[0, 1]),
    Case("AvgPoolGrad", [SIZES, numbers(2, 2, 2, 4)], {1: BOTH}, ksize=TWICE, strides=TWICE, padding="SAME"),
    Case("AvgPool3DGrad", [np.array([2, 2, 4, 2, 3]), numbers(2, 1, 2, 2, 3, kind=np.float32)], {1: [0, S, S, S, 4]},
         ksize=[1, 2, 2, 1, 1], strides=[1, 2, 2, 1, 1], padding="VALID"),
]
RESIZES = []
for _kind in ("ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor"):
    RESIZES += [Case(_kind, [SINGLE, np.array([5, 4])], {0: BOTH}),
                Case(_kind, [Fed(SINGLE, [None, None, None, 4]), np.array([2, 2])], {0: BOTH}, name="unknown sizes")]
RESIZES += [Case(kind + "Grad", [numbers(2, 5, 4, 4, kind=np.float32), SINGLE], {0: BOTH, 1: [S] * 4}, held=[1])
            for kind in ("ResizeBicubic", "ResizeBilinear")]
RESIZES += [Case("ResizeNearestNeighborGrad", [numbers(2, 5, 4, 4, kind=np.float32), np.array([4, 3])], {0: BOTH})]


def _normalization_back(version, arrays):
    """Its outputs 1 and 2 are for scale and offset; two more are empty."""
    more = [np.zeros(0, np.float32)] if version == "V3" else []
    last = {5: [X]} if more else {}
    by_channel = [{0: [S, S, S, c], 1: [X, X, X, c], 2: [c], 3: [c], 4: [c]} for c in (3, 0)]
    for found in by_channel:
        found.update(last)
    nothing = {0: [S] * 4, 1: [X] * 4, 2: [X], 3: [X], 4: [X]}
    nothing.update(last)
    others = {1: by_channel[1], 2: by_channel[1], 3: nothing, 4: nothing}
    return Case("FusedBatchNormGrad" + version, arrays + more, by_channel[0], [0], others=others, held=[5],
                together={((0, 3), (1, 3), (2, 0)): 3, ((0, 0), (1, 0)): X}, is_training=True)


NORMALIZATIONS = []
for _version in ("", "V2", "V3"):
    _arrays = [array.astype(np.float32) for array in [IMAGE] + VECTORS]
    _others = range(1, 6 if _version == "V3" else 5)
    _mixed = {k: {0: [X] * 4, 1: [S], 2: [S], 3: [X], 4: [X]} for k in _others}
    _free = [(0,), (1,), (2,), (0, 2), (1, 2)]
    NORMALIZATIONS += [
        Case("FusedBatchNorm" + _version, _arrays, {0: [0, 1, 2, 3], 1: [3], 2: [3], 3: [3], 4: [3]}, _free,
             is_training=False, measures=[0],
             together={((0, 3), (1, 0)): 3, ((0, 3), (1, 0), (2, 0)): 3, ((0, 3), (3, 0)): 3},
             others={k: {0: [S] * 4, 1: [S], 2: [S], 3: [X], 4: [X]} for k in _others}),
        Case("FusedBatchNorm" + _version, _arrays[:3] + [np.zeros(0, np.float32)] * 2,
             {0: [X, X, X, 3], 1: [3], 2: [3], 3: [3], 4: [3]}, _free[1:3] + _free[4:], "in training",
             is_training=True, held=[3, 4], together={((0, 3), (1, 0)): 3, ((0, 3), (1, 0), (2, 0)): 3}, others=_mixed),
        _normalization_back(_version, [_arrays[0] / 2, _arrays[0], _arrays[1], _arrays[3], _arrays[4]])]
FIRST = np.moveaxis(IMAGE, -1, 1)
BY_PLACE = {"strides": [1, 1, 2, 1], "padding": "SAME", "data_format": "NCHW"}
CHANNELS_FIRST = [
    Case("Conv2D", [FIRST, numbers(2, 2, 4, 3)], {0: ROWS, 1: [S, S, S, 1]}, "one", "channels first",
         channels_first=[0], **BY_PLACE),
    Case("Conv3D", [np.moveaxis(numbers(2, 3, 2, 2, 3), -1, 1), numbers(2, 1, 2, 3, 4)],
         {0: [0, S, S, S, S], 1: [S, S, S, S, 1]}, "one", "channels first", channels_first=[0], strides=[1] * 5,
         padding="SAME", data_format="NCDHW"),
    Case("Conv2DBackpropInput", [np.array([2, 4, 4, 3]), numbers(2, 2, 4, 3), numbers(2, 3, 2, 3)],
         {1: [S, S, 1, S], 2: ROWS}, "one", "channels first", channels_first=[0, 2], **BY_PLACE),
    Case("Conv2DBackpropFilter", [FIRST, np.array([2, 2, 4, 3]), numbers(2, 3, 2, 3)],
         {0: [S, 2, S, S], 2: [S, 3, S, S]}, "one", "channels first", channels_first=[0, 2],
         together={((0, 0), (2, 0)): S}, **BY_PLACE),
    Case("DepthwiseConv2dNative", [np.moveaxis(numbers(2, 4, 4, 3), -1, 1), numbers(2, 2, 3, 2)],
         {0: [0, (1, 1, 2), S, S], 1: [S, S, (1, 1, 2), (1, 3, 1)]}, "one", "channels first", channels_first=[0],
         strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW"),
    Case("DepthwiseConv2dNativeBackpropInput", [np.array([2, 3, 4, 4]), numbers(2, 2, 3, 2), numbers(2, 6, 2, 2)],
         {1: [S, S, 1, S], 2: ROWS}, "one", "channels first", channels_first=[0, 2], strides=[1, 1, 2, 2],
         padding="SAME", data_format="NCHW"),
    Case("BiasAdd", [FIRST, positive(4)], {0: [0, 1, 2, 3], 1: [1]}, name="channels first", channels_first=[0],
         data_format="NCHW", together={((0, 1), (1, 0)): 1, ((0, 2), (1, 0)): S}),
    Case("BiasAddGrad", [FIRST], {0: [S, 0, S, S]}, name="channels first", channels_first=[0], data_format="NCHW"),
    Case("FusedBatchNorm", [a.astype(np.float32) for a in [FIRST] + VECTORS],
         {0: [0, 1, 2, 3], 1: [1], 2: [1], 3: [1], 4: [1]}, [(0,), (1,), (2,), (0, 2), (1, 2)], "channels first",
         others={k: {0: [S] * 4, 1: [S], 2: [S], 3: [X], 4: [X]} for k in (1, 2, 3, 4)}, channels_first=[0],
         measures=[0], is_training=False, data_format="NCHW"),
]
CHANNELS_FIRST += [
    Case(kind, [FIRST], {0: [0, 1, S, S]}, name="channels first", channels_first=[0], ksize=[1, 1, 2, 1],
         strides=[1, 1, 2, 1], padding="SAME", data_format="NCHW") for kind in ("AvgPool", "MaxPool")]
CASES = CONVOLUTIONS + POOLS + RESIZES + NORMALIZATIONS + CHANNELS_FIRST
CASES += [
    Case("BiasAdd", [numbers(4, 3), positive(3)], {0: [0, 1], 1: [1]}, together={((0, 1), (1, 0)): 1}),
    Case("BiasAdd", [IMAGE, positive(4)], {0: [0, 1, 2, 3], 1: [3]}, name="an image", together={
        ((0, 3), (1, 0)): 3, ((0, 1), (1, 0)): S}),
    Case("BiasAdd", [Fed(IMAGE, None), positive(4)], {0: [S] * 4, 1: [S]}, name="an unknown rank"),
    Case("BiasAddV1", [numbers(4, 3), positive(3)], {0: [0, 1], 1: [1]}),
    Case("BiasAddGrad", [numbers(4, 3)], {0: [S, 0]}),
    Case("BiasAddGrad", [IMAGE], {0: [S, S, S, 0]}, name="an image"),
    Case("DepthToSpace", [IMAGE], {0: ROWS}, block_size=2),
    Case("SpaceToDepth", [EVEN], {0: ROWS}, block_size=2),
    Case("Dilation2D", [IMAGE, numbers(2, 2, 4) / 31], {0: BOTH, 1: [S, S, 3]}, strides=ONES, rates=ONES,
         padding="SAME", together={((0, 3), (1, 2)): 3, ((0, 0), (1, 0)): S}),
    Case("ExtractImagePatches", [IMAGE], {0: ROWS}, ksizes=TWICE, strides=TWICE, rates=ONES, padding="SAME"),
    Case("LRN", [IMAGE.astype(np.float32)], {0: [0, 1, 2, X]}, False, depth_radius=1),
]
# Two groups of channels: the gradients have no kernel on a processor, so that only the rules are asked.
CASES += [
    Case("Conv2DBackpropInput", [SIZES, numbers(2, 2, 2, 6), numbers(2, 4, 3, 6)], {1: [S, S, S, S], 2: ROWS}, "one",
         "groups", measures=[], **SAME),
    Case("Conv2DBackpropFilter", [IMAGE, np.array([2, 2, 2, 6]), numbers(2, 4, 3, 6)],
         {0: [S, S, S, S], 2: [S, S, S, 3]}, "one", "groups", measures=[], **SAME),
]
GROUPED = [Case("Conv2D", [IMAGE, numbers(2, 2, 2, 6)], {0: ROWS, 1: [S, S, S, 3]}, "one", "groups", **SAME)]
