"""The engine that lays one second derivative an element, on the loss rewritten onto per-element slices.

Exact for any op, with no assumption and no loop; the graph grows with the number of elements. It shares no code with
the column engines beyond the reverse mode, and is what they are tested against.
"""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.control_flow import custom_gradients
from tf1_hessian.graph.devices import stacked_rows
from tf1_hessian.graph.emission import made_for
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.slices import slice_source

__all__ = ["Elements"]


class Elements(object):
    """The rows of one source against `targets`, or with diag their own elements alone, rehearsed element by element."""

    size = 1

    def __init__(self, losses, source, targets, diag, options):
        self.columns = source.size
        self._refuse_custom_gradients(losses, source)
        sources = [source] + [t for t in targets if t is not source]
        rewritten, sliced = slice_source(losses, sources)
        stacked = {s: tensor for s, (_, tensor) in zip(sources, sliced)}
        slices = sliced[0][0]
        gradient = backprop(rewritten, [stacked[source]], options=options)[0]
        self.outputs, self._rows = [None] * len(targets), []
        if gradient is not None:
            rows = tf.unstack(tf.reshape(gradient, [-1]), num=source.size)
            self._rows = self._diag(rows, slices, options) if diag else self._full(
                rows, [stacked[t] for t in targets], options)
            self.outputs = [tf.stack([row[k] for row in self._rows]) for k in range(len(targets))]
        self.needed = self.column_ops = made_for(self.outputs, tf.get_default_graph())

    @staticmethod
    def _refuse_custom_gradients(losses, source):
        found = custom_gradients(find_path(losses, source.anchors).ops)
        if found:
            raise errors.engine_does_not_fit("slices", (
                "op '%s' has a custom gradient, which closes over the tensors of its call, and this engine copies the "
                "loss" % found[0].name))

    @staticmethod
    def _diag(rows, slices, options):
        found = [backprop([row], [s], options=options)[0] for row, s in zip(rows, slices)]
        return [[tf.zeros_like(s) if f is None else f] for f, s in zip(found, slices)]

    @staticmethod
    def _full(rows, stacked, options):
        found = [backprop([row], stacked, options=options) for row in rows]
        return [[tf.reshape(tf.zeros_like(t) if f is None else f, [-1]) for f, t in zip(each, stacked)]
                for each in found]

    def lay(self, emission, count):
        """The rows in the default graph."""
        return stacked_rows(emission, self._rows, self.outputs) if self._rows else self.outputs
