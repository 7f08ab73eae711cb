"""Results inside a function that is being traced check themselves when the function runs: no session call is there to
fetch a check along with them."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.marks import mark_check
from tf1_hessian.graph.scratch import Scratch

__all__ = ["checked", "checks_itself"]


def checks_itself(graph):
    """Whether results in a graph can check themselves: it is a function's, and XLA, which can't call back, compiles it
    not."""
    return isinstance(graph, _compat.FuncGraph) and not isinstance(graph, Scratch) and not _compat.is_for_xla(graph)


def checked(tensors, emission, lay, when):
    """The tensors, none of which is there before their check has passed.

    lay(emission): a check with `fetches` and `judge`, which raises; its ops run only where it is due: "always", or the
    "first" time that this process runs the function.
    """
    turn = _Turn(when)
    with tf.name_scope("check"):
        is_due = _compat.call_back(turn.is_due, [])
        mark_check(is_due)

        def passed():
            turn.check = lay(emission.inside({}, emission.copies))
            fetches = _compat.flatten(turn.check.fetches)
            turn.structure = _compat.map_structure(lambda _: 0, turn.check.fetches)
            return [_compat.call_back(turn.judge, fetches)]

        done, = _compat.conditional(is_due, passed, lambda: [tf.constant(True)])
        mark_check(done)
    with tf.control_dependencies([done]):
        return [tf.identity(t) for t in tensors]


class _Turn(object):
    """When a check is due, and the verdict on it; TensorFlow keeps it for good, so it lets go of what is done."""

    def __init__(self, when):
        self._when, self._done, self.check, self.structure = when, False, None, None

    def is_due(self):
        return np.bool_(not self._done)

    def judge(self, *values):
        if self.check is not None:
            self.check.judge(_compat.pack_sequence(self.structure, values))
        if self._when == "first":
            self._done, self.check = True, None
        return np.bool_(True)
