"""Loops and TensorArrays of v1 control flow behind one result, seen as one op whose inputs and output are tensors."""
from tf1_hessian import _compat, errors
from tf1_hessian.graph import control_flow, tensor_arrays
from tf1_hessian.graph.emission import emit_anew, needs
from tf1_hessian.graph.loops import EXITS, loop_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.tensor_arrays import is_flow, is_handle, is_place

__all__ = ["Region", "inner_ops", "may_be_unsymmetric", "region_of"]

_RESULTS = EXITS | {"TensorArrayConcatV3", "TensorArrayGatherV3", "TensorArrayReadV3"}
_WITH_HANDLE = frozenset(tensor_arrays.RULES) - {"TensorArrayV3"}
_MEMORY = "_tf1_hessian_regions"


class Region(object):
    """All that flows of TensorArrays and frames of loops tie to one result; no flow crosses its border.

    reads: the tensors that enter. loops: the Loops inside. Raises where the gradient of a loop is among them.
    """

    def __init__(self, op):
        self._result, self._inside, self.loops = op, set(), []
        reads, stack = {}, [op]
        while stack:
            here = stack.pop()
            if here in self._inside:
                continue
            self._inside.add(here)
            if here.type in EXITS:
                self._add(loop_of(here))
            elif here.type in _WITH_HANDLE and not is_handle(here.inputs[0]):
                raise errors.hidden_in_loop(here)
            for tensor in needs(here):
                if is_flow(tensor) or is_place(tensor):
                    stack.append(tensor.op)
                else:
                    reads[key(tensor)] = tensor
        self.reads = tuple(reads.values())

    def _add(self, loop):
        control_flow.refuse_hidden_dependence(loop.ops)
        if loop not in self.loops:
            self.loops.append(loop)

    def emit(self, values):
        """(the result's outputs made anew from `values` in the place of `reads`, how its loops were)."""
        known = {key(t): v for t, v in zip(self.reads, values)}
        return emit_anew(list(self._result.outputs), known, lambda t: t.op in self._inside)


def region_of(op):
    """The Region behind an op that gives the result of loops or TensorArrays of v1 control flow, or None."""
    if op.type not in _RESULTS or is_flow(op.outputs[0]):
        return None
    known = _compat.kept_with(op.graph, _MEMORY)
    if op not in known:
        known[op] = Region(op)
    return known[op]


def inner_ops(op):
    """The ops inside a conditional, or inside the loops behind a result."""
    region = region_of(op)
    if region is not None:
        return [inner for loop in region.loops for inner in loop.ops]
    conditional = control_flow.merged_conditional(op)
    return [] if conditional is None else conditional.ops


def may_be_unsymmetric(ops):
    """Whether a gradient that users define may be on the path, so that H is perhaps not symmetric: rows only there."""
    return any(control_flow.carries_functions(op) or _compat.is_overridden(op) or may_be_unsymmetric(inner_ops(op))
               for op in ops)
