"""The public calls for Hessians; each makes a plan of its question, and builds it."""
from tf1_hessian import _compat, colored, errors
from tf1_hessian.derivatives.gradients import Options
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.sources import check_real, resolve_losses, resolve_sources, resolve_tensor
from tf1_hessian.plan import answer, make_plan
from tf1_hessian.problem import refuse_eager
from tf1_hessian.rows.plan import QUANTITIES as ROW_QUANTITIES
from tf1_hessian.rows.plan import plan_rows

__all__ = ["hessian", "hessian_diag", "hessian_sparsity", "hessians", "plan", "sparse_hessian"]


@_compat.unconverted
def hessian_diag(loss, xs, *, per_example=False, engine="auto", chunk_size=None, precision=None, verify="first",
                 max_columns=None, max_bytes=None, jit=False, memory_limit=None, devices=None, name=None):
    """The exact diagonal of the Hessian: `d2L/dx_i2` for every element.

    loss: a tensor or its name; summed if it is no scalar. xs: a variable, a tensor, a name such as "w:0", or a list,
    tuple or dict of these. Returns tensors of x's shapes in the structure of xs; never builds n x n.
    precision="float64": the path from xs to the loss is made anew in float64, so that a float32 model gets second
    derivatives, of the function that it is at its float32 values, in double precision.

    engine: "structured" takes the columns that the structure of the graph leaves necessary, a few gradients for most
    nets (mathematics: docs/diagonal.md); "colored" adds up columns of elements that never meet (docs/sparse.md);
    "vectorized", "loop" and "slices" take a column for each element; "auto" the structured or the colored way where it
    is cheaper. verify: when th.evaluate compares entries of a structured or colored diagonal with other columns:
    "first" time, "always" or "never". Inside a tf.function the function does so as it runs, by a call back into Python,
    and not where XLA compiles it. max_columns, max_bytes: ValueError for a plan that needs more.

    jit=True: XLA compiles element-wise ops (TensorFlow 2.15 and newer; ValueError before), which changes rounding alone
    and pays where n is large and no matrices are multiplied. "auto": both are built, th.evaluate times them in its
    first eight calls and keeps the faster.

    memory_limit: bytes, or a text such as "2 GB", that results and the tensors of a chunk may take: fewer columns go at
    once, or ValueError with the sizes. None refuses results alone that are more than this machine has free.

    devices: a list such as ["/job:worker/task:0", "/job:worker/task:1"] or ["/gpu:0", "/gpu:1"] whose members share the
    columns within the one session call; "workers": one for each task of job "worker" of the default session's cluster.
    Variables and the loss stay where they are. Structured columns, which are few, stay together on the first device.

    per_example=True: the loss is a tensor [N], one for each example, and the result for each x is [N] and x's shape,
    entry n the diagonal of the Hessian of loss[n]. Raises NotSeparableError, a ValueError, where an op mixes examples.

    Raises LostDerivativeError and NoSecondDerivativeError (LookupErrors) where TensorFlow would be wrong or refuse,
    ValueError for sources that can't be meant. The graph is untouched then. Source: tensorflow#9204, #20570.
    """
    refuse_eager("hessian_diag")
    return answer(loss, xs, "diag", name, per_example=per_example, precision=precision, engine=engine,
                  chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes, jit=jit,
                  memory_limit=memory_limit, devices=devices)


@_compat.unconverted
def hessian(loss, xs, *, engine="auto", chunk_size=None, flat=False, other=None, precision=None, verify="first",
            max_columns=None, max_bytes=None, jit=False, memory_limit=None, devices=None, name=None):
    """The full Hessian, cross blocks included.

    For one x a tensor of shape `x.shape + x.shape`; for a list the list of lists of all blocks (a dict of dicts for a
    dict). flat=True gives one tensor [n, n], list order, C order inside. other=ys gives the mixed block d2L/dx dy
    alone. Rows are d(dL/dx_i)/dx_j, as in tf.hessians. Other options and errors as in `hessian_diag`.
    """
    refuse_eager("hessian")
    return answer(loss, xs, "full", name, other, flat, precision=precision, engine=engine, chunk_size=chunk_size,
                  verify=verify, max_columns=max_columns, max_bytes=max_bytes, jit=jit, memory_limit=memory_limit,
                  devices=devices)


