"""The numbers of a loss on either side."""
import collections

import numpy as np

from tf1_hessian import _compat, api, direct, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.sources import resolve_losses
from tf1_hessian.runners.evaluate import evaluate
from tf1_hessian.tf2 import calls
from tf1_hessian.tf2.question import refuse_graph

__all__ = ["Numbers", "of_function", "of_session", "refuse_graph"]

Numbers = collections.namedtuple("Numbers", "names weights feeds loss gradient diagonal vectors products made_by")
Numbers.__doc__ = """names, weights, gradient, diagonal: one for each variable. feeds: {name: array}. vectors, products:
lists of such lists. made_by: the TensorFlow."""


def of_session(loss, variables, session, feeds, products, seed):
    """The Numbers of a loss in a graph, in one session call."""
    session = session or tf.get_default_session()
    if session is None:
        raise errors.no_session()
    if isinstance(products, bool) or not isinstance(products, int) or products < 0:
        raise errors.bad_option("products", products, "a number from 0 up")
    feeds = dict(feeds or {})
    variables = list(variables)
    with session.graph.as_default():
        losses = resolve_losses(loss)
        diagonal = api.hessian_diag(losses, variables)
        gradient = direct.gradients(losses, variables)
        vectors = _random(diagonal, products, seed)
        laid = [direct.hvp(losses, variables, v) for v in vectors]
        fetched = evaluate([losses, variables, gradient, diagonal, laid], feeds, session)
    names = [str(getattr(v, "name", v)) for v in variables]
    fed = collections.OrderedDict((str(getattr(k, "name", k)), np.asarray(v)) for k, v in feeds.items())
    value, weights, gradient, diagonal, found = fetched
    total = np.asarray(sum(np.sum(v) for v in value))
    return Numbers(names, weights, fed, total, gradient, diagonal, vectors, found, tf.__version__)


def _random(diagonal, products, seed):
    random = np.random.RandomState(seed)
    return [[random.standard_normal(d.shape.as_list()).astype(d.dtype.as_numpy_dtype) for d in diagonal]
            for _ in range(products)]


def of_function(fn, variables, old, args, keep_weights):
    """The Numbers of an eager loss at the weights of `old`, which the variables get, at least for now."""
    before = [_value(v) for v in variables]
    try:
        for variable, weight in zip(variables, old.weights):
            variable.assign(_cast(weight, variable))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(fn(*args))
        held = [_held(v) for v in variables]
        gradient = [np.zeros(v.shape) if g is None else tf.convert_to_tensor(g).numpy()
                    for g, v in zip(tape.gradient(loss, held), held)]
        diagonal = [d.numpy() for d in calls.hessian_diag(fn, variables, args=args)]
        vectors = [[_cast(v, x) for v, x in zip(vector, variables)] for vector in old.vectors]
        found = [[p.numpy() for p in calls.hvp(fn, variables, v, args=args)] for v in vectors]
    finally:
        if not keep_weights:
            for variable, value in zip(variables, before):
                variable.assign(value)
    names = [str(v.name) for v in variables]
    return Numbers(names, old.weights, old.feeds, loss.numpy(), gradient, diagonal, vectors, found, tf.__version__)


def _held(variable):
    """The TensorFlow variable in a variable of Keras 3."""
    inner = getattr(variable, "value", None)
    return inner if isinstance(inner, _compat.Variable) else variable


def _value(variable):
    return _held(variable).numpy()


def _cast(array, variable):
    return np.asarray(array, tf.as_dtype(_held(variable).dtype).as_numpy_dtype)
