"""The ops between sources and loss, found on the edges along which a derivative can flow."""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.regions import region_of
from tf1_hessian.graph.scratch import Scratch, inputs_of, key

__all__ = ["Path", "carries_derivative", "find_path"]


def carries_derivative(dtype):
    """Whether a derivative can flow along a tensor of this dtype: float, complex, or a container of these."""
    base = dtype.base_dtype
    return base.is_floating or base.is_complex or base in (tf.resource, tf.variant)


class Path(object):
    """The ops on the way from `anchors` to `targets`, in topological order.

    `reads[op]` are the tensors an op depends on (for a v1 conditional: what enters it), `dependent` the keys of all
    tensors that depend on an anchor.
    """

    def __init__(self, targets, anchors, ops, reads, dependent):
        self.targets, self.anchors, self.ops = tuple(targets), tuple(anchors), tuple(ops)
        self.reads, self.dependent = reads, dependent
        self._used = {key(t) for op in ops for t in reads[op]} | {key(t) for t in targets}

    def __str__(self):
        return "Path(%s from %s to %s)" % (
            errors.counted(len(self.ops), "op"), errors.counted(len(self.anchors), "source"),
            ", ".join(t.name for t in self.targets))

    def connects(self, tensor):
        """Whether a tensor depends on an anchor."""
        return key(tensor) in self.dependent

    def reached(self, anchor):
        """Whether an anchor reaches a target."""
        return key(anchor) in self._used

    def describe(self, op):
        """The way from a source through `op` to a target, as text for messages."""
        if op not in self.ops:
            return op.name
        producers = {key(o): p for p in self.ops for o in p.outputs}
        before, here = [], op
        while here is not None:
            first = next((t for t in self.reads[here] if key(t) in self.dependent), None)
            if first is None:
                break
            before.append(first.op)
            here = producers.get(key(first)) if first.op is not here else None
        after, wanted = [], {key(o) for o in op.outputs}
        for later in self.ops[self.ops.index(op) + 1:]:
            if any(key(t) in wanted for t in self.reads[later]):
                after.append(later)
                wanted = {key(o) for o in later.outputs}
        steps = [step for step in before[::-1] + [op] + after if not _is_stand_in(step)]
        return _chain(step.name for step in steps)


def _chain(names, most=7):
    """`a -> b -> c`, shortened in the middle."""
    names = list(names)
    if len(names) > most:
        head = most // 2
        names = names[:head] + ["... %d more ..." % (len(names) - most + 1)] + names[-(most - 1 - head):]
    return " -> ".join(names)


def _is_stand_in(op):
    """Whether an op stands for something outside its graph: no op of the user's."""
    return op.type == "Placeholder" and isinstance(op.graph, Scratch)


def _reads_of(op):
    """The tensors that an op's results depend on: for conditionals and loops of v1 control flow, what enters them."""
    region = region_of(op)
    if region is not None:
        return region.reads
    conditional = control_flow.merged_conditional(op)
    return tuple(inputs_of(op)) if conditional is None else conditional.reads


def _ancestors(targets, reads, anew):
    """All ops above `targets`, inputs first. Fills `reads`. Iterative, since graphs are deeper than Python's stack."""
    order, seen = [], set()
    stack = [(t.op, False) for t in targets]
    while stack:
        op, expanded = stack.pop()
        if expanded:
            order.append(op)
            continue
        if op in seen:
            continue
        seen.add(op)
        reads[op] = anew[op] if op in anew else _reads_of(op)
        stack.append((op, True))
        stack.extend((t.op, False) for t in reads[op] if t.op not in seen)
    return order


def find_path(targets, anchors, anew=()):
    """The Path from anchors to targets. Raises where a v1 loop's gradient hides the dependence.

    anew: {op: its outputs made anew}, for results of v1 loops that are to be read off what was made.
    """
    reads = {}
    order = _ancestors(targets, reads, anew)
    control_flow.refuse_hidden_dependence(order)
    dependent = {key(a) for a in anchors}
    forward = []
    for op in order:
        if any(key(t) in dependent for t in reads[op]):
            forward.append(op)
            dependent.update(key(o) for o in op.outputs if carries_derivative(o.dtype))
    needed, ops = {key(t) for t in targets}, []
    for op in reversed(forward):
        if any(key(o) in needed and key(o) in dependent for o in op.outputs):
            ops.append(op)
            needed.update(key(t) for t in reads[op] if key(t) in dependent)
    return Path(targets, anchors, ops[::-1], reads, dependent)
