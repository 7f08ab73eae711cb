"""What would be another number in each session call."""
from tf1_hessian.graph.control_flow import is_effect
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.sources import resolve_tensor
from tf1_hessian.graph.upstream import VARIABLES, ops_inside
from tf1_hessian.runners import refusals

__all__ = ["refuse_draws"]


def refuse_draws(tensors, feed_dict, graph):
    """Raises ValueError where something above the tensors draws, reads input or assigns, unless feeds cut it off."""
    fed = {key(k) if hasattr(k, "op") else key(resolve_tensor(k, graph)) for k in feed_dict or {}}
    seen, stack = set(), [t.op for t in tensors]
    while stack:
        op = stack.pop()
        if op in seen or all(key(t) in fed for t in op.outputs) and op.outputs:
            continue
        seen.add(op)
        if any(is_effect(inner) and inner.type not in VARIABLES for inner in [op] + ops_inside(op)):
            raise refusals.differs_by_call(op)
        stack.extend([t.op for t in op.inputs if key(t) not in fed] + list(op.control_inputs))
