"""Pictures of Hessians: numpy values in, what th.evaluate gives; `(figure, axes)` out, without a backend or pyplot.

Each function draws on a new figure of 800 pixels, or on the axes given as ax=. Two lines show or save it: a notebook
shows `figure` at the end of a cell, `figure.savefig("map.png")` writes a file. Complex numbers, NaN and infinities
raise ValueError, which says where they are. Colours can be told apart with any colour vision.
"""
try:
    import matplotlib.figure  # noqa: F401
except ImportError as missing:
    raise ImportError("th.plots needs matplotlib: pip install tf1-hessian[plots]") from missing

from tf1_hessian.plots.curves import pruning_curve, spectrum
from tf1_hessian.plots.layers import curvature_by_layer, top_curvatures
from tf1_hessian.plots.matrices import hessian_map, sparsity

__all__ = ["curvature_by_layer", "hessian_map", "pruning_curve", "sparsity", "spectrum", "top_curvatures"]
