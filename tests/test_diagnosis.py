"""th.diagnose: statuses that rehearsals confirm, what lies upstream, hints, an untouched graph."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from forms import built_as
from untouched import census

D = tf.float64


def statuses(diagnosis):
    return {op.type: op.status for op in diagnosis.ops}


def assert_diagnosed(loss, xs):
    """A diagnosis that left the graph as it was."""
    before = census(loss.graph)
    found = th.diagnose(loss, xs)
    assert census(loss.graph) == before
    return found


def squared_outside(x):
    """What TensorFlow can't see into."""
    squares = tf.py_func(lambda a: np.square(a), [x], D)
    squares.set_shape(x.shape)
    return squares


def test_the_path_is_reported_in_order():
    x, w = tf.placeholder(D, [2, 3]), tf.placeholder(D, [3, 1])
    found = assert_diagnosed(tf.reduce_sum(tf.tanh(tf.matmul(x, w)) ** 2) + tf.reduce_sum(tf.cos(x)), w)
    assert [op.type for op in found.ops if op.type not in ("Add", "AddV2")] == ["MatMul", "Tanh", "Pow", "Sum"]
    assert found.n == 3 and not found.refused
    assert "Diagnosis(n=3" in str(found) and "Tanh" in str(found)


def test_a_status_for_each_way_an_op_is_met():
    x = tf.placeholder(D, [2, 2])
    parts = [tf.nn.softsign(x), tf.floor(x) * x, tf.matrix_inverse(x), squared_outside(x),
             tf.cond(tf.reduce_sum(x) > 0, lambda: tf.exp(x), lambda: x)]
    found = statuses(assert_diagnosed(tf.add_n([tf.reduce_sum(p) for p in parts]), x))
    assert (found["Softsign"], found["Floor"], found["MatrixInverse"]) == ("repaired", "zero", "repaired")
    assert found["PyFunc"] == "refused" and found["Sum"] == "exact"
    assert "lifted" in found.values()


def test_a_refused_op_is_what_the_hessian_refuses():
    x = tf.placeholder(D, [2])
    loss = tf.reduce_sum(squared_outside(x))
    found = assert_diagnosed(loss, x)
    refused, = found.refused
    with pytest.raises(LookupError) as raised:
        th.hessian(loss, x)
    assert refused.type == "PyFunc" and refused.note in str(raised.value)


def test_ops_inside_loops_are_reported_with_their_place():
    x = tf.placeholder(D, [2])
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1, tf.sin(a) * x], [0, x])[1]
    if y.op.type != "Exit":
        assert "lifted" in statuses(assert_diagnosed(tf.reduce_sum(y), x)).values()
        return
    sine, = [op for op in assert_diagnosed(tf.reduce_sum(y), x).ops if op.type == "Sin"]
    assert sine.status == "exact" and "inside 'while" in sine.note


def test_a_gradient_of_the_users_own():
    x = tf.placeholder(D, [2])

    @tf.custom_gradient
    def doubled(a):
        return a, lambda g: 2 * g

    assert "custom" in statuses(assert_diagnosed(tf.reduce_sum(doubled(x) ** 2), x)).values()


def test_what_is_drawn_and_read_upstream():
    x = tf.placeholder(D, [2])
    batch = tf.data.make_one_shot_iterator(tf.data.Dataset.from_tensors(np.ones(2))).get_next()
    loss = tf.reduce_sum(x ** 2 * tf.random_uniform([2], dtype=D) * batch)
    fates = {kind: fate for _, kind, fate in assert_diagnosed(loss, x).upstream}
    assert fates["RandomUniform"].startswith("drawn once") and fates["IteratorGetNext"].startswith("read once")


def test_kinks_singular_points_and_hints():
    x = tf.placeholder(D, [2])
    found = assert_diagnosed(tf.reduce_sum(tf.nn.relu(x) ** 2) + tf.norm(x), x)
    notes = {op.type: op.note for op in found.ops}
    assert "not smooth" in notes["Relu"] and "singular at 0" in notes["Sqrt"]
    hint, = found.hints
    assert "tf.square" in hint and "'pow'" in hint


def test_the_plan_that_would_be_taken():
    x = tf.placeholder(D, [2])
    plan = th.diagnose(tf.reduce_sum(x ** 3), x).plan("full")
    assert plan.n == 2 and plan.quantity == "full"


def test_sources_that_do_not_reach_the_loss_are_refused():
    x = tf.placeholder(D, [2])
    with pytest.raises(ValueError, match="does not depend"):
        th.diagnose(tf.reduce_sum(tf.zeros([3], D)), x)


def test_a_gradient_of_a_loop_is_listed_as_what_hides_the_path():
    x = tf.placeholder(D, [2])
    with built_as("v1"):
        y = tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1, tf.sin(a) * x], [0, x])[1]
        slope, = tf.gradients(y, x)
    loss = tf.reduce_sum(slope ** 2)
    found = assert_diagnosed(loss, x)
    assert found.refused == found.ops and {op.type for op in found.ops} == {"StackPopV2"}
    assert all("enable_control_flow_v2" in op.note for op in found.ops) and found.n == 2
    with pytest.raises(th.NoSecondDerivativeError) as raised:
        th.hessian(loss, x)
    assert str(raised.value) in [op.note for op in found.ops]
