"""Loss, gradient and products with the Hessian as tensors of one flat vector in float64, laid once a graph."""
import numpy as np

from tf1_hessian import _compat, api, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.graph import built
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.precision import check_precision, in_double
from tf1_hessian.graph.regions import may_be_unsymmetric
from tf1_hessian.graph.scratch import Scratch, key
from tf1_hessian.graph.sources import anchors_of, check_real, resolve_losses, resolve_sources
from tf1_hessian.problem import path_between, refuse_eager

__all__ = ["FlatLoss", "vector_of"]

_EPS = {"float64": 2.0 ** -52, "float32": 2.0 ** -23, "float16": 2.0 ** -10, "bfloat16": 2.0 ** -7}


class FlatLoss(object):
    """A loss, and the layout of its sources in the flat vector: list order, C order inside; all results are float64.

    layout: gives n, and packs what is cut. eps: the relative rounding error of what is computed. may_be_unsymmetric:
    whether a gradient that users define may be on the path. Raises what th.hvp raises, and ValueError for a source that
    is computed from another one, or is asked for twice.
    """

    def __init__(self, call, loss, xs, precision):
        refuse_eager(call)
        check_precision(precision)
        self.losses = resolve_losses(loss)
        self.graph, self._precision = self.losses[0].graph, precision
        self.layout = Layout(xs, resolve_sources(xs, self.graph))
        sources = self.layout.sources
        if not self.layout.n:
            raise errors.bad_option("xs", xs, "at least one source with elements")
        check_real(sources)
        path = path_between(self.losses, sources)
        _check_apart(sources)
        self.may_be_unsymmetric = may_be_unsymmetric(path.ops)
        dtypes = [s.dtype for s in sources] + [t.dtype.base_dtype for t in self.losses]
        self.eps = max(_EPS[tf.as_dtype(d if precision is None else precision).name] for d in dtypes)
        self._question = (tuple(key(t) for t in self.losses), tuple(key(a) for a in anchors_of(sources)), precision)

    def _laid(self, name, build):
        def anew():
            if self.graph.finalized:
                raise errors.finalized()
            return build()
        return built.remembered(self.graph, (name,) + self._question, anew)

    def value_and_gradient(self):
        """(the loss, summed, as a scalar; its gradient [n])."""
        return self._laid("flat_gradient", lambda: self._emitted("flat_gradient", self._first_order, None))

    def hessian(self):
        """The blocks of th.hessian, row by row, as a flat list of tensors; all checks of th.hessian belong to them."""
        def build():
            xs = _compat.flatten(self.layout.xs)
            return _compat.flatten(api.hessian(self.losses, xs, precision=self._precision))
        return self._laid("flat_hessian", build)

    def product(self):
        """(a placeholder [n], the Hessian times what is fed there [n])."""
        return self._laid("flat_product", self._with_placeholder)

    def _with_placeholder(self):
        return self._emitted("flat_product", self._second_order, self.layout.n)

    def _emitted(self, name, compute, given):
        """What compute gives in a scratch graph, in the user's; it raises before that gets an op."""
        scratch = Scratch(self.graph)
        with scratch.as_default():
            losses, sources = self.losses, list(self.layout.sources)
            if self._precision is not None:
                losses, sources, _ = in_double(losses, sources)
            stand_in = None if given is None else tf.placeholder(tf.float64, [given])
            found = compute(losses, sources, stand_in)
        with self.graph.as_default(), tf.name_scope(name):
            emission = Emission.of_scratch(scratch)
            if given is None:
                return emission.emit(found)
            vector = tf.placeholder(tf.float64, [given], "vector")
            return [vector] + emission.inside({key(stand_in): vector}, emission.copies).emit(found)

    def _first_order(self, losses, sources, _):
        gradient = products.gradients_of(losses, sources)
        value = tf.add_n([tf.reduce_sum(tf.cast(loss, tf.float64)) for loss in losses])
        return [value, self._joined([s.join(g) for s, g in zip(sources, gradient)])]

    def _second_order(self, losses, sources, vector):
        vectors = [tf.cast(v, s.dtype) for v, s in zip(self._cut(vector), sources)]
        return [self._joined(products.product(products.gradients_of(losses, sources), sources, vectors, sources))]

    def _joined(self, tensors):
        sources = self.layout.sources
        flat = [tf.zeros([s.size], tf.float64) if t is None else tf.reshape(tf.cast(t, tf.float64), [s.size])
                for t, s in zip(tensors, sources)]
        return tf.concat(flat, 0)

    def _cut(self, vector):
        """A tensor [n] as one of each source's shape."""
        pieces = tf.split(vector, self.layout.sizes)
        return [tf.reshape(p, s.shape) for p, s in zip(pieces, self.layout.sources)]

    def present(self):
        """A tensor [n]: the values that the sources have now; those of tensors as they are fed or computed."""
        def build():
            with self.graph.as_default(), tf.name_scope("flat_values"):
                return self._joined([s.join(s.values()) for s in self.layout.sources])
        return self._laid("flat_values", build)

    def writing(self):
        """(a placeholder [n], an op that writes it into those sources that are variables), or None where none is."""
        def build():
            with self.graph.as_default(), tf.name_scope("flat_assign"):
                vector = tf.placeholder(tf.float64, [self.layout.n], "vector")
                writes = []
                for piece, source in zip(self._cut(vector), self.layout.sources):
                    for anchor, part in zip(source.anchors, source.split(piece)):
                        if is_variable(anchor):
                            writes.append(_compat.assign_variable(anchor, tf.cast(part, source.dtype)))
                return vector, tf.group(*writes)
        if not any(is_variable(s.anchors[0]) for s in self.layout.sources):
            return None
        return self._laid("flat_assign", build)

    def fed(self, vector):
        """{tensor: array} for those sources that are tensors."""
        return {s.anchors[0]: v for s, v in zip(self.layout.sources, self.cut(vector)) if not is_variable(s.anchors[0])}

    def cut(self, vector):
        """An array [n] as a list of one for each source, in its shape."""
        pieces = np.split(np.asarray(vector), np.cumsum(self.layout.sizes)[:-1])
        return [p.reshape(s.shape.as_list()) for p, s in zip(pieces, self.layout.sources)]

    def unpack(self, vector):
        """An array [n] as arrays in the structure of xs."""
        return self.layout.pack(self.cut(vector_of("the vector", vector, self.layout.n)))

    def pack(self, what, values):
        """Arrays or numbers in the structure of xs, each broadcast to its source's shape, as an array [n]."""
        try:
            _compat.assert_same_structure(self.layout.xs, values)
            return np.concatenate([np.broadcast_to(np.asarray(v, np.float64), s.shape.as_list()).ravel()
                                   for v, s in zip(_compat.flatten(values), self.layout.sources)])
        except (TypeError, ValueError) as error:
            raise errors.bad_option(
                what, values, "numbers or arrays in the structure of xs, of their shapes") from error

    def label(self, index):
        """What an element of the flat vector is called: 'w:0[2, 1]'."""
        ends = np.cumsum(self.layout.sizes)
        at = int(np.searchsorted(ends, index, side="right"))
        source = self.layout.sources[at]
        place = np.unravel_index(index - (ends[at] - source.size), source.shape.as_list()) if source.shape.ndims else ()
        return "%s%s" % (source.name, [int(p) for p in place] if place else "")


def is_variable(anchor):
    """Whether an anchor is a variable's handle or reference, not a tensor, which is fed."""
    return anchor.dtype == tf.resource or anchor.dtype != anchor.dtype.base_dtype


def vector_of(what, values, n):
    """A real array [n] in float64, the caller's or a copy. Raises ValueError for another shape, NaN or infinity."""
    found = np.asarray(values)
    if found.shape != (n,) or found.dtype.kind not in "biuf":
        raise errors.bad_option(what, "%s %s" % (found.dtype, list(found.shape)), "an array of %d real numbers" % n)
    if not np.all(np.isfinite(found)):
        raise ValueError("%s holds %d numbers that are not finite." % (what, int(np.sum(~np.isfinite(found)))))
    return found.astype(np.float64, copy=False)


def _check_apart(sources):
    anchors = [key(a) for a in anchors_of(sources)]
    for source in sources:
        if any(anchors.count(key(a)) > 1 for a in source.anchors):
            raise ValueError("'%s' is among the xs twice, and has one value." % source.name)
    for inner in sources:
        for outer in sources:
            if inner is not outer and find_path(inner.anchors, outer.anchors).ops:
                raise errors.upstream(inner.name, outer.name)
