"""All entries, by family, and what a repair says of itself."""
import collections

import ops_arrays
import ops_control_flow
import ops_images
import ops_linear_algebra
import ops_math
import ops_neural
import ops_segments
import ops_signal
import ops_sparse
import ops_special
import ops_training
from op import without_version

from tf1_hessian.derivatives import repairs

__all__ = ["ENTRIES", "FAMILIES", "NEWEST", "kinds_of", "repair_line"]

# Where the claims about TensorFlow alone were measured, besides 1.15.
NEWEST = (2, 21)

_MODULES = (ops_neural, ops_training, ops_images, ops_arrays, ops_math, ops_special, ops_linear_algebra, ops_signal,
            ops_segments, ops_sparse, ops_control_flow)
FAMILIES = collections.OrderedDict((module.__doc__.strip().splitlines()[0], module.OPS) for module in _MODULES)
ENTRIES = [op for family in FAMILIES.values() for op in family]


def kinds_of(ops):
    """The op types of entries, each once."""
    return {without_version(op.type) for op in ops}


def repair_line(kind):
    """What the repair of an op type says of itself in one line."""
    if kind == "StopGradient":
        return _first_line(repairs.is_moment_mean)
    for room in vars(repairs).values():
        for table in ("GRADIENTS", "FORWARDS"):
            for name, function in getattr(room, table, {}).items():
                if without_version(name) == without_version(kind):
                    return _first_line(function)
    raise KeyError(kind)


def _first_line(function):
    return function.__doc__.strip().splitlines()[0].rstrip(".")
