"""th.plan: what is computed, how, at what cost and why, before anything is built; and what its options do."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from scipy import special
from tensorflow.python.util import nest

import finite_differences
import tf1_hessian as th
from small_net import evaluated, loops_in, net

D = tf.float64
ENGINES = ["slices", "loop", "vectorized", "auto"]


# --- a plan explains itself

def test_print_says_what_how_and_at_what_cost():
    loss, w, v, _ = net()
    columns = th.plan(loss, [w, v], "full", engine="vectorized")
    assert ", engine=vectorized, 16 columns in chunks of " in repr(columns)
    plan = th.plan(loss, [w, v], "full")
    lines = str(plan).splitlines()
    assert lines[0].startswith("HessianPlan(full, n=16, ") and lines[0] == repr(plan)
    for word in ("engine=structured", "9 columns instead of 16", "chunks of", "gradients", "ops", "MB"):
        assert word in lines[0]
    assert [w.name in line and "(3, 4)" in line and "float64" in line for line in lines[1:]].count(True) == 1
    assert any(v.name in line and "(4,)" in line for line in lines[1:])


def test_a_plan_is_made_of_facts_that_can_be_read():
    loss, w, v, _ = net()
    plan = th.plan(loss, {"w": w, "v": v}, "diag", engine="loop")
    assert (plan.quantity, plan.n, plan.engine) == ("diag", 16, "loop")
    assert sorted(s.name for s in plan.sources) == ["v:0", "w:0"]
    assert plan.chunk_size >= 1 and isinstance(plan.reasons, tuple)
    assert isinstance(plan, th.HessianPlan)


def test_quantity_is_diag_unless_asked_otherwise():
    x = tf.placeholder(D, [3])
    loss = tf.reduce_sum(x ** 3)
    assert th.plan(loss, x).quantity == "diag"
    assert th.plan(loss, x).build().shape.as_list() == [3]
    assert th.plan(loss, x, "full").build().shape.as_list() == [3, 3]
    assert th.plan(loss, x, quantity="full", flat=True).build().shape.as_list() == [3, 3]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_and_the_call_of_the_same_question_are_one(engine):
    loss, w, v, _ = net(2, 2)
    for quantity, call in (("diag", th.hessian_diag), ("full", th.hessian)):
        built = th.plan(loss, [w, v], quantity, engine=engine).build()
        asked = call(loss, [w, v], engine=engine)
        for a, b in zip(nest.flatten(built), nest.flatten(asked)):
            assert a is b


# --- costs

def test_cost_numbers_are_positive_and_grow_with_n():
    x, y = tf.placeholder(D, [3]), tf.placeholder(D, [30])
    small, large = (th.plan(tf.reduce_sum(tf.tanh(a)) ** 2, a, "full").cost for a in (x, y))
    assert (small.columns, large.columns) == (3, 30)
    assert 1 < small.gradients < large.gradients
    assert small.ops > 0 and 0 < small.bytes < large.bytes


@pytest.mark.parametrize("engine", ENGINES[:3])
def test_a_column_costs_a_few_gradients(engine):
    """A product is about two gradients; an unknown batch size must not blow the estimate up."""
    loss, w, v, _ = net()
    cost = th.plan(loss, [w, v], "full", engine=engine).cost
    assert 16 * 0.5 < cost.gradients < 16 * 10
    assert cost.bytes < 16 * 128 * 100 * 8


@pytest.mark.parametrize("engine", ["loop", "vectorized"])
def test_the_ops_of_a_column_engine_do_not_grow_with_n(engine, graph):
    made, planned = [], []
    for n in (70, 700):
        x = tf.placeholder(D, [n])
        plan = th.plan(tf.reduce_sum(tf.tanh(x)) ** 2, x, "full", engine=engine)
        before = len(graph.get_operations())
        plan.build()
        made.append(len(graph.get_operations()) - before)
        planned.append(plan.cost.ops)
    assert planned[1] <= planned[0] * 1.1 and made[1] <= made[0] * 1.1


def test_the_ops_of_slices_grow_with_n():
    costs = []
    for n in (5, 20):
        x = tf.placeholder(D, [n])
        costs.append(th.plan(tf.reduce_sum(tf.tanh(x)) ** 2, x, engine="slices").cost.ops)
    assert costs[1] > 3 * costs[0]


def test_slices_of_a_large_x_are_refused_before_anything_is_built(graph):
    x = tf.placeholder(D, [100000])
    loss = tf.reduce_sum(tf.tanh(x)) ** 2
    before = len(graph.get_operations())
    with pytest.raises(ValueError) as caught:
        th.plan(loss, x, engine="slices")
    assert "slices" in str(caught.value) and "auto" in str(caught.value)
    assert len(graph.get_operations()) == before


def test_the_planned_ops_are_about_those_that_are_made(graph):
    loss, w, v, _ = net()
    for engine in ENGINES[:3]:
        plan = th.plan(loss, [w, v], engine=engine)
        before = len(graph.get_operations())
        plan.build()
        made = len(graph.get_operations()) - before
        assert 0.2 * plan.cost.ops < made < 3 * plan.cost.ops + 100, engine


@pytest.mark.parametrize("engine", ["loop", "auto"])
def test_the_diagonal_of_a_large_x_never_holds_n_by_n_elements(engine, graph):
    x = tf.placeholder(D, [3000])
    mixed = tf.tanh(tf.linalg.matvec(tf.constant(np.ones((2, 3000))), x))
    before = len(graph.get_operations())
    th.hessian_diag(tf.reduce_sum(mixed ** 2), x, engine=engine)
    outputs = [o for op in graph.get_operations()[before:] for o in op.outputs if o.shape.is_fully_defined()]
    assert max(o.shape.num_elements() for o in outputs) < 3000 * 3000 // 5


# --- engines and chunks

@pytest.mark.parametrize("engine", ENGINES[:3])
def test_the_engine_asked_for_is_used(engine):
    loss, w, _, feed = net()
    plan = th.plan(loss, w, "full", engine=engine)
    assert plan.engine == engine and "engine %s" % engine in str(plan)


def test_auto_gives_its_reason_where_columns_can_not_be_vectorized():
    """No TF vectorises the MirrorPad of a column."""
    x = tf.placeholder(D, [2, 3])
    loss = tf.reduce_sum(tf.pad(x, [[1, 0], [0, 0]], "REFLECT") ** 3)
    plan = th.plan(loss, x, "full", flat=True)
    assert plan.engine == "loop"
    assert any(x.name in reason and "MirrorPad" in reason for reason in plan.reasons) and "because" in str(plan)
    with pytest.raises(ValueError) as caught:
        th.plan(loss, x, "full", engine="vectorized")
    assert "MirrorPad" in str(caught.value) and "auto" in str(caught.value)
    found = evaluated(plan, {x: np.arange(6.0).reshape(2, 3)})
    np.testing.assert_allclose(found, np.diag([0, 6, 12, 36, 48, 60]))


def test_few_columns_of_a_long_loss_are_built_one_by_one():
    """Vectorised they would take several times as long to build. Who wants them so says so."""
    def plan(size, steps, **options):
        x = tf.placeholder(D, [size])
        y = x
        for _ in range(steps):
            y = tf.sin(y) * tf.reduce_sum(y)
        loss = tf.reduce_sum(y)
        return x, loss, th.plan(loss, x, "full", **options)

    x, loss, long = plan(3, 30)
    assert long.engine == "loop" and any("3 columns of %s run one by one" % x.name in r for r in long.reasons)
    point = np.array([0.75, -0.25, 0.375])
    true = finite_differences.hessian(loss, x, {x: point})
    np.testing.assert_allclose(evaluated(long, {x: point}), true, atol=1e-7 * abs(true).max())
    others = [plan(3, 3), plan(20, 30), plan(3, 30, engine="vectorized"), plan(3, 30, chunk_size=3)]
    assert {found.engine for _, _, found in others} == {"vectorized"}


def test_a_gradient_that_is_proven_zero_is_a_reason():
    x, y = tf.placeholder(D, [3]), tf.placeholder(D, [2], name="y")
    plan = th.plan(tf.reduce_sum(x ** 3) + tf.reduce_sum(tf.stop_gradient(y)), [x, y], engine="loop")
    assert any("zero" in reason and "y:0" in reason for reason in plan.reasons)
    assert plan.cost.columns == 3


@pytest.mark.parametrize("chunk", [1, 2, 5, 16, 40])
def test_every_chunk_size_gives_the_same_numbers(chunk, graph):
    loss, w, v, feed = net()
    plan = th.plan(loss, [w, v], "full", engine="vectorized", chunk_size=chunk, flat=True)
    assert plan.chunk_size == min(chunk, 12)
    found = plan.build()
    assert bool(loops_in(graph)) is (chunk < 12)
    expected = finite_differences.hessian(loss, [w, v], feed)
    np.testing.assert_allclose(evaluated(found, feed), expected, rtol=1e-7, atol=1e-9)


def test_chunks_hold_intermediate_tensors_near_a_bound():
    """A path of 4 MB a column would take 1 GB in chunks of 64."""
    x = tf.placeholder(D, [200, 1])
    wide = tf.tanh(x * tf.ones([1, 2000], D))
    plan = th.plan(tf.reduce_sum(wide ** 2) ** 2, x, engine="vectorized")
    assert plan.chunk_size < 64 and any("MB" in reason for reason in plan.reasons)


def test_what_does_not_depend_on_the_column_is_computed_once(graph):
    """The second derivative of lgamma is dear, and TensorFlow has it wait for the gradient that arrives."""
    x = tf.constant(np.linspace(1, 3, 12))
    diagonal = th.hessian_diag(tf.reduce_sum(tf.lgamma(x) * tf.lgamma(x[::-1])), x, engine="loop")
    assert loops_in(graph)
    assert [op.type for op in graph.get_operations()].count("Polygamma") == 2
    inside = [node.op for function in graph.as_graph_def().library.function for node in function.node_def]
    assert "Mul" in inside and "Polygamma" not in inside
    at = np.linspace(1, 3, 12)
    expected = 2 * special.polygamma(1, at) * special.gammaln(at[::-1])
    np.testing.assert_allclose(evaluated(diagonal), expected, rtol=1e-9, atol=1e-12)


def test_a_chunk_size_is_a_whole_number_of_numpy_too():
    x = tf.placeholder(D, [5])
    assert th.plan(tf.reduce_sum(x ** 3), x, engine="vectorized", chunk_size=np.int64(2)).chunk_size == 2


# --- quantities against the truth

@pytest.mark.parametrize("engine", ENGINES)
def test_full_and_diag_are_right(engine):
    loss, w, v, feed = net(2, 3)
    flat, blocks, diag = evaluated(
        [th.plan(loss, [w, v], "full", engine=engine, flat=True), th.plan(loss, [w, v], "full", engine=engine),
         th.plan(loss, [w, v], engine=engine)], feed)
    expected = finite_differences.hessian(loss, [w, v], feed)
    np.testing.assert_allclose(flat, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(blocks[0][1].reshape(6, 3), expected[:6, 6:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(blocks[1][0].reshape(3, 6), expected[6:, :6], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(np.concatenate([d.ravel() for d in diag]), np.diag(expected), rtol=1e-7, atol=1e-9)
