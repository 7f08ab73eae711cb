"""Second derivatives by row from forward tangents and one adjoint sweep (mathematics, section 3, identity (A)).

Every op is taken alone (single_ops.py): nothing of the path is differentiated twice as a whole.
"""
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.derivatives.row_sums import RowSums
from tf1_hessian.derivatives.single_ops import local
from tf1_hessian.graph.scratch import key

__all__ = ["Tangents"]


class Stacks(dict):
    """{key of a tensor: its tangents}, `count` of them stacked along the first axis."""

    def __init__(self, count):
        super(Stacks, self).__init__()
        self.count = count


class Tangents(object):
    """The ops of a flow from `x` to `ys`, of which all tensors between have rows (rows_of).

    curved: the local ops that bend; pushed: those that a tangent must pass to get to one of these.
    """

    def __init__(self, flow, x, ys, rows_of):
        self._x, self._ys, self._rows_of = x, ys, rows_of
        self._locals = [local(op, flow.reads(op)) for op in flow.between(x, ys)]
        self.curved = [part for part in self._locals if part.is_curved]
        self.pushed = self._passed(flow)

    def _passed(self, flow):
        needed, found = set(), []
        for part in reversed(self._locals):
            is_passed = any(key(o) in needed for o in part.op.outputs)
            if is_passed:
                found.append(part)
            if is_passed or part.is_curved:
                needed.update(key(t) for t in part.inputs)
        return found[::-1]

    def push(self, seeds):
        """The Stacks of tangents of all tensors for seeds [c, 1, rest of x's shape]."""
        tangents = Stacks(int(seeds.shape[0]))
        tangents[key(self._x)] = seeds
        for part in self.pushed:
            for output, tangent in zip(part.op.outputs, part.push(tangents)):
                tangents[key(output)] = _zeros(seeds, output) if tangent is None else tangent
        return tangents

    def bend(self, tangents, seed, quantity, count):
        """The second derivatives of `ys` weighted with `seed`, as RowSums lays them; None for zero."""
        outputs = [o for part in self.curved for o in part.op.outputs if o.dtype.is_floating]
        adjoints = dict(zip(map(key, outputs), backprop([self._ys], outputs, [seed])))
        sums = RowSums(quantity, self._rows_of, count)
        for part in self.curved:
            arrived = [adjoints.get(key(o)) for o in part.op.outputs]
            if any(a is not None for a in arrived):
                part.bend(tangents, arrived, sums)
        return sums.total


def _zeros(seeds, output):
    """Of the shape of an output's tangents; None for what has none."""
    if not output.dtype.is_floating:
        return None
    return tf.expand_dims(tf.zeros_like(output), 0) + tf.zeros([int(seeds.shape[0])] + [1] * output.shape.ndims,
                                                               output.dtype)
