"""The numbers of one side in a file, so that two TensorFlows that can't live in one process can be compared."""
import collections
import os

from tf1_hessian.bridge.sides import Numbers
from tf1_hessian.runners import checkpoints

__all__ = ["read", "write"]

_PROBLEM = {"kind": "th.record"}


def write(path, numbers):
    """Puts Numbers in a file, at once or not at all."""
    arrays = {"loss": numbers.loss}
    for kind in ("weights", "gradient", "diagonal"):
        arrays.update(("%s_%d" % (kind, i), a) for i, a in enumerate(getattr(numbers, kind)))
    for kind in ("vectors", "products"):
        arrays.update(("%s_%d_%d" % (kind, k, i), a) for k, part in enumerate(getattr(numbers, kind))
                      for i, a in enumerate(part))
    arrays.update(("feed_%d" % i, a) for i, a in enumerate(numbers.feeds.values()))
    state = {"names": numbers.names, "feeds": list(numbers.feeds), "products": len(numbers.products),
             "made_by": numbers.made_by}
    checkpoints.write(os.fspath(path), _PROBLEM, state, arrays)


def read(path):
    """The Numbers in a file; CheckpointError, a ValueError, for one that th.record did not write."""
    state, arrays = checkpoints.read(os.fspath(path), _PROBLEM)
    count = range(len(state["names"]))
    single = [[arrays["%s_%d" % (kind, i)] for i in count] for kind in ("weights", "gradient", "diagonal")]
    several = [[[arrays["%s_%d_%d" % (kind, k, i)] for i in count] for k in range(state["products"])]
               for kind in ("vectors", "products")]
    feeds = collections.OrderedDict((name, arrays["feed_%d" % i]) for i, name in enumerate(state["feeds"]))
    return Numbers(state["names"], single[0], feeds, arrays["loss"], single[1], single[2], several[0], several[1],
                   state["made_by"])
