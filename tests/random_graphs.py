"""Programs drawn at random: a few sources, some steps on them, and a loss that every step enters.

A Program is what its two numbers make it: built twice, in double or single precision, on variables or on tensors, it is
the same function. Its constants and the values of its sources are numbers that both precisions hold.
"""
import collections

import numpy as np
import tensorflow.compat.v1 as tf

from tests import random_control, random_layers, random_ops
from tests.forms import built_as

__all__ = ["OPS", "Program"]

UNARY = dict(random_ops.UNARY, **random_layers.UNARY)
BINARY = dict(random_ops.BINARY, **dict(random_layers.BINARY, **random_control.BINARY))
OPS = sorted(UNARY) + sorted(BINARY)
SHAPES = [(), (2,), (3,), (4,), (2, 3), (3, 1), (1, 2), (2, 1, 2), (1, 3, 2), (5,), (3, 2)]
# How many, from small to large: most programs are small, since what they cost grows faster than what they show.
STEPS = [1, 1, 1, 1, 2, 2, 2, 2, 3, 6]
SOURCES = [1, 1, 1, 1, 2, 2, 2, 3]
KINDS = ["resource", "ref", "partitioned", "fed", "tensor"]
# Elements of a node; what is larger is cut or averaged.
MOST_ELEMENTS = 12
# Elements of all sources.
MOST_COORDINATES = 9

Source = collections.namedtuple("Source", "shape kind value")
Node = collections.namedtuple("Node", "name read variable")
Node.__doc__ = "read(): the tensor; a source is read anew each time. variable: what a lookup may take, or None."


class Program(object):
    """Program `index` of the run `seed`. keep: the steps that stay, to make a smaller program of it.

    sources: list of Source. single: built in float32. form: of loops and conditionals, v1 or v2.
    asking: draws what is asked about it. text, ops: of the last build, the steps, a line each, and their names.
    """

    def __init__(self, seed, index, keep=None):
        self.seed, self.index = seed, index
        rng = np.random.RandomState([seed, index])
        self.single = rng.uniform() < 0.3
        self.form = "v2" if rng.uniform() < 0.5 else "v1"
        self.sources = _sources(rng)
        steps = [rng.randint(2 ** 31 - 1) for _ in range(STEPS[rng.randint(len(STEPS))])]
        self._loss_seed = rng.randint(2 ** 31 - 1)
        self.all_steps = list(range(len(steps)))
        self._steps = [s for i, s in enumerate(steps) if keep is None or i in keep]
        self.asking = np.random.RandomState(rng.randint(2 ** 31 - 1))

    @property
    def start(self):
        """The values of all sources as one vector."""
        return np.concatenate([s.value.ravel() for s in self.sources])

    def nodes_of(self, flat):
        """The sources as pieces of one flat tensor."""
        sizes = [s.value.size for s in self.sources]
        pieces = [tf.reshape(p, s.shape) for p, s in zip(tf.split(flat, sizes), self.sources)]
        return [Node("x%d" % i, lambda piece=piece: piece, None) for i, piece in enumerate(pieces)]

    def variables(self):
        """The sources as a user has them: (nodes, xs, what to feed)."""
        dtype = tf.float32 if self.single else tf.float64
        nodes, xs, feed = [], [], {}
        for i, source in enumerate(self.sources):
            x, is_variable = _made("x%d" % i, source, dtype, feed)
            nodes.append(Node("x%d" % i, lambda x=x: tf.convert_to_tensor(x), x if is_variable else None))
            xs.append(x)
        return nodes, xs, feed

    def build(self, nodes, dtype, exact=False):
        """The loss. exact: casts to another precision are left out."""
        maker = Maker(dtype, exact)
        nodes, self.text, self.ops = list(nodes), [], []
        unused = list(nodes)
        with built_as(self.form):
            for seed in self._steps:
                self._step(maker, np.random.RandomState(seed), nodes, unused)
            maker.rng = np.random.RandomState(self._loss_seed)
            loss = _loss(maker, nodes, unused)
        self.rough = maker.rough
        return loss

    def _step(self, maker, rng, nodes, unused):
        name = OPS[rng.randint(len(OPS))]
        maker.rng, maker.nodes = rng, []
        for _ in range(1 + (name in BINARY)):
            pool = unused if unused and rng.uniform() < 0.6 else nodes
            maker.nodes.append(pool[rng.randint(len(pool))])
        function = BINARY[name] if name in BINARY else UNARY[name]
        inputs = [n.read() for n in maker.nodes]
        if name in random_ops.TWO_NUMBERS:
            inputs[1] = maker.fitting(*inputs)
        tensor = maker.settled(function(maker, *inputs))
        made = Node("n%d" % len(self.ops), lambda: tensor, None)
        self.ops.append(name)
        self.text.append("%s %s = %s(%s)" % (made.name, tensor.shape, name, ", ".join(
            "%s %s" % (n.name, i.shape) for n, i in zip(maker.nodes, inputs))))
        unused[:] = [n for n in unused if n not in maker.nodes] + [made]
        nodes.append(made)

    def __str__(self):
        sources = ["x%d %s %s = %s" % (i, s.kind, s.shape, s.value.tolist()) for i, s in enumerate(self.sources)]
        return "\n".join(sources + self.text + ["%s, control flow %s" % (
            "float32" if self.single else "float64", self.form)])


