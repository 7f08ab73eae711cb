"""Every call inside a tf.function that is being traced, with eager execution on."""
import numpy as np
import pytest
import tensorflow as tf
from net import DIAGONAL, HESSIAN, WEIGHTS, B, N, V, W, X, Y, close, gradient, loss, squares
from truths import flat, slopes

import tf1_hessian as th
from tf1_hessian import _compat

ENGINES = ("auto", "structured", "colored", "vectorized", "loop", "slices")


def traced(function, **options):
    return tf.function(function, autograph=False, **options)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_diagonal_over_captured_variables(engine):
    close(flat(traced(lambda: th.hessian_diag(loss(), WEIGHTS, engine=engine))()), DIAGONAL)


@pytest.mark.parametrize("engine", ("auto", "structured", "vectorized", "loop"))
def test_the_matrix(engine):
    close(traced(lambda: th.hessian(loss(), WEIGHTS, engine=engine, flat=True))(), HESSIAN)


def test_autograph_leaves_the_calls_alone():
    @tf.function
    def asked(x):
        total = tf.zeros([], tf.float64)
        for row in x:
            total += tf.reduce_sum(th.hessian_diag(loss(row[None], Y[:1]), W))
        return total

    rows = traced(lambda: th.hessian_diag(squares(X, np.repeat(Y[:1], 7, 0)), W, per_example=True))()
    close(asked(tf.constant(X)), np.sum(rows))


def test_products_gradients_blocks_and_losses():
    seed = np.random.RandomState(0).randn(N)
    parts = [np.reshape(p, v.shape) for p, v in zip(np.split(seed, [12, 16]), WEIGHTS)]
    close(flat(traced(lambda: th.hvp(loss(), WEIGHTS, parts))()), HESSIAN.dot(seed))
    close(flat(traced(lambda *p: th.hvp(loss(), WEIGHTS, list(p)))(*map(tf.constant, parts))), HESSIAN.dot(seed))
    close(flat(traced(lambda: th.gradients(loss(), WEIGHTS))()), gradient())
    close(np.reshape(traced(lambda: th.hessians(loss(), WEIGHTS))()[0], (12, 12)), HESSIAN[:12, :12])
    close(traced(lambda: th.rewrite(loss(), [(B, np.ones(4))]))(), np.mean(squares(weights=[W, np.ones(4), V])))
    close(traced(lambda: th.rewrite_on_slices(loss(), B).loss)(), loss())


def test_sparse_hessians_and_their_sparse_tensor():
    found = traced(lambda: th.sparse_hessian(tf.reduce_sum(W ** 3), W).as_sparse_tensor())()
    close(tf.sparse.to_dense(found), np.diag(6 * W.numpy().ravel()))


def test_rows():
    def score(x):
        return tf.reduce_sum(tf.sin(x) * [1.0, 2.0, 3.0], 1)

    x = tf.constant(X)
    diagonal = -np.sin(X) * [1, 2, 3]
    close(traced(lambda x: th.laplacian(score(x), x))(x), diagonal.sum(1))
    close(traced(lambda x: th.batch_hessian_diag(score(x), x))(x), diagonal)
    close(traced(lambda x: th.batch_hessian(score(x), x))(x), diagonal[:, :, None] * np.eye(3))
    by_example = traced(lambda: th.hessian_diag(squares(), WEIGHTS, per_example=True))()
    close(flat(tf.reduce_mean(f, 0) for f in by_example), DIAGONAL)


def test_plans_and_diagnoses():
    kept = []

    def asked():
        kept.extend([th.plan(loss(), WEIGHTS), th.diagnose(loss(), WEIGHTS), th.hessian_sparsity(loss(), WEIGHTS)])
        return kept[0].build()

    close(flat(traced(asked)()), DIAGONAL)
    assert kept[0].n == N and kept[0].engine == "structured" and kept[2].n == N


