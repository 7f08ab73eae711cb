"""A session call that runs out of memory is made again with half the columns at once, where that changes no more."""
import warnings

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import built
from tf1_hessian.graph.effects import is_effect
from tf1_hessian.graph.upstream import VARIABLES, ops_above, ops_inside

__all__ = ["DRAWS", "halve", "with_smaller_chunks"]

# What a second call may run again though it has an effect: it draws anew for all that it fetches. Not from a generator
# of numbers that a variable holds, which would be changed once more.
DRAWS = ("Random", "ParameterizedTruncatedNormal", "TruncatedNormal", "Multinomial")


def with_smaller_chunks(run, leaves):
    """run(leaves), the latter with what took their place when memory was short before; and again with less at once.

    Raises what TensorFlow raises where nothing can be halved.
    """
    while True:
        try:
            return run([built.smaller_of(leaf) for leaf in leaves])
        except tf.errors.ResourceExhaustedError:
            halve(leaves)


def halve(leaves):
    """Lays leaves with half the columns at once, after a call that ran out of memory, and warns of it.

    Raises that call's error where no leaf comes in smaller chunks, where the graph is finalized, or where a second call
    would read the next input or change a variable once more.
    """
    leaves = [built.smaller_of(leaf) for leaf in leaves]
    halves = [leaf for leaf in leaves if built.has_smaller(leaf)]
    if not halves or halves[0].graph.finalized or not _is_repeatable(leaves):
        raise  # noqa: PLE0704
    warnings.warn("Out of memory: going on with half the columns at once; chunk_size= or memory_limit= sets "
                  "their number from the start.", stacklevel=5)
    for leaf in halves:
        built.make_smaller(leaf)


def _is_repeatable(leaves):
    """Whether nothing above the leaves changes by being run twice."""
    asked = [op for leaf in leaves for op in _ops_of(leaf)]
    return all(isinstance(op, tf.Operation) for op in asked) and all(
        not is_effect(inner) or inner.type in VARIABLES or inner.type.startswith(DRAWS)
        for op in ops_above(asked) for inner in [op] + ops_inside(op))


def _ops_of(leaf):
    """The ops that a fetch asks for; what is no op stands for one that may do anything."""
    if isinstance(leaf, tf.SparseTensor):
        return [leaf.indices.op, leaf.values.op, leaf.dense_shape.op]
    # The op of what tf.assign gives for a variable is the assignment.
    return [leaf.op] if isinstance(leaf, (tf.Tensor, _compat.Variable)) else [leaf]
