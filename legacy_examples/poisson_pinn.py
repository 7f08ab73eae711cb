"""A physics-informed network for Poisson's equation whose training loss holds th.laplacian.

u_xx + u_yy = f on the unit square, u = 0 at its edge, with f made so that u = sin(pi x) sin(pi y) exactly. The edge is
kept by the ansatz u = x (1 - x) y (1 - y) net(x, y); the loss is the mean square of the residual, so that training
takes third derivatives through the Laplacian. L-BFGS by scipy, as TF1 scripts did through tf.contrib.
"""
import argparse

import numpy as np
import tensorflow.compat.v1 as tf
from scipy.optimize import minimize

import tf1_hessian as th

tf.disable_eager_execution()

WIDTHS = (2, 20, 20, 1)


def weights_of(vector):
    """The layers of the net, cut out of one vector."""
    layers, at = [], 0
    for a, b in zip(WIDTHS, WIDTHS[1:]):
        layers.append((tf.reshape(vector[at:at + a * b], [a, b]), vector[at + a * b:at + (a + 1) * b]))
        at += (a + 1) * b
    return layers


def start():
    """Weights with the usual variance, and biases of zero."""
    rng, parts = np.random.RandomState(0), []
    for a, b in zip(WIDTHS, WIDTHS[1:]):
        parts += [rng.normal(0, np.sqrt(2.0 / (a + b)), a * b), np.zeros(b)]
    return np.concatenate(parts)


def solution(points, vector):
    """u at points [B, 2], zero at the edge of the square."""
    hidden, layers = points, weights_of(vector)
    for i, (weight, bias) in enumerate(layers):
        hidden = tf.matmul(hidden, weight) + bias
        hidden = tf.tanh(hidden) if i < len(layers) - 1 else hidden
    x, y = points[:, 0], points[:, 1]
    return hidden[:, 0] * x * (1.0 - x) * y * (1.0 - y)


def exact(points):
    return np.prod(np.sin(np.pi * points), 1)


def grid(count):
    """count x count points inside the unit square."""
    side = (np.arange(count) + 0.5) / count
    return np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps")
    steps = 60 if parser.parse_args().quick else 600
    inner, fine = grid(14), grid(50)

    points = tf.placeholder(tf.float64, [None, 2], name="points")
    vector = tf.placeholder(tf.float64, start().shape, name="weights")
    u = solution(points, vector)
    plan = th.plan(u, points, quantity="laplacian")
    print(plan)

    force = -2.0 * np.pi ** 2 * tf.reduce_prod(tf.sin(np.pi * points), 1)
    loss = 100.0 * tf.reduce_mean(tf.square(th.laplacian(u, points) - force)) / np.pi ** 4
    slope, = tf.gradients(loss, vector)

    with tf.Session() as session:
        def value(weights):
            return session.run([loss, slope], {vector: weights, points: inner})

        direction = np.random.RandomState(1).normal(size=start().shape)
        difference = (value(start() + 1e-5 * direction)[0] - value(start() - 1e-5 * direction)[0]) / 2e-5
        print("slope of the loss along a direction: gradient %.10g, finite difference %.10g" % (
            value(start())[1].dot(direction), difference))
        found = minimize(value, start(), jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxfun": 2 * steps})
        print("loss: %.3g before, %.3g after %d steps" % (value(start())[0], found.fun, found.nit))
        for name, weights in (("before", start()), ("after", found.x)):
            off = session.run(u, {vector: weights, points: fine}) - exact(fine)
            print("largest error of u %s training: %.2e" % (name, np.abs(off).max()))


if __name__ == "__main__":
    main()
