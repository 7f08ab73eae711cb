"""Sentences of what is refused here, as in errors."""

from tf1_hessian.errors import VerificationError

__all__ = ["closed_over", "dense_pattern", "pattern_misses", "too_slow_to_detect", "unknown_size_on_path"]


def closed_over(op):
    """A gradient that may depend on anything."""
    return ValueError(
        "The pattern of this Hessian can't be read off the graph: operation '%s' has a custom gradient, which may "
        "depend on any tensor of its call. Use th.hessian, or pass the pattern as pattern=." % op.name
    )


def unknown_size_on_path(tensor):
    """A size between source and loss that element-level detection needs."""
    return ValueError(
        "The elements of '%s' can't be told apart before running: its shape is %s. Give the placeholders of the model "
        "static shapes (tf.placeholder(dtype, [200, 3]), set_shape), or pass the pattern, if you know it, as pattern=."
        % (tensor.name, tensor.shape)
    )


def dense_pattern(op, n):
    """A pattern that is not worth knowing."""
    return ValueError(
        "The pattern of this Hessian over %d elements is dense, or nearly so: too many of them meet at operation '%s' "
        "(op type: %s). Use th.hessian or th.hvp, or pass the pattern, if you know a sparser one, as pattern=."
        % (n, op.name, op.type)
    )


def too_slow_to_detect(seconds):
    """Detection that takes longer than it may."""
    return ValueError(
        "The pattern of this Hessian takes more than %g seconds to detect. Raise the limit, or pass the pattern."
        % seconds
    )


def pattern_misses(comparison, plan):
    """A sparse result that other columns contradict."""
    return VerificationError(
        "At %s of '%s' the columns by colours give %r and others %r: the pattern misses an entry of that row. A "
        "pattern of your own must hold at every point that is fed; if tf1_hessian found it, this is a bug: please "
        "report it with the plan below. th.hessian gives all entries meanwhile, and th.hessian_diag(engine='loop') the "
        "diagonal; verify='never' switches this check off.\n%s" % (
            list(comparison.index), comparison.source, comparison.value, comparison.exact, plan))
