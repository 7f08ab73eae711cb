"""Rows of a table gathered by id: repeated ids, ids never used, partitioned tables."""
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, register, variable

# Row 1 is never read, row 2 twice.
_IDS = [2, 0, 2]
_UNREAD = [(2, 2), (3, 3), (2, 0), (5, 3)]


def _gathered(table, ids):
    return tf.gather(table, ids)


def _looked_up(table, ids):
    return tf.nn.embedding_lookup(table, ids)


def _embedding(lookup, **options):
    def build(dtype):
        table = variable("table", numbers(1, 3, 2), dtype, **options)
        ids = tf.placeholder(tf.int64, [None])
        rows = lookup(table, ids)
        scores = tf.reduce_sum(tf.sin(rows) * tf.reduce_sum(rows, 0), 1) * constant(numbers(2, 3), dtype)
        return Case(tf.reduce_sum(tf.exp(scores)), table, {ids: _IDS})

    return build


for _kind, _use_resource in (("ref", False), ("resource", True)):
    register("gather_from_" + _kind, _embedding(_gathered, use_resource=_use_resource), zeros=_UNREAD)
    register("embedding_lookup_in_" + _kind, _embedding(_looked_up, use_resource=_use_resource), zeros=_UNREAD)
    register("embedding_lookup_in_partitioned_" + _kind, _embedding(
        _looked_up, use_resource=_use_resource, partitioner=tf.fixed_size_partitioner(2)))


def _shared_embedding(dtype):
    """The table is read by row and as a whole, as with tied input and output embeddings."""
    table = variable("table", numbers(1, 3, 2), dtype, use_resource=True)
    rows = tf.tanh(tf.nn.embedding_lookup(table, [1, 2, 1]))
    logits = tf.matmul(rows, table, transpose_b=True)
    return Case(tf.reduce_sum(tf.reduce_logsumexp(logits, 1)), [table])


register("embedding_shared_with_output", _shared_embedding)
