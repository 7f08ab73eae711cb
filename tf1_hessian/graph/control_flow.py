"""Conditionals on the path, v1 or functional, seen as one thing; what of v1 control flow must be refused."""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import tensor_arrays
from tf1_hessian.graph.effects import is_call, is_effect, is_reading, is_repeatable
from tf1_hessian.graph.loops import ENTERS, EXITS, MERGES, SWITCHES, loop_of
from tf1_hessian.graph.marks import is_check
from tf1_hessian.graph.scratch import key

__all__ = [
    "CASE_TYPES", "Conditional", "IF_TYPES", "LOOP_TYPES", "WHILE_TYPES", "bodies_of", "carries_functions",
    "conditional_of", "custom_gradients", "is_of_v1_loop", "merged_conditional", "nests_conditionals", "refuse_copy",
    "refuse_effects", "refuse_hidden_dependence", "varying_positions",
]

IF_TYPES = frozenset(["If", "StatelessIf"])
_OF_LOOP_MERGES = frozenset(["Enter", "RefEnter", "NextIteration", "RefNextIteration"])
LOOP_TYPES = frozenset(["Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration", "LoopCond"])
_LISTS = "_tf1_hessian_lists"
# Marks the Merge that keeps a branch's random numbers alive outside the branch; it is no conditional.
_SHARED = "_tf1_hessian_shared"
WHILE_TYPES = frozenset(["While", "StatelessWhile"])
CASE_TYPES = frozenset(["Case", "StatelessCase"])


def is_of_v1_loop(op):
    """Whether an op belongs to a loop or a TensorArray of v1 control flow."""
    return op.type in LOOP_TYPES or op.type.startswith("TensorArray")


def refuse_copy(op, path, second=True):
    """Raises for an op on the path that may neither be made anew nor differentiated: a side effect."""
    if op.type in MERGES and merged_conditional(op) is None:
        raise errors.unreadable_conditional(op)
    if is_call(op):
        return  # what its body does counts
    if not is_repeatable(op):
        raise errors.stateful_on_path(op, path.describe(op), second)


def varying_positions(body):
    """The positions of a while's inputs that its body changes; all others are what every iteration reads."""
    return [p for p, (i, o) in enumerate(zip(body.inputs, body.outputs)) if _root(o) is not i]


def nests_conditionals(op):
    """Whether an op is a conditional with another one in a branch."""
    if op.type not in IF_TYPES:
        return False
    return any(inner.type in IF_TYPES for body in bodies_of(op) for inner in body.get_operations())


def refuse_effects(body):
    """Raises if a function's body draws, reads input or assigns: a copy of it would do so again."""
    for op in [o for o in body.get_operations() if not is_check(o)]:
        if is_effect(op):
            raise errors.twice_in_function(op, body.name)
        for inner in bodies_of(op):
            refuse_effects(inner)


def carries_functions(op):
    """Whether an op runs functions, whose bodies are to be seen in its place."""
    return is_call(op) or op.type in _BODIES or op.type in CASE_TYPES


def bodies_of(op):
    """The graphs of the functions that an op runs."""
    if op.type in CASE_TYPES:
        return [_compat.function_graph(op, "branches", skipped=1, index=i)
                for i in range(len(op.get_attr("branches")))]
    if _compat.is_call_by_name(op):
        return [_compat.function_graph(op, None)]
    return [_compat.function_graph(op, name, skipped=op.type in IF_TYPES) for name in _BODIES.get(op.type, ())]


_BODIES = {
    "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"),
    "PartitionedCall": ("f",),
    "StatefulPartitionedCall": ("f",),
    "SymbolicGradient": ("f",),
    "While": ("cond", "body"),
    "StatelessWhile": ("cond", "body"),
}


def custom_gradients(ops):
    """The ops among these whose gradient is a tf.custom_gradient of the user's."""
    marks = [(op, _compat.string_attribute(op, "_gradient_op_type")) for op in ops]
    return [op for op, mark in marks if mark is not None and _compat.is_bound_to_its_call(mark)]


def refuse_hidden_dependence(ops):
    """Raises if a gradient of a v1 loop lies upstream: its stacks hide what it depends on."""
    for op in ops:
        if op.type.startswith("StackPop"):
            raise errors.hidden_in_loop(op)


class Conditional(object):
    """A conditional: `pred`, the tensors its branches read, and a way to emit a branch anew.

    reads: the tensors that enter it, in the graph where it stands. guards: for those that are made inside a branch of a
    v1 conditional and so are dead when it isn't taken, the (pred, branch) pairs to leave, innermost first. ops: those
    inside a v1 conditional.
    """

    def __init__(self, pred, reads, guards, emit_branch, ops=()):
        self.pred, self.reads, self.guards, self.ops = pred, tuple(reads), guards, ops
        self._emit_branch = emit_branch

    def branch(self, taken, values, emission_type):
        """The outputs of one branch in the default graph, computed from `values` in the place of `reads`."""
        return self._emit_branch(taken, values, emission_type)

    def alive(self, tensor):
        """The tensor, or for one made inside a branch a stand-in that is alive whichever branch is taken.

        Copying a random op into the new branch would draw again, so its one result is shared: merged with a zero of
        the other branch, which nobody reads.
        """
        for pred, taken in self.guards.get(key(tensor), ()):
            placeholder = _compat.switch(tf.zeros([], tensor.dtype.base_dtype), pred)[0 if taken else 1]
            tensor = _compat.merge([tensor, placeholder])
            _compat.set_string_attribute(tensor.op, _SHARED, "")
        return tensor


