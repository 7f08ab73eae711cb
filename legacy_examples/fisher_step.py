"""A natural policy gradient step as TRPO takes it: the Fisher matrix is the Hessian of a KL divergence, by th.hvp.

In Russell and Norvig's world of 4 by 3 squares the expected reward of a policy comes from a linear system; the best one
is worth 0.705 from the start at the lower left. A softmax policy that mostly runs down and left is
improved by steps of the same KL divergence, along the natural gradient or the plain one. Products with the Fisher
matrix feed conjugate gradients; its entries are known in closed form, and so is the natural gradient: the advantage of
each action (Kakade, A natural policy gradient, 2001). Source: Schulman and others, Trust region policy optimization,
2015, appendix C.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, ORANGE, panels, parser, save

import tf1_hessian as th

tf.disable_eager_execution()

WORLD = ["...+", ".#.-", "...."]
MOVES = [(-1, 0), (0, 1), (1, 0), (0, -1)]  # up, right, down, left
STEP_REWARD, BOUND, STEPS, BEST = -0.04, 0.01, 20, 0.7053


def world():
    """(chances [state, action, next state], expected rewards [state, action], the state at the start)."""
    squares = [(i, j) for i in range(3) for j in range(4) if WORLD[i][j] == "."]
    chances, rewards = np.zeros((9, 4, 9)), np.full((9, 4), STEP_REWARD)
    for state, (i, j) in enumerate(squares):
        for action in range(4):
            for turn, chance in ((0, 0.8), (1, 0.1), (-1, 0.1)):
                at = (i + MOVES[(action + turn) % 4][0], j + MOVES[(action + turn) % 4][1])
                if not (0 <= at[0] < 3 and 0 <= at[1] < 4) or WORLD[at[0]][at[1]] == "#":
                    at = (i, j)
                if at in squares:
                    chances[state, action, squares.index(at)] += chance
                else:
                    rewards[state, action] += chance * (1 if WORLD[at[0]][at[1]] == "+" else -1)
    return (1 - 1e-9) * chances, rewards, squares.index((2, 0))  # a policy that never ends has a value, too


class Policy(object):
    """The graph: expected reward, KL divergence from the policy as it is, and products with its Hessian."""

    def __init__(self, chances, rewards, start):
        first = np.zeros((9, 4))
        first[:, 2:] = 1
        self.logits = tf.get_variable("logits", [9, 4], tf.float64, tf.constant_initializer(first))
        chosen = tf.nn.softmax(self.logits)
        stays = tf.eye(9, dtype=tf.float64) - tf.reduce_sum(chosen[:, :, None] * chances, 1)
        values = tf.linalg.solve(stays, tf.reduce_sum(chosen * rewards, 1, keepdims=True))
        self.reward = values[start, 0]
        self.gradient, = tf.gradients(self.reward, self.logits)
        visits = tf.linalg.solve(tf.transpose(stays), tf.one_hot([start], 9, dtype=tf.float64, axis=0))
        self.visits = tf.stop_gradient(visits / tf.reduce_sum(visits))
        self.chosen, self.logs, self.total = chosen, tf.nn.log_softmax(self.logits), tf.reduce_sum(visits)
        self.advantages = rewards + tf.tensordot(tf.constant(chances), values[:, 0], 1) - values
        old = tf.stop_gradient(self.logs)
        self.kl = tf.reduce_sum(self.visits * tf.exp(old) * (old - self.logs))
        self.vector = tf.placeholder(tf.float64, [9, 4])
        self.product = th.hvp(self.kl, self.logits, self.vector)
        self.write = self.logits.assign(self.vector)


def conjugate_gradients(product, right):
    """The solution of F x = right; F may be singular where right is none of what it loses."""
    found, left, way, size = np.zeros_like(right), right.copy(), right.copy(), np.sum(right ** 2)
    for _ in range(10 * right.size):
        if size < 1e-24 * np.sum(right ** 2):
            break
        curved = product(way)
        found, left = found + size / np.sum(way * curved) * way, left - size / np.sum(way * curved) * curved
        way, size = left + np.sum(left ** 2) / size * way, np.sum(left ** 2)
    return found


def fisher_product(visits, chosen, vector):
    """The Fisher matrix, of which each state has a block, times a vector, in closed form."""
    return np.array([v * (p * x - p * p.dot(x)) for v, p, x in zip(visits, chosen, vector)])


def climb(session, policy, is_natural):
    """Rows (reward, KL of the step): steps with the divergence at the bound by the quadratic model, halved where the
    reward falls or the divergence is half as large again as the bound."""
    session.run(policy.logits.initializer)
    rows = []
    for _ in range(STEPS):
        reward, way, old, visits, start = session.run(
            [policy.reward, policy.gradient, policy.logs, policy.visits, policy.logits])
        if is_natural:
            way = conjugate_gradients(lambda v: session.run(policy.product, {policy.vector: v}), way)
        curved = session.run(policy.product, {policy.vector: way})
        move = way * np.sqrt(2 * BOUND / np.sum(way * curved))
        for half in range(30):
            session.run(policy.write, {policy.vector: start + 0.5 ** half * move})
            reached, new = session.run([policy.reward, policy.logs])
            divergence = np.sum(visits * np.exp(old) * (old - new))
            if reached >= reward and divergence <= 1.5 * BOUND:
                break
        rows.append((reward, divergence))
    return np.array(rows)


def check(session, policy):
    """Products and the natural gradient against closed forms."""
    visits, chosen, gradient, advantages, total = session.run(
        [policy.visits, policy.chosen, policy.gradient, policy.advantages, policy.total])
    vector = np.random.RandomState(0).normal(size=(9, 4))
    product = session.run(policy.product, {policy.vector: vector})
    exact = fisher_product(visits, chosen, vector)
    print("largest error of a Fisher product: %.1e" % np.abs(product - exact).max())
    natural = conjugate_gradients(lambda v: session.run(policy.product, {policy.vector: v}), gradient)
    exact = total * (advantages - advantages.mean(1, keepdims=True))
    print("natural gradient against the advantages, largest relative error: %.1e" % (
        np.abs(natural - exact).max() / np.abs(natural).max()))


def draw(natural, plain, path):
    figure, (left, right) = panels(2, "Steps of KL divergence %g in the world of 4 by 3 squares" % BOUND, width=9.0)
    for rows, colour, style, label in ((natural, BLUE, "-", "natural gradient"), (plain, ORANGE, "--", "gradient")):
        left.plot(rows[:, 0], style, color=colour, linewidth=2, label=label)
        right.plot(rows[:, 1], style, color=colour, linewidth=2, label=label)
    for axes, height, label in ((left, BEST, "best policy: %.3f" % BEST), (right, BOUND, "bound")):
        axes.axhline(height, color="k", linewidth=1, label=label)
    left.set(xlabel="steps", ylabel="expected reward from the start")
    right.set(xlabel="steps", ylabel="KL divergence of the step (nats per visit)", ylim=(0, 2 * BOUND))
    for axes in (left, right):
        axes.set_xticks(range(0, len(natural), 5))
    left.legend(fontsize=9, loc="lower right")
    right.legend(fontsize=9, loc="upper left")
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    policy = Policy(*world())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        check(session, policy)
        natural, plain = climb(session, policy, True), climb(session, policy, False)
    print("reward at first: %.4f   best: %.3f" % (natural[0, 0], BEST))
    for name, rows in (("natural", natural), ("plain", plain)):
        print("%s: reward %.4f after one step, %.4f after %d" % (name, rows[1, 0], rows[-1, 0], STEPS - 1))
        print("%s: KL of a step %.4f to %.4f, bound %g" % (name, rows[:, 1].min(), rows[:, 1].max(), BOUND))
    draw(natural, plain, os.path.join(output, "fisher_step.png"))


if __name__ == "__main__":
    main()
