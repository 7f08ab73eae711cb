"""Arrays cut into batches."""
from tf1_hessian import _compat
from tf1_hessian.cli.failures import INPUT, Stop
from tf1_hessian.models.names import told_shape

__all__ = ["Batches"]


class Batches(object):
    """feed_dicts of at most `size` examples, made when they are asked for; any number of times.

    feeds: {tensor name: array}. Cut are the arrays of tensors whose first dimension is not known. Raises Stop where
    there is none, or where they differ in length.
    """

    def __init__(self, feeds, graph, size):
        self._whole, self._cut, self._size = {}, {}, size
        for name, array in feeds.items():
            shape = _compat.dimensions(graph.get_tensor_by_name(name).shape)
            is_cut = array.ndim and (shape is None or shape[:1] == [None])
            (self._cut if is_cut else self._whole)[name] = array
        lengths = {name: len(array) for name, array in self._cut.items()}
        if not lengths:
            raise Stop(INPUT, "--batch-size has nothing to cut: no array is fed to a placeholder whose first dimension "
                       "is unknown (%s)" % (", ".join("'%s' is %s" % (n, told_shape(graph.get_tensor_by_name(n).shape))
                                                   for n in sorted(feeds)) or "nothing is fed"))
        if len(set(lengths.values())) > 1:
            raise Stop(INPUT, "the arrays that --batch-size cuts differ in length: %s" % ", ".join(
                "'%s' has %d" % pair for pair in sorted(lengths.items())))
        self.examples = next(iter(lengths.values()))
        if not self.examples:
            raise Stop(INPUT, "there are no examples: the arrays %s are empty" % ", ".join(sorted(lengths)))

    def __len__(self):
        return -(-self.examples // self._size)

    def __iter__(self):
        for start in range(0, self.examples, self._size):
            feed = dict(self._whole)
            feed.update((name, array[start:start + self._size]) for name, array in self._cut.items())
            yield feed

    def examples_of(self, feed):
        """How many examples a batch has."""
        return len(feed[next(iter(self._cut))])
