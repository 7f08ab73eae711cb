"""Newton against Adam on a stiff fit: Lanczos' sum of three exponentials, whose parameters NIST certifies.

y = b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x) at 24 points, made with b = (0.0951, 1, 0.8607, 3, 1.5576, 5). The
Hessian at the answer has a condition number of 5e8: Adam stands in a valley that it can hardly follow, at any
rate, and a trust region with the exact Hessian walks through it. A Hessian counts as seven evaluations here: a
gradient, and a product for each of six parameters. Source: NIST StRD, nonlinear regression, Lanczos1, first start.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, GREEN, ORANGE, panels, parser, save
from scipy.optimize import minimize

import tf1_hessian as th

tf.disable_eager_execution()

TRUTH = np.array([0.0951, 1, 0.8607, 3, 1.5576, 5])
START = np.array([1.2, 0.3, 5.6, 5.5, 6.5, 7.6])
POINTS = 0.05 * np.arange(24)
RATES = (0.01, 0.1)


def curve(b, x):
    return b[0] * tf.exp(-b[1] * x) + b[2] * tf.exp(-b[3] * x) + b[4] * tf.exp(-b[5] * x)


def newton(objective):
    """(evaluations, losses, scipy's result) by a trust region."""
    spent, seen = [0], []

    def value(x):
        spent[0] += 1
        found = objective.fun(x), objective.jac(x)
        seen.append((spent[0], found[0]))
        return found

    def hessian(x):
        spent[0] += 1 + objective.n
        return objective.hess(x)

    found = minimize(value, objective.x0, jac=True, hess=hessian, method="trust-exact",
                     options={"gtol": 1e-13, "maxiter": 2000})
    objective.assign(found.x)
    return np.array(seen).T, found


def adam(session, b, loss, rate, steps):
    """(evaluations, losses, parameters)"""
    step = tf.train.AdamOptimizer(rate).minimize(loss)
    session.run(tf.global_variables_initializer())
    losses = np.array([session.run([loss, step])[0] for _ in range(steps)])
    return np.arange(1, steps + 1), losses, session.run(b)


def draw(curves, path):
    figure, axes = panels(1, "Fitting Lanczos' three exponentials: six parameters, condition number 5e8", width=7.2)
    for (label, (evaluations, losses)), colour, style in zip(curves, (BLUE, ORANGE, GREEN), ("-", "--", ":")):
        axes.plot(evaluations, losses, style, color=colour, linewidth=2, label=label)
    axes.set(xscale="log", yscale="log", ylabel="sum of squares (units of y squared)",
             xlabel="evaluations (a Hessian counts as %d)" % (1 + len(START)))
    axes.legend(loc="lower left")
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    b = tf.get_variable("b", [6], tf.float64, tf.constant_initializer(START))
    x = tf.constant(POINTS, tf.float64)
    loss = tf.reduce_sum(tf.square(curve(b, x) - curve(tf.constant(TRUTH), x)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        objective = th.scipy_objective(loss, b)
        (evaluations, losses), found = newton(objective)
        print("condition number at the answer: %.1e" % np.linalg.cond(objective.hess(found.x)))
        print("Newton: %d iterations, %d evaluations, loss %.1e, largest relative error of a parameter %.1e" % (
            found.nit, evaluations[-1], found.fun, np.abs(found.x / TRUTH - 1).max()))
        curves = [("Newton, trust region (scipy's trust-exact)", (evaluations, losses))]
        for rate in RATES:
            steps, values, parameters = adam(session, b, loss, rate, int(evaluations[-1]))
            print("Adam at %g: %d evaluations, loss %.1e, largest relative error of a parameter %.1e" % (
                rate, steps[-1], values[-1], np.abs(parameters / TRUTH - 1).max()))
            curves.append(("Adam, rate %g" % rate, (steps, values)))
    draw(curves, os.path.join(output, "newton_against_adam.png"))


if __name__ == "__main__":
    main()
