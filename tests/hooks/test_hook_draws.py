"""What of a step can be given to a second session call, and what can't."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tf1_hessian.graph.scratch import key
from tf1_hessian.hooks.draws import draws_of, runs, tensors_fed


def names(tensors):
    return sorted(t.op.type for t in tensors)


def drawn(loss, feed=None):
    return draws_of([loss.op], tensors_fed(loss.graph, feed))


def iterator(rows=3):
    return tf.data.make_one_shot_iterator(tf.data.Dataset.from_tensors((np.ones([rows, 2], "f"), 1.0))).get_next()


def test_all_outputs_of_inputs_and_draws_are_found_once():
    x, _ = iterator()
    loss = tf.reduce_sum(tf.nn.dropout(x, rate=0.5) + tf.random_normal([2]) + x)
    found = drawn(loss)
    assert names(found.tensors) == ["IteratorGetNext", "IteratorGetNext", "RandomStandardNormal", "RandomUniform"]
    assert found.unfed == []


def test_a_queue_and_a_shuffle_of_it():
    queue = tf.FIFOQueue(4, [tf.float32], [[2]])
    assert names(drawn(tf.reduce_sum(tf.random_shuffle(queue.dequeue()))).tensors) == ["RandomShuffle"]
    assert names(drawn(tf.reduce_sum(queue.dequeue_many(2))).tensors) == ["QueueDequeueManyV2"]


def test_what_is_fed_is_not_drawn():
    x, _ = iterator()
    loss = tf.reduce_sum(x ** 2)
    assert drawn(loss, {x: np.ones([1, 2])}) == ([], [])
    assert drawn(loss, {x.name: np.ones([1, 2])}) == ([], [])


def test_placeholders_without_a_value_are_named():
    x, y = tf.placeholder(tf.float32, [2], name="x"), tf.placeholder_with_default(1.0, [], name="y")
    s = tf.sparse_placeholder(tf.float32, [2, 2], name="s")
    loss = tf.reduce_sum(x) * y + tf.sparse_reduce_sum(s)
    assert drawn(loss, {x: [1, 2]}).unfed == ["s/indices", "s/values"]
    value = tf.SparseTensorValue([[0, 0]], [1.0], [2, 2])
    assert drawn(loss, {s: value}).unfed == ["x"]


def test_sizes_of_a_batch_are_no_values_of_variables():
    w = tf.get_variable("w", [2, 3])
    hidden = tf.matmul(tf.placeholder(tf.float32, [None, 2]), w)
    assert names(drawn(tf.reduce_sum(hidden * tf.random_uniform(tf.shape(hidden)))).tensors) == ["RandomUniform"]


def of_a_variable():
    return tf.reduce_sum(tf.random_poisson(tf.get_variable("rate", [2]), []))


def shuffled_variable():
    return tf.reduce_sum(tf.random_shuffle(tf.get_variable("w", [4])))


def updated_before():
    moving = tf.get_variable("moving", [])
    with tf.control_dependencies([tf.assign_add(moving, 1.0)]):
        return tf.identity(tf.constant(2.0) * 3)


def updated():
    return 2 * tf.assign_add(tf.get_variable("moving", []), 1.0)


def from_python():
    return 2 * tf.reshape(tf.py_func(lambda: np.float32(1), [], tf.float32), [])


def in_a_branch():
    return tf.cond(tf.placeholder(tf.bool, []), lambda: tf.random_normal([]), lambda: 1.0)


def in_a_loop():
    return tf.reduce_sum(tf.map_fn(lambda x: x * tf.random_normal([]), tf.ones([3])))


def held_by_a_control_dependency():
    draw = tf.random_normal([])
    with tf.control_dependencies(drawn(draw).tensors):
        return 2 * draw


@pytest.mark.parametrize("make, sentence", [
    (of_a_variable, "variables say"), (shuffled_variable, "variables say"),
    (updated_before, "may change what is trained"), (updated, "may change what is trained"),
    (from_python, "may change what is trained"), (in_a_branch, "a conditional or a loop"),
    (in_a_loop, "a conditional or a loop"), (held_by_a_control_dependency, "a control dependency runs it")])
def test_what_can_not_be_given_on_is_refused_with_the_op(make, sentence):
    loss = make()
    with pytest.raises(ValueError, match="operation '.*above the loss, and .*feed_dict=") as caught:
        drawn(loss)
    assert sentence in str(caught.value)


def test_whether_a_call_gives_the_draws():
    x, _ = iterator()
    graph, loss, other = x.graph, tf.reduce_sum(x), tf.constant(1.0)
    tensors = drawn(loss).tensors
    assert runs(graph, {"a": [loss]}, set(), tensors) and runs(graph, loss.name, set(), tensors)
    assert runs(graph, [other, loss.op], set(), tensors)
    assert not runs(graph, [other], set(), tensors)
    assert not runs(graph, loss, {key(x)}, tensors)
    assert runs(graph, other, set(), [])
    assert not runs(graph, [tf.get_variable("v", [2]), tf.SparseTensor([[0]], [1.0], [2])], set(), tensors)
