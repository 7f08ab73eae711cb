"""Structured results used further: differentiated again, in chunks, checked by themselves; and what is refused."""
import functools
import re

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from finite_differences import jacobian
from tests.structure.known import known
from tests.structure.nets import NETS
from tests.structure.program import Program
from tests.untouched import assert_refused
from tf1_hessian import _compat
from tf1_hessian.graph.traits import TRAITS, Trait
from tf1_hessian.graph.traits.states import elementary

D = tf.float64


def dense_net(g):
    """Two tanh layers and a softmax written out: 12 + 4 + 8 weights."""
    h = tf.tanh(tf.matmul(g.batch(5, 3), g.weight(3, 4)) + g.weight(4))
    soft = tf.nn.softmax(tf.matmul(h, g.weight(4, 2)))
    return -tf.reduce_mean(tf.reduce_sum(g.one_hot(5, 2) * tf.log(soft), 1))


NET = Program("net", dense_net, seed=1)


@pytest.fixture(scope="module")
def columns():
    """The true diagonal of NET."""
    return known([NET])[0].columns


def session_of(graph):
    session = tf.Session(graph=graph)
    session.run(tf.global_variables_initializer())
    return session


def flat(values):
    return np.concatenate([np.ravel(v) for v in values])


# --- differentiated again

@pytest.mark.parametrize("name, chunk_size", [
    ("dense_net", None), ("dense_net", 2), ("layer_norm", None), ("embedding_relu", None), ("cnn_pooled_tanh", 2),
    ("factors", None)])
def test_third_derivatives(name, chunk_size):
    program = Program(name, dense_net if name == "dense_net" else NETS[name].program.function, seed=3, kinds=("fed",))
    loss, xs, feed = program.on_sources()
    rng = np.random.RandomState(5)
    diagonal = th.hessian_diag(loss, xs, engine="structured", chunk_size=chunk_size, verify="never")
    total = tf.add_n([tf.reduce_sum(d * rng.uniform(-1, 1, d.shape.as_list())) for d in diagonal])
    third = th.gradients(total, xs)
    with tf.Session() as session:
        differences = jacobian(total, xs, session, feed)[0]
        found = flat(session.run(third, feed))
    assert np.abs(differences).max() > 1e-3
    np.testing.assert_allclose(found, differences, rtol=0, atol=1e-8 * max(1, np.abs(differences).max()))


# --- in chunks

CHUNKED = ["flat_1", "concat_relu", "embedding_relu", "lenet_relu", "inputs_relu", "sequence_pooled_tanh"]


def test_chunks_give_the_same():
    nets = [NETS[name].program for name in CHUNKED]
    diagonals, feeds = [], {}
    for net in nets:
        with tf.variable_scope(net.name):
            loss, xs, feed = net.on_sources()
        plan = th.plan(loss, xs, chunk_size=2, verify="never")
        assert plan.engine == "structured" and plan.chunk_size <= 2, plan
        diagonals.append(plan.build())
        feeds.update(feed)
    with session_of(tf.get_default_graph()) as session:
        values = session.run(diagonals, feeds)
    for net, value, truth in zip(nets, values, known(nets)):
        assert np.abs(flat(value) - truth.columns).max() < 1e-10 * np.abs(truth.columns).max(), net.name


# --- results that check themselves

class CountingSession(tf.Session):
    """Remembers how many tensors were fetched in each call."""

    def __init__(self):
        tf.Session.__init__(self)
        tf.Session.run(self, tf.global_variables_initializer())
        self.counts = []

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        self.counts.append(len(_compat.flatten(fetches)))
        return tf.Session.run(self, fetches, feed_dict, options, run_metadata)


@pytest.mark.parametrize("verify, checked", [("first", [True, False, False]), ("always", [True] * 3),
                                             ("never", [False] * 3)])
def test_when_a_result_is_checked(verify, checked, columns):
    loss, xs, feed = NET.on_sources()
    diagonal = th.hessian_diag(loss, xs, engine="structured", verify=verify)
    with CountingSession() as session:
        values = [th.evaluate(diagonal, feed, session) for _ in checked]
        assert [count > len(xs) for count in session.counts] == checked
    for value in values:
        np.testing.assert_allclose(flat(value), columns, rtol=0, atol=1e-12)


