"""Loops made anew, once in a graph: derivatives of all their results and of every order go through the one copy."""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.paths import carries_derivative
from tf1_hessian.graph.regions import joined

__all__ = ["Anew", "made_anew", "own"]

_MEMORY = "_tf1_hessian_made_anew"


class Anew(object):
    """What stands for the results of loops in one graph, so that derivatives go through it op by op.

    outputs: {op: what was made for its outputs}, for results of v1 loops and TensorArrays, and for functional whiles
    that were differentiated before. failures: {op: why it can't be made}, to be raised once a gradient arrives there.
    saved: {functional while: what its gradients read of its iterations}.
    """

    def __init__(self):
        self.outputs, self.failures, self.saved = {}, {}, {}

    def make(self, results):
        """Makes those of `results` that were not tried yet, in the default graph; whether there were any."""
        new = [op for op in results if op not in self.outputs and op not in self.failures]
        for region in joined(new):
            try:
                self._make(region)
            except Exception as error:  # of any kind: it matters only if a gradient arrives
                self.failures.update((op, error) for op in region.results)
        return bool(new)

    def _make(self, region):
        loops = tf.get_default_graph().loops
        outputs, how = region.emit(own(region.reads))
        self.outputs.update(outputs)
        if how not in loops:
            loops.append(how)


def made_anew():
    """The Anew of the default graph."""
    return _compat.kept_with(tf.get_default_graph(), _MEMORY).setdefault("all", Anew())


def own(tensors):
    """Tensors that only this body reads, so that they can be differentiated with respect to."""
    return [_compat.captured(t) if t.dtype == tf.resource else tf.identity(t) if carries_derivative(t.dtype) else t
            for t in tensors]
