"""The public calls on Python functions; each is the call of the same name, traced."""
from tf1_hessian import api, direct
from tf1_hessian.rows import calls as rows
from tf1_hessian.tf2.question import Question
from tf1_hessian.tf2.traces import answer, planned

__all__ = ["batch_hessian", "batch_hessian_diag", "hessian", "hessian_diag", "hvp", "laplacian", "plan"]


def hessian_diag(fn, xs, *, args=(), jit_compile=False, **options):
    """The exact diagonal of the Hessian of what `fn` returns, as eager tensors in the structure and shapes of xs.

    fn, xs, args: as the module says. jit_compile: as in tf.function; ValueError before TF 2.15, whose XLA takes
    NaN - NaN for zero. options: those of `th.hessian_diag`, jit="auto" excluded; with verify="first" the first call
    checks itself, VerificationError where that fails.

    Raises RuntimeError on TF 1 and in a graph without tf.function, TypeError for xs that are neither variables nor
    tensors, or both; else as `th.hessian_diag`. Inside a tf.function it joins the graph that is being traced.
    """
    return answer(Question("hessian_diag", fn, xs, args), api.hessian_diag, jit_compile, options)


def hessian(fn, xs, *, args=(), jit_compile=False, **options):
    """All blocks of the Hessian, as in `th.hessian`, whose options these are; arguments and errors as in
    `hessian_diag`."""
    return answer(Question("hessian", fn, xs, args), api.hessian, jit_compile, options)


def hvp(fn, xs, vectors, *, args=(), jit_compile=False, **options):
    """The Hessian times a vector, in the structure of xs, as in `th.hvp`; arguments and errors as in `hessian_diag`.

    vectors: tensors or arrays in the structure of xs. Others of the same shapes are no new signature.
    """
    return answer(Question("hvp", fn, xs, args, vectors), direct.hvp, jit_compile, options)


def batch_hessian(fn, x, *, args=(), jit_compile=False, **options):
    """The Hessian of each row, as in `th.batch_hessian`, whose options these are; fn returns ys [B] or [B, q].

    Arguments and errors as in `hessian_diag` and there. Another number of rows is no new signature after the second.
    """
    return answer(Question("batch_hessian", fn, x, args, by_row=True), rows.batch_hessian, jit_compile, options)


def batch_hessian_diag(fn, x, *, args=(), jit_compile=False, **options):
    """The diagonal of the Hessian of each row, as in `th.batch_hessian_diag`; arguments as in `batch_hessian`."""
    question = Question("batch_hessian_diag", fn, x, args, by_row=True)
    return answer(question, rows.batch_hessian_diag, jit_compile, options)


def laplacian(fn, x, *, args=(), jit_compile=False, **options):
    """The Laplacian of each row, as in `th.laplacian`; arguments as in `batch_hessian`."""
    return answer(Question("laplacian", fn, x, args, by_row=True), rows.laplacian, jit_compile, options)


def plan(fn, xs, quantity="diag", *, args=(), **options):
    """What `th.plan` gives for the traced loss: to be printed and read, not built, since its graph is complete.

    Arguments and errors as in `hessian_diag`; quantity and options as in `th.plan`. It traces each time.
    """
    return planned(Question("plan", fn, xs, args), quantity, options)