def test_sources_of_all_kinds():
    small, large = tf.constant([1.0, 2.0]), tf.ones([300])
    found = traced(lambda: th.hessian_diag(tf.reduce_sum(small ** 3) + tf.reduce_sum(large ** 3), [small, large]))()
    close(flat(found), np.append([6, 12], np.full(300, 6)))
    unread = tf.Variable([1.0, 2.0])
    close(flat(traced(lambda: th.hessian_diag(tf.reduce_sum(small ** 3), [small, unread]))()), [6, 12, 0, 0])


@pytest.mark.parametrize("engine", ("structured", "loop"))
def test_rows_that_are_looked_up_in_a_variable(engine):
    """sum of the cubes of the rows that ids pick: 6 w, as often as each is picked."""
    table, ids = tf.Variable(np.arange(1.0, 9.0).reshape(4, 2)), np.array([[0, 2], [2, 2], [3, 0]])

    def cubes():
        return tf.reduce_sum(tf.gather(table, ids) ** 3)

    found = traced(lambda: th.hessian_diag(cubes(), table, engine=engine))()
    close(found, 6 * table.numpy() * [[2], [0], [3], [1]])


def test_what_calls_and_branches_read():
    inner = tf.function(loss)
    close(flat(traced(lambda: th.hessian_diag(inner(), WEIGHTS))()), DIAGONAL)
    branching = traced(lambda p: th.hessian_diag(tf.cond(p, loss, lambda: 2 * loss()), WEIGHTS))
    close(flat(branching(tf.constant(False))), 2 * DIAGONAL)
    within = traced(lambda p: tf.cond(p, lambda: th.hessian_diag(loss(), B), lambda: tf.zeros_like(B)))
    close(within(tf.constant(True)), DIAGONAL[12:16])


def test_what_was_computed_outside_of_the_function_is_refused():
    def asked(p):
        hidden = tf.matmul(X, W)
        return tf.cond(p, lambda: th.hessian_diag(tf.reduce_sum(tf.tanh(hidden)) + tf.reduce_sum(B ** 2), [W, B])[0],
                       lambda: tf.zeros_like(W))

    with pytest.raises(ValueError, match="outside of the function"):
        traced(asked)(tf.constant(True))


def small():
    """A loss of S [2, 1] that is cheap to differentiate often."""
    return tf.reduce_sum(tf.tanh(tf.matmul(X[:3, :2], S)) ** 2)


S = tf.Variable([[0.7], [-0.4]], dtype=tf.float64)


@pytest.mark.parametrize("engine", ENGINES)
def test_tapes_differentiate_the_diagonal(engine):
    """By S, of the sum of the diagonal; with a tape around the function, and within it."""
    total = traced(lambda: tf.reduce_sum(th.hessian_diag(small(), S, engine=engine)))
    third = slopes(total, S)

    @traced
    def within():
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(th.hessian_diag(small(), S, engine=engine))
        return tape.gradient(value, S)

    with tf.GradientTape() as tape:
        value = total()
    close(tape.gradient(value, S), third, 1e-6)
    close(within(), third, 1e-6)


def test_tapes_within_tapes():
    """d/dS of |d/dS sum(diagonal)|^2, by tapes within each other; the truth moves the inner one."""
    def total():
        return tf.reduce_sum(th.hessian_diag(small(), S, engine="structured"))

    def square():
        with tf.GradientTape() as tape:
            value = total()
        return tf.reduce_sum(tape.gradient(value, S) ** 2)

    @traced
    def twice():
        with tf.GradientTape() as outer:
            found = square()
        return outer.gradient(found, S)

    close(twice(), slopes(traced(square), S), 1e-6)


def test_a_tape_sees_all_ways_through_the_result():
    """sum(w^4) h + sum(h): through the result, past it, and through what was there before."""
    w = tf.Variable([0.5, -1.5, 2.0])

    @traced
    def within():
        with tf.GradientTape() as tape:
            fourth = w ** 4
            found = th.hessian_diag(tf.reduce_sum(fourth), w)
            value = tf.reduce_sum(found * fourth)
        return tape.gradient(value, w)

    close(within(), 12 * 6 * w.numpy() ** 5, 1e-5)
    close(within(), 12 * 6 * w.numpy() ** 5, 1e-5)


