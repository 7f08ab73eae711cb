"""Ops that run functions, emitted from the functions' bodies: calls, choices among several, functional whiles."""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.marks import column_loop, mark_column_loop

__all__ = ["RULES", "make_call_by_name"]


def _make_call(emission, op, inputs):
    return emission.of_function(_compat.function_graph(op, "f"), inputs)


def make_call_by_name(emission, op, inputs):
    """A Defun's body, computed from `inputs`; None, for a copy of the call, where a gradient was given to the Defun."""
    if not _compat.is_overridden(op):
        return emission.of_function(_compat.function_graph(op, None), inputs)
    _compat.share_function(op)
    return None


def _make_case(emission, op, inputs):
    """A conditional for each branch but the last, which is taken for every other index."""
    def branch(index):
        body = _compat.function_graph(op, "branches", skipped=1, index=index)
        return [tf.identity(emission.widened(t)) for t in emission.of_function(body, inputs[1:])]

    def chosen(index):
        if index == len(op.get_attr("branches")) - 1:
            return branch(index)
        return _compat.conditional(tf.equal(inputs[0], index), lambda: branch(index), lambda: chosen(index + 1))

    return chosen(0)


def _make_while(emission, op, inputs):
    """What no iteration changes is captured, not carried: a handle may stand for a value by now, of another shape."""
    cond = _compat.function_graph(op, "cond")
    body = _compat.function_graph(op, "body")
    varying = control_flow.varying_positions(body)
    first = [emission.widened(inputs[p]) for p in varying]

    def values_of(state):
        values = dict(zip(varying, state))
        return [values.get(p, t) for p, t in enumerate(inputs)]

    def step(*state):
        outputs = emission.of_function(body, values_of(state))
        return [emission.widened(outputs[p]) for p in varying]

    found = _compat.while_loop(
        lambda *state: emission.of_function(cond, values_of(state))[0], step, first,
        [op.outputs[p].shape for p in varying])
    known = column_loop(op)
    if known is not None:
        mark_column_loop(found[0], inputs[known[1]], known[0])
    return values_of(found)


RULES = {
    "Case": _make_case,
    "StatelessCase": _make_case,
    "PartitionedCall": _make_call,
    "StatefulPartitionedCall": _make_call,
    "While": _make_while,
    "StatelessWhile": _make_while,
}
