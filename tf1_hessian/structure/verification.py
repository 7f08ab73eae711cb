"""Results that check themselves: entries of a structured diagonal against products with unit vectors, blocks times a
vector against a product, in one session call with the result, so that dropout and input are drawn once for both.
Mathematics, section 8."""
import collections

import numpy as np

from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.columns import looped_over

__all__ = ["Comparison", "ProductVerification", "VERIFY", "Verification"]

VERIFY = ("first", "always", "never")

# Of each source the largest entry, and so many at random; fewer for many sources, since each takes a product.
_AT_RANDOM = ((8, 2), (20, 1))
# The deviation that rounding may explain, as a share of the largest entry compared in a source.
_ALLOWED = {tf.float64: 1e-6, tf.float32: 1e-2}
_ALLOWED_ELSE = 5e-2

# A source whose diagonal is zero in truth comes out as the rounding of what cancels there.
_NOISE = 1e-5

Comparison = collections.namedtuple("Comparison", "source index value exact")
Comparison.__doc__ = """One entry, of the diagonal, or for a full Hessian of its product with a random vector: the name of
its source, its index there, what the plan gave, and the value by a product of its own."""


class Verification(object):
    """The comparison of some diagonals, rehearsed in the scratch graph; `lay` puts it into the user's graph."""

    def __init__(self, problem, sources, diagonals):
        self._sources = sources
        many = next((r for most, r in _AT_RANDOM if len(sources) <= most), 0)
        random = np.random.RandomState(problem.layout.n % 2 ** 32)
        picked = [_picked(d, s, random.randint(s.size, size=many)) for s, d in zip(sources, diagonals)]
        starts = np.cumsum([0] + [s.size for s in sources])
        self._each = many + 1
        self._places = tf.concat([p + int(b) for p, b in zip(picked, starts)], 0)
        self._claimed = tf.concat([tf.cast(tf.gather(tf.reshape(d, [-1]), p), tf.float64)
                                   for d, p in zip(diagonals, picked)], 0)
        gradients = [problem.gradients[problem.rows.index(s)] for s in sources]

        def exact(position):
            place = tf.gather(self._places, position)
            seeds = [tf.reshape(tf.one_hot(place - int(b), s.size, dtype=s.dtype), s.shape)
                     for s, b in zip(sources, starts)]
            found = products.product(gradients, sources, seeds, sources)
            parts = [tf.cast(tf.reduce_sum(f * v), tf.float64) for f, v in zip(found, seeds) if f is not None]
            return tf.add_n(parts) if parts else tf.zeros([], tf.float64)

        self._exact = looped_over(exact)

    def lay(self, emission, plan):
        """A LaidCheck in the default graph; plan: its text, for errors."""
        places, claimed = emission.emit([self._places, self._claimed])
        exact = self._exact.lay(emission, self._each * len(self._sources))[0]
        return LaidCheck([places, claimed, exact], self._sources, self._each, plan)


class ProductVerification(object):
    """The comparison of blocks: their product with a random vector against the product with the Hessian. An entry that
    is wrong shows there."""

    def __init__(self, problem, sources, blocks):
        self._sources = sources
        random = np.random.RandomState(problem.layout.n % 2 ** 32)
        vectors = [tf.constant(random.uniform(0.5, 1, s.size) * random.choice([-1, 1], s.size), s.dtype)
                   for s in sources]
        claimed = [self._claimed(row, vectors, blocks) for row in sources]
        gradients = [problem.gradients[problem.rows.index(s)] for s in sources]
        seeds = [tf.reshape(v, s.shape) for v, s in zip(vectors, sources)]
        if problem.quantity == "full":
            exact = products.product(gradients, sources, seeds, sources)
        else:
            exact = [products.product([g], [s], [v], [s])[0] for g, s, v in zip(gradients, sources, seeds)]
        exact = [tf.zeros([s.size], s.dtype) if e is None else tf.reshape(e, [s.size]) for s, e in zip(sources, exact)]
        picked = [_telling(c, e) for c, e in zip(claimed, exact)]
        starts = np.cumsum([0] + [s.size for s in sources])
        self._fetches = [tf.concat([p + int(b) for p, b in zip(picked, starts)], 0)] + [
            tf.concat([tf.cast(tf.gather(v, p), tf.float64) for v, p in zip(vector, picked)], 0)
            for vector in (claimed, exact)]

    def _claimed(self, row, vectors, blocks):
        parts = []
        for col, vector in zip(self._sources, vectors):
            block, is_turned = blocks.get((row, col)), False
            if block is None:
                block, is_turned = blocks.get((col, row)), True
            if block is not None:
                parts.append(tf.matmul(block, vector[:, None], transpose_a=is_turned)[:, 0])
        return tf.add_n(parts) if parts else tf.zeros([row.size], row.dtype)

    def lay(self, emission, plan):
        """A LaidCheck in the default graph; plan: its text, for errors."""
        return LaidCheck(emission.emit(self._fetches), self._sources, _TELLING, plan)


class LaidCheck(object):
    """What is fetched with a result, and the verdict on it."""

    def __init__(self, fetches, sources, each, plan):
        self.fetches, self._sources, self._each, self._plan = fetches, sources, each, plan

    def judge(self, values):
        """The Comparisons. Raises VerificationError where one is off by more than rounding explains."""
        places, claimed, exact = (np.reshape(v, [len(self._sources), self._each]) for v in values)
        found, start, largest = [], 0, np.nanmax(np.abs([claimed, exact]))
        for source, where, got, true in zip(self._sources, places, claimed, exact):
            found += self._compared(source, where - start, got, true, largest)
            start += source.size
        return found

    def _compared(self, source, places, got, true, largest_of_all):
        shape = [int(d) for d in source.shape.as_list()]
        found = [Comparison(source.name, tuple(int(i) for i in np.unravel_index(p, shape)) if shape else (), float(g),
                            float(t)) for p, g, t in zip(places, got, true)]
        largest = np.max(np.abs([got, true]))
        share = _ALLOWED.get(source.dtype, _ALLOWED_ELSE)
        allowed = share * (largest + _NOISE * largest_of_all)
        for comparison, off in zip(found, np.abs(got - true)):
            both_nan = np.isnan(comparison.value) and np.isnan(comparison.exact)
            if not (off <= allowed or both_nan or comparison.value == comparison.exact):
                raise errors.not_verified(comparison, self._plan)
        return found


_TELLING = 3


def _telling(claimed, exact):
    """The places where two vectors differ most, and where each is largest."""
    found = [tf.argmax(tf.abs(v), output_type=tf.int32) for v in (claimed - exact, claimed, exact)]
    return tf.stack(found)


def _picked(diagonal, source, at_random):
    """The place of the largest entry and some others, in a source's flat vector."""
    largest = tf.argmax(tf.abs(tf.reshape(diagonal, [-1])), output_type=tf.int32)
    return tf.concat([[largest], tf.constant(at_random, tf.int32)], 0)
