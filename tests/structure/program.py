"""A net as a function of its weights, built twice: on sources as a user has them, and for the truth on one flat vector.

A Program has what random_truths.py asks for: `start`, `form`, `nodes_of` and `build`.
"""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["KINDS", "Maker", "Program"]

KINDS = ("resource", "ref", "fed", "partitioned")


class Program(object):
    """A net.

    function(maker): the loss. kinds: how the weights are held, by turns; flat: all are cut out of one vector.
    single: built in float32 for the user, on values that float32 holds.
    """

    form = "v1"

    def __init__(self, name, function, seed=0, kinds=("resource", "ref"), flat=False, single=False):
        self.name, self.seed, self.flat, self.single = name, seed, flat, single
        self.function, self._kinds = function, kinds
        self._dtype = tf.float32 if single else tf.float64
        self.values = []
        with tf.Graph().as_default():
            self._made(self._noted, self._narrowed, self._dtype)
        self.start = np.concatenate([np.ravel(v) for v in self.values])

    def nodes_of(self, vector):
        """The weights as pieces of one flat tensor."""
        return [tf.reshape(p, v.shape) for p, v in zip(tf.split(vector, [v.size for v in self.values]), self.values)]

    def build(self, nodes, dtype, exact):
        """The loss in float64 on weights that are given as tensors, on a constant batch."""
        given = iter(nodes)
        return self._made(lambda value: next(given), lambda value, shape: value)

    def on_sources(self):
        """The net as a user has it, in the default graph: (loss, xs, feed)."""
        xs, feed = [], {}

        def batch(value, shape):
            value = self._narrowed(value, shape)
            fed = tf.placeholder(value.dtype, shape)
            feed[fed] = value
            return fed

        weight = self._cut_out(xs) if self.flat else lambda value: self._held(value, xs, feed)
        return self._made(weight, batch, self._dtype), xs, feed

    def _noted(self, value):
        self.values.append(value)
        return tf.constant(value, self._dtype)

    def _narrowed(self, value, shape):
        return value.astype(np.float32) if self.single and value.dtype == np.float64 else value

    def _made(self, weight, batch, dtype=tf.float64):
        return self.function(Maker(self.seed, weight, batch, dtype))

    def _cut_out(self, xs):
        xs.append(tf.get_variable("flat", initializer=self.start))
        starts = np.cumsum([0] + [v.size for v in self.values])
        places = iter(zip(starts, starts[1:]))

        def weight(value):
            first, last = next(places)
            return tf.reshape(xs[0][first:last], value.shape)

        return weight

    def _held(self, value, xs, feed):
        kind, name = self._kinds[len(xs) % len(self._kinds)], "w%d" % len(xs)
        value = value.astype(np.float32) if self.single else value
        if kind == "fed":
            xs.append(tf.placeholder(value.dtype, value.shape))
            feed[xs[-1]] = value
        elif kind == "partitioned" and max(value.shape + (1,)) > 1:
            xs.append(_in_two_parts(name, value))
        else:
            xs.append(tf.get_variable(name, initializer=value, use_resource=kind == "resource"))
        return xs[-1]


class Maker(object):
    """What the function of a net draws from: weights, batches, constants. float32 holds all numbers."""

    def __init__(self, seed, weight, batch, dtype):
        self._weight, self._batch, self.dtype = weight, batch, dtype
        self.rng, self.weights = np.random.RandomState(seed), []

    def numbers(self, *shape, **limits):
        """Between -1 and 1, or from `low` to `low` + 1."""
        low = limits.get("low", -1.0)
        high = low + 1 if "low" in limits else 1.0
        return np.asarray(self.rng.uniform(low, high, shape), np.float32).astype(np.float64)

    def constant(self, *shape, **limits):
        return tf.constant(self.numbers(*shape, **limits), self.dtype)

    def weight(self, *shape):
        """A new weight."""
        self.weights.append(self._weight(self.numbers(*shape)))
        return self.weights[-1]

    def batch(self, *shape, **options):
        """Numbers that are fed; `unknown`: the axes of unknown size, the first by default."""
        unknown = options.get("unknown", (0,))
        value = self.numbers(*shape)
        return tf.convert_to_tensor(self._batch(value, [None if a in unknown else s for a, s in enumerate(shape)]))

    def ids(self, below, *shape):
        """Whole numbers that are fed; the first axis is of unknown size."""
        value = self.rng.randint(0, below, shape).astype(np.int32)
        return tf.convert_to_tensor(self._batch(value, [None] + list(shape[1:])))

    def one_hot(self, rows, classes):
        return tf.one_hot(self.rng.randint(0, classes, rows), classes, dtype=self.dtype)


def _in_two_parts(name, value):
    def part(shape, dtype=None, partition_info=None):
        place = tuple(slice(o, o + int(s)) for o, s in zip(partition_info.var_offset, shape))
        return tf.constant(value[place])

    axis = int(np.argmax(value.shape))
    return tf.get_variable(name, value.shape, value.dtype, part, partitioner=tf.fixed_size_partitioner(2, axis=axis))
