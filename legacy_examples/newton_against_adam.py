"""Newton against Adam on a stiff fit: Lanczos' sum of three exponentials, whose parameters NIST certifies.

y = b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x) at 24 points, made with b = (0.0951, 1, 0.8607, 3, 1.5576, 5). The
Hessian at the answer has a condition number of a thousand million: Adam stands in a valley that it can hardly follow,
at any rate, and a trust region with the exact Hessian walks through. Source: NIST StRD, nonlinear regression, Lanczos1
(the first of its two starts).
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
RATES = (1e-3, 1e-2, 1e-1)


def curve(parameters, x):
    return (parameters[0] * tf.exp(-parameters[1] * x) + parameters[2] * tf.exp(-parameters[3] * x)
            + parameters[4] * tf.exp(-parameters[5] * x))


def build():
    """(parameters, loss)"""
    parameters = tf.get_variable("parameters", [6], tf.float64, tf.constant_initializer(START))
    x = tf.constant(POINTS, tf.float64)
    return parameters, tf.reduce_sum(tf.square(curve(parameters, x) - curve(tf.constant(TRUTH, tf.float64), x)))


def newton(session, loss, parameters):
    """(the loss at each evaluation, scipy's result), by a trust region."""
    fetches, seen = [loss, tf.gradients(loss, parameters)[0]], []
    hessian = th.hessian(loss, parameters)

    def value(vector):
        found = session.run(fetches, {parameters: vector})
        seen.append(found[0])
        return found

    found = minimize(value, START, jac=True, hess=lambda v: session.run(hessian, {parameters: v}),
                     method="trust-exact", options={"gtol": 1e-13, "maxiter": 2000})
    return np.array(seen), found


def adam(session, loss, steps):
    """{rate: the loss at each step}"""
    found = {}
    for rate in RATES:
        step = tf.train.AdamOptimizer(rate).minimize(loss)
        session.run(tf.global_variables_initializer())
        found[rate] = np.array([session.run([loss, step])[0] for _ in range(steps)])
    return found
