"""What the library may do to a user's graph and process: ops under one scope, and nothing else."""
import collections
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.util import nest

import tf1_hessian as th
from untouched import census

D = tf.float64
DRAWS = ("Iterator", "Multinomial", "ParameterizedTruncatedNormal", "Queue", "Random", "StatelessRandom",
         "TruncatedNormal")


def resource_loss():
    """A small net whose loss holds dropout, a batch of unknown size and two kinds of variables."""
    x = tf.placeholder(D, [None, 2], name="input")
    w = tf.get_variable("w", initializer=np.full((2, 3), 0.3), use_resource=True)
    b = tf.get_variable("b", initializer=np.full(3, 0.1), use_resource=False)
    hidden = tf.nn.dropout(tf.tanh(tf.matmul(x, w) + b), rate=0.5)
    return tf.reduce_mean(tf.reduce_sum(hidden ** 2, 1), name="loss"), [w, b]


def ones_like(xs):
    return [np.ones(x.shape.as_list()) for x in xs]


CALLS = collections.OrderedDict([
    ("hessian_diag", lambda loss, xs, **n: th.hessian_diag(loss, xs, **n)),
    ("hessian_diag slices", lambda loss, xs, **n: th.hessian_diag(loss, xs[-1], engine="slices", **n)),
    ("hessian", lambda loss, xs, **n: th.hessian(loss, xs, **n)),
    ("hessian chunks", lambda loss, xs, **n: th.hessian(loss, xs, chunk_size=2, flat=True, **n)),
    ("hessian loop", lambda loss, xs, **n: th.hessian(loss, xs, engine="loop", **n)),
    ("hessian other", lambda loss, xs, **n: th.hessian(loss, xs[0], other=xs[-1:] if xs[1:] else None, **n)),
    ("hessians", lambda loss, xs, **n: th.hessians(loss, xs, **n)),
    ("hvp", lambda loss, xs, **n: th.hvp(loss, xs, ones_like(xs), **n)),
    ("gradients", lambda loss, xs, **n: th.gradients(loss, xs, **n)),
    ("rewrite", lambda loss, xs, **n: th.rewrite(loss, list(zip(xs, ones_like(xs))), **n)),
    ("rewrite_on_slices", lambda loss, xs, **n: th.rewrite_on_slices(loss, xs[0], **n)),
    ("plan", lambda loss, xs, **n: th.plan(loss, xs, "full").build(**n)),
])
REMEMBERED = [name for name in CALLS if name.split()[0] in ("hessian_diag", "hessian", "hessians", "plan")]


def made_by(call, graph):
    """The ops that a call adds."""
    before = len(graph.get_operations())
    call()
    return graph.get_operations()[before:]


def outside(ops, scope):
    return [op.name for op in ops if not op.name.startswith(scope + "/")]


@pytest.mark.parametrize("name", CALLS)
def test_new_ops_are_under_one_scope_and_are_no_variables_nor_draws(name, graph):
    loss, xs = resource_loss()
    _, _, before = census(graph)
    made = made_by(lambda: CALLS[name](loss, xs), graph)
    _, _, after = census(graph)
    scope = made[0].name.split("/")[0]
    assert outside(made, scope) == []
    assert scope.startswith(name.split()[0] if name != "plan" else "hessian")
    assert after == before
    assert [op.type for op in made if op.type.startswith(DRAWS + ("VarHandle", "VariableV", "Assign"))] == []


@pytest.mark.parametrize("name", CALLS)
def test_the_name_given_is_the_scope(name, graph):
    loss, xs = resource_loss()
    with tf.name_scope("outer"):
        made = made_by(lambda: CALLS[name](loss, xs[:1], name="curvature"), graph)
    assert made and outside(made, "outer/curvature") == []


@pytest.mark.parametrize("call", [th.hessian_diag, th.hessian, th.gradients])
def test_another_name_is_another_scope(call, graph):
    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(x ** 3)
    for name in ("first", "second"):
        made = made_by(lambda name=name: call(loss, x, name=name), graph)
        assert made and outside(made, name) == []


@pytest.mark.parametrize("name", REMEMBERED)
def test_the_same_question_has_the_same_tensors(name, graph):
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0]), use_resource=True)
    loss, xs = tf.reduce_sum(x ** 3), [x]
    first = CALLS[name](loss, xs)
    before = census(graph)
    again = CALLS[name](loss.name, xs)
    assert census(graph) == before
    flat, same = nest.flatten(first), nest.flatten(again)
    assert [a is b for a, b in zip(flat, same)] == [True] * len(flat)


def test_the_same_question_of_a_variable_and_of_its_name_is_one(graph):
    w = tf.get_variable("w", initializer=np.ones(3), use_resource=True)
    loss = tf.reduce_sum(w ** 3)
    first = th.hessian(loss, w)
    assert th.hessian(loss, "w:0") is first
    assert th.plan(loss, w, "full").build() is first


