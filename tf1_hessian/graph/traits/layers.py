"""Traits of the ops of image and normalising layers."""
from tf1_hessian.graph.traits.states import SUMMED, Trait, only, placed

__all__ = ["TRAITS", "channel_axis"]


def channel_axis(op, rank):
    """Where the channels of an image op are, by its data format."""
    try:
        layout = op.get_attr("data_format").decode("utf-8")
    except ValueError:
        layout = "NHWC"
    return 1 if layout.startswith("NC") else rank - 1


def _convolution(question):
    """Examples stay apart, and output channels of the filter; places and input channels add up.

    Mathematics: out[n, p, c] = sum over (q, d) of image[n, p + q, d] filter[q, d, c]. Image and filter both: nothing.
    Example: image [N, 28, 28, 1] carried on 0: out carried on 0; filter [5, 5, 1, 6] carried on 3: out on its channels.
    Reads: data format. Exact but for groups, where channels of the image are not followed.
    """
    if question.rank is None or len(question.positions) > 1:
        return None
    return placed(question, {0: {0: 0}, 1: {question.rank - 1: channel_axis(question.op, question.rank)}})


def _depthwise(question):
    """Examples stay apart, and channels of image and filter; places add up.

    Mathematics: out[n, p, c * k + j] = sum over q of image[n, p + q, c] filter[q, c, j], k the filter's last size.
    Example: filter [5, 5, 3, 2] carried on 2: out carried on its channels as (1, 2), on 3: as (3, 1).
    Reads: data format, the two last sizes of the filter. Exact where these are known.
    """
    position, state = question.positions[0], question.states[question.positions[0]]
    if question.rank is None or len(question.positions) > 1:
        return None
    channels, (count, each) = channel_axis(question.op, question.rank), question.sizes_of(1)[-2:]
    if state.axis == 0 and position == 0:
        return state
    if each is not None and state.axis == (channels if position == 0 else 2):
        return state._replace(axis=channels, inner=state.inner * each)
    if None not in (count, state.outer) and position == 1 and state.axis == 3:
        return state._replace(axis=channels, outer=count * state.outer)
    return None


def _transposed_convolution(question):
    """Examples stay apart, and the channels that the filter makes; places and other channels add up.

    Mathematics: image[n, p + q, d] = sum over (q, c) of g[n, p, c] filter[q, d, c]. Example: g [N, 7, 7, 8] carried on
    0: the image carried on 0; filter [5, 5, 3, 8] carried on 2: the image carried on its channels.
    Reads: data format, channels of filter and image. Exact but for groups, which are not followed.
    """
    if question.rank is None or len(question.positions) > 1:
        return None
    channels, filters = channel_axis(question.op, question.rank), question.rank - 2
    same = question.sizes[channels] is not None and question.sizes[channels] == (question.sizes_of(1) or [0])[-2]
    return placed(question, {1: {filters: channels} if same else {}, 2: {0: 0}})


def _pooling(question):
    """Examples and channels stay apart; places add up, in the mean, and in the maximum, which is piecewise linear.

    Mathematics: out[n, p, c] = the mean or maximum over q of a[n, p + q, c].
    Example: [N, 28, 28, 6] carried on 0: carried on 0, and so for channels where the window takes one at a time.
    Reads: data format and window. Exact; where the maxima stand (a second output) is not followed.
    """
    return None if question.output else placed(question, {0: _apart(question, 0, 1)})


def _pooling_back(question):
    """Examples and channels stay apart, as in the pooling whose gradient it is, a linear op of what it is given.

    Mathematics: out[n, p + q, c] += g[n, p, c] / |window|, or where a[n, p + q, c] is the maximum of its window.
    Example: input, output and g [N, ., ., 6] all carried on 0: 0 on 0. Reads: data format and window. Exact.
    """
    if question.op.type.startswith("Avg"):
        return placed(question, {1: _apart(question, 1, None)})
    apart = _apart(question, 2, 3)
    return placed(question, {0: apart, 1: apart, 2: apart})


def _apart(question, position, window):
    """{axis: axis} for examples, and for channels where the window takes one at a time and makes one of each."""
    sizes, out = question.sizes_of(position), question.sizes
    if None in (sizes, out):
        return {0: 0}
    channels = channel_axis(question.op, len(sizes))
    if question.op.type in ("MaxPoolV2", "MaxPoolGradV2", "MaxPoolGradGradV2"):
        window = question.told(window)
    else:
        window = question.op.get_attr("ksize")
    is_single = window is not None and window[channels] == 1
    same = sizes[channels] is not None and sizes[channels] == out[channels]
    return {0: 0, channels: channels} if is_single and same else {0: 0}


def _rows_only(question):
    """Examples, along the first axis, stay apart.

    Mathematics: out[n] = f(a[n]). Example: [N, 8, 8, 3] carried on 0: 0 on 0. Reads: nothing. Conservative: nothing
    else is followed.
    """
    return placed(question, {0: {0: 0}})


def _local_response(question):
    """All axes but the channels stay apart.

    Mathematics: out[n, p, c] = a[n, p, c] / (bias + alpha * sum over d near c of a[n, p, d]**2)**beta.
    Example: [N, 8, 8, 3] carried on 1: 1 on 1. Reads: nothing. Exact.
    """
    return placed(question, {0: {0: 0, 1: 1, 2: 2}})


def _dilation(question):
    """Examples and channels stay apart, piecewise linear in image and filter.

    Mathematics: out[n, p, c] = the maximum over q of image[n, p + q, c] + filter[q, c]. Example: image [N, 8, 8, 3]
    on 3 and filter [2, 2, 3] on 2: carried on 3. Reads: nothing. Exact.
    """
    return placed(question, {0: {0: 0, 3: 3}, 1: {2: 3}})


