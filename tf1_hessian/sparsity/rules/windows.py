"""Convolutions and pools: windows that slide over the places of an image."""
import itertools

import numpy as np

from tf1_hessian.sparsity.links import Reach
from tf1_hessian.sparsity.rules.view import Local

__all__ = ["RULES"]

_MOST_LINKS = 3 * 10 ** 7


def _convolution(view):
    """An output element depends on all channels of the places in its window.

    Mathematics: out[n, p, c] = sum over (q, d) of image[n, p * stride + q * dilation - pad, d] filter[q, d, c].
    Example: 3 by 3 on [1, 4, 4, 1]: the corner depends on four places. Reads: shapes, strides, padding, dilations. None
    where the filter depends, and for other layouts than NHWC. Exact but for groups of channels.
    """
    if view.live != [0] or not _is_plain(view.op):
        return None
    sizes = view.sizes(1)
    return _slid(view, sizes[:-2], [int(s) for s in view.op.get_attr("strides")][1:-1], _dilations(view.op),
                 view.sizes(0)[-1] if view.op.type != "DepthwiseConv2dNative" else -sizes[-1])


def _pool(view):
    """An output element depends on the places in its window, channel by channel.

    Mathematics: out[n, p, c] = the mean or maximum over q of image[n, p * stride + q - pad, c]. Reads: shapes, window,
    strides, padding. None for other layouts than NHWC, and where a window takes several channels or examples. Exact.
    """
    if view.outputs != [0] or not _is_plain(view.op):
        return None
    window = [int(k) for k in view.op.get_attr("ksize")]
    strides = [int(s) for s in view.op.get_attr("strides")]
    if {window[0], window[-1], strides[0], strides[-1]} != {1}:
        return None
    return _slid(view, window[1:-1], strides[1:-1], [1] * (len(window) - 2), -1)


def _is_plain(op):
    try:
        layout = op.get_attr("data_format").decode("utf-8")
    except ValueError:
        layout = "NHWC"
    return layout in ("NHWC", "NDHWC") and op.get_attr("padding") in (b"SAME", b"VALID")


def _dilations(op):
    try:
        return [int(d) for d in op.get_attr("dilations")][1:-1]
    except ValueError:
        return [1] * (len(op.inputs[0].shape) - 2)


def _slid(view, window, strides, dilations, across):
    """The Local of sliding windows. across: how many input channels each output channel depends on, all of them; or
    negative: on one, and -across output channels on the same one."""
    sizes, out = view.sizes(0), view.out_sizes(0)
    links = int(np.prod(out, dtype=np.int64)) * int(np.prod(window)) * max(1, across)
    if links > _MOST_LINKS or (across > 0 and across != sizes[-1]):
        return None
    pads = [0] * len(window)
    if view.op.get_attr("padding") == b"SAME":
        pads = [max(0, (o - 1) * s + (w - 1) * d + 1 - i) // 2
                for o, s, w, d, i in zip(out[1:-1], strides, window, dilations, sizes[1:-1])]
    grid = np.meshgrid(*[np.arange(s) for s in out], indexing="ij")
    rows, cols = [], []
    numbers = np.arange(int(np.prod(out, dtype=np.int64)))
    for step in itertools.product(*[range(w) for w in window]):
        places = [g * s + k * d - p for g, s, k, d, p in zip(grid[1:-1], strides, step, dilations, pads)]
        inside = np.logical_and.reduce([(p >= 0) & (p < size) for p, size in zip(places, sizes[1:-1])]).ravel()
        channels = range(across) if across > 0 else [grid[-1] // -across]
        for channel in channels:
            place = np.broadcast_arrays(grid[0], *places + [channel])
            flat = np.ravel_multi_index([p.ravel()[inside] for p in place], sizes)
            rows.append(numbers[inside])
            cols.append(flat)
    return Local({(0, 0): Reach(np.concatenate(rows), np.concatenate(cols), numbers.size)}, [])


RULES = dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), _convolution)
RULES.update(dict.fromkeys(("AvgPool", "AvgPool3D", "MaxPool", "MaxPool3D"), _pool))
