"""One op alone: how tangents pass through it, and what its curvature, seen from the results, makes of two tangents.

Tangents are stacked along a first axis of directions, [c, shape], or [c, 1, rest of the shape] while they are the same
in every row. Derivatives of an op are taken with all its inputs as `stop_gradients`: what one input does to another is
not the op's.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.columns import each
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.derivatives.row_sums import full_tangent
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits import is_linear, trait_of
from tf1_hessian.graph.traits.products import sides
from tf1_hessian.graph.traits.states import elementary

__all__ = ["Elementwise", "General", "Linear", "StandIn", "local"]

_SAME = frozenset(["CheckNumerics", "EnsureShape", "Identity", "Print", "ReadVariableOp", "Snapshot", "StopGradient"])
_SUMS = frozenset(["Add", "AddN", "AddV2", "BiasAdd", "Sub"])
# Linear in one input without a constant part: applied to a tangent as it is.
_APPLIED = frozenset([
    "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "BroadcastTo", "Conv2D", "Cumsum", "DepthwiseConv2dNative",
    "Einsum", "ExpandDims", "Gather", "GatherNd", "GatherV2", "MatMul", "MatrixDiag", "MatrixDiagPart", "Mean", "Pad",
    "Reshape", "ReverseV2", "Slice", "Split", "SplitV", "Squeeze", "StridedSlice", "Sum", "Tile", "Transpose",
    "Unpack"])
# Linear in all inputs together; those that do not depend on the source count as zero.
_JOINED = frozenset(["ConcatV2", "Pack"])


def local(op, inputs):
    """The way to treat an op whose `inputs` (each once) depend on the source."""
    if not op.inputs:
        return StandIn(op, inputs)
    positions = [i for i, t in enumerate(op.inputs) if any(key(t) == key(own) for own in inputs)]
    is_flat, is_users = is_linear(op, positions), _compat.is_overridden(op)
    if not is_users and is_flat and _is_applied(op, positions):
        return Linear(op, inputs, positions)
    trait = trait_of(op)
    if trait is not None and trait.axes is elementary and op.type != "MatrixBandPart" and len(op.outputs) == 1:
        return Elementwise(op, inputs, not is_flat)
    return General(op, inputs, not is_flat)


def _is_applied(op, positions):
    if op.type == "BiasAdd":
        return positions == [0]
    if op.type in _SAME or op.type in _SUMS or op.type in _JOINED or op.type == "Neg":
        return True
    if op.type == "Cast":
        return op.outputs[0].dtype.is_floating
    if op.type in ("Mul", "RealDiv"):
        return len(positions) == 1
    return op.type in _APPLIED and len(positions) == 1


class StandIn(object):
    """A tensor of a scratch graph that stands for one of another graph."""

    is_curved, is_cheap = False, True

    def __init__(self, op, inputs):
        self.op, self.inputs = op, inputs

    def push(self, tangents):
        """The same tangent."""
        return [tangents[key(self.inputs[0])]]


class Linear(object):
    """Truly linear: the op is applied to the tangents."""

    is_curved, is_cheap = False, True

    def __init__(self, op, inputs, positions):
        self.op, self.inputs, self._positions = op, inputs, positions

    def push(self, tangents):
        """The tangents of the outputs; tangents: Stacks with those of the inputs."""
        op = self.op
        known = [tangents[key(op.inputs[p])] for p in self._positions]
        if op.type in _SAME:
            return [known[0]]
        if op.type == "Neg":
            return [-known[0]]
        if op.type == "Cast":
            return [tf.cast(known[0], op.outputs[0].dtype.base_dtype)]
        if op.type in _SUMS:
            return [_fitted(_added(op, self._positions, known), op.outputs[0])]
        if op.type in ("Mul", "RealDiv"):
            return [_fitted(_scaled(op, self._positions[0], known[0]), op.outputs[0])]
        if op.type == "MatMul" and self._positions == [0] and not sides(op)[0]:
            return [_matrix_product(op, known[0])]
        return self._applied(tangents)

    def _applied(self, tangents):
        """The op itself for each direction."""
        op = self.op
        full = [full_tangent(tangents[key(t)], t) for t in self.inputs]
        replaced = {}
        if op.type in _JOINED:
            replaced = {key(t): tf.zeros_like(t) for t in op.inputs if t.dtype.is_floating}

        def make(index, output):
            known = dict(replaced)
            known.update((key(t), tf.gather(f, index)) for t, f in zip(self.inputs, full))
            return Emission(known, lambda t: t.op is op).emit(list(op.outputs))[output]

        return _for_each(lambda output: lambda index: make(index, output), op, tangents.count)


def _for_each(make, op, count):
    found = [each(make(k), count) if o.dtype.is_floating else None for k, o in enumerate(op.outputs)]
    for stacked, output in zip(found, op.outputs):
        if stacked is not None and output.shape.ndims is not None:
            stacked.set_shape([count] + output.shape.as_list())
    return found


def _aligned(tangent, rank, out_rank):
    """A tangent with axes of size 1 in front of the tensor's, as broadcasting puts them."""
    for _ in range(out_rank - rank):
        tangent = tf.expand_dims(tangent, 1)
    return tangent


def _fitted(tangent, output):
    """A tangent that broadcasts to an output, of its shape; one row for all stays one row."""
    own, sizes = tangent.shape.as_list()[1:], dimensions_of(output)
    if own[1:] == sizes[1:] and None not in sizes[1:] and own[:1] in (sizes[:1], [1]):
        return tangent
    return tangent + tf.expand_dims(tf.zeros_like(output), 0)


