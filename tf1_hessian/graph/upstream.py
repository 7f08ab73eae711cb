"""What runs before something else is known."""
from tf1_hessian.graph.control_flow import bodies_of

__all__ = ["VARIABLES", "count_ops", "ops_above", "ops_inside"]

# What holds a variable. It is stateful, though it neither draws nor assigns.
VARIABLES = frozenset(["VarHandleOp", "Variable", "VariableV2"])


def ops_above(ops):
    """Some ops and all that run before them."""
    seen, stack = set(), list(ops)
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend([t.op for t in op.inputs] + list(op.control_inputs))
    return seen


def ops_inside(op):
    """All ops of the functions that an op runs."""
    return [o for body in bodies_of(op) for inner in body.get_operations() for o in [inner] + ops_inside(inner)]


def count_ops(ops):
    """How many ops some are, with all inside of them."""
    return sum(1 + len(ops_inside(op)) for op in ops)
