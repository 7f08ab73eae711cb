"""Emits ops of one graph again in another, or in the same one with some tensors replaced."""
import contextlib

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import bodies, control_flow, lifting, sizes, tensor_arrays
from tf1_hessian.graph.scratch import key, original

__all__ = ["Emission", "emit_anew", "made_for", "needs", "requisites"]



class Emission(object):
    """Emits tensors in the default graph. `replacements`: tensors by key; `copied` says which others are made anew.

    All else is shared: what is neither replaced nor copied is used as it is. Functional ops are made again from their
    bodies: two ops that share a body's functions can't both be differentiated.
    """

    def __init__(self, replacements, copied, colocated=False, budget=None, place=None):
        self._values = dict(replacements)
        self.copies = copied
        self._colocated = colocated
        self._budget = budget
        self._place = place
        self._sizes = {}

    @classmethod
    def of_scratch(cls, scratch, colocated=False, place=None):
        """Emits a scratch graph's tensors into the graph it was rehearsed for.

        colocated: whether colocation with the ops asked for is kept. place: a device function that all ops are made
        under.
        """
        return cls({}, lambda t: t.graph is scratch, colocated, place=place)

    @classmethod
    def of_function(cls, body, arguments):
        """The outputs of a function's body, computed from `arguments`; raises where that would do something twice."""
        control_flow.refuse_effects(body)
        emission = cls({key(p): a for p, a in zip(body.inputs, arguments)}, lambda t: t.graph is body)
        return emission.emit(body.outputs)

    def inside(self, replacements, copied):
        """An emission for a nested graph that knows all that this one knows; what it emits stays its own."""
        values = dict(self._values)
        values.update(replacements)
        return type(self)(values, copied, self._colocated, self._budget, self._place)

    def placed(self):
        """A scope in which ops are made where this emission makes them."""
        return contextlib.ExitStack() if self._place is None else tf.device(self._place)

    def shares(self, count, size):
        """[(emission, first, number)]: who lays which of `count` columns, of which `size` are laid at once."""
        return [(self, 0, count)]

    @property
    def unrolls(self):
        """Whether loops of v1 control flow are unrolled, not lifted."""
        return self._budget is not None

    def spend(self, ops):
        """Counts ops that unrolling adds; raises NotUnrolled when they are too many."""
        self._budget[0] -= ops
        if self._budget[0] < 0:
            raise tensor_arrays.NotUnrolled("its iterations would add more than %d ops" % lifting.MOST_OPS)

    def widened(self, value):
        """The value in the precision of this emission, where an op needs all of several values in one dtype."""
        return value

    def widened_dtype(self, dtype):
        """The dtype that values of `dtype` are held in."""
        return dtype

    def put(self, tensor, value):
        """Makes `value` stand for a tensor."""
        self._values[key(tensor)] = value

    def emit(self, tensors):
        """The emitted tensors, in order; None stays None."""
        with self.placed():
            for tensor in tensors:
                if tensor is not None:
                    self._emit_with_inputs(tensor)
        return [None if t is None else self.value(t) for t in tensors]

    def value(self, tensor):
        """What stands for a tensor here: its replacement, its copy, the tensor it stands for, or itself."""
        known = self._values.get(key(tensor))
        if known is not None:
            return known
        outside = original(tensor)
        return tensor if outside is None else self.value(outside)

    def _is_pending(self, tensor):
        if key(tensor) in self._values:
            return False
        outside = original(tensor)
        return self.copies(tensor) if outside is None else self._is_pending(outside)

    def _emit_with_inputs(self, tensor):
        stack = [tensor]
        while stack:
            top = stack[-1]
            if not self._is_pending(top):
                stack.pop()
                continue
            outside = original(top)
            if outside is not None:
                stack.append(outside)
                continue
            size = sizes.known_value(top, self._sizes) if sizes.is_size(top) else None
            if size is not None:
                self._values[key(top)] = tf.constant(size, top.dtype)
                continue
            pending = [t for t in requisites(top.op) if self._is_pending(t)]
            if pending:
                stack.extend(pending)
                continue
            stack.pop()
            outputs = self._make(top.op)
            for old, new in zip(top.op.outputs, outputs):
                self._values[key(old)] = new

    def _make(self, op):
        rule = _RULES.get(op.type) or (bodies.make_call_by_name if _compat.is_call_by_name(op) else None)
        inputs = [self.value(t) for t in op.inputs]
        outputs = rule(self, op, inputs) if rule else None
        return self._copy(op, inputs) if outputs is None else outputs

    @contextlib.contextmanager
    def _placement(self, op):
        """The op's own device over the caller's, and what it waits for."""
        with contextlib.ExitStack() as scopes:
            if op.device:
                scopes.enter_context(tf.device(op.device))
            before = [self.value(t) for t in _awaited(op)]
            if before:
                scopes.enter_context(tf.control_dependencies(before))
            yield

    def _copy(self, op, inputs):
        attributes = {k: v for k, v in op.node_def.attr.items() if k != "_class" or self._colocated}
        mark = attributes.get("_gradient_op_type")
        if mark is not None:
            copied = _compat.gradient_of_copy(mark.s.decode("utf-8"))
            attributes["_gradient_op_type"] = _compat.attribute_of_string(copied)
        return self._create(op, inputs, attributes, [o.dtype.base_dtype for o in op.outputs])

    def _create(self, op, inputs, attributes, dtypes):
        with self._placement(op):
            new = _compat.create_op(
                tf.get_default_graph(), op.type, inputs, dtypes, name=op.name, attrs=attributes, op_def=op.op_def)
        for old, made in zip(op.outputs, new.outputs):
            if made.shape.is_compatible_with(old.shape):
                made.set_shape(old.shape)
        return new.outputs


