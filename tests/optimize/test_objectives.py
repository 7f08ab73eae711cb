"""scipy_objective: Rosenbrock's function to its minimum by each method and with each kind of variable."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from losses import KINDS, START, made, rosenbrock, rosenbrock_hessian, started
from scipy import optimize

import tf1_hessian as th
from untouched import assert_refused

METHODS = {
    None: {}, "trust-ncg": {}, "trust-krylov": {}, "Newton-CG": {"xtol": 1e-8}, "dogleg": {}, "trust-exact": {},
    "L-BFGS-B": {"ftol": 1e-14}, "Nelder-Mead": {},
}
OTHERS = {"BFGS": {}, "CG": {}, "TNC": {"maxfun": 500}, "SLSQP": {"ftol": 1e-12}, "trust-constr": {}, "Powell": {}}


def variable(dtype=np.float64, start=START):
    w = tf.get_variable("w", initializer=np.asarray(start, dtype))
    return w, rosenbrock(tf.reshape(w, [-1]))


@pytest.mark.parametrize("method, options", list(METHODS.items()) + [
    pytest.param(*other, marks=pytest.mark.slow) for other in OTHERS.items()], ids=str)
def test_to_the_minimum_by_each_method(method, options):
    w, loss = variable(start=[[1.3, 0.7]])
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), [w]) as session:
        result = objective.minimize(method, options=options)
        np.testing.assert_allclose(session.run(w), np.ones([1, 2]), atol=5e-3)
        np.testing.assert_array_equal(session.run(w).ravel(), result.x)
    assert result.fun < 1e-5 and objective.n_iter == result.nit > 1


@pytest.mark.parametrize("kind", KINDS)
def test_with_each_kind_of_variable(kind):
    x, read, feed = made(kind, START)
    objective = th.scipy_objective(rosenbrock(tf.reshape(read, [-1])), [x], feeds=feed or None)
    with started(tf.Session(), [x]).as_default():
        np.testing.assert_array_equal(objective.x0, START.ravel())
        result = objective.minimize(options={"gtol": 1e-8})
        np.testing.assert_allclose(result.x, 1, atol=1e-6)
        np.testing.assert_array_equal(objective.x0, result.x)
        if kind != "placeholder":
            np.testing.assert_array_equal(th.evaluate(x), result.x.reshape(2, 3))
        np.testing.assert_array_equal(objective.unpack(result.x)[0], result.x.reshape(2, 3))


def test_values_and_derivatives_at_any_point():
    w, loss = variable()
    objective = th.scipy_objective(loss, {"w": w}, dense=True)
    x = np.array([0.3, -1.2, 0.5, 2.0, 0.7, -0.4])
    with started(tf.Session(), []) as session, session.as_default():
        assert objective.fun(x) == pytest.approx(optimize.rosen(x), rel=1e-14)
        np.testing.assert_array_equal(session.run(w).ravel(), x)
        np.testing.assert_allclose(objective.jac(x), optimize.rosen_der(x), rtol=1e-12)
        np.testing.assert_allclose(objective.hess(-x), rosenbrock_hessian(-x), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(objective.hessp(2 * x, x + 1), rosenbrock_hessian(2 * x).dot(x + 1), rtol=1e-12)
        np.testing.assert_array_equal(session.run(w).ravel(), 2 * x)
        assert optimize.check_grad(objective.fun, objective.jac, x) < 1e-3
        slopes = optimize.approx_fprime(x, lambda z: objective.jac(z)[2], 1e-7)
        np.testing.assert_allclose(objective.hess(x)[2], slopes, rtol=1e-4, atol=1e-3)
        objective.assign(x)
        np.testing.assert_array_equal(session.run(w).ravel(), x)
        found = optimize.minimize(objective.fun, START.ravel(), jac=objective.jac, hess=objective.hess,
                                  method="trust-exact")
        assert found.fun < 1e-6


def test_float32_models_meet_scipy_in_float64():
    w, loss = variable(np.float32)
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), []).as_default():
        result = objective.minimize("trust-exact", options={"gtol": 1e-4})
        assert objective.x0.dtype == objective.jac(result.x).dtype == objective.hess(result.x).dtype == np.float64
        np.testing.assert_allclose(result.x, 1, atol=1e-3)
        in_double = th.scipy_objective(loss, w, precision="float64")
        x = START.astype(np.float32).astype(np.float64).ravel()
        assert in_double.fun(x) == pytest.approx(optimize.rosen(x), rel=1e-14)
        np.testing.assert_allclose(in_double.jac(x), optimize.rosen_der(x), rtol=1e-12)
        np.testing.assert_allclose(in_double.hess(x), rosenbrock_hessian(x), rtol=1e-12, atol=1e-12)


def test_loss_and_gradient_are_of_one_draw():
    """The loss is a drawn number times |w|^2: loss and gradient agree on it, a new call draws anew."""
    w = tf.get_variable("w", initializer=np.array([1.0, 2.0]))
    objective = th.scipy_objective(tf.random_uniform([], 1, 2, dtype=tf.float64) * tf.reduce_sum(w ** 2), w)
    x = np.array([1.0, 2.0])
    with started(tf.Session(), []).as_default():
        seen = []
        for first, second in (("fun", "jac"), ("jac", "fun"), ("fun", "jac")):
            found = {name: getattr(objective, name)(x) for name in (first, second)}
            np.testing.assert_allclose(found["jac"], 2 * x * found["fun"] / 5)
            seen.append(found["fun"])
    assert len(set(seen)) == 3


def test_masks_and_indices_see_the_point():
    """Integer paths are no part of the derivative, and must read x all the same."""
    w = tf.get_variable("w", initializer=np.array([3.0, 4.0]))
    loss = tf.reduce_sum(tf.cast(w > 0, tf.float64) * w ** 2)
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), []).as_default():
        assert objective.fun(np.array([-1.0, 2.0])) == 4
        np.testing.assert_array_equal(objective.jac(np.array([5.0, -2.0])), [10, 0])
        np.testing.assert_array_equal(objective.hess(np.array([5.0, -2.0])), [[2, 0], [0, 0]])


def stays(fun, x0, args, **options):
    """A method of the caller's own."""
    return optimize.OptimizeResult(x=x0, fun=fun(x0), nit=0)


