"""What a refusal must leave as it was, and how tests ask for it."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

__all__ = ["assert_refused", "assert_runs", "census"]


def census(graph):
    """All of a graph that must stay as it was: its ops, functions and what is in collections."""
    members = {k: [id(item) for item in graph.get_collection(k)] for k in graph.get_all_collection_keys()
               if graph.get_collection(k)}
    return len(graph.get_operations()), graph.as_graph_def(), members


def assert_refused(error, call, graph):
    """Calls, and returns the text of the refusal; the graph must be as it was."""
    before = census(graph)
    with pytest.raises(error) as caught:
        call()
    after = census(graph)
    assert after[0] == before[0], "a refusal left ops: %s" % [op.name for op in graph.get_operations()[before[0]:]]
    assert after[1:] == before[1:]
    return str(caught.value)


def assert_runs(loss):
    """The loss is finite where every placeholder is one."""
    with tf.Session(graph=loss.graph) as session, loss.graph.as_default():
        placeholders = [op.outputs[0] for op in loss.graph.get_operations() if op.type == "Placeholder"]
        if not loss.graph.finalized:
            session.run(tf.global_variables_initializer())
        assert np.all(np.isfinite(session.run(loss, {p: _ones(p) for p in placeholders})))


def _ones(placeholder):
    sizes = [] if placeholder.shape.ndims is None else placeholder.shape.as_list()
    return np.full([2 if d is None else d for d in sizes], 1, placeholder.dtype.as_numpy_dtype)