class Maker(object):
    """What an entry of the tables draws its shapes and constants from.

    rough: whether a value was rounded to single precision on the way.
    """

    def __init__(self, dtype, exact):
        self.dtype, self._exact, self.rough = dtype, exact, False
        self.rng, self.nodes = None, []

    def below(self, count):
        return int(self.rng.randint(count))

    def chance(self, share):
        return self.rng.uniform() < share

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def padding(self):
        return self.pick(["SAME", "VALID"])

    def numbers(self, *shape):
        return _numbers(self.rng, shape)

    def mask(self, shape):
        return tf.constant(self.rng.uniform(size=shape) < 0.5)

    def constant(self, shape):
        return tf.constant(_numbers(self.rng, shape), self.dtype)

    def resized(self, a, shape):
        """The elements of a, some left out or repeated, in another shape."""
        size, need = a.shape.num_elements(), int(np.prod(shape, dtype=int))
        flat = a if a.shape.ndims == 1 else tf.reshape(a, [-1])
        if size > need:
            start = self.below(size - need + 1)
            flat = flat[start:start + need] if self.chance(0.5) else tf.gather(flat, self.rng.permutation(size)[:need])
        elif size < need:
            times = -(-need // size)
            flat = [lambda: tf.tile(flat, [times])[:need], lambda: tf.concat([flat] * times, 0)[:need],
                    lambda: tf.gather(flat, np.arange(need) % size)][self.below(3)]()
        return tf.reshape(flat, shape)

    def matrix(self, a):
        """A matrix of two or more columns and rows."""
        return self.resized(a, self.pick([[2, 3], [3, 2], [2, 2], [2, 4], [4, 3]]))

    def vector(self, a):
        return tf.reshape(a, [-1])

    def some_rank(self, a):
        """a itself, or in another shape of one axis or more."""
        if a.shape.ndims and self.chance(0.5):
            return a
        return self.resized(a, self.pick([[3], [2, 3], [3, 2], [2, 1, 3], [1, 4], [2, 2, 2], [4]]))

    def positive(self, a):
        return self.pick([lambda: tf.nn.softplus(a) + 0.25, lambda: tf.exp(tf.tanh(a)), lambda: a * a + 0.5,
                          lambda: tf.sigmoid(a) + 0.5])()

    def unit(self, a):
        """Between -1 and 1, and away from both."""
        return self.pick([lambda: 0.8125 * tf.tanh(a), lambda: 0.75 * tf.sin(a)])()

    def cast(self, a):
        """Rounded to the other precision."""
        if self._exact:
            return a + 0
        self.rough = True
        return tf.cast(tf.cast(a, tf.float64 if self.dtype == tf.float32 else tf.float32), self.dtype)

    def rows(self, a):
        """Looked up in a variable, where the input is one."""
        if not a.shape.ndims:
            a = self.resized(a, [3, 2])
            table = a
        else:
            table = a if self.nodes[0].variable is None else self.nodes[0].variable
        ids = self.rng.randint(0, a.shape.as_list()[0], 3)
        return tf.nn.embedding_lookup(table, ids, partition_strategy="div")

    def fitting(self, a, b):
        """b, made to broadcast with a."""
        try:
            if tf.broadcast_static_shape(a.shape, b.shape).num_elements() <= 2 * MOST_ELEMENTS:
                return b
        except ValueError:
            pass
        shape = [1 if self.chance(0.4) else size for size in a.shape.as_list()]
        return self.resized(b, shape[self.below(len(shape) + 1):])

    def settled(self, a):
        """Not many elements, mostly not large."""
        while a.shape.num_elements() > MOST_ELEMENTS:
            axis, most = int(np.argmax(a.shape.as_list())), max(a.shape.as_list())
            a = tf.gather(a, [0, most - 1], axis=axis) if self.chance(0.5) else tf.reduce_mean(a, axis)
        return a if self.chance(0.6) else self.pick([tf.tanh, tf.sin, tf.asinh])(a)


def _numbers(rng, shape):
    """Between -1 and 1, at multiples of 1 / 1024: exact in both precisions."""
    return np.round(rng.uniform(-1, 1, shape) * 1024) / 1024


def _sources(rng):
    sources, count = [], SOURCES[rng.randint(len(SOURCES))]
    while len(sources) < count:
        shape = SHAPES[rng.randint(len(SHAPES))]
        value = np.asarray(_numbers(rng, shape))
        if sum(s.value.size for s in sources) + value.size > MOST_COORDINATES:
            break
        kind = KINDS[rng.randint(len(KINDS))]
        sources.append(Source(shape, "ref" if kind == "partitioned" and max(shape + (1,)) < 2 else kind, value))
    return sources


def _made(name, source, dtype, feed):
    """(a source of its kind, whether it is a variable)."""
    value = source.value.astype(dtype.as_numpy_dtype)
    if source.kind == "fed":
        x = tf.placeholder(dtype, source.shape)
        feed[x] = value
        return x, False
    if source.kind == "tensor":
        return tf.reshape(tf.constant(value.ravel()), source.shape), False
    if source.kind == "partitioned":
        axis = int(np.argmax(source.shape))

        def part(shape, dtype=None, partition_info=None):
            offset = partition_info.var_offset
            return tf.constant(value[tuple(slice(o, o + s) for o, s in zip(offset, shape))])

        return tf.get_variable(name, source.shape, dtype, part, use_resource=value.size % 2 == 0,
                               partitioner=tf.fixed_size_partitioner(2, axis=axis)), axis == 0
    return tf.get_variable(name, initializer=value, use_resource=source.kind == "resource"), True


def _loss(maker, nodes, unused):
    """Non-linear sums over all that no step has used, and a product of two nodes; a scalar or a vector."""
    terms = [_sum(maker, maker.vector(node.read())) for node in unused]
    if maker.chance(0.5):
        terms.append(tf.tanh(terms[0]) * tf.reduce_mean(nodes[maker.below(len(nodes))].read()))
    return tf.stack(terms) if maker.chance(0.2) else tf.add_n(terms)


def _sum(maker, y):
    weights = maker.constant([y.shape.num_elements()]) + 1.25
    return maker.pick([
        lambda: tf.reduce_sum(weights * tf.sin(y + 0.25)), lambda: tf.reduce_logsumexp(weights * y),
        lambda: tf.reduce_mean(weights * y * y), lambda: tf.sqrt(tf.reduce_sum(weights * y * y) + 0.25)])()