def emit_anew(targets, replacements, copied, emission=Emission):
    """(the targets emitted, how their loops of v1 control flow were): unrolled where all can be, else lifted.

    emission: the class that emits.
    """
    def is_copied(tensor):
        return copied(tensor) or tensor_arrays.is_flow(tensor) or tensor_arrays.is_place(tensor)

    try:
        return emission(replacements, is_copied, budget=[lifting.MOST_OPS]).emit(targets), "unrolled"
    except tensor_arrays.NotUnrolled as reason:
        return emission(replacements, is_copied).emit(targets), "lifted, since %s" % reason


def made_for(outputs, graph):
    """The ops of one graph that the emission of `outputs` needs, inputs first."""
    order, seen = [], set()
    stack = [(o.op, False) for o in outputs if o is not None]
    while stack:
        op, expanded = stack.pop()
        if expanded:
            order.append(op)
        elif op not in seen and op.graph is graph:
            seen.add(op)
            stack.append((op, True))
            stack.extend((t.op, False) for t in requisites(op))
    return order


def needs(op):
    """The tensors that an op is made from: for conditionals and loops of v1 control flow what enters them."""
    if op.type in lifting.RULES:
        return lifting.needs(op)
    conditional = control_flow.merged_conditional(op)
    if conditional is None:
        return op.inputs
    return [conditional.pred] + [t for t in conditional.reads if not tensor_arrays.is_handle(t)]


def requisites(op):
    """The tensors that must be there before an op is made: what it is made from, and what it waits for."""
    return list(needs(op)) + _awaited(op)


def _awaited(op):
    """One output of each op that an op waits for, in a scratch graph whose order is kept.

    Else gradient functions of TensorFlow, which have nearly every op wait for the gradient that arrives, would make all
    of it depend on the column.
    """
    found, stack = [], list(op.control_inputs) if getattr(op.graph, "keeps_order", False) else []
    while stack:
        control = stack.pop()
        stack.extend([] if control.outputs else control.control_inputs)
        found.extend(control.outputs[:1])
    return found


def _make_identity(emission, op, inputs):
    """What stands for a TensorArray's flow has another dtype than the flow."""
    if not isinstance(inputs[0], tf.Tensor):
        return inputs
    return None if inputs[0].dtype.base_dtype == op.inputs[0].dtype.base_dtype else [tf.identity(inputs[0])]


def _make_read(emission, op, inputs):
    return None if inputs[0].dtype == tf.resource else [tf.identity(inputs[0])]


def _make_gather(emission, op, inputs):
    if inputs[0].dtype == tf.resource:
        return None
    batch_dims = op.get_attr("batch_dims") if "batch_dims" in op.node_def.attr else 0
    return [tf.gather(inputs[0], inputs[1], batch_dims=batch_dims) if batch_dims else tf.gather(inputs[0], inputs[1])]


def _make_gather_nd(emission, op, inputs):
    return None if inputs[0].dtype == tf.resource else [tf.gather_nd(inputs[0], inputs[1])]


def _make_conditional(emission, op, inputs):
    conditional = control_flow.conditional_of(op)
    if conditional is None:
        return None
    values = [emission.value(t) for t in conditional.reads]
    values = [conditional.alive(t) if v is t else v for t, v in zip(conditional.reads, values)]
    known = sizes.known_value(conditional.pred, {})
    if any(isinstance(v, tensor_arrays.Elements) for v in values):
        raise tensor_arrays.NotUnrolled("a TensorArray is read or written under a condition")
    if known is not None:
        return conditional.branch(bool(known), values, type(emission))
    outputs = _compat.conditional(
        emission.value(conditional.pred),
        lambda: [tf.identity(emission.widened(t)) for t in conditional.branch(True, values, type(emission))],
        lambda: [tf.identity(emission.widened(t)) for t in conditional.branch(False, values, type(emission))])
    for old, new in zip(op.outputs, outputs):
        new.set_shape(old.shape)
    return outputs


_RULES = {
    "Identity": _make_identity,
    "ReadVariableOp": _make_read,
    "ResourceGather": _make_gather,
    "ResourceGatherNd": _make_gather_nd,
    "Merge": _make_conditional,
    "If": _make_conditional,
    "StatelessIf": _make_conditional,
}
_RULES.update(bodies.RULES)
_RULES.update(lifting.RULES)