def _resize(question):
    """Examples and channels stay apart, in a resizing and in its gradient.

    Mathematics: out[n, p, c] = sum over q of weight[p, q] a[n, q, c]. Example: [N, 7, 7, 3] resized to [N, 14, 14, 3]:
    0 on 0, 3 on 3. Reads: nothing. Exact.
    """
    return placed(question, {0: {0: 0, 3: 3}})


def _bias(question):
    """Element by element, the bias along the channels.

    Mathematics: out[n, p, c] = a[n, p, c] + bias[c]. Example: [N, 6] plus [6], which is carried on 0: carried on 1.
    Reads: data format. Exact.
    """
    if question.rank is None:
        return None
    whole = {a: a for a in range(question.rank)}
    return placed(question, {0: whole, 1: {0: channel_axis(question.op, question.rank)}})


def _normalizes_linearly(op, positions):
    """With given moments the op is linear in the images; in scale and offset it always is."""
    both = 0 in positions and 1 in positions
    moving = 0 in positions and op.get_attr("is_training")
    return not both and not moving and not set(positions) & {3, 4}


def _normalization(question):
    """With given moments every axis of the images stays apart; in training channels alone.

    Mathematics: y = (x - mean) / sqrt(variance + eps) * scale + offset by channel. Example: in training [N, 7, 7, 6]
    carried on 0 is mixed, since the moments are taken over all examples.
    Reads: is_training, data format. Exact for y; the moments that it also gives are not followed.
    """
    if question.output or question.rank is None:
        return None
    channels = channel_axis(question.op, question.rank)
    places = {position: {0: channels} for position in (1, 2, 3, 4)}
    places[0] = {a: a for a in range(question.rank) if a == channels or not question.op.get_attr("is_training")}
    return placed(question, places)


def _normalization_back(question):
    """The gradient of a normalisation: channels stay apart, and it is linear in the gradient that it is given.

    Mathematics: dx[n, p, c] = f(dy[:, :, c], x[:, :, c], scale[c], moments[c]); dscale[c] and doffset[c] alike.
    Example: dy [N, 7, 7, 6] carried on 3: dx carried on 3, dscale on 0. Reads: data format. Conservative: examples are
    not followed, not even with given moments.
    """
    rank = question.rank_of(0)
    if rank is None or question.output > 2:
        return None
    channels = channel_axis(question.op, rank)
    out = 0 if question.output else channels
    return placed(question, {0: {channels: out}, 1: {channels: out}, 2: {0: out}, 3: {0: out}, 4: {0: out}})


def _filter_gradient(question):
    """The gradient of a convolution for its filter: its channels stay apart; examples add up, in both factors at once.

    Mathematics: out[q, d, c] = sum over (n, p) of image[n, p + q, d] g[n, p, c]. Example: image and g both carried on
    0: a sum; g [N, 7, 7, 8] carried on 3: carried on 3. Reads: data format, channels of image and filter.
    Conservative: groups are not followed, nor are channels of a depthwise convolution.
    """
    states = [question.states[p] for p in question.positions]
    if len(states) == 2:
        return SUMMED if states[0] == states[1] and states[0].axis == 0 else None
    ranks = question.rank_of(0), question.rank_of(2), question.rank
    if None in ranks or question.op.type.startswith("Depthwise"):
        return None
    channels, last = channel_axis(question.op, ranks[0]), question.rank - 1
    whole = question.sizes[-2] is not None and question.sizes[-2] == question.sizes_of(0)[channels]
    return placed(question, {0: {channels: last - 1} if whole else {}, 2: {channels: last}})


def _bias_gradient(question):
    """Channels stay apart, all else adds up.

    Mathematics: out[c] = sum over (n, p) of g[n, p, c]. Example: g [N, 6] carried on 1: carried on 0.
    Reads: data format. Exact.
    """
    rank = question.rank_of(0)
    return None if rank is None else placed(question, {0: {channel_axis(question.op, rank): 0}})


_BACKWARD = ("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput")
_FILTERS = ("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", "DepthwiseConv2dNativeBackpropFilter")
_POOLS = ("AvgPool", "AvgPool3D", "MaxPool", "MaxPool3D", "MaxPoolV2", "MaxPoolWithArgmax")
_POOLS_BACK = ("AvgPoolGrad", "AvgPool3DGrad", "MaxPoolGrad", "MaxPoolGradV2", "MaxPool3DGrad")
_RESIZES = ("ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor")

TRAITS = {name: Trait(only(), _convolution) for name in ("Conv2D", "Conv3D")}
TRAITS.update({name: Trait(only(), _transposed_convolution) for name in _BACKWARD})
TRAITS.update({name: Trait(only(), _filter_gradient) for name in _FILTERS})
TRAITS.update({name: Trait(True, _pooling) for name in _POOLS})
TRAITS.update({name: Trait(True, _pooling_back) for name in _POOLS_BACK})
TRAITS.update({name + more: Trait(True, _resize) for name in _RESIZES for more in ("", "Grad")})
TRAITS.update({name: Trait(True, _rows_only) for name in ("DepthToSpace", "ExtractImagePatches", "SpaceToDepth")})
for _version in ("", "V2", "V3"):
    TRAITS["FusedBatchNorm" + _version] = Trait(_normalizes_linearly, _normalization)
    TRAITS["FusedBatchNormGrad" + _version] = Trait(only(0), _normalization_back)
TRAITS.update({
    "BiasAdd": Trait(True, _bias), "BiasAddV1": Trait(True, _bias),
    "BiasAddGrad": Trait(True, _bias_gradient),
    "DepthwiseConv2dNative": Trait(only(), _depthwise),
    "Dilation2D": Trait(True, _dilation),
    "LRN": Trait(False, _local_response),
})
