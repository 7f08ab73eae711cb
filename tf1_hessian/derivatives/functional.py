"""Gradients of ops that carry functions: conditionals, calls and this library's own column loops.

TF's own rules run TF's unaudited reverse mode inside the bodies and edit the forward op in place. These emit the body
again and differentiate the copy: the same audit inside as outside, and the user's op stays as it is.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import repairs
from tf1_hessian.derivatives.anew import own
from tf1_hessian.derivatives.while_loops import while_gradient
from tf1_hessian.derivatives.zeros import zeros_for
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.effects import is_call
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.marks import column_loop
from tf1_hessian.graph.paths import carries_derivative
from tf1_hessian.graph.scratch import key

__all__ = ["rule_for"]


def rule_for(op):
    """The rule of an op that carries functions, or None: `rule(op, arrived, wanted, backprop)`, a gradient a read."""
    if op.type in control_flow.IF_TYPES or control_flow.merged_conditional(op) is not None:
        return _conditional_gradient
    if op.type == "SymbolicGradient":
        return _gradient_of_gradient
    if _compat.has_given_gradient(op):
        return _given_gradient if repairs.repair_of(op) is None else None
    if op.type in control_flow.CASE_TYPES or is_call(op):
        return _call_gradient
    if op.type in control_flow.WHILE_TYPES:
        return while_gradient if column_loop(op) is None else _column_loop_gradient
    return None


def _differentiate_body(backprop, ys, xs, grad_ys):
    """Gradients of a body's differentiable outputs, None where zero.

    What arrives is captured first: gradient functions of TF 1.13 wait for it, and can't for a tensor of another graph.
    """
    kept = [(y, g) for y, g in zip(ys, grad_ys) if g is not None and carries_derivative(y.dtype)]
    return backprop([y for y, _ in kept], xs, [_compat.captured(g) for _, g in kept])


def _conditional_gradient(op, arrived, wanted, backprop):
    conditional = control_flow.conditional_of(op)
    offset = len(op.inputs) - len(conditional.reads) if op.type in control_flow.IF_TYPES else 0
    wanted = wanted[offset:]
    reads = [conditional.alive(t) for t in conditional.reads]
    chosen = [i for i, want in enumerate(wanted) if want]

    def branch(taken):
        values = own(reads)
        outputs = conditional.branch(taken, values, Emission)
        xs = [values[i] for i in chosen]
        grads = _differentiate_body(backprop, outputs, xs, arrived)
        dtype = next(g for g in arrived if g is not None).dtype.base_dtype
        return [zeros_for(x, dtype) if g is None else tf.identity(g) for x, g in zip(xs, grads)]

    found = _compat.conditional(conditional.pred, lambda: branch(True), lambda: branch(False))
    results = [None] * len(wanted)
    for i, grad in zip(chosen, found):
        if reads[i].dtype != tf.resource:
            grad.set_shape(reads[i].shape)
        results[i] = grad
    return [None] * offset + results


def _call_gradient(op, arrived, wanted, backprop):
    """Of a call or a choice among functions: emitted again, it is made of their bodies."""
    values = own(op.inputs)
    known = {key(t): v for t, v in zip(op.inputs, values)}
    outputs = Emission(known, lambda t: t.op is op).emit(list(op.outputs))
    return _pulled_back(outputs, values, arrived, wanted, backprop)


def _given_gradient(op, arrived, wanted, backprop):
    """Of a Defun to which the user gave one."""
    function = _compat.python_gradient(op)
    grads = [tf.zeros_like(o) if g is None else g for o, g in zip(op.outputs, arrived)]
    if function is None:
        found = Emission.of_function(_compat.gradient_graph(op, None), list(op.inputs) + grads)
    else:
        found = function(op, *grads)
        found = found if isinstance(found, (list, tuple)) else [found]
    return [tf.convert_to_tensor(g) if want and g is not None else None for g, want in zip(found, wanted)]


def _gradient_of_gradient(op, arrived, wanted, backprop):
    """SymbolicGradient gives the gradients of a function at its first inputs, from those of its outputs."""
    values = own(op.inputs)
    given = _compat.gradient_graph(op, "f")
    if given is not None:
        return _pulled_back(Emission.of_function(given, values), values, arrived, wanted, backprop)
    body = _compat.function_graph(op, "f")
    places = [i for i in range(len(body.inputs)) if carries_derivative(values[i].dtype)]
    results = Emission.of_function(body, values[:len(body.inputs)])
    found = _differentiate_body(backprop, results, [values[i] for i in places], values[len(body.inputs):])
    outputs = [tf.zeros_like(v) for v in values[:len(body.inputs)]]
    for i, grad in zip(places, found):
        outputs[i] = outputs[i] if grad is None else grad
    return _pulled_back(outputs, values, arrived, wanted, backprop)


def _pulled_back(outputs, values, arrived, wanted, backprop):
    """A gradient for each of the values that `outputs` were made from, None for those not wanted."""
    found = iter(_differentiate_body(backprop, outputs, [v for v, want in zip(values, wanted) if want], arrived))
    return [next(found) if want else None for want in wanted]


def _column_loop_gradient(op, arrived, wanted, backprop):
    """Iterations are independent, so the gradient is a loop that adds up one iteration's gradients after the other."""
    body = _compat.function_graph(op, "body")
    iterations, position = column_loop(op)
    lists = [(_set_element(body.outputs[j]), grad) for j, grad in enumerate(arrived)
             if grad is not None and grad.dtype == tf.variant]
    chosen = [i for i, want in enumerate(wanted) if want]
    captured = [op.inputs[i] for i in chosen]
    dtype = lists[0][0].dtype

    def step(index, *sums):
        values = own(op.inputs)
        known = {key(p): v for p, v in zip(body.inputs, values)}
        known[key(body.inputs[position])] = index
        items = Emission(known, lambda t: t.graph is body).emit([item for item, _ in lists])
        grads = [_compat.list_item(g, index, _compat.dimensions(item.shape), item.dtype) for item, g in lists]
        found = _differentiate_body(backprop, items, [values[i] for i in chosen], grads)
        return [index + 1] + [s if g is None else s + g for s, g in zip(sums, found)]

    sums = [zeros_for(t, dtype) for t in captured]
    start = [tf.constant(0)] + sums
    outputs = _compat.while_loop(lambda index, *_: index < iterations, step, start, [t.shape for t in start])
    results = [None] * len(op.inputs)
    for i, total in zip(chosen, outputs[1:]):
        results[i] = total
    return results


def _set_element(output):
    """What one iteration of a column loop puts into a list."""
    while output.op.type == "Identity":
        output = output.op.inputs[0]
    return output.op.inputs[2]
