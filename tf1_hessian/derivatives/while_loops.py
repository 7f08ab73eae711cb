"""The gradient of a functional while: a loop that saves what each iteration starts from, and one that goes back.

Both are functional whiles of tensors and tensor lists again, so that their own gradients are the same rule: any order
of derivative. The saving loop stands for the loop itself from then on: it gives the same values, and its own gradient
finds saved what it reads. TensorFlow's rule runs its unaudited reverse mode inside the body, and edits the forward op
in place.
"""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.anew import made_anew
from tf1_hessian.derivatives.zeros import zeros_for
from tf1_hessian.graph.control_flow import WHILE_TYPES, refuse_effects, varying_positions
from tf1_hessian.graph.emission import Emission, made_for
from tf1_hessian.graph.paths import carries_derivative, find_path
from tf1_hessian.graph.scratch import Tracing, key

__all__ = ["while_gradient"]

_Saved = collections.namedtuple("_Saved", "finals count lists")
_Saved.__doc__ = """What a run leaves. finals: the last values by position. count: the number of iterations. lists: by
position, what each iteration started from."""


def while_gradient(op, arrived, wanted, backprop):
    """A gradient for each input of a functional while from what arrived at its outputs; None where zero."""
    loop = _Loop(op, arrived, wanted)
    if not loop.active and not loop.sources:
        return [None if p in loop.varying else g for p, g in enumerate(arrived)]
    pull = _Pull(loop, backprop)
    saved = _saved(op, loop, pull.needed)
    first = [tf.zeros_like(saved.finals[p]) if arrived[p] is None else arrived[p] for p in loop.active]
    found = _run_back(loop, pull, saved.count, {p: saved.lists[p] for p in pull.needed}, first)
    results = [None if p in loop.varying else g for p, g in enumerate(arrived)]
    for p, grad in zip(loop.active + loop.sources, found):
        results[p] = grad if results[p] is None else tf.add_n([results[p], grad])
    return results


class _Loop(object):
    """The parts of a while op.

    varying: positions of inputs that the body changes; the others are read by all iterations. active: varying ones
    through which a derivative flows from a wanted input to an output that something arrived at. sources: the wanted
    ones that do not vary.
    """

    def __init__(self, op, arrived, wanted):
        self.inputs = list(op.inputs)
        self.cond, self.body = _compat.function_graph(op, "cond"), _compat.function_graph(op, "body")
        refuse_effects(self.cond)
        refuse_effects(self.body)
        self.varying = varying_positions(self.body)
        self.shapes = [o.shape for o in op.outputs]
        reached = self._dependent([p for p, want in enumerate(wanted) if want])
        used = self._useful([p for p in self.varying if arrived[p] is not None], reached)
        self.active = [p for p in self.varying if p in used]
        self.sources = [p for p in used if p not in self.varying and wanted[p]]

    def _dependent(self, positions):
        """The positions that depend on those given, after any number of iterations."""
        found, outputs = set(positions), self.body.outputs
        carrying = [p for p in self.varying if carries_derivative(outputs[p].dtype)]
        while True:
            path = find_path([outputs[p] for p in carrying], [self.body.inputs[p] for p in sorted(found)])
            more = found | {p for p in carrying if path.connects(outputs[p])}
            if more == found:
                return found
            found = more

    def _useful(self, positions, among):
        """Those of `among` on which the given positions depend, after any number of iterations."""
        found = sorted(set(positions) & among)
        while True:
            inputs = {p: self.body.inputs[p] for p in sorted(among)}
            path = find_path([self.body.outputs[p] for p in found if p in self.varying], list(inputs.values()))
            more = sorted(set(found) | {p for p, t in inputs.items() if path.reached(t)})
            if more == found:
                return found
            found = more


class _Pull(object):
    """One iteration's gradient, traced once: from the values it starts with and what came back from the next one.

    outputs: for the active positions what goes back to the iteration before, then what this one adds to the gradients
    of the sources (None: nothing). needed: the varying positions whose values it reads.
    """

    def __init__(self, loop, backprop):
        self.graph = Tracing(tf.get_default_graph())
        with self.graph.as_default():
            self.values = [_placeholder(t) for t in loop.inputs]
            self.grads = [_placeholder(loop.body.outputs[p]) for p in loop.active]
            known = {key(i): v for i, v in zip(loop.body.inputs, self.values)}
            emission = Emission(known, lambda t: t.graph is loop.body)
            ys = emission.emit([loop.body.outputs[p] for p in loop.active])
            xs = [self.values[p] for p in loop.active + loop.sources]
            found = backprop(ys, xs, self.grads)
            split = len(loop.active)
            self.outputs = [tf.zeros_like(y) if g is None else g for y, g in zip(xs, found[:split])] + found[split:]
        made = set(made_for(self.outputs, self.graph))
        self.needed = [p for p in loop.varying if self.values[p].op in made]

    def emit(self, values, grads):
        """The outputs in the default graph."""
        known = {key(t): v for t, v in zip(self.values + self.grads, list(values) + list(grads)) if v is not None}
        return Emission(known, lambda t: t.graph is self.graph).emit(self.outputs)


