"""Nets drawn at random, from what people build: each is what its two numbers make it."""
import numpy as np
import tensorflow.compat.v1 as tf

from tests.structure.net_steps import ACTIVATIONS, LOSSES, MATRICES, STACKS, TO_STACKS
from tests.structure.program import Program

__all__ = ["RandomNet"]

# Elements of all weights; what a step asks for beyond them is a constant.
MOST_COORDINATES = 30
MOST_WIDTH = 8
# How many steps, from small to large: most nets are small, since what they cost grows faster than what they show.
STEPS = [1, 1, 1, 2, 2, 2, 3, 3, 4]


class RandomNet(Program):
    """Net `index` of the run `seed`. steps: of the last build, a line each."""

    def __init__(self, seed, index):
        self.run, self.index = seed, index
        rng = np.random.RandomState([seed, index])
        self._seeds = [rng.randint(2 ** 31 - 1) for _ in range(1 + STEPS[rng.randint(len(STEPS))])]
        self._rows, self._width = 2 + rng.randint(2), 2 + rng.randint(3)
        self._unknown, self._decay = (0,) * (rng.uniform() < 0.4), rng.uniform() < 0.3
        kinds = [("resource", "ref", "fed")[rng.randint(3)] for _ in range(20)]
        Program.__init__(self, "net%d" % index, self._net, rng.randint(2 ** 31 - 1), kinds, rng.uniform() < 0.12)

    def _net(self, maker):
        draw = _Draw(maker, self._rows, maker.batch(self._rows, self._width, unknown=self._unknown))
        self.steps = []
        for seed in self._seeds[:-1]:
            maker.rng = np.random.RandomState(seed)
            self.steps.append(draw.step())
        maker.rng = np.random.RandomState(self._seeds[-1])
        return draw.loss(self._decay)

    def __str__(self):
        what = "%d rows%s, %s%s" % (self._rows, " (not known)" if self._unknown else "",
                                    "one vector" if self.flat else "apart", ", decay" if self._decay else "")
        return "\n".join([what] + self.steps)


class _Draw(object):
    """What a step draws from: sizes, constants, weights, and earlier nodes of the same shape."""

    def __init__(self, maker, rows, batch):
        self._maker, self.rows, self.nodes = maker, rows, [batch]

    @property
    def rng(self):
        return self._maker.rng

    def below(self, count):
        return int(self.rng.randint(count))

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def width(self):
        return 2 + self.below(3)

    def act(self, a):
        return self.pick(ACTIVATIONS)(a)

    def numbers(self, *shape, **limits):
        return self._maker.numbers(*shape, **limits)

    def mask(self, *shape):
        return tf.constant(self.rng.uniform(size=shape) < 0.5)

    def weight(self, *shape):
        """A new weight, at times one of the same shape once more."""
        known = self._maker.weights
        same = [w for w in known if tuple(w.shape.as_list()) == shape]
        if same and self.rng.uniform() < 0.1:
            return same[0]
        if sum(w.shape.num_elements() for w in known) + int(np.prod(shape)) > MOST_COORDINATES:
            return tf.constant(self.numbers(*shape))
        return self._maker.weight(*shape)

    def alike(self, a):
        """An earlier node of the shape of a."""
        same = [n for n in self.nodes if n.shape.as_list()[1:] == a.shape.as_list()[1:]]
        return self.pick(same) if same else tf.tanh(a)

    def step(self):
        """Adds a node, mostly made from the last one; returns what it is."""
        a = self.nodes[-1] if self.rng.uniform() < 0.8 else self.pick(self.nodes)
        made = self.pick(STACKS if a.shape.ndims == 3 else MATRICES + TO_STACKS * 6)(self, a)
        if made.shape.ndims == 2 and made.shape.as_list()[1] > MOST_WIDTH:
            made = made[:, 1:1 + MOST_WIDTH]
        self.nodes.append(made)
        return "n%d %s: %s" % (len(self.nodes) - 1, made.shape, made.op.type)

    def loss(self, decay):
        """Of the last node behind one more weight, and a little of another node."""
        last = _matrix(self.nodes[-1])
        if self.rng.uniform() < 0.5 or not self._maker.weights:
            last = tf.matmul(last, self._maker.weight(last.shape.as_list()[1], 2))
        total = self.pick(LOSSES)(self, last)
        if self.rng.uniform() < 0.3:
            total = tf.reduce_sum(total) + 0.25 * tf.reduce_mean(tf.tanh(_matrix(self.pick(self.nodes))))
        if decay:
            weights = self._maker.weights
            total = total + 0.125 * tf.add_n([tf.nn.l2_loss(w) for w in weights])
            total = total + 0.25 * tf.reduce_sum(tf.abs(weights[0]))
        return total


def _matrix(a):
    return a if a.shape.ndims == 2 else tf.reshape(a, [-1, int(np.prod(a.shape.as_list()[1:]))])