def conditional_of(op):
    """The Conditional that an If or a v1 Merge is, or None."""
    return _functional(op) if op.type in IF_TYPES else merged_conditional(op)


def _functional(op):
    def emit_branch(taken, values, emission_type):
        body = _compat.function_graph(op, "then_branch" if taken else "else_branch", skipped=1)
        return emission_type.of_function(body, values)

    return Conditional(op.inputs[0], op.inputs[1:], {}, emit_branch)


def merged_conditional(op):
    """The Conditional whose result a v1 Merge is, or None for other ops and for the Merge of a loop."""
    if op.type not in MERGES or any(t.op.type in _OF_LOOP_MERGES for t in op.inputs):
        return None
    if _compat.string_attribute(op, _SHARED) is not None:
        return None
    found = [_Branch(op.inputs[taken], taken) for taken in (0, 1)]
    preds = {key(p): p for branch in found for p in branch.preds}
    if len(preds) != 1:
        return None  # no tf.cond; an error once it turns out to be on the path
    pred = list(preds.values())[0]
    guards = {}
    for taken, branch in enumerate(found):
        for tensor, inner in branch.made_inside:
            guards[key(tensor)] = tuple(inner) + ((pred, taken),)
    reads, seen = [], set()
    for tensor in found[0].entering() + found[1].entering():
        if key(tensor) not in seen:
            seen.add(key(tensor))
            reads.append(tensor)

    def emit_branch(taken, values, emission_type):
        known = {key(r): v for r, v in zip(reads, values)}
        branch = found[1 if taken else 0]
        for late in branch.late_reads:
            raise errors.twice_in_function(late, op.name)
        for switch in branch.switches:
            known[(switch, 1 if taken else 0)] = known[key(switch.inputs[0])]
        copied = branch.ops
        emission = emission_type(known, lambda t: t.op in copied)
        return emission.emit([op.inputs[1 if taken else 0]])

    return Conditional(pred, reads, guards, emit_branch, found[0].ops | found[1].ops - {op})


class _Branch(object):
    """One branch of a v1 conditional, read off the graph: imported graphs have no CondContext to ask."""

    def __init__(self, result, taken):
        self.switches, self.preds, self.ops = [], [], set()
        self.made_inside, self.late_reads = [], []
        self._walk(result, taken)

    def entering(self):
        """The tensors that this branch reads: through its switches, or shared from inside it."""
        return [s.inputs[0] for s in self.switches] + [t for t, _ in self.made_inside]

    def _walk(self, result, taken):
        stack, seen = [result.op], set()
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.type in SWITCHES:
                self.switches.append(op)
                self.preds.append(_root(op.inputs[1]))
                continue
            conditional = merged_conditional(op)
            if conditional is not None:
                self.ops.add(op)
                stack.extend(self._leave(conditional))
            elif op.type in EXITS:
                self.ops.add(op)
                stack.extend(t.op for t in loop_of(op).reads)
            elif self._is_shared(op):
                self.made_inside.extend((t, ()) for t in op.outputs)
                stack.extend(op.control_inputs)
                stack.extend(t.op for t in op.inputs)
            else:
                self.ops.add(op)
                if is_reading(op) and any(is_effect(c) for c in op.control_inputs):
                    self.late_reads.append(op)
                stack.extend([t.op for t in op.inputs] + list(op.control_inputs))
        self.ops.difference_update(t.op for t, _ in self.made_inside)

    def _leave(self, conditional):
        for tensor in conditional.reads:
            guards = conditional.guards.get(key(tensor))
            if guards:
                self.made_inside.append((tensor, guards))
            else:
                yield tensor.op
        yield _root(conditional.pred).op

    @staticmethod
    def _is_shared(op):
        """Stateful ops (random, iterators) run once: their results are shared, never drawn again. Big constants too.

        Not what works on a TensorArray of a loop or a branch: there these are lists, read in the branch that is taken.
        """
        stateful, refs = _compat.op_facts(op)
        if op.type == "Const":
            return (_compat.count_elements(op.outputs[0].shape) or 0) > 4096
        if op.type in tensor_arrays.RULES and _is_list(op):
            return False
        return bool(op.outputs) and (stateful or refs) and not is_reading(op)


def _is_list(op):
    """Whether an op of a TensorArray is part of a loop, or its array was made in a loop or in a branch."""
    known = _compat.kept_with(op.graph, _LISTS)
    if op not in known:
        known[op] = _is_inside(op, ENTERS) or _is_inside(tensor_arrays.array_behind(op), ENTERS | SWITCHES)
    return known[op]


def _is_inside(op, entrances):
    """Whether what an op reads came in by an entrance to a loop, or to a branch, that it did not leave."""
    stack, seen = [op], set()
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        if here.type in entrances:
            return True
        conditional = merged_conditional(here)
        if conditional is not None:
            stack.extend(t.op for t in conditional.reads + (conditional.pred,))
        else:
            stack.extend(t.op for t in (loop_of(here).reads if here.type in EXITS else here.inputs))
        stack.extend(here.control_inputs)
    return False


def _root(tensor):
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor
