"""Results that check themselves: entries of a structured diagonal against products with unit vectors, blocks times a
vector against a product, in one session call with the result, so that dropout and input are drawn once for both.
Mathematics, section 8."""
import collections

import numpy as np

from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.columns import looped_over

__all__ = ["Comparison", "ExampleVerification", "ProductVerification", "VERIFY", "Verification", "allowed",
           "largest_finite"]

VERIFY = ("first", "always", "never")

# Of each source the largest entry, and so many at random; fewer for many sources, since each takes a product.
_AT_RANDOM = ((8, 2), (20, 1))
# The deviation that rounding may explain, as a share of the largest entry compared in a source.
_ALLOWED = {tf.float64: 1e-6, tf.float32: 1e-2}
_ALLOWED_ELSE = 5e-2

# A source whose diagonal is zero in truth comes out as the rounding of what cancels there.
_NOISE = 1e-5

Comparison = collections.namedtuple("Comparison", "source index value exact")
Comparison.__doc__ = """One entry of the diagonal, or for a full Hessian of its product with a random vector: the name
of its source, its index there, what the plan gave, and the value by a product of its own."""


def allowed(dtype, largest, largest_of_all):
    """The deviation that rounding may explain, by the largest values compared in a source and in all."""
    return _ALLOWED.get(dtype, _ALLOWED_ELSE) * (largest + _NOISE * largest_of_all)


def largest_finite(values):
    """The largest magnitude among numbers, of those that are finite; 0 where none is."""
    return np.abs(np.where(np.isfinite(values), values, 0)).max(initial=0)


def _agree(value, exact, limit):
    """Whether two numbers are the same but for rounding; NaN and NaN are, which the result shows."""
    if np.isfinite(value) and np.isfinite(exact):
        return abs(value - exact) <= limit
    return value == exact or bool(np.isnan(value) and np.isnan(exact))


class Verification(object):
    """The comparison of some diagonals, rehearsed in the scratch graph; `lay` puts it into the user's graph."""

    def __init__(self, problem, sources, diagonals):
        self._problem, self._sources = problem, sources
        many = next((r for most, r in _AT_RANDOM if len(sources) <= most), 0)
        random = np.random.RandomState(problem.layout.n % 2 ** 32)
        found = [self._picked(d, s, random.randint(s.size, size=many)) for s, d in zip(sources, diagonals)]
        self._starts = np.cumsum([0] + [s.size for s in sources])
        self._each = many + 1
        self._places = tf.concat([places + int(b) for (places, _), b in zip(found, self._starts)], 0)
        self._claimed = tf.concat([tf.cast(claimed, tf.float64) for _, claimed in found], 0)
        self._exact = looped_over(self._exact_at)

    def _picked(self, diagonal, source, at_random):
        """(the places of the largest entry and some others in a source's flat vector, what is claimed there)."""
        flat = tf.reshape(source.zeros() if diagonal is None else diagonal, [-1])
        places = tf.concat([[tf.argmax(tf.abs(flat), output_type=tf.int32)], tf.constant(at_random, tf.int32)], 0)
        return places, tf.gather(flat, places)

    def _gradients(self, position):
        return [self._problem.gradients[self._problem.rows.index(s)] for s in self._sources]

    def _exact_at(self, position):
        place = tf.gather(self._places, position)
        seeds = [tf.reshape(tf.one_hot(place - int(b), s.size, dtype=s.dtype), s.shape)
                 for s, b in zip(self._sources, self._starts)]
        found = products.product(self._gradients(position), self._sources, seeds, self._sources)
        parts = [tf.cast(tf.reduce_sum(f * v), tf.float64) for f, v in zip(found, seeds) if f is not None]
        return tf.add_n(parts) if parts else tf.zeros([], tf.float64)

    def lay(self, emission, plan):
        """A LaidCheck in the default graph; plan: its text, for errors."""
        fetches = emission.emit([self._places, self._claimed])
        fetches.append(self._exact.lay(emission, self._each * len(self._sources))[0])
        return LaidCheck(fetches, self._sources, self._each, plan)


class ExampleVerification(Verification):
    """The same for diagonals of each example: entries of some examples against the gradient of their losses alone."""

    def __init__(self, problem, sources, diagonals):
        self._count, self._examples = tf.shape(problem.losses[0])[0], []
        super(ExampleVerification, self).__init__(problem, sources, diagonals)
        self._all_examples = tf.concat(self._examples, 0)

    def _picked(self, diagonal, source, at_random):
        flat = tf.zeros([self._count, source.size], source.dtype) if diagonal is None else tf.reshape(
            diagonal, [self._count, source.size])
        largest = tf.argmax(tf.reduce_max(tf.abs(flat), 1), output_type=tf.int32)
        place = tf.argmax(tf.abs(tf.gather(flat, largest)), output_type=tf.int32)
        drawn = np.random.RandomState(source.size % 2 ** 32).randint(2 ** 31 - 1, size=len(at_random))
        self._examples.append(tf.concat([[largest], tf.constant(drawn, tf.int32) % self._count], 0))
        places = tf.concat([[place], tf.constant(at_random, tf.int32)], 0)
        return places, tf.gather_nd(flat, tf.stack([self._examples[-1], places], 1))

    def _gradients(self, position):
        losses = self._problem.losses
        example = tf.gather(tf.concat(self._examples, 0), position)
        seed = tf.one_hot(example, self._count, dtype=losses[0].dtype)
        return products.gradients_of(losses, self._sources, weights=[seed])

    def lay(self, emission, plan):
        """A LaidCheck that knows the examples as well."""
        check = super(ExampleVerification, self).lay(emission, plan)
        check.fetches += emission.emit([self._all_examples])
        return check


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
        """The Comparisons. Raises VerificationError where one is off by more than rounding explains, or where one of
        the two numbers alone is not finite."""
        values = [np.reshape(v, [len(self._sources), self._each]) for v in values]
        places, claimed, exact = values[:3]
        examples = values[3][..., None] if len(values) > 3 else np.zeros([len(self._sources), self._each, 0], int)
        found, start, largest = [], 0, largest_finite([claimed, exact])
        for source, first, where, got, true in zip(self._sources, examples, places, claimed, exact):
            found += self._compared(source, first, where - start, got, true, largest)
            start += source.size
        return found

    def _compared(self, source, first, places, got, true, largest_of_all):
        shape = [int(d) for d in source.shape.as_list()]
        found = [Comparison(source.name, tuple(int(i) for i in f) + _index(p, shape), float(g), float(t))
                 for f, p, g, t in zip(first, places, got, true)]
        limit = allowed(source.dtype, largest_finite([got, true]), largest_of_all)
        for comparison in found:
            if not _agree(comparison.value, comparison.exact, limit):
                is_finite = np.all(np.isfinite([comparison.value, comparison.exact]))
                raise (errors.not_verified if is_finite else errors.not_finite)(comparison, self._plan)
        return found


_TELLING = 3


def _telling(claimed, exact):
    """The places where two vectors differ most, and where each is largest."""
    found = [tf.argmax(tf.abs(v), output_type=tf.int32) for v in (claimed - exact, claimed, exact)]
    return tf.stack(found)


def _index(place, shape):
    return tuple(int(i) for i in np.unravel_index(place, shape)) if shape else ()
