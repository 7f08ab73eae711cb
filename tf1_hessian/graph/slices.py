"""The loss rewritten to depend on a stacked tensor of per-element slices (tensorflow#9204, #20570).

`x[0]` is a new op that the loss never reads, so its derivative is None. After the rewrite the loss reads a tensor that
is stacked from the 0-d tensors of x's elements, and derivatives with respect to each of them exist.
"""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.emission import Emission, emit_anew
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.sources import anchors_of

__all__ = ["SliceRewrite", "present_values", "replace", "slice_source", "slices_of"]


class SliceRewrite(object):
    """`loss`: the loss on the slices. `slices`: n scalar tensors. `stacked`: stacked from them, of x's shape."""

    def __init__(self, loss, slices, stacked):
        self.loss, self.slices, self.stacked = loss, tuple(slices), stacked

    def __str__(self):
        return "SliceRewrite(%s on %s of shape %s)" % (
            self.loss.name, errors.counted(len(self.slices), "slice"), self.stacked.shape)

    def as_fetches(self):
        """What th.evaluate fetches for it."""
        return {"loss": self.loss, "slices": list(self.slices), "stacked": self.stacked}


def slices_of(source, path):
    """(the 0-d slices of a source's elements, the tensor of its shape stacked from them)."""
    flat = tf.reshape(source.join(present_values(source, path)), [-1])
    slices = tf.unstack(flat, num=source.size, name="slices") if source.size else []
    stacked = tf.stack(slices) if slices else flat
    return slices, tf.reshape(stacked, source.shape, name="stacked")


def slice_source(targets, sources):
    """(targets re-emitted, [(slices, stacked) of each source]) with every source replaced by its stacked slices."""
    path = find_path(targets, anchors_of(sources))
    sliced = [slices_of(s, path) for s in sources]
    replacements = {}
    for source, (_, stacked) in zip(sources, sliced):
        replacements.update((key(a), part) for a, part in zip(source.anchors, source.split(stacked)))
    return replace(targets, anchors_of(sources), replacements), sliced


def present_values(source, path, remedy="use engine='loop'"):
    """The value that the loss reads from each anchor: the one read of it that waits for an assignment, or a new one.

    remedy: the way out where values read at two times would be meant.
    """
    values = source.values()
    for index, anchor in enumerate(source.anchors):
        if anchor.dtype == anchor.dtype.base_dtype != tf.resource:
            continue  # the anchor is the value itself
        reads = [op for op in path.ops if op.type in _READS and key(op.inputs[0]) == key(anchor)]
        late = [op for op in reads if op.control_inputs]
        if late and len(reads) > 1:
            raise errors.reads_at_two_times(source.name, late[0], remedy)
        if late:
            values[index] = late[0].outputs[0]
    return values


_READS = frozenset(["Identity", "ReadVariableOp"])


def replace(targets, anchors, replacements, emission=Emission):
    """The targets re-emitted with anchors replaced: only ops on the path are made anew, all else is shared.

    emission: the class that emits.
    """
    path = find_path(targets, anchors)
    for op in path.ops:
        control_flow.refuse_copy(op, path)
    on_path = set(path.ops)
    return emit_anew(targets, replacements, lambda t: t.op in on_path and path.connects(t), emission)[0]
