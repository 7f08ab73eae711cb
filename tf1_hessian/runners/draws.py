"""What would be another number in each session call."""
from tf1_hessian._compat import tf
from tf1_hessian.graph.effects import is_effect
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.sources import resolve_tensor
from tf1_hessian.graph.upstream import VARIABLES, ops_inside
from tf1_hessian.runners import refusals
from tf1_hessian.runners.retries import DRAWS

__all__ = ["effect_above", "refuse_draws", "refuse_unskippable"]

# What takes a reference to a variable and hands it on: conditionals and loops of v1 control flow.
_FORWARDING = frozenset(["RefEnter", "RefExit", "RefIdentity", "RefMerge", "RefNextIteration", "RefSwitch"])


def refuse_draws(tensors, feed_dict, graph):
    """Raises ValueError where something above the tensors draws, reads input or assigns, unless feeds cut it off."""
    for op, _ in _effects_above(tensors, feed_dict, graph):
        raise refusals.differs_by_call(op)


def refuse_unskippable(tensors, feed_dict, graph, reads=()):
    """Raises ValueError where something above the tensors reads input or assigns, unless feeds cut it off: a batch that
    is passed over would leave it behind. Random draws are independent, and `reads` are known how to pass over."""
    for op, inner in _effects_above(tensors, feed_dict, graph, reads):
        if not inner.type.startswith(DRAWS):
            raise refusals.unskippable(op)


def effect_above(tensors, feed_dict, graph):
    """The first op above the tensors that draws, reads input or assigns and that feeds do not cut off, or None."""
    return next((op for op, _ in _effects_above(tensors, feed_dict, graph)), None)


def _effects_above(tensors, feed_dict, graph, reads=()):
    """(op, what of it, or inside of it, has an effect), as far as neither feeds nor reads cut it off."""
    fed = {key(part) for k in feed_dict or {} for part in _parts_of(k, graph)}
    seen, stack = set(reads), [t.op for t in tensors if key(t) not in fed]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        for inner in [op] + ops_inside(op):
            if is_effect(inner) and inner.type not in VARIABLES and inner.type not in _FORWARDING:
                yield op, inner
        stack.extend([t.op for t in op.inputs if key(t) not in fed] + list(op.control_inputs))


def _parts_of(fed, graph):
    """The tensors that a key of a feed_dict stands for."""
    if isinstance(fed, tf.SparseTensor):
        return [fed.indices, fed.values, fed.dense_shape]
    fed = resolve_tensor(fed, graph)
    return [fed if isinstance(fed, tf.Tensor) else graph.as_graph_element(fed)]
