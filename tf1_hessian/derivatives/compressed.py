"""Columns of the Hessian added up by colours: the products with the indicator of each colour."""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import columns, products
from tf1_hessian.derivatives.gradients import Options
from tf1_hessian.graph.devices import parts_of, stacked_rows
from tf1_hessian.graph.emission import made_for

__all__ = ["Compressed"]

# Up to so many columns are laid one by one, each sharing what does not depend on it: element-wise work is faster so
# than vectorised (chain, n = 1e5: 24 ms, 32 through pfor), and so many small ops cost little to build.
_UNROLLED = 16
_MOST_OPS = 5000


class Compressed(object):
    """The products over some sources, rehearsed in the scratch graph: for each source a tensor [number, size], None for
    zero.

    colors: one array for each source. weights: what each element counts in the seeds, one array for each source, or
    None for ones. size: how many columns are laid at once. stopped: tensors
    held constant. parts: devices that share the columns. dealt: columns that go to one device together. columns,
    column_ops, needed: for estimates.
    """

    def __init__(self, gradients, sources, colors, number, weights=None, size=None, options=Options(),
                 stopped=(), parts=1):
        self._sources, self.columns = tuple(sources), number
        self._given = [None] * len(sources) if weights is None else weights
        self._seeds = [tf.placeholder(s.dtype, s.shape) for s in sources]
        found = products.product(gradients, sources, self._seeds, sources, options, stopped)
        self._outputs = [None if f is None else tf.reshape(f, [s.size]) for f, s in zip(found, sources)]
        self._colors = [tf.constant(c, tf.int32) for c in colors]
        dependent = columns.dependent_on(self._seeds, self._outputs)
        self._chunk = None  # type: columns.Chunk | None
        self._rows = self._unstacked = []
        if number <= _UNROLLED and number * len(dependent) <= _MOST_OPS and (size is None or size >= number):
            self._rows = self._unrolled(number)
            self.size, self.needed, self.column_ops = number, self._made(self._rows), dependent
            self.columns_of_ops, self.dealt = 1, 1
        else:
            self._chunk = self._chunked(number, int(min(parts_of(number, parts), size or number)), parts)
            self.size = self.dealt = self._chunk.size
            self.needed = self._chunk.needed
            self.column_ops, self.columns_of_ops = self._chunk.column_ops, self._chunk.columns

    @staticmethod
    def _made(tensors):
        present = [t for t in tensors if t is not None]
        return made_for(present, present[0].graph) if present else []

    def _seeds_of(self, is_colored):
        """The seed of one colour for each source; is_colored: a function of colours."""
        return [tf.reshape(tf.cast(is_colored(c), s.dtype) * (1 if w is None else tf.constant(w, s.dtype)), s.shape)
                for c, w, s in zip(self._colors, self._given, self._sources)]

    def _unrolled(self, number):
        found = [columns.replaced(self._outputs, self._seeds, self._seeds_of(lambda c, k=k: tf.equal(c, k)))
                 for k in range(number)]
        self._unstacked = found
        return [None if o is None else tf.stack([f[i] for f in found]) for i, o in enumerate(self._outputs)]

    def _chunked(self, number, size, parts):
        def product(seed):
            seeds = self._seeds_of(lambda colors: tf.gather(seed, colors))
            return columns.replaced(self._outputs, self._seeds, seeds)

        try:
            return columns.together(lambda: columns.vectorized(product, number, tf.float32, size))
        except errors.NotVectorized:
            return columns.looped(product, number, tf.float32, parts)

    def lay(self, emission):
        """The products in the default graph: for each source a tensor [number, size], or None for zero."""
        if self._chunk is not None:
            return self._chunk.lay(emission, self.columns)
        return stacked_rows(emission, self._unstacked, self._rows)
