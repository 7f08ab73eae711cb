"""What was built in a graph, remembered with the graph: the same question asked twice adds nothing."""
from tf1_hessian import _compat

__all__ = ["remembered"]

_MEMORY = "_tf1_hessian_built"


def remembered(graph, question, build):
    """The answer to a hashable question, built at most once a graph.

    Under control dependencies or inside a control-flow context new ops mean something else each time: no memory there.
    """
    if _compat.has_control_scope(graph):
        return build()
    memory = getattr(graph, _MEMORY, None)
    if memory is None:
        memory = {}
        setattr(graph, _MEMORY, memory)
    if question not in memory:
        memory[question] = build()
    return memory[question]
