"""The public calls that need no plan: gradients, products with vectors, rewritten losses; each rehearsed in a scratch
graph before the user's graph gets an op."""
import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.graph import slices
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.precision import check_precision, in_double
from tf1_hessian.graph.scratch import Scratch, key
from tf1_hessian.graph.sources import anchors_of, check_real, resolve_losses, resolve_sources, resolve_tensor
from tf1_hessian.problem import path_between, refuse_eager
from tf1_hessian.recording import recorded

__all__ = ["gradients", "hvp", "rewrite", "rewrite_on_slices"]


@_compat.unconverted
def hvp(loss, xs, vectors, name=None, *, precision=None):
    """The product of the Hessian over all xs with one vector: tensors in the structure of xs.

    vectors: tensors or arrays in the structure of xs, of their shapes. They are held constant. precision and errors as
    in `hessian_diag`; unknown sizes are fine.
    """
    refuse_eager("hvp")
    check_precision(precision)
    losses = resolve_losses(loss)
    graph = losses[0].graph
    sources = resolve_sources(xs, graph)
    check_real(sources)
    path_between(losses, sources)
    dtypes = [s.dtype if precision is None else tf.as_dtype(precision) for s in sources]
    vectors = [_fitting(v, s, graph, d) for v, s, d in zip(_matching(vectors, xs, "vectors"), sources, dtypes)]
    rehearsal = _Rehearsal(graph)
    with rehearsal.scratch.as_default():
        if precision is not None:
            losses, sources, _ = in_double(losses, sources)
        given = [rehearsal.stand_in(v, s.dtype, s.shape) for v, s in zip(vectors, sources)]
        gradient = products.gradients_of(losses, sources)
        found = products.product(gradient, sources, given, sources)
    with graph.as_default(), tf.name_scope(name or "hvp"):
        return _compat.pack_sequence(xs, _filled(rehearsal.emit(found), sources))


@_compat.unconverted
def gradients(ys, xs, grad_ys=None, stop_gradients=None, name=None):
    """Like tf.gradients: a list with d(sum of ys)/dx for each x, but audited.

    Dense tensors, never None: zeros of x's shape and dtype where the graph proves zero, LostDerivativeError where
    TensorFlow would lose the dependence in silence, NoDerivativeError where it has no gradient.
    """
    refuse_eager("gradients")
    ys = [resolve_tensor(y, tf.get_default_graph()) for y in _as_list(ys)]
    if not ys:
        raise errors.bad_option("ys", ys, "at least one tensor")
    graph = ys[0].graph
    targets, sources = resolve_sources(ys, graph), resolve_sources(xs, graph)
    weights = [None] * len(ys) if grad_ys is None else _as_list(grad_ys)
    if len(weights) != len(ys):
        raise errors.bad_option("grad_ys", grad_ys, "one for each of the %d ys" % len(ys))
    weights = [None if w is None else _fitting(w, t, graph) for w, t in zip(weights, targets)]
    stopped = anchors_of(resolve_sources(_as_list(stop_gradients), graph))
    rehearsal = _Rehearsal(graph)
    with rehearsal.scratch.as_default():
        given = [rehearsal.stand_in(w, t.dtype, t.shape) for w, t in zip(weights, targets)]
        ys = [y if isinstance(y, tf.Tensor) else t.join(t.values()) for y, t in zip(ys, targets)]
        found = iter(backprop(ys, anchors_of(sources), given, stopped, Options(second=False)))
        found = [s.join([next(found) for _ in s.anchors]) for s in sources]
    with graph.as_default(), tf.name_scope(name or "gradients"):
        return _filled(rehearsal.emit(found), sources)