def test_others_may_write_between_calls():
    w, loss = variable()
    scale = tf.get_variable("scale", initializer=np.array(1.0))
    objective = th.scipy_objective(scale * loss, w)
    x = START.ravel()
    with started(tf.Session(), []) as session:
        once = objective.fun(x)
        session.run([scale.assign(3.0), w.assign(tf.zeros_like(w))])
        assert objective.fun(x) == pytest.approx(3 * once)
        session.run(w.assign(tf.zeros_like(w)))
        np.testing.assert_allclose(objective.hessp(x, np.ones(6)), 3 * rosenbrock_hessian(x).sum(1))
        first = objective.minimize(options={"maxiter": 1})
        session.run(scale.assign(1.0))
        assert objective.minimize(method=stays).fun == pytest.approx(first.fun / 3)


def test_bounds_in_the_structure_of_the_variables():
    w, loss = variable()
    v = tf.get_variable("v", initializer=np.array([2.0]))
    objective = th.scipy_objective(loss + tf.reduce_sum((v - 3) ** 2), [w, v])
    bounds = objective.bounds(lower=[-2, None], upper=[np.full([2, 3], 0.9), 2.5])
    np.testing.assert_array_equal(bounds.lb, [-2] * 6 + [-np.inf])
    assert objective.bounds(lower=1).ub.tolist() == [np.inf] * 7
    with started(tf.Session(), []) as session:
        result = objective.minimize(bounds=bounds)
        truth = optimize.minimize(optimize.rosen, START.ravel(), jac=optimize.rosen_der, method="L-BFGS-B",
                                  bounds=[(-2, 0.9)] * 6)
        np.testing.assert_allclose(result.x[:6], truth.x, atol=1e-3)
        assert session.run(v) == [2.5] and session.run(w).max() <= 0.9
    with pytest.raises(ValueError, match=r"at most upper=0.0, for w:0\[0, 0\]"):
        objective.bounds(lower=1, upper=0)
    with pytest.raises(ValueError, match="structure of xs"):
        objective.bounds(lower=[1])
    with pytest.raises(ValueError, match="lower=nan"):
        objective.bounds(lower=[np.nan, 0])


def test_constraints_on_the_flat_vector():
    w, loss = variable()
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), []).as_default():
        result = objective.minimize("SLSQP", constraints=[{"type": "eq", "fun": lambda x: x[0] - 0.5}])
    assert result.x[0] == pytest.approx(0.5) and result.success


def test_callback_and_progress(capsys):
    w, loss = variable()
    objective, seen, told = th.scipy_objective(loss, w), [], []
    with started(tf.Session(), []).as_default():
        result = objective.minimize(callback=seen.append, progress=lambda *step: told.append(step))
        assert [t[0] for t in told] == list(range(1, result.nit + 1)) == list(range(1, objective.n_iter + 1))
        np.testing.assert_array_equal(seen[-1], result.x)
        for x, (_, value, length) in zip(seen, told):
            assert value == pytest.approx(optimize.rosen(x), abs=1e-12)
            assert length == pytest.approx(np.linalg.norm(optimize.rosen_der(x)), abs=1e-9)
        objective.minimize(x0=START.ravel(), progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("iteration 1: loss ") and len(lines) == objective.n_iter


def test_what_raises_leaves_the_last_iterate():
    w, loss = variable()
    objective, seen = th.scipy_objective(loss, w), []

    def stop(x):
        seen.append(x)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with started(tf.Session(), []) as session:
        with pytest.raises(KeyboardInterrupt):
            objective.minimize(callback=stop)
        np.testing.assert_array_equal(session.run(w).ravel(), seen[-1])
        assert objective.n_iter == 3


def test_a_start_without_a_loss_is_refused():
    w = tf.get_variable("w", initializer=np.array([-1.0, 2.0]))
    objective = th.scipy_objective(tf.reduce_sum(w - tf.log(w)), w)
    with started(tf.Session(), []) as session:
        with pytest.raises(ValueError, match="not finite at x0"):
            objective.minimize()
        np.testing.assert_array_equal(session.run(w), [-1, 2])
        np.testing.assert_allclose(objective.minimize("L-BFGS-B", x0=[0.5, 2.0]).x, 1, atol=1e-4)


def test_the_minimum_itself_will_do():
    w, loss = variable(start=np.ones([2, 3]))
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), []).as_default():
        assert objective.minimize().fun == 0
        np.testing.assert_array_equal(objective.x0, np.ones(6))