@pytest.mark.parametrize("use_pfor", (True, False))
def test_jacobians_and_forward_products_within_the_function(use_pfor):
    @traced
    def within():
        with tf.GradientTape(persistent=True) as tape:
            found = th.hessian_diag(small(), S)
        return tape.jacobian(found, S, experimental_use_pfor=use_pfor)

    @traced
    def forward():
        with tf.autodiff.ForwardAccumulator(S, tf.constant([[1.0], [2.0]], tf.float64)) as accumulator:
            found = th.hessian_diag(small(), S)
        return accumulator.jvp(found)

    diagonal = traced(lambda: th.hessian_diag(small(), S))
    third = np.stack([slopes(lambda i=i: diagonal()[i, 0], S)[:, 0] for i in range(2)])
    close(np.reshape(within(), (2, 2)), third, 1e-6)
    if use_pfor:
        close(forward()[:, 0], third.dot([1, 2]), 1e-6)


def test_a_penalty_on_the_laplacian_is_trained():
    def penalty(x):
        return tf.reduce_sum(th.laplacian(tf.reduce_sum(tf.tanh(tf.matmul(x, S)), 1), x) ** 2)

    @traced
    def within(x):
        with tf.GradientTape() as tape:
            value = penalty(x)
        return tape.gradient(value, S)

    x, value = tf.constant(X[:3, :2]), traced(penalty)
    close(within(x), slopes(lambda: value(x), S), 1e-6)


CHECKED = {
    "diag": lambda **o: th.hessian_diag(loss(), B, **o),
    "by example": lambda **o: th.hessian_diag(squares(), B, per_example=True, **o),
    "full": lambda **o: th.hessian(loss(), B, engine="structured", **o),
    "colored": lambda **o: th.hessian_diag(loss(), B, engine="colored", **o),
    "sparse": lambda **o: th.sparse_hessian(tf.reduce_sum(W ** 3), W, **o).values}


@pytest.mark.parametrize("quantity", sorted(CHECKED))
def test_checks_run_with_the_function(quantity, monkeypatch):
    from tf1_hessian import colored
    from tf1_hessian.structure import verification
    judged = []
    for kind in (verification.LaidCheck, colored._Check):
        monkeypatch.setattr(kind, "judge", lambda self, values: judged.append(values) or [])
    for when, expected in (("first", 1), ("always", 3), ("never", 0)):
        del judged[:]
        function = traced(lambda when=when: CHECKED[quantity](verify=when))
        for _ in range(3):
            function()
        assert len(judged) == expected, when


def test_a_wrong_result_is_never_seen(monkeypatch):
    from tf1_hessian.structure.verification import Verification
    picked = Verification._picked

    def wrong(self, *args):
        places, claimed = picked(self, *args)
        return places, 1.5 * claimed

    monkeypatch.setattr(Verification, "_picked", wrong)
    with pytest.raises(tf.errors.OpError, match="VerificationError: The entry"):
        traced(lambda: th.hessian_diag(loss(), B))()
    with pytest.raises(th.VerificationError, match="^The entry"):
        th.tf2.hessian_diag(lambda: loss(), B)
    if _compat.XLA_KEEPS_NAN:
        with pytest.raises(th.VerificationError, match="^The entry"):
            th.tf2.hessian_diag(lambda: loss(), B, jit_compile=True)


def test_results_that_check_themselves_are_differentiated_by_the_engine():
    """A tf.function with a check in it on the path: the check has effects, and is no reason to refuse."""
    inner = traced(lambda s: th.hessian_diag(tf.reduce_sum(tf.tanh(tf.matmul(X[:, :2], s))), s))
    outer = traced(lambda: th.gradients(tf.reduce_sum(inner(S)), S)[0])
    close(outer(), slopes(lambda: tf.reduce_sum(inner(S)), S), 1e-6)
