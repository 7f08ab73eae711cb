"""Loops of v1 control flow, emitted as what can be differentiated again and again.

Lifted: a functional while. Unrolled: the body once an iteration, where the graph tells the number of iterations.
Nothing of TensorFlow's loop contexts is needed, so that imported graphs work.
"""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import sizes, tensor_arrays
from tf1_hessian.graph.effects import is_effect
from tf1_hessian.graph.loops import loop_of
from tf1_hessian.graph.scratch import key, original
from tf1_hessian.graph.tensor_arrays import NotUnrolled, folded, is_handle

__all__ = ["MOST_OPS", "RULES", "needs"]

# Ops that unrolling may add: with more, building takes longer than the columns of a lifted loop.
MOST_OPS = 1500


def needs(op):
    """The tensors that an Exit or an op of a TensorArray is made from."""
    tensors = op.inputs if op.type in tensor_arrays.RULES else loop_of(op).reads
    return [t for t in tensors if not is_handle(t)]


def _make_exits(emission, op, inputs):
    """All last values of the loop that one Exit belongs to."""
    loop = loop_of(op)
    for inner in loop.ops:
        if is_effect(inner):
            raise errors.twice_in_loop(inner, loop.name)
    entering = {key(e.outputs[0]): _unreferenced(emission.value(e.inputs[0]))
                for e in loop.enters + loop.invariants if not is_handle(e.inputs[0])}
    make = _unrolled if emission.unrolls else _lifted
    for exit_op, value in zip(loop.exits, make(emission, loop, entering)):
        if exit_op is not None and not _is_replaced(emission, exit_op.outputs[0]):
            emission.put(exit_op.outputs[0], value)
    return [emission.value(op.outputs[0])]


def _is_replaced(emission, result):
    """Whether a result of a loop also enters what is made anew: it may be fed, and keeps its replacement."""
    return emission.value(result) is not result


def _unreferenced(value):
    """A function can't take a reference; its present value is what the loop reads."""
    return tf.identity(value) if isinstance(value, tf.Tensor) and value.dtype != value.dtype.base_dtype else value


def _everything(tensor):
    return True


def _iteration(emission, entering, places, values, tensors):
    """`tensors` of a loop's condition or body, with the loop variables' `values` at `places`."""
    known = dict(entering)
    known.update((key(p), v) for p, v in zip(places, values))
    return emission.inside(known, _everything).emit(tensors)


def _lifted(emission, loop, entering):
    first = [emission.widened(entering[key(e.outputs[0])]) for e in loop.enters]
    inside = [s.outputs[1] for s in loop.switches]
    shapes = [v.shape if v.dtype == tf.variant else s.shape for v, s in zip(first, loop.starts)]
    found = _compat.while_loop(
        lambda *values: _iteration(emission, entering, loop.starts, values, [loop.condition])[0],
        lambda *values: [emission.widened(t) for t in _iteration(emission, entering, inside, values, loop.steps)],
        first, shapes)
    for value, shape in zip(found, shapes):
        value.set_shape(shape)
    return found


def _unrolled(emission, loop, entering):
    known = {}
    entering = {name: _as_told(value) for name, value in entering.items()}
    values = [entering[key(e.outputs[0])] for e in loop.enters]
    inside = [s.outputs[1] for s in loop.switches]
    while True:
        goes_on = folded(_iteration(emission, entering, loop.starts, values, [loop.condition])[0], known)
        if goes_on is None:
            raise NotUnrolled("the graph does not tell how often '%s' runs" % loop.name)
        if not goes_on:
            return values
        emission.spend(len(loop.ops))
        values = [_folded(v, known) for v in _iteration(emission, entering, inside, values, loop.steps)]


def _as_told(value):
    """A small number of the user's graph as a constant, where its value can be read off. From then on TensorFlow
    refuses to feed it."""
    if not isinstance(value, tf.Tensor) or value.dtype not in (tf.int32, tf.int64, tf.bool):
        return value
    outside = original(value)
    found = sizes.static_size(value if outside is None else outside)
    return value if found is None else tf.constant(found, value.dtype)


def _folded(value, known):
    if not isinstance(value, tf.Tensor):
        return value
    found = folded(value, known)
    return value if found is None else tf.constant(found, value.dtype)


RULES = dict(tensor_arrays.RULES, Exit=_make_exits, RefExit=_make_exits)
