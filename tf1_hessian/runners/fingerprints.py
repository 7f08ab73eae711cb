"""What a computation is of: enough to tell it from another one after the process that began it has ended."""
import zlib

import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import built
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.upstream import VARIABLES, ops_above, ops_inside
from tf1_hessian.runners.batches import mark_of

__all__ = ["graph_mark", "identity_of", "names_of", "sources_of", "state_mark"]

# Attributes that hold no more than names, or the seeds of draws that no two calls share.
_NAMING = frozenset(["container", "seed", "seed2", "shared_name"])


def names_of(leaves):
    """What messages call some fetches."""
    return [str(getattr(leaf, "name", leaf)) for leaf in leaves]


def identity_of(leaf):
    """A dict for json that tells a fetch from others: of what question it is a result, or else its name; and in both
    cases the ops that the losses, or itself, are computed by."""
    record = built.record_of(leaf) if isinstance(leaf, tf.Tensor) else None
    if record is None:
        ops = [leaf.op] if isinstance(leaf, tf.Tensor) else []
        return dict(_dtype_and_shape(leaf), name=names_of([leaf])[0], graph=graph_mark(ops))
    place = [key(t) for t in _tensors(record)].index(key(leaf)) if _holds(record, leaf) else names_of([leaf])[0]
    return dict(_dtype_and_shape(leaf), quantity=record.quantity, n=record.n, place=place,
                losses=[t.name for t in record.losses], sources=sources_of(record.sources),
                graph=graph_mark([t.op for t in record.losses]))


def sources_of(sources):
    """Name, shape and dtype of each source."""
    return [[s.name, str(s.shape), s.dtype.name] for s in sources]


def _tensors(record):
    return [t for t in _compat.flatten(record.tensors) if isinstance(t, tf.Tensor)]


def _holds(record, leaf):
    return any(key(t) == key(leaf) for t in _tensors(record))


def _dtype_and_shape(leaf):
    dtype, shape = getattr(leaf, "dtype", None), getattr(leaf, "shape", None)
    return {"dtype": None if dtype is None else dtype.name, "shape": None if shape is None else str(shape)}


def graph_mark(ops):
    """A number for some ops, all above and all inside them: of types and attributes, whatever their names and order."""
    return sum(_mark_of_op(inner) for op in ops_above(ops) for inner in [op] + ops_inside(op))


def _mark_of_op(op):
    mark, attributes = zlib.crc32(op.type.encode("utf-8")), op.node_def.attr
    for name in sorted(attributes):
        value = attributes[name]
        if not (name.startswith("_") or name in _NAMING or value.HasField("func") or value.list.func):
            mark = zlib.crc32(name.encode("utf-8") + value.SerializeToString(), mark)
    return mark


def state_mark(ops, session):
    """A number for the present values of the variables above some ops."""
    named = {}
    for op in ops_above(ops):
        if op.type in ("Variable", "VariableV2"):
            named[op.name] = op.outputs[0]
        elif op.type in VARIABLES:
            reads = [c for c in op.outputs[0].consumers()
                     if c.type == "ReadVariableOp" and not c.control_inputs and c.graph.is_fetchable(c)]
            named.update({op.name: min(reads, key=lambda c: c.name).outputs[0]} if reads else {})
    names = sorted(named)
    try:
        values = session.run([named[n] for n in names]) if names else []
    except tf.errors.FailedPreconditionError:  # one without a value: it is not needed where what it gives is fed
        values = [_value_or_none(named[n], session) for n in names]
    return mark_of([(n, np.asarray(v)) for n, v in zip(names, values)], is_whole=True)


def _value_or_none(tensor, session):
    try:
        return session.run(tensor)
    except tf.errors.FailedPreconditionError:
        return None
