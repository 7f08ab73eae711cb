"""A session call that runs out of memory is made again with half the columns at once, where that changes no more."""
import warnings

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import built
from tf1_hessian.graph.control_flow import bodies_of, is_effect

__all__ = ["with_smaller_chunks"]

# What a second call may run again though it has an effect: it draws anew for all that it fetches, and reads variables.
_REPEATABLE = frozenset(["VarHandleOp", "Variable", "VariableV2"])
_DRAWS = ("Random", "ParameterizedTruncatedNormal", "TruncatedNormal", "Multinomial")


def with_smaller_chunks(run, leaves):
    """run(leaves), the latter with what took their place when memory was short before; and again with less at once.

    Raises what TensorFlow raises where no leaf comes in smaller chunks, where the graph is finalized, or where a second
    call would read the next input or change a variable once more.
    """
    while True:
        leaves = [built.smaller_of(leaf) for leaf in leaves]
        try:
            return run(leaves)
        except tf.errors.ResourceExhaustedError:
            halves = [leaf for leaf in leaves if built.has_smaller(leaf)]
            if not halves or halves[0].graph.finalized or not _is_repeatable(leaves):
                raise
            warnings.warn("Out of memory: going on with half the columns at once; chunk_size= or memory_limit= sets "
                          "their number from the start.", stacklevel=4)
            for leaf in halves:
                built.make_smaller(leaf)


def _is_repeatable(leaves):
    """Whether nothing above the leaves changes by being run twice."""
    seen, stack = set(), [op for leaf in leaves for op in _ops_of(leaf)]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        if not isinstance(op, tf.Operation) or (is_effect(op) and not _may_run_again(op)):
            return False
        stack += [t.op for t in op.inputs] + list(op.control_inputs)
        stack += [inner for body in bodies_of(op) for inner in body.get_operations()]
    return True


def _ops_of(leaf):
    """The ops that a fetch asks for; what is no op stands for one that may do anything."""
    if isinstance(leaf, tf.SparseTensor):
        return [leaf.indices.op, leaf.values.op, leaf.dense_shape.op]
    # The op of what tf.assign gives for a variable is the assignment.
    return [leaf.op] if isinstance(leaf, (tf.Tensor, _compat.Variable)) else [leaf]


def _may_run_again(op):
    return op.type in _REPEATABLE or op.type.startswith(_DRAWS)
