"""Sources of a long loss share one loop over their columns: built sooner, and the numbers stay those of each alone."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import finite_differences
import tf1_hessian as th
from forms import built_as
from small_net import evaluated, loops_in
from tf1_hessian import by_element

D = tf.float64
POINT_A, POINT_B = np.array([0.75, -0.25, 0.375]), np.array([0.5, 0.125])


@pytest.fixture
def soon_long(monkeypatch):
    """Losses of a few ops count as long, so that a test takes no minute."""
    monkeypatch.setattr(by_element, "_LONG", 20)


def wave(x, steps=3):
    """A function of all elements of a tensor together."""
    for _ in range(steps):
        x = tf.sin(x) + 0.1 * x * tf.reduce_sum(x)
    return tf.reduce_sum(x)


def recurrent(steps=4):
    """[batch, steps, 2] through a recurrent layer of 3 units and a dense one: (loss, [4 variables])."""
    rng = np.random.RandomState(1)
    sources = [tf.get_variable(name, initializer=0.5 * rng.randn(*shape)) for name, shape in (
        ("kernel", (2, 3)), ("recurrent", (3, 3)), ("bias", (3,)), ("out", (3, 1)))]
    kernel, again, bias, out = sources
    inputs, state = tf.constant(rng.randn(4, steps, 2)), tf.zeros([4, 3], D)
    for t in range(steps):
        state = tf.tanh(tf.matmul(inputs[:, t], kernel) + tf.matmul(state, again) + bias) * tf.sigmoid(state)
        state = state + tf.exp(-tf.square(state)) * tf.nn.softplus(state)
    return tf.reduce_mean(tf.square(tf.matmul(state, out) - 1)), sources


def shares(plan, *names):
    """Whether the plan says that just these sources share a loop."""
    return any(r.startswith(", ".join(names) + " share one loop") for r in plan.reasons)


@pytest.mark.usefixtures("soon_long")
@pytest.mark.parametrize("engine", ["auto", "loop", "vectorized"])
def test_the_sources_of_a_recurrent_net(engine):
    """What reaches the loss along a much shorter way keeps its own, cheaper columns."""
    loss, sources = recurrent()
    full = th.plan(loss, sources, "full", engine=engine, flat=True)
    diagonal = th.plan(loss, sources, "diag", engine=engine)
    for plan in (full, diagonal):
        assert shares(plan, *[s.name for s in sources[:3]])
        assert "9 of 18 columns" in str(plan) and "3 of 18 columns" in str(plan)
    true = finite_differences.hessian(loss, sources, {})
    found, entries = evaluated([full, diagonal])
    np.testing.assert_allclose(found, true, atol=1e-8)
    np.testing.assert_allclose(np.concatenate([np.ravel(e) for e in entries]), np.diag(true), atol=1e-8)


@pytest.mark.usefixtures("soon_long")
def test_blocks_stay_apart():
    """Shared columns would hold all that meet, which nobody asked for."""
    loss, sources = recurrent()
    plan = th.plan(loss, sources, "blocks", engine="loop")
    assert not any("share" in r for r in plan.reasons)
    np.testing.assert_allclose(evaluated(plan)[2], finite_differences.hessian(loss, sources[2], {}), atol=1e-8)


@pytest.mark.usefixtures("soon_long")
def test_a_diagonal_of_much_work_keeps_the_loops_of_each():
    """Cross derivatives that it does not need would cost more at each run than building costs once."""
    a, b = tf.placeholder(D, [300, 20]), tf.placeholder(D, [300, 20])
    loss = wave(a * b)
    diagonal, full = [th.plan(loss, [a, b], quantity, engine="loop") for quantity in ("diag", "full")]
    assert not any("share" in r for r in diagonal.reasons) and shares(full, a.name, b.name)


@pytest.mark.usefixtures("soon_long")
def test_sources_of_several_dtypes_share_with_their_own():
    a, b = tf.placeholder(D, [3]), tf.placeholder(tf.float32, [2])
    c = tf.placeholder(D, [2])
    loss = wave(tf.concat([a, tf.cast(b, D) * c], 0))
    plan = th.plan(loss, [a, b, c], engine="vectorized")
    assert shares(plan, a.name, c.name)
    feed = {a: POINT_A, b: np.array([0.5, 0.25], np.float32), c: np.array([0.25, -0.75])}
    found = evaluated(plan, feed)
    for x, entries in ((a, found[0]), (c, found[2])):
        np.testing.assert_allclose(entries, np.diag(finite_differences.hessian(loss, x, feed)), atol=1e-8)
    alone = loss
    np.testing.assert_allclose(found[1], evaluated(th.plan(alone, b), feed), rtol=1e-5)


def b_wide(b):
    return tf.cast(b, D)


@pytest.mark.usefixtures("soon_long")
def test_a_source_that_is_computed_from_another():
    a = tf.placeholder(D, [3])
    b = tf.tanh(a) * 2
    loss = wave(tf.concat([a, b], 0))
    plan = th.plan(loss, [a, b], engine="loop")
    assert shares(plan, a.name, b.name)
    of_a, of_b = evaluated(plan, {a: POINT_A})
    np.testing.assert_allclose(of_a, np.diag(finite_differences.hessian(loss, a, {a: POINT_A})), atol=1e-8)
    np.testing.assert_allclose(of_b, np.diag(finite_differences.hessian(loss, b, {a: POINT_A})), atol=1e-8)


@pytest.mark.usefixtures("soon_long")
def test_diagonals_of_each_example():
    a, b = tf.placeholder(D, [2]), tf.placeholder(D, [3])
    state, total = tf.constant([[0.5, -1.0], [0.25, 0.75]], D), tf.reduce_sum(b ** 2)
    for _ in range(4):
        state = tf.sin(state * a) + state * total
    losses = tf.reduce_sum(state, 1)
    feed = {a: np.array([0.75, -0.5]), b: np.array([0.25, 0.5, -0.125])}
    plan = th.plan(losses, [a, b], per_example=True, engine="vectorized")
    assert shares(plan, a.name, b.name)
    found = np.concatenate(evaluated(plan, feed), 1)
    for k in range(2):
        true = np.diag(finite_differences.hessian(losses[k], [a, b], feed))
        np.testing.assert_allclose(found[k], true, atol=1e-7 * abs(true).max())


@tf.custom_gradient
def without_cross_derivative(a, b):
    """Its gradient for a has no derivative for b, and is constant in a; that for b is b."""
    def grad(dy):
        return dy * tf.betainc(b + 1, tf.ones_like(b), 0.5 * tf.ones_like(b)), dy * b
    return tf.identity(a * b), grad


@pytest.mark.usefixtures("soon_long")
@pytest.mark.parametrize("engine", ["auto", "loop", "vectorized"])
def test_where_cross_derivatives_do_not_exist_each_keeps_its_loop(engine):
    """The diagonal does not need them; the full Hessian does, and is refused."""
    a, b = tf.placeholder(D, [3]), tf.placeholder(D, [3])
    loss = wave(a) + wave(b) + tf.reduce_sum(without_cross_derivative(a, b))
    feed = {a: POINT_A, b: POINT_A / 2}
    plan = th.plan(loss, [a, b], engine=engine)
    assert any("have loops of their own" in r and "Betainc" in r for r in plan.reasons)
    of_a, of_b = evaluated(plan, feed)
    np.testing.assert_allclose(of_a, np.diag(finite_differences.hessian(wave(a), a, feed)), atol=1e-7)
    np.testing.assert_allclose(of_b, np.diag(finite_differences.hessian(wave(b), b, feed)) + 1, atol=1e-7)
    with pytest.raises(LookupError, match="Betainc"):
        th.plan(loss, [a, b], "full", engine=engine)


@pytest.mark.usefixtures("soon_long")
def test_what_is_infinite_in_one_place_does_not_spread():
    """b ** 1.5 has a first derivative at 0, and no second one."""
    a, b = tf.placeholder(D, [3]), tf.placeholder(D, [2])
    loss = wave(a) * tf.reduce_sum(b + 1) + wave(b) + tf.reduce_sum(b ** 1.5)
    feed = {a: POINT_A, b: np.array([0.0, 0.5])}
    plan = th.plan(loss, [a, b], engine="vectorized")
    assert shares(plan, a.name, b.name)
    of_a, of_b = evaluated(plan, feed)
    np.testing.assert_allclose(of_a, 2.5 * np.diag(finite_differences.hessian(wave(a), a, feed)), atol=1e-7)
    smooth = np.diag(finite_differences.hessian(wave(b), b, feed))
    assert not np.isfinite(of_b[0])
    np.testing.assert_allclose(of_b[1], smooth[1] + 0.75 / np.sqrt(0.5), atol=1e-7)


@pytest.mark.parametrize("steps, count", [(1, 2), (20, 1)])
def test_one_loop_is_laid(graph, steps, count):
    a, b = tf.placeholder(D, [30]), tf.placeholder(D, [20])
    th.plan(wave(a, steps) * wave(b, steps), [a, b], "full", engine="loop").build()
    assert len(loops_in(graph)) == count


@pytest.mark.usefixtures("soon_long")
@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_what_is_inside_of_loops_counts(kind):
    """A source behind a loop does not pay for columns of one that goes through it."""
    a, b, count = tf.placeholder(D, [3]), tf.placeholder(D, [3]), tf.placeholder_with_default(2, [])
    with built_as(kind):
        last = tf.while_loop(lambda i, _: i < count, lambda i, y: [i + 1, tf.sin(y * tf.exp(tf.tanh(a)))], [0, a])[1]
    loss = wave(last * b)
    plan = th.plan(loss, [a, b], "full", engine="loop", flat=True)
    assert not any("share" in r for r in plan.reasons)
    feed = {a: POINT_A, b: POINT_A / 2}
    true = finite_differences.hessian(loss, [a, b], feed)
    np.testing.assert_allclose(evaluated(plan, feed), true, atol=1e-7 * abs(true).max())


def test_fewer_columns_share_an_iteration_where_a_long_loop_is_inside(frames):
    """An iteration holds as many copies of what is inside of it as it lays columns."""
    def plan(length):
        x, count = tf.placeholder(D, [8]), tf.placeholder_with_default(2, [])
        last = tf.while_loop(lambda i, _: i < count, lambda i, a: [i + 1, bent(a * x, length)], [0, x])[1]
        loss = tf.reduce_sum(last)
        return x, loss, th.plan(loss, x, engine="loop")

    def bent(a, length):
        for _ in range(length):
            a = tf.sin(a) * (1 + 0.01 * tf.reduce_mean(a))
        return a

    short, (x, loss, long) = plan(1)[2], plan(12)
    assert long.chunk_size < short.chunk_size
    point = np.linspace(-0.5, 0.5, 8)
    true = np.diag(finite_differences.hessian(loss, x, {x: point}))
    np.testing.assert_allclose(evaluated(long, {x: point}), true, atol=1e-7 * abs(true).max())