@_compat.unconverted
def sparse_hessian(loss, xs, *, pattern=None, coloring=None, chunk_size=None, precision=None, verify="first",
                   max_columns=None, max_bytes=None, max_seconds=None, jit=False, memory_limit=None, devices=None,
                   name=None):
    """The full Hessian over all xs by the few columns that its sparsity leaves necessary: a SparseHessian.

    th.evaluate makes it a scipy.sparse.csr_matrix [n, n], the elements counted as in `hessian(flat=True)`;
    .as_sparse_tensor() a tf.SparseTensor. The pattern is that of `hessian_sparsity`, or a given one: a SparsityPattern,
    a scipy.sparse matrix or an array. coloring: a Coloring of kind "star" for it. max_seconds: for finding the pattern.

    verify: when th.evaluate compares its product with a random vector with that of the Hessian ("first", "always" or
    "never"); an entry that the pattern misses raises VerificationError. Other options and errors as in `hessian_diag`;
    ValueError also as in `hessian_sparsity`. Mathematics: docs/sparse.md.
    """
    refuse_eager("sparse_hessian")
    return answer(loss, xs, "sparse", name, precision=precision, pattern=pattern, coloring=coloring,
                  chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes, jit=jit,
                  max_seconds=max_seconds, memory_limit=memory_limit, devices=devices)


@_compat.unconverted
def plan(loss, xs, quantity="diag", *, per_example=False, engine="auto", chunk_size=None, other=None, flat=False,
         precision=None, verify="first", max_columns=None, max_bytes=None, pattern=None, coloring=None,
         max_seconds=None, jit=False, memory_limit=None, devices=None):
    """The HessianPlan of `hessian_diag` (quantity "diag"), `hessian` ("full") or `sparse_hessian` ("sparse"), before
    anything is built.

    quantity "batch", "batch_diag" or "laplacian": the RowPlan of `batch_hessian`, `batch_hessian_diag`, `laplacian`,
    which take no other, flat, per_example, verify, pattern, coloring, max_seconds and devices.

    Raises what those calls raise, and ValueError where rows are given one of these options. The graph is untouched.
    """
    refuse_eager("plan")
    if quantity in ROW_QUANTITIES:
        others = {"per_example": per_example, "other": other, "flat": flat, "verify": verify, "pattern": pattern,
                  "coloring": coloring, "max_seconds": max_seconds, "devices": devices}
        return _row_plan(loss, xs, quantity, others, engine=engine, chunk_size=chunk_size, precision=precision,
                         max_columns=max_columns, max_bytes=max_bytes, jit=jit, memory_limit=memory_limit)
    return make_plan(loss, xs, quantity, other, flat, per_example=per_example, precision=precision, engine=engine,
                     chunk_size=chunk_size, verify=verify, max_columns=max_columns, max_bytes=max_bytes, jit=jit,
                     pattern=pattern, coloring=coloring, max_seconds=max_seconds, memory_limit=memory_limit,
                     devices=devices)


@_compat.unconverted
def hessian_sparsity(loss, xs, *, feed_dict=None, max_seconds=None):
    """The SparsityPattern of the Hessian: which entries of the [n, n] matrix of `hessian(flat=True)` may be non-zero.

    It is read off the graph and holds at every point: masks, branches and indices that values decide count as if they
    could be anything (a dense pattern where all elements might meet). The graph is untouched. feed_dict: index tensors
    that are always fed with the same values (neighbours, edges), {tensor: array}, taken for known then.

    Raises ValueError where a shape on the path is not known, where a large pattern is dense, or after max_seconds.
    """
    refuse_eager("hessian_sparsity")
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


@_compat.unconverted
def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False, aggregation_method=None):
    """A drop-in for tf.hessians: a list with one tensor of shape `x.shape + x.shape` for each x.

    Where tf.hessians raises for a loss linear in x ("None values not supported"), this gives zeros, which is the truth.
    Errors as in `hessian_diag`.
    """
    refuse_eager("hessians")
    options = Options(colocate_gradients_with_ops, gate_gradients, aggregation_method)
    xs = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    return answer(ys, xs, "blocks", name, grad_options=options)