# What a rule could have wrong: classes that stay apart in a softmax; a curved op called linear.
BROKEN = {"Softmax": Trait(False, elementary), "Tanh": Trait(True, elementary)}


@pytest.mark.parametrize("op_type", sorted(BROKEN))
@pytest.mark.parametrize("verify", ["first", "always"])
def test_a_wrong_rule_is_caught(op_type, verify, monkeypatch, columns):
    monkeypatch.setitem(TRAITS, op_type, BROKEN[op_type])
    loss, xs, feed = NET.on_sources()
    plan = th.plan(loss, xs, engine="structured", verify=verify)
    with session_of(loss.graph) as session:
        for _ in range(2):
            with pytest.raises(th.VerificationError) as caught:
                th.evaluate(plan.build(), feed, session)
    _check_text(str(caught.value), xs, plan, columns)


def _check_text(text, xs, plan, columns):
    """Names the source, the entry, the plan's value and the true one, and shows the plan."""
    said = r"The entry \[(.*?)\] of '(.*?)' is (\S+) by the plan and (\S+) by a product"
    place, name, ours, exact = re.match(said, text).groups()
    names = [x.name for x in xs]
    assert name in names and str(plan) in text
    start = sum(int(np.prod(x.shape.as_list())) for x in xs[:names.index(name)])
    shape = xs[names.index(name)].shape.as_list()
    index = start + np.ravel_multi_index([int(i) for i in place.split(",")], shape)
    true = columns[index]
    assert abs(float(exact) - true) < 1e-10 and abs(float(ours) - true) > 1e-6


def test_a_wrong_rule_without_a_check(monkeypatch, columns):
    """What verify= is there for: without it the wrong numbers come out."""
    monkeypatch.setitem(TRAITS, "Softmax", BROKEN["Softmax"])
    loss, xs, feed = NET.on_sources()
    plan = th.plan(loss, xs, engine="structured", verify="never")
    with session_of(loss.graph) as session:
        value = flat(th.evaluate(plan.build(), feed, session))
    assert np.abs(value - columns).max() > 1e-3


def test_what_is_compared():
    loss, xs, feed = NET.on_sources()
    plan = th.plan(loss, xs, engine="structured")
    with session_of(loss.graph) as session:
        found = plan.verify(session, feed)
        diagonal = dict(zip([x.name for x in xs], session.run(plan.build(), feed)))
    assert {c.source for c in found} == set(diagonal)
    for comparison in found:
        assert comparison.value == diagonal[comparison.source][comparison.index]
        assert abs(comparison.value - comparison.exact) < 1e-12
    for name, values in diagonal.items():
        largest = np.unravel_index(np.argmax(np.abs(values)), values.shape)
        assert any(c.source == name and c.index == largest for c in found)


def test_columns_are_not_compared():
    loss, xs, feed = NET.on_sources()
    with session_of(loss.graph) as session:
        assert th.plan(loss, xs, engine="loop").verify(session, feed) == []


def test_zeros_with_rounding_noise_are_no_error():
    """A bias of the keys that softmax takes out again: its diagonal is zero, computed as 1e-19."""
    def function(g):
        a = g.batch(5, 3, 4)
        q, k = (tf.tensordot(a, g.weight(4, 2), [[2], [0]]) for _ in range(2))
        soft = tf.nn.softmax(tf.matmul(q, k + g.weight(2), transpose_b=True))
        z = tf.matmul(tf.reduce_mean(tf.matmul(soft, a), 1), g.weight(4, 3))
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1, 2, 2, 1], logits=z))

    loss, xs, feed = Program("keys", function, seed=2).on_sources()
    with session_of(loss.graph) as session:
        value = th.evaluate(th.hessian_diag(loss, xs, engine="structured", verify="always"), feed, session)
    assert np.abs(value[2]).max() < 1e-15 < np.abs(value[1]).max()


# --- a gradient of the user's own

