"""Loops and TensorArrays of v1 control flow behind their results, seen as one op of tensors."""
from tf1_hessian import _compat, errors
from tf1_hessian.graph import control_flow, tensor_arrays
from tf1_hessian.graph.emission import emit_anew, needs
from tf1_hessian.graph.loops import EXITS, loop_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.tensor_arrays import is_flow, is_handle, is_place

__all__ = ["Region", "inner_ops", "joined", "may_be_unsymmetric", "region_of"]

_RESULTS = EXITS | {"TensorArrayConcatV3", "TensorArrayGatherV3", "TensorArrayReadV3"}
_WITH_HANDLE = frozenset(tensor_arrays.RULES) - {"TensorArrayV3"}
_MEMORY = "_tf1_hessian_regions"


class Region(object):
    """All that flows of TensorArrays and frames of loops tie to some results; no flow crosses its border.

    results: the ops that give them. reads: the tensors that enter. loops: the Loops inside. Raises where the gradient
    of a loop is among them.
    """

    def __init__(self, results):
        self.results, self._inside, self.loops = tuple(results), set(), []
        reads, stack = {}, list(results)
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

    @property
    def core(self):
        """The loops inside; the TensorArrays where there is no loop."""
        return frozenset(self.loops) or frozenset(op for op in self._inside if op.type == "TensorArrayV3")

    def feeds(self, other):
        """Whether a result of this region enters another one as it is."""
        return any(t.op in self.results for t in other.reads)

    def emit(self, values):
        """({result: its outputs made anew from `values` in the place of `reads`}, how the loops were)."""
        known = {key(t): v for t, v in zip(self.reads, values)}
        outputs, how = emit_anew(
            [o for op in self.results for o in op.outputs], known, lambda t: t.op in self._inside)
        outputs = iter(outputs)
        return {op: tuple(next(outputs) for _ in op.outputs) for op in self.results}, how


def region_of(op):
    """The Region behind an op that gives the result of loops or TensorArrays of v1 control flow, or None."""
    if op.type not in _RESULTS or is_flow(op.outputs[0]):
        return None
    known = _compat.kept_with(op.graph, _MEMORY)
    if op not in known:
        known[op] = Region([op])
    return known[op]


def joined(results):
    """The Regions of some results in topological order: those of the same loops are in one."""
    found = []
    for op in results:
        alone = region_of(op)
        same = [r for r in found if r.core == alone.core and not r.feeds(alone)]
        if same:
            found[found.index(same[0])] = Region(same[0].results + (op,))
        else:
            found.append(alone)
    return found


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
