"""Sentences of what is refused here, as in errors."""

__all__ = ["no_eager", "not_callable"]

# What has no counterpart in a graph that is called alike.
_INSTEAD = {"parity": "Record the numbers here with th.record, and compare them in a process with TF 2 and eager mode."}


def no_eager(call):
    """Where there is nothing eager."""
    instead = "Call th.%s on the loss tensor of your graph; both give the same numbers." % call
    return RuntimeError("th.%s%s runs a Python function eagerly, and eager execution is off here. %s" % (
        "" if call in _INSTEAD else "tf2.", call, _INSTEAD.get(call, instead)))


def not_callable(fn):
    """A loss that is no function."""
    return TypeError(
        "Expected a Python function that returns the loss, and got %r of type %s. Pass `lambda: ...` or the function's "
        "name; for a tensor in a graph, th.hessian_diag and its like." % (fn, type(fn).__name__))
