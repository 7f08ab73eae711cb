"""Sparse Hessians: their patterns on the graph, and columns added up by colours, which check themselves."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products, repairs, zeros
from tf1_hessian.derivatives.compressed import Compressed
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.flow import Flow
from tf1_hessian.graph.regions import inner_ops
from tf1_hessian.problem import path_between
from tf1_hessian.separated import copies_of
from tf1_hessian.sparsity import refusals
from tf1_hessian.sparsity.coloring import Coloring
from tf1_hessian.sparsity.detection import detect
from tf1_hessian.sparsity.pattern import SparsityPattern
from tf1_hessian.sparsity.recovery import places_of_diagonal, places_of_entries
from tf1_hessian.sparsity.result import SparseHessian
from tf1_hessian.structure.verification import Comparison, allowed

__all__ = ["detected", "diagonal_by_colors", "hessian_by_colors"]

# Looking for a pattern takes time, so that there must be something to gain, and it ends after so many seconds.
_WORTH_LOOKING = 64
_SECONDS = 5
# Columns by colours must be fewer than this share of one for each element.
_WORTHWHILE = 0.5
# More colours than this, and copies of the elements are tried; they are taken for this share of the columns.
_FEW_COLORS = 8
_WORTH_COPYING = 0.5
# Rounding that is left where larger numbers cancel, as a share of these.
_NOISE, _NOISE_ELSE = {tf.float64: 1e-11, tf.float32: 1e-4}, 1e-2


def detected(losses, sources, given=None, max_seconds=None, most=None):
    """The SparsityPattern over sources, in their order, of the Hessian of the sum of losses. Raises as detect."""
    path = path_between(losses, sources)
    closed = control_flow.custom_gradients([inner for op in path.ops for inner in [op] + list(inner_ops(op))])
    if closed:
        raise refusals.closed_over(closed[0])
    return detect(_flow(path), sources, given, max_seconds, most)


def _flow(path):
    return Flow(path, lambda op: zeros.is_zero(op) and not repairs.is_moment_mean(op))


def _copies(problem, indices, coloring, max_seconds):
    """Copies of the elements that take far fewer columns than a colouring, or None."""
    if coloring.number <= _FEW_COLORS or problem.precision is not None:
        return None
    losses, sources = problem.asked[0], [problem.asked[1][i] for i in indices]
    try:
        copies = copies_of(lambda xs: _flow(path_between(losses, xs)), sources,
                           _WORTH_COPYING * coloring.number, max_seconds)
    except ValueError:
        return None
    return copies if copies and (coloring.kind == "distance1" or coloring.is_valid_for(copies.pattern)) else None


def diagonal_by_colors(problem, indices, size, verified, is_forced):
    """The ColoredDiagonal of some sources; None where there is little to gain. Raises ValueError where it is refused.

    is_forced: whatever it costs.
    """
    many = sum(problem.rows[i].size for i in indices)
    if problem.per_example:
        if is_forced:
            raise errors.engine_does_not_fit("colored", "colours are of one loss, and per_example=True asks for many")
        return None
    if not is_forced and many < _WORTH_LOOKING:
        return None
    limits = (None, None) if is_forced else (_SECONDS, _WORTHWHILE * many)
    _, coloring = _colored_for(problem, indices, "distance1", None, None, *limits)
    copies = _copies(problem, indices, coloring, _SECONDS)
    if copies:
        return DiagonalOfCopies(problem, indices, copies, size, verified)
    if not is_forced and coloring.number > _WORTHWHILE * many:
        raise errors.engine_does_not_fit("colored", "%s take %s" % (
            errors.counted(many, "element"), errors.counted(coloring.number, "colour")))
    return ColoredDiagonal(problem, indices, coloring, size, verified)


def hessian_by_colors(problem, size, verified, pattern=None, coloring=None, max_seconds=None):
    """The ColoredHessian over all sources. Raises ValueError where there is none, or where what is given is wrong."""
    indices, is_given = range(len(problem.rows)), pattern is not None or coloring is not None
    pattern, coloring = _colored_for(problem, indices, "star", pattern, coloring, max_seconds)
    copies = None if is_given else _copies(problem, indices, coloring, max_seconds)
    return ColoredHessian(problem, indices, pattern, coloring, copies, size, verified)


def _colored_for(problem, indices, kind, pattern=None, coloring=None, max_seconds=None, most=None):
    """(pattern, Coloring) over some sources of a problem, those given checked. Raises ValueError where they are wrong,
    or none is found."""
    if not problem.symmetric:
        raise errors.engine_does_not_fit("colored", "a gradient that users define lies between, so that the Hessian "
                                         "may be unsymmetric")
    sources = [problem.asked[1][i] for i in indices]
    n = sum(s.size for s in sources)
    if pattern is None:
        pattern = detected(problem.asked[0], sources, None, max_seconds, most)
    pattern = SparsityPattern.of_size(pattern, n)
    if coloring is None:
        shape = sources[0].shape.as_list() if len(sources) == 1 else None
        return pattern, Coloring.of(pattern, kind, shape=shape)
    if not isinstance(coloring, Coloring) or coloring.kind != kind or not coloring.is_valid_for(pattern):
        raise errors.bad_option("coloring", coloring, "a Coloring of kind %r of %r" % (kind, pattern))
    return pattern, coloring


class _Colored(object):
    """Columns of some sources by colours, rehearsed in the scratch graph."""

    def __init__(self, problem, indices, coloring, size):
        self._problem, self.coloring = problem, coloring
        self.sources = [problem.rows[i] for i in indices]
        self._gradients = [problem.gradients[i] for i in indices]
        self._starts = np.cumsum([0] + [s.size for s in self.sources])
        self.columns = self._compressed(size)

    @property
    def reason(self):
        """How the columns were found, for the plan."""
        return "the graph tells which elements meet: %s" % self.coloring

    def _compressed(self, size, weights=None):
        return Compressed(self._gradients, self.sources, self._split(self.coloring.colors), self.coloring.number,
                          weights, size, self._problem.options, parts=len(self._problem.devices))

    def _split(self, values):
        return np.split(values, self._starts[1:-1])

    def _weights(self):
        """Numbers of either sign and about the same size, one for each element."""
        random, n = np.random.RandomState(self._starts[-1] % 2 ** 32), self._starts[-1]
        return random.uniform(0.5, 1, n) * random.choice([-1.0, 1.0], n)


class ColoredDiagonal(_Colored):
    """The diagonals of some sources from columns by a distance-1 colouring.

    Checked by the same columns with random weights in their seeds: an entry that the pattern misses shows there.
    """

    def __init__(self, problem, indices, coloring, size, verified):
        super(ColoredDiagonal, self).__init__(problem, indices, coloring, size)
        self._again = [self._compressed(size, self._split(self._weights()))] if verified else []
        self._laid = None, None
        self.parts = [_Part(self, k) for k in range(len(self.sources))]

    def lay(self, emission):
        """The diagonals in the default graph, flat, one for each source; laid once for each emission."""
        if self._laid[0] is not emission:
            self._laid = emission, self._diagonals(self.columns.lay(emission))
        return self._laid[1]

    def _diagonals(self, rows):
        places = [tf.constant(places_of_diagonal(c)) for c in self._split(self.coloring.colors)]
        return [None if r is None else tf.gather(tf.reshape(r, [-1]), p) for r, p in zip(rows, places)]

    def check(self, emission, plan):
        """A check of what was laid, in the default graph; plan: its text, for errors."""
        rows, = [again.lay(emission) for again in self._again]
        weights = [tf.constant(w, s.dtype) for w, s in zip(self._split(self._weights()), self.sources)]
        found = [(s, claimed, weighted / w, tf.reduce_max(tf.abs(r))) for s, claimed, weighted, w, r in zip(
            self.sources, self.lay(emission), self._diagonals(rows), weights, rows) if r is not None]
        sources, claimed, exact, scales = zip(*found) if found else ((), (), (), ())
        return _Check(sources, [list(claimed), list(exact), list(scales)], plan, lambda values: values)


class _Part(object):
    """The diagonal of one source among those that share columns."""

    def __init__(self, colored, index):
        self._colored, self._index = colored, index
        self.size, self.needed = colored.columns.size, colored.columns.needed

    def lay(self, emission, count):
        """The diagonal in the default graph."""
        return [self._colored.lay(emission)[self._index]]


class ColoredHessian(_Colored):
    """All entries of a pattern from columns by a star colouring, of the elements or of copies of them.

    Checked by the product with a random vector: an entry that the pattern misses shows there.
    """

    def __init__(self, problem, indices, pattern, coloring, copies, size, verified):
        self.pattern, self._copies = copies.pattern if copies else pattern, copies
        super(ColoredHessian, self).__init__(problem, indices, coloring, size)
        self._exact = self._product() if verified else None

    @property
    def reason(self):
        """As in the diagonal; copies of elements where these are differentiated."""
        if self._copies:
            return "the loss reads %s" % self._copies
        return super(ColoredHessian, self).reason

    def _compressed(self, size, weights=None):
        if self._copies:
            return self._copies.columns(self._problem.losses, size, self._problem.options, len(self._problem.devices))
        return super(ColoredHessian, self)._compressed(size, weights)

    def _product(self):
        vectors = self._split(self._weights())
        seeds = [tf.constant(v.reshape(s.shape.as_list()), s.dtype) for s, v in zip(self.sources, vectors)]
        found = products.product(self._gradients, self.sources, seeds, self.sources, self._problem.options)
        return [tf.zeros([s.size], s.dtype) if f is None else tf.reshape(f, [s.size])
                for s, f in zip(self.sources, found)]

    def lay(self, emission):
        """The SparseHessian in the default graph."""
        rows = self.columns.lay(emission)
        if self._copies:
            return SparseHessian(self._copies.entries(rows), self.pattern, self.coloring, self.columns.columns)
        rows = [tf.zeros([self.coloring.number, s.size], s.dtype) if r is None else r
                for s, r in zip(self.sources, rows)]
        places = tf.constant(places_of_entries(self.pattern, self.coloring))
        values = tf.gather(tf.reshape(tf.concat(rows, 1), [-1]), places, name="values")
        return SparseHessian(values, self.pattern, self.coloring, self.columns.columns)

    def check(self, emission, plan, laid):
        """A check of the SparseHessian that was laid; plan: its text, for errors."""
        vector = self._weights()

        def compared(values):
            claimed = laid.evaluated(np.asarray(values[0], np.float64)).dot(vector)
            return [self._split(claimed), values[1], [np.max(np.abs(np.append(values[0], 0)))] * len(self.sources)]

        return _Check(self.sources, [laid.values, emission.emit(self._exact)], plan, compared)


class DiagonalOfCopies(ColoredHessian):
    """The diagonals of some sources from columns over copies of their elements, checked as all entries are."""

    def __init__(self, problem, indices, copies, size, verified):
        super(DiagonalOfCopies, self).__init__(problem, indices, None, copies.coloring, copies, size, verified)
        self._laid = None, None, None
        self.parts = [_Part(self, k) for k in range(len(self.sources))]

    def lay(self, emission):
        """As in ColoredDiagonal."""
        if self._laid[0] is not emission:
            hessian = super(DiagonalOfCopies, self).lay(emission)
            self._laid = emission, hessian, self._diagonals(hessian)
        return self._laid[2]

    def _diagonals(self, hessian):
        entries = np.flatnonzero(self.pattern.rows == self.pattern.cols)
        found = tf.scatter_nd(tf.constant(self.pattern.rows[entries][:, None]), tf.gather(hessian.values, entries),
                              [self.pattern.n])
        return [found[int(a):int(b)] for a, b in zip(self._starts, self._starts[1:])]

    def check(self, emission, plan, laid=None):
        """As of all entries."""
        self.lay(emission)
        return super(DiagonalOfCopies, self).check(emission, plan, self._laid[1])


class _Check(object):
    """What is fetched with a result, and the verdict on it.

    compared: gives (claimed, exact, scale) of the fetched values, each a list with one item a source: two arrays, and
    the largest number that went into them. What is not finite in a result is seen without a check.
    """

    def __init__(self, sources, fetches, plan, compared):
        self.fetches, self._sources, self._plan, self._compared = fetches, sources, plan, compared

    def judge(self, values):
        """Comparisons at the places that tell most. Raises VerificationError where one is off."""
        claimed, exact, scales = self._compared(values)
        scale = np.max([0.0] + [s for s in scales if np.isfinite(s)])
        return [c for s, got, true in zip(self._sources, claimed, exact) if np.size(got)
                for c in self._at(s, np.asarray(got, np.float64), np.asarray(true, np.float64), scale)]

    def _at(self, source, got, true, scale):
        told = np.isfinite(got) & np.isfinite(true)
        size = np.where(told, np.abs(true), 0)
        off = np.abs(np.where(told, got, 0) - np.where(told, true, 0))
        places = [int(np.argmax(v)) for v in (off, size)]
        found = [_comparison(source, p, got, true) for p in places]
        hidden = np.isfinite(got) & ~told
        if np.any(hidden):
            raise errors.not_finite(_comparison(source, int(np.argmax(hidden)), got, true), self._plan)
        if off[places[0]] > allowed(source.dtype, size[places[1]], 0) + _NOISE.get(source.dtype, _NOISE_ELSE) * scale:
            raise refusals.pattern_misses(found[0], self._plan)
        return found


def _comparison(source, place, got, true):
    index = np.unravel_index(place, source.shape.as_list())
    return Comparison(source.name, tuple(int(i) for i in index), float(got[place]), float(true[place]))
