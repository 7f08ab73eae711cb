"""Diagonals of each example: against finite differences of each loss's own gradient, and what is refused."""
import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from finite_differences import jacobian
from tests.structure.nets_of_examples import BATCH_NORM, MIXING, NETS, ROWS, decayed
from tests.structure.program import Program
from tests.untouched import assert_refused
from tf1_hessian.structure import by_example

D = tf.float64


def truth(program):
    """[N, n]: the diagonal for each example, by finite differences of its loss's gradient."""
    with tf.Graph().as_default():
        vector = tf.placeholder(D, [program.start.size])
        losses = program.build(program.nodes_of(vector), D, True)
        rows = int(losses.shape[0])
        slopes = tf.stack([tf.gradients(losses[n], vector)[0] for n in range(rows)])
        with tf.Session() as session:
            found = jacobian(slopes, vector, session, {vector: program.start})
        return np.einsum("nii->ni", found.reshape(rows, program.start.size, -1))


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


def by_rows(values):
    """Results as [N, n]."""
    return np.concatenate([v.reshape(len(v), -1) for v in values], 1)


@pytest.mark.parametrize("name", sorted(NETS))
def test_each_example_has_its_own_diagonal(name):
    program, engine = NETS[name]
    losses, xs, feed = program.on_sources()
    plan = th.plan(losses, xs, per_example=True, verify="always")
    found, true = evaluated(plan, feed), truth(program)
    assert [f.shape for f in found] == [(len(true),) + tuple(x.shape.as_list()) for x in xs]
    assert np.abs(true).max() > 1e-3
    np.testing.assert_allclose(by_rows(found), true, rtol=0, atol=2e-9 * max(1, np.abs(true).max()))
    assert plan.engine in engine.split("|"), plan
    if engine == "structured" and name != "single_row":
        assert plan.cost.columns < 0.7 * plan.n


def test_every_engine_gives_the_same():
    losses, xs, feed = NETS["decayed"].program.on_sources()
    engines = ("structured", "vectorized", "loop")
    found = evaluated([th.hessian_diag(losses, xs, per_example=True, engine=e) for e in engines], feed)
    chunked = [th.hessian_diag(losses, xs, per_example=True, engine=e, chunk_size=3) for e in engines]
    for values in found + evaluated(chunked, feed):
        np.testing.assert_allclose(by_rows(values), by_rows(found[0]), rtol=0, atol=1e-13)


def test_one_row_fed_into_a_batch_of_unknown_size():
    losses, w, feed = _net()
    x, = feed
    diagonal = th.hessian_diag(losses, w, per_example=True, engine="structured")
    found, single = (evaluated(diagonal, {x: value}) for value in (feed[x], feed[x][2:3]))
    np.testing.assert_allclose(single, found[2:3], rtol=1e-13)


_START, _BATCH = (np.random.RandomState(4).uniform(-1, 1, shape) for shape in ((3, 4), (ROWS, 3)))


def _net(dtype=D, more=lambda losses: losses):
    """One layer and a curved loss of each row."""
    x = tf.placeholder(dtype, [None, 3])
    w = tf.get_variable("w", initializer=_START.astype(dtype.as_numpy_dtype), use_resource=True)
    losses = more(tf.reduce_logsumexp(2.0 * tf.tanh(tf.matmul(x, w)), 1))
    return losses, w, {x: _BATCH.astype(dtype.as_numpy_dtype)}


@pytest.mark.parametrize("precision, allowed", [(None, 1e-5), ("float64", 1e-12)])
def test_float32(precision, allowed):
    losses, w, feed = _net(tf.float32)
    found = evaluated(th.hessian_diag(losses, w, per_example=True, precision=precision), feed)
    assert found.dtype == (np.float64 if precision else np.float32)
    x, = feed.values()
    a, start = x.astype(np.float64), _START.astype(np.float32).astype(np.float64)
    t = np.tanh(a.dot(start))
    soft = np.exp(2 * t) / np.exp(2 * t).sum(1, keepdims=True)
    slope = 1 - t ** 2
    curvature = 4 * soft * (1 - soft) * slope ** 2 - 4 * soft * t * slope
    true = np.einsum("ni,nj->nij", a ** 2, curvature)
    np.testing.assert_allclose(found, true, rtol=0, atol=allowed)