@_compat.unconverted
def rewrite(loss, replacements, name=None):
    """The loss re-emitted with tensors or variables replaced: `th.rewrite(loss, {x: new_x, ...})`, or a list of pairs.

    Only ops on the floating-point path from what is replaced to the loss are made anew; everything else (random ops,
    iterators, masks, shapes) is shared. Every read of a variable is replaced. Replacements have the dtype and a
    compatible shape. Copies of ops with a tf.custom_gradient refuse to be differentiated: its closure holds the
    tensors of the original. Raises ValueError where the loss does not depend on what is replaced, and for another
    dtype or shape.
    """
    refuse_eager("rewrite")
    loss = resolve_tensor(loss, tf.get_default_graph())
    pairs = list(replacements.items()) if isinstance(replacements, dict) else list(replacements)
    sources = resolve_sources([x for x, _ in pairs], loss.graph)
    path_between([loss], sources)
    values = [_fitting(v, s, loss.graph) for (_, v), s in zip(pairs, sources)]
    rehearsal = _Rehearsal(loss.graph)
    with rehearsal.scratch.as_default():
        given = {}
        for source, value in zip(sources, values):
            parts = source.split(rehearsal.stand_in(value, source.dtype, source.shape))
            given.update((key(a), p) for a, p in zip(source.anchors, parts))
        found = slices.replace([loss], anchors_of(sources), given)
    with loss.graph.as_default(), tf.name_scope(name or "rewrite"):
        return rehearsal.emit(found)[0]


@_compat.unconverted
def rewrite_on_slices(loss, x, name=None):
    """The loss re-emitted on a stacked tensor of per-element slices of x: a SliceRewrite with loss, slices, stacked.

    tf.gradients(rewritten.loss, rewritten.slices) are scalars, and so are the second derivatives with respect to each
    slice; for the loss itself `x[0]` is None (tensorflow#9204, #20570). slices: n tensors of shape [], in C order;
    stacked: of x's shape. Raises ValueError where that is not known, or the loss does not depend on x.
    """
    refuse_eager("rewrite_on_slices")
    loss, = resolve_losses(loss)
    source, = Layout([x], resolve_sources([x], loss.graph)).sources
    path_between([loss], [source])
    rehearsal = _Rehearsal(loss.graph)
    with rehearsal.scratch.as_default():
        (rewritten,), [(sliced, stacked)] = slices.slice_source([loss], [source])
    with loss.graph.as_default(), tf.name_scope(name or "rewrite_on_slices"):
        found = rehearsal.emit([rewritten, stacked] + list(sliced))
    return slices.SliceRewrite(found[0], found[2:], found[1])


class _Rehearsal(object):
    """A scratch graph for one call, and what the caller's arrays and tensors are called in it."""

    def __init__(self, graph):
        if graph.finalized:
            raise errors.finalized()
        self.scratch = Scratch(graph)
        self._given = []

    def stand_in(self, value, dtype, shape):
        """A placeholder of the scratch graph in the place of a value that joins the user's graph at the end."""
        if value is None:
            return None
        placeholder = tf.placeholder(dtype.base_dtype, shape)
        self._given.append((placeholder, value))
        return placeholder

    def emit(self, tensors):
        """The rehearsed tensors in the default graph; tapes know how they come about."""
        return recorded(tf.get_default_graph(), lambda: self._emitted(tensors), lambda found: [
            t for t in found if t is not None])

    def _emitted(self, tensors):
        known = {key(p): tf.cast(v, p.dtype) for p, v in self._given}
        emission = Emission.of_scratch(self.scratch)
        return emission.inside(known, emission.copies).emit(tensors)


def _as_list(values):
    return [] if values is None else list(values) if isinstance(values, (list, tuple)) else [values]


def _matching(values, xs, what):
    """The flat list of values in the structure of xs."""
    try:
        _compat.assert_same_structure(xs, values)
    except (TypeError, ValueError) as error:
        raise errors.bad_option(what, values, "the structure of xs, one tensor or array for each") from error
    return _compat.flatten(values)


def _fitting(value, source, graph, dtype=None):
    """An array of `dtype` (by default the source's), or the tensor, checked against the source before any op is made.

    A tensor has one of the two dtypes.
    """
    dtype = source.dtype if dtype is None else dtype
    what = "the value for '%s'" % source.name
    if value is None:
        raise errors.bad_option(what, value, "a tensor or an array")
    if not hasattr(value, "dtype") or isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value, dtype.as_numpy_dtype)
    elif value.graph is not graph:
        raise errors.other_graph(value.name)
    elif value.dtype.base_dtype not in (source.dtype, dtype):
        raise errors.bad_option(what, value, "dtype %s" % dtype.name)
    if not source.shape.is_compatible_with(value.shape):
        raise errors.bad_option(what, value, "shape %s, got %s" % (source.shape, value.shape))
    return value


def _filled(tensors, sources):
    """Zeros where the graph proved zero."""
    return [s.zeros() if t is None else t for t, s in zip(tensors, sources)]
