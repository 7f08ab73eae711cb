"""Sparse Hessians: their patterns on the graph, and columns by colours."""
from tf1_hessian.derivatives import repairs, zeros
from tf1_hessian.graph.flow import Flow
from tf1_hessian.problem import path_between
from tf1_hessian.sparsity.detection import detect

__all__ = ["detected"]


def detected(losses, sources, given=None, max_seconds=None):
    """The SparsityPattern over sources, in their order, of the Hessian of the sum of losses. Raises as detect."""
    flow = Flow(path_between(losses, sources), lambda op: zeros.is_zero(op) and not repairs.is_moment_mean(op))
    return detect(flow, sources, given, max_seconds)