def _added(op, positions, known):
    rank = op.outputs[0].shape.ndims
    if op.type == "BiasAdd":
        return known[0]
    found = None
    for position, tangent in zip(positions, known):
        tangent = _aligned(tangent, op.inputs[position].shape.ndims, rank)
        if op.type == "Sub" and position == 1:
            tangent = -tangent
        found = tangent if found is None else found + tangent
    return found


def _scaled(op, position, tangent):
    other, rank = op.inputs[1 - position], op.outputs[0].shape.ndims
    tangent = _aligned(tangent, op.inputs[position].shape.ndims, rank)
    return tangent * other if op.type == "Mul" else tangent / other


def _matrix_product(op, tangent):
    """All directions and rows in one product."""
    count, rows, width = tangent.shape.as_list()
    flat = tf.reshape(tangent, [-1, width] if width is not None else tf.stack([-1, tf.shape(tangent)[2]]))
    found = tf.matmul(flat, op.inputs[1], transpose_b=sides(op)[1])
    wide = found.shape.as_list()[1]
    rows = tf.shape(tangent)[1] if rows is None else rows
    found = tf.reshape(found, tf.stack([count, rows, tf.shape(found)[1] if wide is None else wide]))
    found.set_shape([count, tangent.shape.as_list()[1], wide])
    return found


class Elementwise(object):
    """Element by element, with broadcasting: slopes, and second derivatives weighted with what arrives."""

    is_cheap = True

    def __init__(self, op, inputs, is_curved):
        self.op, self.inputs, self.is_curved = op, inputs, is_curved
        self._wide, self._slopes = [], []

    def _lay(self):
        if not self._slopes:
            output = self.op.outputs[0]
            same = [_has_shape_of(t, output) for t in self.inputs]
            if all(same):
                self._wide, result = list(self.inputs), output
            else:
                self._wide = [tf.identity(t) if s else t + tf.zeros_like(output) for t, s in zip(self.inputs, same)]
                known = {key(t): w for t, w in zip(self.inputs, self._wide)}
                result, = Emission(known, lambda t: t.op is self.op).emit([output])
            self._slopes = backprop([result], self._wide, stop_gradients=self._held)
        return self._slopes

    @property
    def _held(self):
        return self._wide + list(self.op.inputs)

    def push(self, tangents):
        """The tangent of the output."""
        found, output = None, self.op.outputs[0]
        for tensor, slope in zip(self.inputs, self._lay()):
            if slope is not None:
                part = slope * self._broadcast(tangents, tensor)
                found = part if found is None else found + part
        return [found if found is None else _fitted(found, output)]

    def _broadcast(self, tangents, tensor):
        return _aligned(tangents[key(tensor)], tensor.shape.ndims, self.op.outputs[0].shape.ndims)

    def bend(self, tangents, adjoints, sums):
        """Adds to `sums` what the curvature makes of each pair of inputs."""
        adjoint, output = adjoints[0], self.op.outputs[0]
        for i, (tensor, slope) in enumerate(zip(self.inputs, self._lay())):
            if slope is None:
                continue
            weights = backprop([slope], self._wide[i:], [adjoint], self._held)
            for j, weight in enumerate(weights, i):
                if weight is not None:
                    left = _fitted(self._broadcast(tangents, tensor), output)
                    right = left if j == i else _fitted(self._broadcast(tangents, self.inputs[j]), output)
                    sums.add(output, left, right, weight, twice=j > i)


def _has_shape_of(tensor, output):
    """Whether nothing is broadcast; the first axis may be unknown: it is proved to be carried."""
    own, sizes = dimensions_of(tensor), dimensions_of(output)
    return own == sizes and None not in sizes[1:]


class General(object):
    """Anything that can be differentiated twice: its own forward derivative, by differentiating its gradient."""

    is_cheap = False

    def __init__(self, op, inputs, is_curved):
        self.op, self.inputs, self.is_curved = op, inputs, is_curved

    def _pulled_back(self, outputs, seeds):
        return backprop(outputs, self.inputs, seeds, list(self.op.inputs))

    def push(self, tangents):
        """The tangents of the outputs, J t = d(J^T u . t)/du."""
        full = [full_tangent(tangents[key(t)], t) for t in self.inputs]
        return _for_each(lambda k: lambda index: self._forward(self.op.outputs[k], full, index), self.op,
                         tangents.count)

    def _forward(self, output, full, index):
        seed = tf.zeros_like(output)
        pairs = [(g, tf.gather(f, index)) for g, f in zip(self._pulled_back([output], [seed]), full) if g is not None]
        found, = backprop([g for g, _ in pairs], [seed], [f for _, f in pairs])
        return tf.zeros_like(output) if found is None else found

    def bend(self, tangents, adjoints, sums):
        """Adds to `sums` the products of tangents with those of the op's own Hessian.

        What arrives is held, under a name of its own: it may depend on the inputs, and may be one of the tensors here.
        """
        full = [full_tangent(tangents[key(t)], t) for t in self.inputs]
        outputs = [(o, tf.identity(a)) for o, a in zip(self.op.outputs, adjoints) if a is not None]
        held = list(self.op.inputs) + [a for _, a in outputs]
        slopes = self._pulled_back([o for o, _ in outputs], [a for _, a in outputs])
        pairs = [(g, f) for g, f in zip(slopes, full) if g is not None]
        for k, tensor in enumerate(self.inputs):
            def product(index, k=k):
                return backprop([g for g, _ in pairs], [self.inputs[k]], [tf.gather(f, index) for _, f in pairs],
                                held)[0]

            found = each(product, tangents.count) if pairs else None
            if found is not None:
                found.set_shape([tangents.count] + tensor.shape.as_list())
                sums.add(tensor, full[k], found)
