"""Where batches come from: feed_dicts, files, or an iterator in the graph; each can pass over what is done already."""
import os
import zlib

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.sources import resolve_tensor
from tf1_hessian.graph.upstream import ops_above
from tf1_hessian.runners import refusals
from tf1_hessian.runners.draws import refuse_unskippable

__all__ = ["Elements", "Feeds", "batches_of", "mark_of", "read_feed"]

_END = object()
# Elements of an array that its mark is made of: enough to tell batches apart, and nothing against a step.
_SAMPLE = 64


def batches_of(batches, tensors, is_marked):
    """The Feeds or the Elements of batches; tensors: what is fetched of each. is_marked: whether batches get marks, for
    a checkpoint. Raises for what is neither."""
    if hasattr(batches, "get_next") and not hasattr(batches, "__next__"):
        return Elements(batches, tensors, is_marked)
    if isinstance(batches, (str, bytes, dict, os.PathLike, tf.data.Dataset, tf.Tensor, np.ndarray)):
        raise refusals.bad_batches(batches)
    try:
        return Feeds(batches, iter(batches), tensors, is_marked)
    except TypeError as error:
        raise refusals.bad_batches(batches) from error


class Feeds(object):
    """Batches that are fed: feed_dicts, or paths of .npz files with an array for each placeholder.

    total: how many there are, or None where they do not tell. extra: what is to be fetched along.
    """

    extra = ()

    def __init__(self, batches, items, tensors, is_marked):
        self.total = len(batches) if hasattr(batches, "__len__") else None
        self._items, self._tensors, self._is_marked, self._position = items, tensors, is_marked, -1
        self._passable = set()

    def skip(self, session):
        """The mark of the next batch, which is passed over; None at the end. Files are not opened."""
        item = self._next()
        return None if item is _END else self._mark(item)

    def take(self):
        """(position, feed_dict or path, mark) of the next batch; None at the end."""
        item = self._next()
        return None if item is _END else (self._position, item, self._mark(item))

    def step(self, session, run):
        """(feed_dict, what run(feed_dict) gives, mark) of the next batch; None at the end."""
        item = self._next()
        if item is _END:
            return None
        feed = item if isinstance(item, dict) else read_feed(item, self._position, session.graph)
        if self._is_marked:
            self._check(feed, session.graph)
        return feed, run(feed), self._mark(item)

    def _check(self, feed, graph):
        """Raises for what feeds of these tensors leave to be read or assigned in the graph; each kind of feed once."""
        kind = frozenset(str(getattr(k, "name", k)) for k in feed)
        if kind not in self._passable:
            refuse_unskippable(self._tensors, feed, graph)
            self._passable.add(kind)

    def _next(self):
        item = next(self._items, _END)
        self._position += 1
        if item is not _END and not isinstance(item, (dict, str, os.PathLike)):
            raise refusals.wrong_feed(item, self._position)
        return item

    def _mark(self, item):
        if not self._is_marked:
            return None
        if not isinstance(item, dict):
            return mark_of([("file", os.path.basename(os.fspath(item)))])
        return mark_of([(getattr(k, "name", k), v) for k, v in item.items()])


class Elements(object):
    """Batches that the graph reads itself, by get_next() of a tf.data iterator, until that is at its end."""

    total = None

    def __init__(self, iterator, tensors, is_marked):
        self._is_marked, handle = is_marked, iterator._iterator_resource.op
        above = ops_above([t.op for t in tensors])
        if handle not in above:
            raise refusals.endless(handle.name)
        # All iterators are passed over together, as they are read. What a branch reads can't be fetched by itself.
        self._reads = sorted((op for op in above if _reads(op) and op.graph.is_fetchable(op)), key=lambda op: op.name)
        if is_marked:
            refuse_unskippable(tensors, None, handle.graph, self._reads)
        self.extra = [t for op in self._reads for t in op.outputs
                      if is_marked and t.dtype not in (tf.variant, tf.resource)]

    def skip(self, session):
        """The mark of the next batch, which is read and used for nothing; None at the end."""
        try:
            _, values = session.run([self._reads, self.extra])
        except tf.errors.OutOfRangeError as error:
            return self._ended(error)
        return self._mark(values)

    def step(self, session, run):
        """(feed_dict, what run(feed_dict) gives, mark) of the next batch; None at the end."""
        try:
            values = run({})
        except tf.errors.OutOfRangeError as error:
            return self._ended(error)
        return {}, values, self._mark(values[len(values) - len(self.extra):])

    @staticmethod
    def _ended(error):
        """None; raises the error where something else than an iterator is at its end."""
        if not (error.op is not None and _reads(error.op)) and "End of sequence" not in error.message:
            raise error
        return None

    def _mark(self, values):
        """Of several reads in one call TensorFlow takes any one first: their marks are added up."""
        if not self._is_marked:
            return None
        values, total = iter(values), 0
        for op in self._reads:
            kept = [i for i, t in enumerate(op.outputs) if t.dtype not in (tf.variant, tf.resource)]
            total += mark_of([(str(i), next(values)) for i in kept])
        return total


def _reads(op):
    return op.type.startswith("IteratorGetNext")


def mark_of(named, is_whole=False):
    """A number that tells a batch from others: of names, shapes, dtypes and a sample of the values, or all of them."""
    mark = 0
    for name, value in sorted(named, key=lambda pair: str(pair[0])):
        for part in _compat.flatten(value) if isinstance(value, tuple) else [value]:
            part = np.asarray(part)
            flat = part.reshape(-1)
            sample = flat[::1 if is_whole else max(1, flat.size // _SAMPLE)]
            content = repr(sample.tolist()).encode("utf-8") if part.dtype.hasobject else sample.tobytes()
            mark = zlib.crc32(("%s %s %s" % (name, part.dtype, part.shape)).encode("utf-8") + content, mark)
    return mark


def read_feed(path, position, graph):
    """The feed_dict in a file, by the tensors of a graph. position: of the batch, for errors."""
    path = os.fspath(path)
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except OSError as error:
        if error.errno is not None:  # else numpy's own, for what is no such file
            raise
        raise refusals.not_a_file(path, position, errors.first_line(error)) from error
    except Exception as error:  # numpy and zipfile have no common class for what is damaged
        raise refusals.not_a_file(path, position, errors.first_line(error)) from error
    try:
        return {resolve_tensor(str(name), graph): value for name, value in arrays.items()}
    except ValueError as error:
        raise refusals.not_a_file(path, position, str(error).rstrip(".")) from error
