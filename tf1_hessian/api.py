"""The public calls; each resolves its question, makes a plan or a rehearsal, and builds it."""
import numpy as np

from tf1_hessian import _compat, colored, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.graph import slices
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.precision import check_precision, in_double
from tf1_hessian.graph.scratch import Scratch, key
from tf1_hessian.graph.sources import anchors_of, check_real, resolve_losses, resolve_sources, resolve_tensor
from tf1_hessian.plan import answer, make_plan
from tf1_hessian.problem import path_between
from tf1_hessian.rows.plan import QUANTITIES as ROW_QUANTITIES
from tf1_hessian.rows.plan import plan_rows

__all__ = [
    "gradients", "hessian", "hessian_diag", "hessian_sparsity", "hessians", "hvp", "plan", "rewrite",
    "rewrite_on_slices", "sparse_hessian",
]


def hessian_diag(loss, xs, *, per_example=False, engine="auto", chunk_size=None, precision=None, verify="first",
                 max_columns=None, max_bytes=None, name=None):
    """The exact diagonal of the Hessian: `d2L/dx_i2` for every element.

    loss: a tensor or its name; summed if it is no scalar. xs: a variable, a tensor, a name such as "w:0", or a list,
    tuple or dict of these. Returns tensors of x's shapes in the structure of xs; never builds n x n.
    precision="float64": the path from xs to the loss is made anew in float64, so that a float32 model gets second
    derivatives, of the function that it is at its float32 values, in double precision.

    engine: "structured" takes the columns that the structure of the graph leaves necessary, a few gradients for most
    nets (mathematics: docs/diagonal.md); "colored" adds up columns of elements that never meet (docs/sparse.md);
    "vectorized", "loop" and "slices" take a column for each element; "auto" the structured or the colored way where it
    is cheaper. verify: when th.evaluate compares entries of a structured or colored diagonal with other columns:
    "first" time, "always" or "never". max_columns, max_bytes: ValueError for a plan that needs more.

    per_example=True: the loss is a tensor [N], one for each example, and the result for each x is [N] and x's shape,
    entry n the diagonal of the Hessian of loss[n]. Raises NotSeparableError, a ValueError, where an op mixes examples.

    Raises LostDerivativeError and NoSecondDerivativeError (LookupErrors) where TensorFlow would be wrong or refuse,
    ValueError for sources that can't be meant. The graph is untouched then. Source: tensorflow#9204, #20570.
    """
    _refuse_eager("hessian_diag")
    return answer(loss, xs, "diag", name, per_example=per_example, precision=precision, engine=engine,
                  chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes)


def hessian(loss, xs, *, engine="auto", chunk_size=None, flat=False, other=None, precision=None, verify="first",
            max_columns=None, max_bytes=None, name=None):
    """The full Hessian, cross blocks included.

    For one x a tensor of shape `x.shape + x.shape`; for a list the list of lists of all blocks (a dict of dicts for a
    dict). flat=True gives one tensor [n, n], list order, C order inside. other=ys gives the mixed block d2L/dx dy
    alone. Rows are d(dL/dx_i)/dx_j, as in tf.hessians. Other options and errors as in `hessian_diag`.
    """
    _refuse_eager("hessian")
    return answer(loss, xs, "full", name, other, flat, precision=precision, engine=engine, chunk_size=chunk_size,
                  verify=verify, max_columns=max_columns, max_bytes=max_bytes)


def sparse_hessian(loss, xs, *, pattern=None, coloring=None, chunk_size=None, precision=None, verify="first",
                   max_columns=None, max_bytes=None, max_seconds=None, name=None):
    """The full Hessian over all xs by the few columns that its sparsity leaves necessary: a SparseHessian.

    th.evaluate makes it a scipy.sparse.csr_matrix [n, n], the elements counted as in `hessian(flat=True)`;
    .as_sparse_tensor() a tf.SparseTensor. The pattern is that of `hessian_sparsity`, or a given one: a SparsityPattern,
    a scipy.sparse matrix or an array. coloring: a Coloring of kind "star" for it. max_seconds: for finding the pattern.

    verify: when th.evaluate compares its product with a random vector with that of the Hessian ("first", "always" or
    "never"); an entry that the pattern misses raises VerificationError. Other options and errors as in `hessian_diag`;
    ValueError also as in `hessian_sparsity`. Mathematics: docs/sparse.md.
    """
    _refuse_eager("sparse_hessian")
    return answer(loss, xs, "sparse", name, precision=precision, pattern=pattern, coloring=coloring,
                  chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes,
                  max_seconds=max_seconds)