def test_third_derivatives():
    losses, xs, feed = Program("decayed", decayed, 3, kinds=("fed",)).on_sources()
    found = th.hessian_diag(losses, xs, per_example=True, engine="structured", verify="never")
    rng = np.random.RandomState(5)
    total = tf.add_n([tf.reduce_sum(f * rng.uniform(-1, 1, [ROWS] + x.shape.as_list())) for f, x in zip(found, xs)])
    third = th.gradients(total, xs)
    with tf.Session() as session:
        differences = jacobian(total, xs, session, feed)[0]
        values = np.concatenate([np.ravel(v) for v in session.run(third, feed)])
    assert np.abs(differences).max() > 1e-2
    np.testing.assert_allclose(values, differences, rtol=0, atol=1e-8 * np.abs(differences).max())


def test_a_source_that_enters_linearly_has_zeros():
    bias = tf.get_variable("bias", initializer=np.ones(2), use_resource=True)
    losses, w, feed = _net(more=lambda losses: losses + tf.reduce_sum(bias))
    found = evaluated(th.hessian_diag(losses, {"w": w, "bias": bias}, per_example=True), feed)
    assert found["bias"].shape == (ROWS, 2) and not found["bias"].any() and found["w"].any()


# --- the plan

def test_the_plan_says_that_it_is_per_example_and_along_which_axis():
    losses, w, _ = _net(more=lambda losses: losses + tf.nn.l2_loss(tf.get_default_graph().get_tensor_by_name(
        "MatMul/ReadVariableOp:0")))
    plan = th.plan(losses, w, per_example=True)
    assert "diag per example" in repr(plan) and plan.quantity == "diag"
    assert "examples along axis 0 of 'MatMul:0'" in str(plan) and "'L2Loss' for each example" in str(plan)


def test_an_op_that_is_gone_through_for_each_example_is_named():
    losses, xs, _ = NETS["looked_up_last"].program.on_sources()
    plan = th.plan(losses, xs, per_example=True)
    assert any("Gather" in r and "once for each example" in r for r in plan.reasons)


def test_bytes_grow_with_the_batch():
    def cost(rows):
        x, w = tf.placeholder(D, [rows, 30]), tf.get_variable("w%d" % rows, [30, 40], D)
        return th.plan(tf.reduce_sum(tf.exp(tf.matmul(x, w)), 1), w, per_example=True).cost.bytes

    assert cost(200) - cost(20) >= 180 * 30 * 40 * 8
    with pytest.raises(ValueError, match="max_bytes"):
        x, w = tf.placeholder(D, [50, 30]), tf.get_variable("w", [30, 40], D)
        th.hessian_diag(tf.reduce_sum(tf.exp(tf.matmul(x, w)), 1), w, per_example=True, max_bytes=50 * 30 * 40 * 8)


def test_asked_again_it_adds_nothing_and_is_not_the_sum():
    losses, w, _ = _net()
    first = th.hessian_diag(losses, w, per_example=True, name="each")
    before = len(tf.get_default_graph().get_operations())
    assert th.hessian_diag(losses, w, per_example=True, name="each") is first and first.name.startswith("each/")
    assert len(tf.get_default_graph().get_operations()) == before
    assert first.shape.as_list() == [None, 3, 4]
    assert th.hessian_diag(losses, w, name="each").shape.as_list() == [3, 4]
    assert th.hessian_diag(losses, [], per_example=True) == []


