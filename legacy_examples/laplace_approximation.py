"""A second task without forgetting the first: the exact Hessian diagonal as the memory of a network.

A 64-32-10 network learns scikit-learn's digits, then the same digits with their pixels in another order. After the
first task the posterior of the weights is near a normal distribution around them whose precision is the Hessian of the
summed loss (Laplace); its diagonal, one session call, is taken. Elastic weight consolidation adds its quadratic to the
loss of the second task. The same normal distribution also says how sure the network is: averaged over draws of its
weights, predictions for images of the other task, never seen, are less certain.
Sources: MacKay, A practical Bayesian framework for backpropagation networks, 1992; Kirkpatrick and others, Overcoming
catastrophic forgetting in neural networks, 2017.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, ORANGE, panels, parser, save
from sklearn.datasets import load_digits

import tf1_hessian as th

tf.disable_eager_execution()

SHAPES = [[64, 32], [32], [32, 10], [10]]
STEPS, TRAIN, DRAWS, DECAY = 300, 1300, 30, 1e-3


class Net(object):
    """The graph: mean loss with weight decay, a quadratic that may hold the weights, accuracy, and their diagonal."""

    def __init__(self):
        rng = np.random.RandomState(0)
        self.images, self.labels = tf.placeholder(tf.float64, [None, 64]), tf.placeholder(tf.int64, [None])
        self.weights = [tf.get_variable("w%d" % i, initializer=tf.constant(
            rng.normal(size=s) / np.sqrt(s[0]) * (len(s) > 1))) for i, s in enumerate(SHAPES)]
        hidden = tf.tanh(tf.matmul(self.images, self.weights[0]) + self.weights[1])
        logits = tf.matmul(hidden, self.weights[2]) + self.weights[3]
        self.chances = tf.nn.softmax(logits)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.labels, logits=logits)
        self.loss = tf.reduce_mean(losses) + DECAY / 2 * tf.add_n([tf.reduce_sum(w ** 2) for w in self.weights])
        self.accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), self.labels), tf.float64))
        self.held = [tf.placeholder(tf.float64, s) for s in SHAPES]
        self.precision = [tf.placeholder(tf.float64, s) for s in SHAPES]
        pull = tf.add_n([tf.reduce_sum(p * (w - h) ** 2) for p, w, h in zip(self.precision, self.weights, self.held)])
        self.step = tf.train.AdamOptimizer(0.01).minimize(self.loss + 0.5 * pull)
        self.gradient = tf.gradients(self.loss, self.weights)
        self.diagonal = th.hessian_diag(self.loss, self.weights)

    def feed(self, task):
        return {self.images: task[0], self.labels: task[1]}

    def put(self, session, values):
        for weight, value in zip(self.weights, values):
            weight.load(value, session)

    def learn(self, session, task, held=None, precision=None):
        """Trains on a task, held near some weights with the precisions where these are given."""
        feed = self.feed(task)
        none = [np.zeros(s) for s in SHAPES]
        feed.update(zip(self.held + self.precision, list(held or none) + list(precision or none)))
        for _ in range(STEPS):
            session.run(self.step, feed)


def entropy(chances):
    """The mean of what is left open about each image, in nats."""
    return float(-np.mean(np.sum(chances * np.log(np.maximum(chances, 1e-300)), 1)))


def averaged(session, net, task, held, precision):
    """Chances averaged over draws of the weights."""
    rng, found = np.random.RandomState(1), 0.0
    for _ in range(DRAWS):
        net.put(session, [h + rng.normal(size=h.shape) / np.sqrt(p) for h, p in zip(held, precision)])
        found = found + session.run(net.chances, net.feed(task)) / DRAWS
    net.put(session, held)
    return found


def compared(session, net, task, diagonal, step=1e-4):
    """The largest error of some entries of the diagonal against differences of the gradient, by the largest entry."""
    there, worst = session.run(net.weights), 0.0
    for k, place in ((0, (20, 3)), (1, (7,)), (2, (11, 4)), (3, (2,))):
        sides = []
        for sign in (-1, 1):
            moved = there[k].copy()
            moved[place] += sign * step
            net.weights[k].load(moved, session)
            sides.append(session.run(net.gradient[k], net.feed(task))[place])
        net.weights[k].load(there[k], session)
        worst = max(worst, abs((sides[1] - sides[0]) / (2 * step) - diagonal[k][place]))
    return worst / max(d.max() for d in diagonal)


def draw(rows, path):
    figure, axes = panels(1, "Digits, then digits with their pixels in another order")
    for shift, task, colour in ((-0.2, 1, BLUE), (0.2, 2, ORANGE)):
        heights = [100 * row[task] for row in rows]
        axes.bar(np.arange(len(rows)) + shift, heights, 0.38, color=colour, label="task %d" % task)
    axes.set_xticks(range(len(rows)))
    axes.set_xticklabels([r[0] for r in rows])
    axes.set(ylabel="test accuracy (%)", ylim=(0, 118))
    axes.legend(loc="upper center", ncol=2)
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    digits, net = load_digits(), Net()
    order = np.random.RandomState(2).permutation(64)
    tasks = [(images[:TRAIN], digits.target[:TRAIN]) for images in (digits.data / 16, digits.data[:, order] / 16)]
    tests = [(images[TRAIN:], digits.target[TRAIN:]) for images in (digits.data / 16, digits.data[:, order] / 16)]
    rows = []

    def note(label):
        rows.append([label] + [session.run(net.accuracy, net.feed(test)) for test in tests])
        print("%s: %s" % (label, [round(float(a), 3) for a in rows[-1][1:]]))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        net.learn(session, tasks[0])
        note("first task")
        held = session.run(net.weights)
        diagonal = th.evaluate(net.diagonal, net.feed(tasks[0]), session)
        print("largest error of the diagonal: %.1e" % compared(session, net, tasks[0], diagonal))
        precision = [TRAIN * np.maximum(d, DECAY) for d in diagonal]
        for name, test in zip(("the first task", "images never seen"), tests):
            point = session.run(net.chances, net.feed(test))
            draws = averaged(session, net, test, held, precision)
            print("open about %s: %.3f nats   over the posterior: %.3f" % (name, entropy(point), entropy(draws)))
        net.learn(session, tasks[1])
        note("both in turn")
        net.put(session, held)
        net.learn(session, tasks[1], held, [p / TRAIN for p in precision])
        note("held by the diagonal")
    draw(rows, os.path.join(output, "laplace_approximation.png"))


if __name__ == "__main__":
    main()
