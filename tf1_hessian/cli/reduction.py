"""Whether a loss is a mean or a sum over examples: told by its values, where they tell."""
import numpy as np

from tf1_hessian._compat import tf
from tf1_hessian.cli.failures import INPUT, Stop

__all__ = ["check_reduction"]

# Of the loss, between the same examples once and twice, where float32 adds them up in another order.
_TOLERANCE = 1e-3
_MEANT = {"mean": ("MEAN", 1.0), "sum": ("SUM", 2.0)}


def check_reduction(loss, batches, reduce, session):
    """Raises Stop where the loss is not what `reduce` asks for: a mean stays as it is if every example comes twice, a
    sum doubles. A loss that is drawn anew each time, or that takes batches of one size alone, tells nothing.
    """
    once, twice = batches.sample()
    try:
        first, again, doubled = [float(session.run(loss, feed)) for feed in (once, once, twice)]
    except tf.errors.OpError:
        return
    if first != again or not np.isfinite([first, doubled]).all():
        return
    fits = {name: abs(doubled - factor * first) <= _TOLERANCE * max(abs(first), abs(doubled))
            for name, (_, factor) in _MEANT.items()}
    if fits[reduce]:
        return
    other = next((name for name in fits if fits[name]), None)
    raise Stop(INPUT, "--reduce %s needs a loss that is a %s over examples, and with every example twice '%s' goes "
               "from %.6g to %.6g: %s. --trust-reduce leaves this check out" % (
                   reduce, _MEANT[reduce][0], loss.name, first, doubled,
                   "it is a %s, for --reduce %s" % (_MEANT[other][0], other) if other else "it is neither"))