@pytest.mark.parametrize("name, engine, gradient", [
    ("guided", "mixed", lambda y, grad: tf.nn.relu(grad)), ("squared", "mixed", lambda y, grad: grad * tf.abs(grad)),
    ("constant", "mixed", lambda y, grad: 0.0 * grad + 0.125), ("shifted", "mixed", lambda y, grad: grad + 0.125),
    ("inverted", "mixed", lambda y, grad: 0.5 / (2.0 + grad)),
    ("rows", "mixed", lambda y, grad: grad * tf.reduce_mean(y, 0)),
    ("reversed", "structured", lambda y, grad: -0.5 * grad),
    ("slopes", "structured", lambda y, grad: grad * tf.sigmoid(y)),
    ("twice", "structured", lambda y, grad: 2.0 * grad + grad * y),
    ("divided", "structured", lambda y, grad: grad / (1 + y * y)),
])
def test_a_gradient_that_need_not_be_one(name, engine, gradient):
    """What columns give, whether the user's function is linear or not; few of them for all weights where it is and
    does not mix rows."""
    @tf.custom_gradient
    def through(x):
        return tf.identity(x), lambda grad: gradient(x, grad)

    def function(g):
        h = through(tf.matmul(g.batch(5, 3), g.weight(3, 4)) + g.weight(4))
        h = tf.nn.relu(tf.matmul(h, g.weight(4, 6)) + g.weight(6))
        z = tf.matmul(h, g.weight(6, 2))
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1, 1, 0, 1], logits=z))

    loss, xs, feed = Program(name, function, seed=4).on_sources()
    assert th.plan(loss, xs).engine == engine
    with session_of(loss.graph) as session:
        ours, plain = session.run([th.hessian_diag(loss, xs, verify="never"),
                                   th.hessian_diag(loss, xs, engine="loop")], feed)
    assert np.abs(flat(ours) - flat(plain)).max() < 1e-12 * max(1, np.abs(flat(plain)).max())


# --- limits and refusals

def test_limits_refuse_before_the_first_op(graph):
    loss, xs, _ = NET.on_sources()
    cost = th.plan(loss, xs).cost
    assert 1 < cost.columns < NET.start.size and cost.bytes > 1
    for name, least in (("max_columns", cost.columns), ("max_bytes", cost.bytes)):
        limited = functools.partial(th.hessian_diag, loss, xs, **{name: least - 1})
        text = assert_refused(ValueError, limited, graph)
        assert "%s=%d" % (name, least - 1) in text and "takes %d" % least in text
    assert len(th.hessian_diag(loss, xs, max_columns=cost.columns, max_bytes=cost.bytes)) == len(xs)


@pytest.mark.parametrize("name, why", [
    ("group_norm", "can't be lifted over"), ("pairs_of_rows", "takes a column for each element"),
    ("norm_penalty", "meet in|can't be lifted")])
def test_structure_that_is_not_there(name, why, graph):
    with tf.variable_scope(name):
        loss, xs, _ = NETS[name].program.on_sources()
    text = assert_refused(ValueError, lambda: th.hessian_diag(loss, xs, engine="structured"), graph)
    assert re.search(why, text) and "engine='structured' can't be used here" in text
    assert any("'%s'" % op.name in text for op in graph.get_operations()) or any(x.name in text for x in xs)


def test_structure_gives_no_mixed_blocks(graph):
    loss, xs, _ = NET.on_sources()
    text = assert_refused(ValueError, lambda: th.hessian(loss, xs[0], other=xs[1], engine="structured"), graph)
    assert "diagonals and symmetric Hessians alone" in text


# --- sizes that are not known

def test_sizes_that_must_be_equal():
    """Rows of one input against one row of another one: no row of the result stays apart then."""
    a, b = tf.placeholder(D, [None, 3]), tf.placeholder(D, [None, 4])
    w = tf.get_variable("w", initializer=np.random.RandomState(1).uniform(-1, 1, (3, 4)))
    loss = tf.reduce_sum(tf.square(tf.reduce_sum(tf.tanh(tf.matmul(a, w) + b), 1)))
    plan = th.plan(loss, w, engine="structured")
    diagonal, columns = plan.build(), th.hessian_diag(loss, w, engine="loop")
    rng = np.random.RandomState(2)
    with session_of(loss.graph) as session:
        ours, true = session.run([diagonal, columns], {a: rng.uniform(-1, 1, (5, 3)), b: rng.uniform(-1, 1, (5, 4))})
        np.testing.assert_allclose(ours, true, rtol=0, atol=1e-12)
        stretched = {a: rng.uniform(-1, 1, (1, 3)), b: rng.uniform(-1, 1, (5, 4))}
        assert np.isfinite(session.run(columns, stretched)).all()
        with pytest.raises(tf.errors.InvalidArgumentError, match="needs axis 0 of .*to be as long as axis 0 of"):
            session.run(diagonal, stretched)