def _placeholder(tensor):
    inside = tf.placeholder(tensor.dtype.base_dtype, tensor.shape)
    if tensor.dtype in (tf.resource, tf.variant):
        _compat.copy_handle_data(tensor, inside)
    return inside


def _saved(op, loop, needed):
    """The _Saved of a while with lists of the needed positions: made once; a saving loop has its own."""
    memory = made_anew()
    known = memory.saved.get(op)
    if known is not None and set(needed) <= set(known.lists):
        return known
    found = _run_and_save(loop, needed)
    memory.saved.update(_of_saving_loop(found))
    if known is None:
        memory.outputs[op] = tuple(found.finals.get(p, t) for p, t in enumerate(loop.inputs))
    memory.saved[op] = found
    return found


def _of_saving_loop(saved):
    """{saving loop: its own _Saved, by its own positions}."""
    count = _given(saved.count)
    places = {p: _given(t).value_index for p, t in saved.finals.items()}
    if count.op.type not in WHILE_TYPES or any(_given(t).op is not count.op for t in saved.finals.values()):
        return {}
    own = _Saved(dict(enumerate(count.op.outputs)), saved.count, {places[p]: t for p, t in saved.lists.items()})
    return {count.op: own}


def _given(tensor):
    """What an op gave before it was handed on."""
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _run_and_save(loop, needed):
    """The _Saved of a loop that runs as `loop` does, with lists of the needed positions."""
    inputs = loop.inputs

    def values_of(state):
        values = list(inputs)
        for p, value in zip(loop.varying, state):
            values[p] = value
        return values

    def cond(count, *state):
        return Emission.of_function(loop.cond, values_of(state))[0]

    def body(count, *state):
        values = values_of(state)
        lists = [_compat.list_push(saved, values[p]) for saved, p in zip(state[len(loop.varying):], needed)]
        found = Emission.of_function(loop.body, values)
        return [count + 1] + [found[p] for p in loop.varying] + lists

    first = [tf.constant(0)] + [inputs[p] for p in loop.varying]
    first += [_compat.list_empty(inputs[p].dtype.base_dtype) for p in needed]
    shapes = [tf.TensorShape([])] + [loop.shapes[p] for p in loop.varying] + [tf.TensorShape([])] * len(needed)
    found = _compat.while_loop(cond, body, first, shapes)
    split = 1 + len(loop.varying)
    return _Saved(dict(zip(loop.varying, found[1:split])), found[0], dict(zip(needed, found[split:])))


def _run_back(loop, pull, count, saved, grads):
    """The gradients of the active positions' first values, then those of the sources."""
    adding = [i for i, o in enumerate(pull.outputs) if i >= len(grads) and o is not None]
    sums = [zeros_for(loop.inputs[loop.sources[i - len(grads)]], pull.outputs[i].dtype) for i in adding]
    split = 1 + len(grads)

    def body(index, *state):
        grads, totals, lists = state[:split - 1], state[split - 1:split - 1 + len(sums)], state[split - 1 + len(sums):]
        values = [None if p in loop.varying else t for p, t in enumerate(loop.inputs)]
        rest = []
        for p, saved_list in zip(sorted(saved), lists):
            shape = _compat.dimensions(loop.body.inputs[p].shape)
            left, values[p] = _compat.list_pop(saved_list, shape, loop.inputs[p].dtype.base_dtype)
            rest.append(left)
        found = pull.emit(values, grads)
        return [index + 1] + found[:split - 1] + [tf.add_n([t, found[i]]) for t, i in zip(totals, adding)] + rest

    first = [tf.constant(0)] + list(grads) + sums + [saved[p] for p in sorted(saved)]
    shapes = [tf.TensorShape([])] + [loop.shapes[p] for p in loop.active] + [s.shape for s in sums]
    shapes += [tf.TensorShape([])] * len(saved)
    found = _compat.while_loop(lambda index, *_: index < count, body, first, shapes)
    results = list(found[1:split]) + [None] * len(loop.sources)
    for i, total in zip(adding, found[split:]):
        results[i] = total
    return results