def test_other_questions_have_other_answers():
    x, y = tf.placeholder(D, [2]), tf.placeholder(D, [3])
    loss = tf.reduce_sum(x) ** 2 * tf.reduce_sum(y ** 2)
    assert th.hessian(loss, [x, y], flat=True).shape.as_list() == [5, 5]
    assert [len(row) for row in th.hessian(loss, [x, y])] == [2, 2]
    assert isinstance(th.hessian_diag(loss, [x])[0], tf.Tensor)
    assert isinstance(th.hessian_diag(loss, x), tf.Tensor)
    assert set(th.hessian_diag(loss, {"a": x})) == {"a"}
    assert set(th.hessian_diag(loss, {"b": x})) == {"b"}
    assert isinstance(th.hessian(loss, x, other=y), tf.Tensor)
    assert isinstance(th.hessian(loss, x, other=[y]), list)
    assert isinstance(th.hessian(loss, [x], other=y), list)
    assert set(th.hessian(loss, x, other={"a": y})) == {"a"}


def test_building_twice_from_one_plan_adds_nothing(graph):
    x = tf.placeholder(D, [3])
    plan = th.plan(tf.reduce_sum(x ** 3), x)
    before = census(graph)
    assert isinstance(plan.build(), tf.Tensor) and census(graph)[0] > before[0]
    before = census(graph)
    assert plan.build() is plan.build()
    assert census(graph) == before


@pytest.mark.parametrize("quantity", ["diag", "full"])
def test_a_plan_and_its_print_add_nothing(quantity, graph):
    loss, xs = resource_loss()
    before = census(graph)
    str(th.plan(loss, xs, quantity))
    assert census(graph) == before


def test_the_users_device_is_kept_on_copies(graph):
    x = tf.placeholder(D, [3])
    with tf.device("/cpu:0"):
        hidden = tf.tanh(x)
    loss = tf.reduce_sum(hidden)
    made = made_by(lambda: th.rewrite(loss, {x: tf.constant([1.0, 2.0, 3.0], D)}), graph)
    devices = {op.type: op.device for op in made}
    assert devices["Tanh"] == hidden.op.device != ""
    assert devices["Sum"] == ""


def test_copies_take_the_ops_own_device_over_the_callers(graph):
    x = tf.placeholder(D, [3])
    with tf.device("/cpu:1"):
        hidden = tf.tanh(x)
    loss = tf.reduce_sum(hidden)
    with tf.device("/cpu:0"):
        made = made_by(lambda: th.rewrite(loss, {x: np.ones(3)}), graph)
    devices = {op.type: op.device for op in made}
    assert "1" in devices["Tanh"] and "0" in devices["Sum"]


def test_two_graphs_do_not_share_answers(graph):
    def ask():
        x = tf.placeholder(D, [3], name="x")
        return th.hessian(tf.reduce_sum(x ** 2, name="loss"), x)

    first = ask()
    with tf.Graph().as_default() as other:
        second = ask()
    assert (first.graph, second.graph) == (graph, other)


def test_the_loss_may_be_in_a_graph_that_is_not_the_default(graph):
    with tf.Graph().as_default() as other:
        x = tf.placeholder(D, [3])
        loss = tf.reduce_sum(x ** 3)
    for found in (th.hessian(loss, x), th.gradients(loss, x)[0], th.hvp(loss, x, np.ones(3)), th.hessians(loss, x)[0],
                  th.rewrite(loss, {x: np.ones(3)}), th.rewrite_on_slices(loss, x).loss):
        assert found.graph is other
    assert graph.get_operations() == []


def test_callers_control_dependencies_are_on_every_answer():
    """Asked under a control dependency, an earlier answer does not stand: the new one waits."""
    x = tf.placeholder(D, [2])
    loss = tf.reduce_sum(x ** 3)
    plain = th.hessian(loss, x)
    count = tf.get_variable("count", initializer=0, use_resource=True)
    with tf.control_dependencies([tf.assign_add(count, 1)]):
        waiting = th.hessian(loss, x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(plain, {x: [1, 2]})
        assert session.run(count) == 0
        assert np.allclose(session.run(waiting, {x: [1, 2]}), [[6, 0], [0, 12]])
        assert session.run(count) == 1


SWITCHES = """
import numpy as np, tensorflow.compat.v1 as tf
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util

def switches():
    resources = getattr(tf, "resource_variables_enabled", lambda: None)  # TF 1.13 can't tell
    return (tf.executing_eagerly(), resources(), control_flow_util.ENABLE_CONTROL_FLOW_V2,
            tf.logging.get_verbosity(), np.geterr(), np.random.get_state()[1].tolist(), tf.get_default_session())

{before}
first = switches()
import tf1_hessian as th
assert switches() == first, "import"
registered = sorted(ops._gradient_registry.list())
with tf.Graph().as_default():
    x = tf.placeholder(tf.float64, [3])
    loss = tf.reduce_sum(tf.cond(x[0] > 0, lambda: x ** 3, lambda: x))
    for engine in ("slices", "loop", "auto"):
        th.hessian(loss, x, engine=engine, chunk_size=2)
    loss = tf.reduce_sum(tf.betainc(x, x, x))
    try:
        th.hessian(loss, x)
    except LookupError:
        print("same")
assert switches() == first, "use"
assert sorted(ops._gradient_registry.list()) == registered, "registry"
"""


def test_no_global_switch_is_touched():
    v2_off = os.environ.get("TF1_HESSIAN_V2_BEHAVIOR") == "off"
    text = SWITCHES.format(before="tf.disable_v2_behavior()" if v2_off else "")
    found = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert (found.returncode, found.stdout.decode().strip()) == (0, "same"), found.stderr.decode()
