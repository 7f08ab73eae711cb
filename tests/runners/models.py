"""Models that processes of an executor rebuild, the closed form of what is asked of them, and an executor."""
import concurrent.futures as futures
import os

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

__all__ = [
    "Here", "W", "alone", "assert_same", "batches", "built", "drawn", "feed_of_rows", "fragile", "mortal", "other",
    "truth", "weighted", "zeros",
]

W = np.array([0.3, -0.7, 0.2])
# Names of files: for the number of each process that builds the model, and to die once it is there.
LOG, DEATH = "TF1_HESSIAN_TEST_LOG", "TF1_HESSIAN_TEST_DEATH"


def _model(initial):
    x = tf.placeholder(tf.float64, [None, 3], name="x")
    w = tf.get_variable("w", initializer=initial, use_resource=True)
    loss = tf.reduce_mean(tf.exp(tf.linalg.matvec(x, w)))
    return x, w, loss


def _session(*variables):
    session = tf.Session()
    session.run([v.initializer for v in variables])
    return session


def built():
    """Loss and Hessian."""
    if LOG in os.environ:
        with open(os.environ[LOG], "a") as file:
            file.write("%d\n" % os.getpid())
    _, w, loss = _model(W)
    return {"loss": loss, "hessian": th.hessian(loss, w)}, _session(w)


def weighted():
    """The same, and the size of the batch."""
    x, w, loss = _model(W)
    return {"loss": loss, "hessian": th.hessian(loss, w)}, tf.shape(x)[0], _session(w)


def other():
    """A model that is another one in each process."""
    _, w, loss = _model(W + os.getpid())
    return loss, _session(w)


def fragile():
    """TensorFlow's own error for batches with a negative first number."""
    x, w, loss = _model(W)
    with tf.control_dependencies([tf.debugging.assert_non_negative(x[0, 0], message="negative")]):
        return tf.identity(loss), _session(w)


class _Mortal(tf.Session):
    """Ends its process at a batch once there is a file DEATH, which it removes before. That holds the number of a
    process that is spared."""

    def run(self, fetches, feed_dict=None, **options):
        if feed_dict and os.path.exists(os.environ[DEATH]):
            with open(os.environ[DEATH]) as file:
                is_spared = int(file.read()) == os.getpid()
            if not is_spared:
                os.remove(os.environ[DEATH])
                os._exit(1)
        return super(_Mortal, self).run(fetches, feed_dict=feed_dict, **options)


def mortal():
    """As `built`, in a process that dies."""
    _, w, loss = _model(W)
    session = _Mortal()
    session.run(w.initializer)
    return {"loss": loss, "hessian": th.hessian(loss, w)}, session


def drawn():
    """A value with a mask that each process would draw from the start."""
    _, w, loss = _model(W)
    return loss * tf.random_uniform([], dtype=tf.float64, seed=1), _session(w)


def zeros():
    """No session."""
    return tf.zeros([])


def feed_of_rows():
    """A ColumnFeed over all batches at once."""
    _, w, loss = _model(W)
    return th.ColumnFeed(loss, w, chunk_size=1), _session(w)


def batches(count, rows=None, key="x:0"):
    """Feeds of one size, or of 1 to 4 rows in turn."""
    numbers = np.random.RandomState(3)
    return [{key: numbers.randn(rows or 1 + i % 4, 3)} for i in range(count)]


def truth(feeds, is_weighted=False):
    """(loss, Hessian): means over the batches, or over all rows."""
    x = [np.exp(f.dot(W)) for feed in feeds for f in feed.values()]
    arrays = [f for feed in feeds for f in feed.values()]
    weights = [len(a) if is_weighted else 1.0 for a in arrays]
    loss = np.average([e.mean() for e in x], weights=weights)
    full = np.average([np.einsum("n,ni,nj->ij", e, a, a) / len(a) for e, a in zip(x, arrays)], 0, weights)
    return loss, full


def alone(recipe, feeds, **options):
    """The same stream in this process."""
    with tf.Graph().as_default():
        found = recipe()
        with found[-1]:
            return th.stream(found[0], feeds, found[-1], weight=found[1] if len(found) == 3 else None, **options)


def assert_same(found, expected):
    assert found["loss"] == expected["loss"]
    np.testing.assert_array_equal(found["hessian"], expected["hessian"])


class Here(object):
    """An executor in this process: what `ends` gives of (number of the submission, work) ends each future at once."""

    _max_workers = 3

    def __init__(self, ends=lambda number, work: work()):
        self._ends, self.submitted, self.is_shut = ends, 0, False

    def submit(self, function, *arguments):
        future = futures.Future()
        self.submitted += 1
        try:
            future.set_result(self._ends(self.submitted, lambda: function(*arguments)))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self):
        self.is_shut = True
