"""Influence functions on scikit-learn's breast cancer data: what would the test loss be without one training point?

A logistic regression with a ridge penalty is fitted by Newton's method. Each example's loss has a weight, one by
default; by the implicit function theorem the fitted parameters change with the weights by -H**-1 times the mixed block
d2L / d(parameters) d(weights), both exact, so that one solve tells the influence of every example. Leaving an example
out changes H, too: divided by 1 - leverage, the influence is that of a whole Newton step. Then each example is really
left out, and the model fitted again. Sources: Koh and Liang, Understanding black-box predictions via influence
functions, 2017 (whose way, H**-1 by conjugate gradients, stands beside the solve); Pregibon, Logistic regression
diagnostics, 1981.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, ORANGE, panels, parser, save
from scipy.sparse import linalg
from sklearn.datasets import load_breast_cancer

import tf1_hessian as th

tf.disable_eager_execution()

RIDGE, TESTS = 3.0, 169


def examples():
    """(training inputs, training labels, test inputs, test labels): standardised, with a column of ones."""
    inputs, labels = load_breast_cancer(return_X_y=True)
    inputs = np.column_stack([(inputs - inputs.mean(0)) / inputs.std(0), np.ones(len(inputs))])
    order = np.random.RandomState(0).permutation(len(inputs))
    train, test = order[TESTS:], order[:TESTS]
    return inputs[train], labels[train].astype(float), inputs[test], labels[test].astype(float)


class Regression(object):
    """The graph: losses, and what Newton's method and the influences fetch."""

    def __init__(self, train, train_labels, test, test_labels):
        self.parameters = tf.get_variable("parameters", [train.shape[1]], tf.float64, tf.zeros_initializer())
        self.weights = tf.placeholder_with_default(np.ones(len(train)), [len(train)], name="weights")
        penalty = 0.5 * RIDGE * tf.reduce_sum(tf.square(self.parameters[:-1]))
        self.loss = tf.reduce_sum(self.weights * self.losses(train, train_labels)) + penalty
        self.test_loss = tf.reduce_mean(self.losses(test, test_labels))
        self.slope, self.test_slope = (tf.gradients(loss, self.parameters)[0] for loss in (self.loss, self.test_loss))
        self.hessian = th.hessian(self.loss, self.parameters)
        self.mixed = th.hessian(self.loss, self.parameters, other=self.weights)
        self.vector = tf.placeholder(tf.float64, self.parameters.shape)
        self.product = th.hvp(self.loss, self.parameters, self.vector)
        self.move = self.parameters.assign_sub(tf.linalg.solve(self.hessian, self.slope[:, None])[:, 0])

    def losses(self, inputs, labels):
        logits = tf.reduce_sum(inputs * self.parameters, 1)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def fit(self, session, weights):
        """Newton's method from where the parameters are; the size of the gradient that is left."""
        for _ in range(30):
            left = np.abs(session.run(self.slope, {self.weights: weights})).max()
            if left < 1e-9:
                break
            session.run(self.move, {self.weights: weights})
        return left


def without_each(session, model, count):
    """(the test loss without each example, the largest gradient left): the model is fitted again for each."""
    fitted, losses, left = session.run(model.parameters), [], 0.0
    for index in range(count):
        model.parameters.load(fitted, session)
        left = max(left, model.fit(session, np.arange(count) != index))
        losses.append(session.run(model.test_loss))
    model.parameters.load(fitted, session)
    return np.array(losses), left


def by_conjugate_gradients(session, model, slope):
    """H**-1 slope from products with the Hessian alone."""
    operator = linalg.LinearOperator((len(slope),) * 2, lambda v: session.run(model.product, {model.vector: v.ravel()}))
    found, status = linalg.cg(operator, slope, atol=0.0, maxiter=1000)
    assert status == 0
    return found


def leverages(parameters, hessian, inputs):
    """The share of H that each example has along its own direction."""
    chances = 1 / (1 + np.exp(-inputs.dot(parameters)))
    return chances * (1 - chances) * np.sum(inputs * np.linalg.solve(hessian, inputs.T).T, 1)


def draw(first, newton, true, path):
    title = "Leaving one of %d examples out of a logistic regression" % len(true)
    figure, axes = panels(1, title, width=6.4, height=5.0)
    span = 1e3 * np.array([true.min(), true.max()])
    axes.plot(span, span, color="k", linewidth=1, label="equal")
    axes.plot(1e3 * true, 1e3 * first, "s", color=ORANGE, markersize=4, label="influence, $H^{-1}$ by the mixed block")
    axes.plot(1e3 * true, 1e3 * newton, "o", color=BLUE, markersize=4, label="the same / (1 - leverage)")
    axes.set_xlabel("change of the test loss when fitted again (nats / 1000)")
    axes.set_ylabel("predicted change (nats / 1000)")
    axes.legend()
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    train, train_labels, test, test_labels = examples()
    model = Regression(train, train_labels, test, test_labels)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        left = model.fit(session, np.ones(len(train)))
        parameters, hessian, mixed, slope, start = th.evaluate(
            [model.parameters, model.hessian, model.mixed, model.test_slope, model.test_loss])
        print("examples: %d   parameters: %d   gradient left: %.1e" % (mixed.shape[1], mixed.shape[0], left))
        inverse = np.linalg.solve(hessian, slope)
        by_products = by_conjugate_gradients(session, model, slope)
        print("H**-1 times the test gradient by a solve and by th.hvp: relative difference %.1e" % (
            np.linalg.norm(by_products - inverse) / np.linalg.norm(inverse)))
        losses, left = without_each(session, model, len(train))
    print("fitted again %d times, largest gradient left: %.1e" % (len(losses), left))
    true, first = losses - start, inverse.dot(mixed)
    newton = first / (1 - leverages(parameters, hessian, train))
    for index in np.argsort(-np.abs(true))[:5]:
        print("without example %3d: test loss %+.2e, influence %+.2e, with leverage %+.2e" % (
            index, true[index], first[index], newton[index]))
    print("correlation, influence: %.4f" % np.corrcoef(first, true)[0, 1])
    print("correlation, with leverage: %.4f" % np.corrcoef(newton, true)[0, 1])
    draw(first, newton, true, os.path.join(output, "influence_functions.png"))


if __name__ == "__main__":
    main()
