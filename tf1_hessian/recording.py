"""What is laid while a GradientTape records: the tape is told of it as one step with an exact, audited gradient.

A tape notes ops as TensorFlow's Python functions make them. Ops that are emitted again pass it by, and where it saw
some of them it would give a part of the gradient.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.paths import carries_derivative
from tf1_hessian.graph.scratch import Scratch, key

__all__ = ["recorded"]

# Ops of a graph that no tape has seen, since `recorded` told of them as a whole.
_UNSEEN = "_tf1_hessian_unseen"


def recorded(graph, build, tensors_of):
    """What `build` gives; active tapes know how it comes from what stood in the graph before.

    tensors_of: a list of the tensors in it. They may be differentiated by tapes as often as by graph gradients.
    """
    if not _compat.is_recorded():
        return build()
    before = len(graph.get_operations())
    with _compat.unrecorded():
        result = build()
    outputs = [t for t in tensors_of(result) if carries_derivative(t.dtype)]
    unseen = _compat.kept_with(graph, _UNSEEN)
    unseen.update((op, None) for op in graph.get_operations()[before:])
    inputs = _read(outputs, unseen)
    if outputs and inputs:
        known = {key(inner): outer for outer, inner in _compat.captures_of(graph)}
        told = [known.get(key(t), t) for t in inputs]
        if any(not _compat.is_eager(t) and t.op in _compat.kept_with(t.graph, _UNSEEN) for t in told):
            raise RuntimeError("A GradientTape asks for a derivative of a derivative in a loop or branch, of what "
                               "stands outside. Let tape.jacobian use pfor, or take th.gradients of the result.")
        _compat.record(outputs, told, lambda *seeds: _pulled_back(outputs, inputs, seeds))
    return result


def _read(outputs, unseen):
    """The tensors of ops that tapes saw, and of outside, from which unseen ops make the outputs."""
    found, seen, stack = {}, set(), list(outputs)
    while stack:
        tensor = stack.pop()
        if key(tensor) in seen or not carries_derivative(tensor.dtype):
            continue
        seen.add(key(tensor))
        if tensor.op in unseen and tensor.op.inputs:
            stack.extend(tensor.op.inputs)
        elif tensor.op not in unseen or tensor.op.type != "Const":
            found[key(tensor)] = tensor
    return list(found.values())


def _pulled_back(outputs, inputs, seeds):
    """The gradients, in the graph that asks: the body of a loop, where a Jacobian is taken row by row."""
    given, graph = [(o, s) for o, s in zip(outputs, seeds) if s is not None], tf.get_default_graph()
    with tf.name_scope("gradients"):
        return recorded(graph, lambda: _emitted(graph, inputs, *zip(*given)), lambda found: [
            g for g in found if g is not None])


def _emitted(graph, inputs, outputs, seeds):
    scratch = Scratch(graph)
    with scratch.as_default():
        stand_ins = [tf.placeholder(s.dtype, s.shape) for s in seeds]
        found = backprop(outputs, inputs, stand_ins, inputs, Options(second=False))
    emission = Emission.of_scratch(scratch)
    return emission.inside({key(p): s for p, s in zip(stand_ins, seeds)}, emission.copies).emit(found)