def test_batches_are_one_big_feed():
    x, w = tf.placeholder(tf.float64, [None]), tf.get_variable("w", initializer=np.array([0.5]))
    loss, rows = tf.reduce_mean(tf.exp(x * w) - x), np.array([0.3, -0.2, 1.1, 0.4, 0.9])
    big = th.scipy_objective(loss, w, feeds={x: rows})
    parts = th.scipy_objective(loss, w, feeds=[{x: rows[:2]}, {x: rows[2:]}], weight=tf.size(x))
    with started(tf.Session(), []).as_default():
        for name, more in (("fun", ()), ("jac", ()), ("hess", ()), ("hessp", (np.array([2.0]),))):
            at = np.array([0.7])
            np.testing.assert_allclose(getattr(parts, name)(at, *more), getattr(big, name)(at, *more), rtol=1e-13)


def test_a_false_gradient_is_refused():
    w = tf.get_variable("w", initializer=np.array([1.0, 2.0]))

    @tf.custom_gradient
    def false(v):
        return tf.reduce_sum(v ** 2), lambda up: up * tf.stack([v[1] ** 2, v[0] * 0])

    objective = th.scipy_objective(false(w), w)
    with started(tf.Session(), []).as_default():
        for call in (lambda: objective.hess(np.ones(2)), lambda: objective.hessp(np.ones(2), np.ones(2))):
            with pytest.raises(ValueError, match="not symmetric"):
                call()


def test_scalars_and_sources_without_elements():
    a, b = tf.get_variable("a", initializer=np.array(3.0)), tf.get_variable("b", initializer=np.zeros([0, 2]))
    objective = th.scipy_objective((a - 1) ** 2 + tf.reduce_sum(b ** 2), {"a": a, "b": b})
    with started(tf.Session(), []).as_default():
        result = objective.minimize("trust-exact")
        assert th.evaluate(a) == pytest.approx(1) and objective.unpack(result.x)["b"].shape == (0, 2)
        assert objective.hess([4.0]) == [[2]]


def test_a_finalized_graph_will_do_when_built_before(graph):
    w, loss = variable()
    objective = th.scipy_objective(loss, w, dense=True)
    later = th.scipy_objective(2 * loss, w)
    init, before = tf.global_variables_initializer(), len(graph.get_operations())
    graph.finalize()
    with tf.Session() as session:
        session.run(init)
        objective.minimize("trust-exact")
        objective.minimize("trust-ncg")
        with pytest.raises(RuntimeError, match="finalized"):
            later.hess(START.ravel())
        th.scipy_objective(loss, w, dense=True).minimize("dogleg")
    assert len(graph.get_operations()) == before and not graph.get_collection("train_op")


@pytest.mark.parametrize("call, told", [
    (lambda o: o.fun(np.ones(5)), "an array of 6 real numbers"), (lambda o: o.jac(np.ones([6, 1])), "[6, 1]"),
    (lambda o: o.fun(np.full(6, np.nan)), "6 numbers that are not finite"),
    (lambda o: o.fun(1j * np.ones(6)), "complex"),
    (lambda o: o.hessp(np.ones(6), np.ones(4)), "p='float64 [4]'"), (lambda o: o.assign([1]), "x='int64 [1]'"),
    (lambda o: o.minimize(x0=np.ones(2)), "x0="), (lambda o: o.minimize(progress="yes"), "progress='yes'"),
    (lambda o: o.minimize("no-such"), "no-such")])
def test_refusals_leave_the_variables(call, told):
    w, loss = variable()
    objective = th.scipy_objective(loss, w)
    with started(tf.Session(), []) as session:
        with pytest.raises(ValueError) as caught:
            call(objective)
        assert told in str(caught.value)
        np.testing.assert_array_equal(session.run(w), START)


def test_refusals_leave_the_graph(graph):
    w, loss = variable()
    inner = tf.identity(w) * 2
    outer = tf.reduce_sum(inner ** 2) + loss
    for xs, told in (([w, w], "twice"), ([w, inner], "computed from"), ([], "at least one")):
        assert told in assert_refused(ValueError, lambda: th.scipy_objective(outer, xs), graph)  # noqa: B023
    assert "dense=3" in assert_refused(ValueError, lambda: th.scipy_objective(loss, w, dense=3), graph)
    objective = th.scipy_objective(loss, w)
    with pytest.raises(ValueError, match="no default session"):
        objective.fun(START.ravel())
