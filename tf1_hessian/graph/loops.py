"""Loops of v1 control flow, read off the graph: imported graphs have no WhileContext to ask."""
from tf1_hessian import _compat, errors

__all__ = ["ENTERS", "EXITS", "Loop", "MERGES", "SWITCHES", "loop_of"]

EXITS = frozenset(["Exit", "RefExit"])
ENTERS = frozenset(["Enter", "RefEnter"])
SWITCHES = frozenset(["Switch", "RefSwitch"])
MERGES = frozenset(["Merge", "RefMerge"])
_MEMORY = "_tf1_hessian_loops"


class Loop(object):
    """A frame of v1 control flow.

    switches: of each loop variable; steps: what the body hands on to the next iteration; condition: whether there is
    one. exits: the op that gives a variable's last value, or None. enters: the Enter ops of the first values;
    invariants: those of what all iterations read. reads: the tensors that enter, variables first. ops: those of
    condition and body, nested loops included.
    """

    def __init__(self, loop_cond):
        self.switches = [op for op in loop_cond.outputs[0].consumers() if _is_of_variable(op, loop_cond)]
        self._merges = [s.inputs[0].op for s in self.switches]
        self.starts = [m.outputs[0] for m in self._merges]
        self.enters = [m.inputs[0].op for m in self._merges]
        self.steps = [m.inputs[1].op.inputs[0] for m in self._merges]
        self.exits = [next((c for c in s.outputs[0].consumers() if c.type in EXITS), None) for s in self.switches]
        self.condition = loop_cond.inputs[0]
        self.name = self.enters[0].get_attr("frame_name").decode("utf-8")
        self.ops, self.invariants = self._inside()
        self.reads = tuple(e.inputs[0] for e in self.enters + self.invariants)

    def _inside(self):
        """Not what TensorFlow's gradient of the loop adds to it: stacks that only the gradient reads."""
        ops, invariants, seen = [], [], set(self._merges + self.switches)
        stack = [t.op for t in self.steps] + [self.condition.op]
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.type in ENTERS and op.get_attr("frame_name").decode("utf-8") == self.name:
                invariants.append(op)
                continue
            ops.append(op)
            stack.extend([t.op for t in op.inputs] + [c for c in op.control_inputs if not c.type.startswith("Stack")])
        return ops, invariants


def _is_of_variable(op, loop_cond):
    return op.type in SWITCHES and op.inputs[1].op is loop_cond and op.inputs[0].op.type in MERGES


def loop_of(op):
    """The Loop that an Exit belongs to. Raises for a frame that is none of tf.while_loop's."""
    switch = op.inputs[0].op
    loop_cond = switch.inputs[1].op if switch.type in SWITCHES else None
    if loop_cond is None or loop_cond.type != "LoopCond":
        raise errors.unreadable_loop(op)
    known = _compat.kept_with(op.graph, _MEMORY)
    if loop_cond not in known:
        known[loop_cond] = Loop(loop_cond)
    return known[loop_cond]