def plan(loss, xs, quantity="diag", *, per_example=False, engine="auto", chunk_size=None, other=None, flat=False,
         precision=None, verify="first", max_columns=None, max_bytes=None, pattern=None, coloring=None,
         max_seconds=None):
    """The HessianPlan of `hessian_diag` (quantity "diag"), `hessian` ("full") or `sparse_hessian` ("sparse"), before
    anything is built.

    quantity "batch", "batch_diag" or "laplacian": the RowPlan of `batch_hessian`, `batch_hessian_diag`, `laplacian`,
    which take no other, flat, per_example, verify, pattern, coloring and max_seconds.
    """
    _refuse_eager("plan")
    if quantity in ROW_QUANTITIES:
        others = {"per_example": per_example, "other": other, "flat": flat, "verify": verify, "pattern": pattern,
                  "coloring": coloring, "max_seconds": max_seconds}
        return _row_plan(loss, xs, quantity, others, engine=engine, chunk_size=chunk_size, precision=precision,
                         max_columns=max_columns, max_bytes=max_bytes)
    return make_plan(loss, xs, quantity, other, flat, per_example=per_example, precision=precision, engine=engine,
                     chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes,
                     pattern=pattern, coloring=coloring, max_seconds=max_seconds)


def hessian_sparsity(loss, xs, *, feed_dict=None, max_seconds=None):
    """The SparsityPattern of the Hessian: which entries of the [n, n] matrix of `hessian(flat=True)` may be non-zero.

    It is read off the graph and holds at every point: masks, branches and indices that values decide count as if they
    could be anything (a dense pattern where all elements might meet). The graph is untouched. feed_dict: index tensors
    that are always fed with the same values (neighbours, edges), {tensor: array}, taken for known then.

    Raises ValueError where a shape on the path is not known, where a large pattern is dense, or after max_seconds.
    """
    _refuse_eager("hessian_sparsity")
    losses = resolve_losses(loss)
    layout = Layout(xs, resolve_sources(xs, losses[0].graph))
    check_real(layout.sources)
    given = {resolve_tensor(t, losses[0].graph): v for t, v in (feed_dict or {}).items()}
    return colored.detected(losses, layout.sources, given, max_seconds)


def _row_plan(ys, x, quantity, others, **options):
    defaults = {"per_example": False, "flat": False, "verify": "first"}
    for name in sorted(others):
        default = defaults.get(name)
        if others[name] is not default and not (default is not None and others[name] == default):
            raise errors.bad_option(name, others[name], "no such option with quantity='%s'" % quantity)
    return plan_rows(ys, x, quantity, **options)


def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False, aggregation_method=None):
    """A drop-in for tf.hessians: a list with one tensor of shape `x.shape + x.shape` for each x.

    Where tf.hessians raises for a loss linear in x ("None values not supported"), this gives zeros, which is the truth.
    """
    _refuse_eager("hessians")
    options = Options(colocate_gradients_with_ops, gate_gradients, aggregation_method)
    xs = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    return answer(ys, xs, "blocks", name, grad_options=options)


def hvp(loss, xs, vectors, name=None, *, precision=None):
    """The product of the Hessian over all xs with one vector: tensors in the structure of xs.

    vectors: tensors or arrays in the structure of xs, of their shapes. They are held constant. precision and errors as
    in `hessian_diag`; unknown sizes are fine.
    """
    _refuse_eager("hvp")
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


def gradients(ys, xs, grad_ys=None, stop_gradients=None, name=None):
    """Like tf.gradients: a list with d(sum of ys)/dx for each x, but audited.

    Dense tensors, never None: zeros of x's shape and dtype where the graph proves zero, LostDerivativeError where
    TensorFlow would lose the dependence in silence, NoDerivativeError where it has no gradient.
    """
    _refuse_eager("gradients")
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


def rewrite(loss, replacements, name=None):
    """The loss re-emitted with tensors or variables replaced: `th.rewrite(loss, {x: new_x, ...})`, or a list of pairs.

    Only ops on the floating-point path from what is replaced to the loss are made anew; everything else (random ops,
    iterators, masks, shapes) is shared. Every read of a variable is replaced. Replacements have the dtype and a
    compatible shape. Copies of ops with a tf.custom_gradient refuse to be differentiated: its closure holds the
    tensors of the original.
    """
    _refuse_eager("rewrite")
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


def rewrite_on_slices(loss, x, name=None):
    """The loss re-emitted on a stacked tensor of per-element slices of x: a SliceRewrite with loss, slices, stacked.

    tf.gradients(rewritten.loss, rewritten.slices) are scalars, and so are the second derivatives with respect to each
    slice; for the loss itself `x[0]` is None (tensorflow#9204, #20570).
    """
    _refuse_eager("rewrite_on_slices")
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
        """The rehearsed tensors in the default graph."""
        known = {key(p): tf.cast(v, p.dtype) for p, v in self._given}
        emission = Emission.of_scratch(self.scratch)
        return emission.inside(known, emission.copies).emit(tensors)


def _refuse_eager(call):
    if _compat.executes_eagerly():
        raise errors.eager(call)


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
