"""The public calls that compare an old loss with its new form."""
import os

from tf1_hessian import errors
from tf1_hessian.bridge import matching, recording, sides
from tf1_hessian.bridge.report import compared

__all__ = ["parity", "record"]


def record(path, loss, variables, session=None, feeds=None, *, products=2, seed=0):
    """Writes what `parity` compares of a loss in a graph to a file (.npz): under TF 1, say, to be read under TF 2.

    loss: a tensor or its name. variables: a list. feeds: a feed_dict, kept in its order. products: how many
    Hessian-vector products with random vectors, which `seed` decides. The session given, or the default one, is called
    once. Returns the path. Errors as in th.hessian_diag; OSError where nothing can be written.
    """
    numbers = sides.of_session(loss, variables, session, feeds, products, seed)
    recording.write(path, numbers)
    return path


def parity(session_side, tf2_side, feeds=None, rtol=None, *, names=None, products=2, seed=0, keep_weights=False):
    """Whether a loss in a graph and its new form are the same function: a Parity of loss, gradient, Hessian diagonal
    and Hessian-vector products with random vectors. `print` it for a table, `.ok` is the verdict, `.first` the first
    difference.

    session_side: (loss, variables) or (loss, variables, session), or the path of what `th.record` wrote, under another
    TensorFlow too. tf2_side: (fn, variables) or (fn, variables, args), eager: fn(*args) is the loss, args by default
    the arrays of feeds in their order; or the path of another file of th.record, whose weights are compared, too.
    feeds: a feed_dict of the graph's; of a file its own.

    The new variables get the old weights, and their own values back at the end unless keep_weights. Which is which: as
    `names` says, {old name: new variable, or its name}; else by equal names, or ends of names; else by shape, in order.

    rtol: the largest difference in a tensor, as a share of its largest value (and of a thousandth of the largest in all
    tensors of the kind); by default 1e-4 for float32, 1e-9 for float64. Nothing that is not finite is equal.

    Raises ValueError where weights can't be matched, RuntimeError where nothing runs eagerly, and what th.hessian_diag
    and th.tf2.hessian_diag raise.
    """
    if isinstance(tf2_side, (str, os.PathLike)):
        old, new = _old(session_side, feeds, products, seed), recording.read(tf2_side)
        return compared(old, new, [(name, "name") for name in new.names], rtol, "session")
    fn, variables, args = _new(tf2_side)
    sides.refuse_graph("parity")
    old = _old(session_side, feeds, products, seed)
    pairs = matching.matched(old, variables, names)
    new = sides.of_function(fn, [v for v, _ in pairs], old, list(old.feeds.values()) if args is None else args,
                            keep_weights)
    return compared(old, new, [(str(getattr(v, "path", None) or v.name), how) for v, how in pairs], rtol)


def _new(side):
    if not (isinstance(side, (tuple, list)) and len(side) in (2, 3) and callable(side[0])):
        raise errors.bad_option("tf2_side", side, "(fn, variables), (fn, variables, args) or the path of a record")
    return side[0], list(side[1]), side[2] if len(side) == 3 else None


def _old(side, feeds, products, seed):
    if isinstance(side, (tuple, list)) and len(side) in (2, 3):
        return sides.of_session(side[0], side[1], side[2] if len(side) == 3 else None, feeds, products, seed)
    if isinstance(side, (tuple, list)) or feeds is not None:
        raise errors.bad_option("session_side", side, "(loss, variables), (loss, variables, session), or, without "
                                "feeds, the path of a file of th.record")
    return recording.read(side)


