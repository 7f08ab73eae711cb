"""The path as a net of tensors along which derivatives flow: what lies between two of them, and where it is cut."""
from tf1_hessian.graph.scratch import key

__all__ = ["Flow"]


class Flow(object):
    """The ops of a path that hand derivatives on, in order. Sets of them are bits of whole numbers, since all that lies
    between two tensors is asked for very often.

    is_zero: whether the derivative of an op is zero, so that nothing flows through it.
    """

    def __init__(self, path, is_zero):
        self.path = path
        self.ops, self._live = self._flowing(path, is_zero)
        self._place = {op: i for i, op in enumerate(self.ops)}
        self._above, self._below, self._users = {}, {}, {}
        for i, op in enumerate(self.ops):
            above = 1 << i
            for tensor in self.reads(op):
                above |= self._above.get(key(tensor), 0)
                self._users.setdefault(key(tensor), []).append(i)
            self._above.update((key(o), above) for o in op.outputs if key(o) in self._live)
        for op in reversed(self.ops):
            self._below.update((key(o), self._reached(o)) for o in op.outputs)
        for anchor in path.anchors:
            self._below[key(anchor)] = self._reached(anchor)

    @staticmethod
    def _flowing(path, is_zero):
        live, forward = {key(a) for a in path.anchors}, []
        for op in path.ops:
            if any(key(t) in live for t in path.reads[op]) and not is_zero(op):
                forward.append(op)
                live.update(key(o) for o in op.outputs if path.connects(o))
        needed, ops = {key(t) for t in path.targets}, []
        for op in reversed(forward):
            if any(key(o) in needed for o in op.outputs):
                ops.append(op)
                needed.update(key(t) for t in path.reads[op] if key(t) in live)
        return ops[::-1], live & needed

    def _reached(self, tensor):
        below = 0
        for i in self._users.get(key(tensor), ()):
            below |= 1 << i
            for output in self.ops[i].outputs:
                below |= self._below.get(key(output), 0)
        return below

    def reads(self, op):
        """The tensors through which derivatives enter an op, each once."""
        return list({key(t): t for t in self.path.reads[op] if key(t) in self._live}.values())

    def is_live(self, tensor):
        """Whether a derivative flows from an anchor through a tensor to a target."""
        return key(tensor) in self._live

    def users(self, tensor):
        """The ops that derivatives enter through a tensor."""
        return [self.ops[i] for i in self._users.get(key(tensor), ())]

    def after(self, tensor):
        """The ops that a tensor reaches, in order."""
        return self._listed(self._below.get(key(tensor), 0))

    def between(self, start, end):
        """The ops on the ways from one tensor to another, in order."""
        return self._listed(self._below.get(key(start), 0) & self._above.get(key(end), 0))

    def reaches(self, start, end):
        """Whether there is a way from one tensor to another."""
        return bool(self._below.get(key(start), 0) & self._above.get(key(end), 0))

    def depends(self, tensor, start):
        """Whether a tensor is `start`, or made from it along the flow."""
        return key(tensor) == key(start) or self.reaches(start, tensor)

    def cuts(self, start, end):
        """The tensors through which every way from `start` to `end` runs, these two excluded, in order.

        One that is made while everything made before it has been used up: nothing can pass by it.
        """
        ops, found = self.between(start, end), []
        inside = {op: i for i, op in enumerate(ops)}
        open_ends = {key(start): self._last_use(start, inside)}
        for i, op in enumerate(ops):
            open_ends = {name: last for name, last in open_ends.items() if last > i}
            made = [o for o in op.outputs if self._last_use(o, inside) > i]
            open_ends.update((key(o), self._last_use(o, inside)) for o in made)
            if len(open_ends) == 1 and made and op is not end.op:
                found.append(made[0])
        return found

    def _last_use(self, tensor, inside):
        return max([inside.get(op, -1) for op in self.users(tensor)] or [-1])

    def _listed(self, bits):
        found = []
        while bits:
            low = bits & -bits
            found.append(self.ops[low.bit_length() - 1])
            bits ^= low
        return found
