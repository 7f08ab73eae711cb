"""Units of work in the processes of an executor: a graph is rebuilt once in each, and must be the caller's."""
import collections
import contextlib
import json
import os
import threading
import uuid

from tf1_hessian import errors
from tf1_hessian._compat import tf

__all__ = ["Recipe", "at_home", "by_name", "done", "made", "run"]

Recipe = collections.namedtuple("Recipe", "token make prepare arguments identity")
Recipe.__doc__ = """How a process gets ready. make: the caller's function, which builds the graph in the default graph;
prepare(what it gives, *arguments): an object with `identity()` for json, `work(...)` and `close()`. token: of one call,
so that a later one never meets the variables of an earlier. identity: what the caller's own process found."""

# What this process has ready, by token; a few, for calls that run side by side.
_READY, _LOCK, _MOST = collections.OrderedDict(), threading.RLock(), 4
# A process that was forked after this import has another number than this.
_BORN = os.getpid()


def run(attempt, recipe, *unit):
    """(True, what the unit gives), in any process; (False, (class, message)) of an error of TensorFlow, which can't be
    sent as it is. attempt: counts, so that a library that remembers results by their arguments works again."""
    if os.getpid() != _BORN:
        raise errors.bad_option("executor", "processes that are forked", (
            "others, since TensorFlow's threads and locks do not survive a fork: multiprocessing's start method "
            "'spawn' (Dask: distributed.worker.multiprocessing-method)"))
    try:
        return True, _ready(recipe).work(*unit)
    except tf.errors.OpError as error:
        return False, (type(error), error.message)


def done(found):
    """What `run` found; raises the error that it met."""
    is_value, value = found
    if is_value:
        return value
    kind, message = value
    raise kind(None, None, message)


@contextlib.contextmanager
def at_home(make, prepare, arguments, here=None):
    """A context with (Recipe, what is prepared) in the caller's process, whose threads use the same.

    here: what is prepared already, if it is.
    """
    prepared = _prepared(make, prepare, arguments) if here is None else here
    recipe = Recipe(uuid.uuid4().hex, make, prepare, arguments, json.dumps(prepared.identity(), sort_keys=True))
    with _LOCK:
        _READY[recipe.token] = prepared
    try:
        yield recipe, prepared
    finally:
        with _LOCK:
            _READY.pop(recipe.token, None)
        if here is None:
            prepared.close()


def _prepared(make, prepare, arguments):
    with tf.Graph().as_default():
        return prepare(make(), *arguments)


def _ready(recipe):
    with _LOCK:
        if recipe.token not in _READY:
            prepared = _prepared(recipe.make, recipe.prepare, recipe.arguments)
            _refuse_other(json.loads(recipe.identity), json.loads(json.dumps(prepared.identity())))
            while len(_READY) >= _MOST:
                _READY.popitem(last=False)[1].close()
            _READY[recipe.token] = prepared
        return _READY[recipe.token]


def _refuse_other(there, here):
    for name in sorted(set(there) | set(here)):
        if there.get(name) != here.get(name):
            raise ValueError(
                "The function that rebuilds the graph gave something else in a worker: %s is %.200r there and %.200r "
                "here. Give variables fixed values in it (restore a checkpoint, or use seeds), switch TensorFlow's "
                "behaviour in the module that it stands in, and use the same versions everywhere." % (
                    name, here.get(name), there.get(name)))


def made(found, shapes):
    """What the caller's function gave, a tuple with a session last; TypeError else. shapes: what it may be, by the
    number of its parts, in words."""
    if not (isinstance(found, tuple) and len(found) in shapes and hasattr(found[-1], "run")):
        raise TypeError("The function that rebuilds the graph gave %.200r; expected %s." % (
            found, " or ".join(shapes[count] for count in sorted(shapes))))
    return found


def by_name(feed_dict):
    """A feed_dict by the names of its tensors, which mean the same in each process."""
    for tensor in feed_dict:
        if not isinstance(tensor, (str, tf.Tensor)):
            raise TypeError("Feeds are sent to other processes by the names of tensors, and %r of type %s has none." % (
                tensor, type(tensor).__name__))
    return {t if isinstance(t, str) else t.name: value for t, value in feed_dict.items()}
