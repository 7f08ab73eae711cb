"""The public calls for second derivatives by row."""
from tf1_hessian import _compat
from tf1_hessian.problem import refuse_eager
from tf1_hessian.rows.plan import answer_rows

__all__ = ["batch_hessian", "batch_hessian_diag", "laplacian"]


@_compat.unconverted
def batch_hessian(ys, x, *, engine="auto", chunk_size=None, precision=None, max_columns=None, max_bytes=None,
                  jit=False, memory_limit=None, name=None):
    """The Hessian of each row: entry b is `d2 ys[b] / dx[b] dx[b]`.

    ys: a tensor [B], or [B, q] for q outputs a row. x: a tensor or variable [B, ...] of which ys[b] depends on x[b]
    alone; B may be unknown. Returns [B, D.., D..], D.. the dimensions of a row of x, or [B, q, D.., D..].

    engine: "tangents" takes a forward tangent for each element of a row, and one adjoint for each output; "vectorized"
    and "loop" nest gradients, a column for each element and output; "auto" what is cheaper, as `th.plan(ys, x,
    quantity="batch")` tells. Other options as in `hessian_diag`. The result may be differentiated again.

    Raises NotSeparableError, a ValueError that names the op, where rows may depend on each other; ValueError where a
    row's size is unknown; LostDerivativeError and NoSecondDerivativeError where TensorFlow would be wrong or refuse.
    The graph is untouched then. Source: tensorflow#4897, #45234.
    """
    return _asked("batch_hessian", ys, x, "batch", name, engine=engine, chunk_size=chunk_size, precision=precision,
                  max_columns=max_columns, max_bytes=max_bytes, jit=jit, memory_limit=memory_limit)


@_compat.unconverted
def batch_hessian_diag(ys, x, *, engine="auto", chunk_size=None, precision=None, max_columns=None, max_bytes=None,
                       jit=False, memory_limit=None, name=None):
    """The diagonal of the Hessian of each row: `d2 ys[b] / dx[b, i]2`, [B, D..] or [B, q, D..].

    Arguments and errors as in `batch_hessian`.
    """
    return _asked("batch_hessian_diag", ys, x, "batch_diag", name, engine=engine, chunk_size=chunk_size,
                  precision=precision, max_columns=max_columns, max_bytes=max_bytes, jit=jit, memory_limit=memory_limit)


@_compat.unconverted
def laplacian(ys, x, *, engine="auto", chunk_size=None, precision=None, max_columns=None, max_bytes=None, jit=False,
              memory_limit=None, name=None):
    """The Laplacian of each row: the sum over i of `d2 ys[b] / dx[b, i]2`, [B] or [B, q].

    Arguments and errors as in `batch_hessian`. It may stand in a loss that is trained: its gradient is exact.
    """
    return _asked("laplacian", ys, x, "laplacian", name, engine=engine, chunk_size=chunk_size, precision=precision,
                  max_columns=max_columns, max_bytes=max_bytes, jit=jit, memory_limit=memory_limit)


def _asked(call, ys, x, quantity, name, **options):
    refuse_eager(call)
    return answer_rows(ys, x, quantity, name, **options)
