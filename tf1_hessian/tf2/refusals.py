"""Sentences of what is refused here, as in errors."""

__all__ = ["no_eager", "not_callable"]


def no_eager(call):
    """Where there is nothing eager."""
    return RuntimeError(
        "th.tf2.%s runs a Python function eagerly, and eager execution is off here. Call th.%s on the loss tensor of "
        "your graph; both give the same numbers." % (call, call))


def not_callable(fn):
    """A loss that is no function."""
    return TypeError(
        "Expected a Python function that returns the loss, and got %r of type %s. Pass `lambda: ...` or the function's "
        "name; for a tensor in a graph, th.hessian_diag and its like." % (fn, type(fn).__name__))