def test_a_wrong_row_is_found(monkeypatch):
    """The check compares single examples."""
    true = by_example.pulled_back
    monkeypatch.setattr(by_example, "pulled_back", lambda *given: true(*given)[::-1])
    losses, w, feed = _net()
    diagonal = th.hessian_diag(losses, w, per_example=True, engine="structured")
    with pytest.raises(th.VerificationError, match=r"entry \[\d, \d, \d\] of 'w:0'"):
        evaluated(diagonal, feed)


def test_comparisons_name_the_example():
    losses, w, feed = _net()
    plan = th.plan(losses, w, per_example=True, engine="structured")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, comparisons = session.run(plan.build(), feed), plan.verify(session, feed)
    assert len(comparisons) == 3 and all(c.value == found[c.index] for c in comparisons)
    assert abs(comparisons[0].value) == np.abs(found).max()


def test_sizes_that_must_be_equal_are_checked_at_run_time():
    scale = tf.placeholder(D, [None])
    losses, w, feed = _net(more=lambda losses: losses * scale)
    diagonal = th.hessian_diag(losses, w, per_example=True, engine="structured", verify="never")
    x, = feed
    assert evaluated(diagonal, {x: feed[x], scale: np.ones(ROWS)}).any()
    with pytest.raises(tf.errors.InvalidArgumentError):
        evaluated(diagonal, {x: feed[x][:1], scale: np.ones(ROWS)})


# --- what is refused

@pytest.mark.parametrize("engine", ["auto", "structured"])
@pytest.mark.parametrize("op", sorted(MIXING))
def test_ops_that_mix_examples_are_named(op, engine, graph):
    function, kind = MIXING[op]
    losses, xs, _ = Program("mixing", function).on_sources()
    text = assert_refused(
        th.NotSeparableError, lambda: th.hessian_diag(losses, xs, per_example=True, engine=engine), graph)
    assert op in text and "(op type: %s" % kind in text and "vectorized" in text
    assert issubclass(th.NotSeparableError, ValueError)


def test_columns_are_right_for_examples_that_are_mixed():
    losses, xs, feed = BATCH_NORM.on_sources()
    found = evaluated(th.hessian_diag(losses, xs, per_example=True, engine="vectorized"), feed)
    np.testing.assert_allclose(by_rows(found), truth(BATCH_NORM), rtol=0, atol=1e-9)


def test_what_lies_behind_batch_norm_is_given():
    losses, xs, feed = BATCH_NORM.on_sources()
    plan = th.plan(losses, xs[2:], per_example=True, engine="structured")
    found = evaluated([plan, th.hessian_diag(losses, xs[2:], per_example=True, engine="loop")], feed)
    np.testing.assert_allclose(by_rows(found[0]), by_rows(found[1]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("options, word", [
    ({"quantity": "full"}, "quantity='diag'"), ({"engine": "slices"}, "slices"), ({"per_example": 1}, "per_example")])
def test_options_that_do_not_go_together(options, word, graph):
    losses, w, _ = _net()
    options = dict({"per_example": True}, **options)
    assert word in assert_refused(ValueError, lambda: th.plan(losses, w, **options), graph)


def test_losses_that_are_no_vector(graph):
    losses, w, _ = _net()
    for wrong, got in [(tf.reduce_sum(losses), "shape ()"), (losses[:, None], ", 1)"), ([losses, losses], "Tensor")]:
        text = assert_refused(ValueError, functools.partial(th.hessian_diag, wrong, w, per_example=True), graph)
        assert "[N]" in text and got in text


def test_gradients_that_are_not_linear_give_no_columns(graph):
    @tf.custom_gradient
    def clipped(a):
        return tf.tanh(a), lambda grad: tf.clip_by_value(grad, -0.5, 0.5)

    losses, w, _ = _net(more=lambda losses: tf.square(clipped(losses)))
    text = assert_refused(ValueError, lambda: th.hessian_diag(losses, w, per_example=True), graph)
    assert "IdentityN" in text and "linear" in text


def test_the_check_against_differences_does_not_take_them():
    losses, w, _ = _net()
    with pytest.raises(ValueError, match="per example"):
        th.check(th.hessian_diag(losses, w, per_example=True))
