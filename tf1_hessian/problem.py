"""A question that makes sense: loss and sources resolved and checked, its gradient rehearsed, its answer assembled."""
import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import products
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.captures import refuse_computed_outside
from tf1_hessian.graph.layout import Layout
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.precision import in_double
from tf1_hessian.graph.regions import may_be_unsymmetric
from tf1_hessian.graph.scratch import Scratch
from tf1_hessian.graph.sources import anchors_of, check_real, resolve_losses, resolve_sources, storage_of

__all__ = ["Problem", "path_between", "refuse_eager"]


class Problem(object):
    """Loss and sources of one question; after `rehearse`, its path, scratch graph and gradients.

    asked: the losses and sources of the user's graph. With precision "float64", `losses`, `layout`, `across` and `path`
    are those of the copy in float64 once it is rehearsed, and `narrow` names the ops that it can't hold in float64.
    rows, cols: the sources that seeds are laid on and those that products are taken against. They differ for a mixed
    block; `transposed` when the seeds are laid on the other side, which is shorter. devices: which share the columns.
    """

    def __init__(self, loss, xs, quantity, other, flat, options, precision, per_example=False, devices=()):
        self.quantity, self.flat, self.options, self.precision = quantity, flat, options, precision
        self.per_example, self.devices = per_example, devices
        self.losses = resolve_losses(loss)
        if per_example:
            _check_vector(self.losses, loss)
        self.graph = self.losses[0].graph
        if self.graph.finalized:
            raise errors.finalized()
        self.layout = Layout(xs, resolve_sources(xs, self.graph))
        self.across = self.layout if other is None else Layout(other, resolve_sources(other, self.graph))
        sources = self.layout.sources + (() if other is None else self.across.sources)
        check_real(sources)
        dtypes = sorted({s.dtype.name for s in sources})
        if (flat or quantity == "sparse") and len(dtypes) > 1 and precision is None:
            raise errors.mixed_dtypes(dtypes)
        self._sources = sources
        self.asked = self.losses, self.layout.sources
        names = [tuple(t.name for t in part) for part in (self.losses, self.layout.sources, self.across.sources)]
        structures = str(_compat.map_structure(lambda _: 0, [xs, other]))
        self.settled = frozenset()
        self.question = (tuple(names), structures, other is None, quantity, flat, options, precision,
                         per_example, self.devices)

    def results(self):
        """[(shape, dtype)] of what is asked for, before anything is rehearsed; none of a sparse Hessian."""
        rows, cols = self.layout.sources, self.across.sources
        if self.quantity == "sparse":
            pairs = []
        elif self.quantity == "diag":
            count = self.losses[0].shape.as_list() if self.per_example else []
            pairs = [(count + s.shape.as_list(), s) for s in rows]
        elif self.quantity == "blocks":
            pairs = [([s.size, s.size], s) for s in rows]
        else:
            pairs = [([a.size, b.size], b) for a in rows for b in cols]
        return [(shape, s.dtype if self.precision is None else tf.as_dtype(self.precision)) for shape, s in pairs]

    def rehearse(self):
        """Finds the path and differentiates once in a scratch graph; raises where that can't be right."""
        self.path = path_between(self.losses, self._sources)
        if self.quantity in ("full", "sparse"):
            _check_separate(self._sources)
        self.scratch, self.narrow = Scratch(self.graph, self.options.gate), []
        if self.precision is not None:
            self._widen()
        same_dtype = len({s.dtype for s in self._sources}) <= 1
        self.symmetric = same_dtype and not may_be_unsymmetric(self.path.ops)
        self.transposed = self.across is not self.layout and self.symmetric and self.across.n < self.layout.n
        self.rows, self.cols = self.layout.sources, self.across.sources
        if self.transposed:
            self.rows, self.cols = self.cols, self.rows
        with self.scratch.as_default():
            self._seed = tf.ones_like(self.losses[0]) if self.per_example else None
            self.gradients = products.gradients_of(
                self.losses, self.rows, self.options, [self._seed] if self.per_example else None)

    def _widen(self):
        """Puts the loss in float64, emitted in the scratch graph, in the place of the user's."""
        with self.scratch.as_default():
            self.losses, sources, self.narrow = in_double(self.losses, self._sources)
        first, is_mixed = len(self.layout.sources), self.across is not self.layout
        self.layout = Layout(self.layout.xs, sources[:first])
        self.across = Layout(self.across.xs, sources[first:]) if is_mixed else self.layout
        self._sources = tuple(sources)
        self.path = path_between(self.losses, self._sources)

    def targets(self, index):
        """The indices of the columns that the rows of one source are needed against."""
        if self.quantity != "full":
            return [index]
        if self.rows is self.cols and self.symmetric:
            if index in self.settled:
                return [t for t in sorted(self.settled) if t >= index]
            return [t for t in range(len(self.cols)) if t >= index or t in self.settled]
        return list(range(len(self.cols)))

    def targets_of(self, group):
        """The indices of the columns that the rows of any of some sources are needed against."""
        return sorted({t for i in group for t in self.targets(i)})

    def outputs(self, group, seed):
        """The rehearsed results of one seed over the rows of some sources behind one another: None where zero.

        A flat row for each of `targets_of(group)`, or the entry of the diagonal.
        """
        sources, targets = [self.rows[i] for i in group], [self.cols[t] for t in self.targets_of(group)]
        seeds = _split(seed, [s.size for s in sources])
        found = products.product([self.gradients[i] for i in group], sources, [
            tf.reshape(part, s.shape) for s, part in zip(sources, seeds)], targets, self.options)
        flat = [None if f is None else tf.reshape(f, [t.size]) for f, t in zip(found, targets)]
        if self.quantity != "diag":
            return flat
        entries = [_entry(f, part) for f, part in zip(flat, seeds) if f is not None]
        return [self._by_example(_compat.add_all(entries)) if entries else None]

    def _by_example(self, entry):
        """An entry of the diagonal is linear in the seed of the losses: its slope is the entry of each example."""
        return backprop([entry], [self._seed], options=self.options)[0] if self.per_example else entry

    def assemble(self, laid):
        """The result in the structure of xs from the laid (row source, column source) blocks."""
        if self.per_example:
            return self.layout.pack([self._rows_of(laid.get((i, i)), s) for i, s in enumerate(self.layout.sources)])
        if self.quantity == "diag":
            return self.layout.pack(
                [_shaped(laid.get((i, i)), s.shape, s) for i, s in enumerate(self.layout.sources)])
        if self.transposed:
            laid = {(c, r): None if b is None else tf.transpose(b) for (r, c), b in laid.items()}
        if self.quantity == "blocks":
            return self.layout.pack([self._block(laid, i, i) for i in range(len(self.rows))])
        blocks = [[self._block(laid, r, c) for c in range(len(self.across.sources))]
                  for r in range(len(self.layout.sources))]
        if self.flat:
            return tf.concat([tf.concat(row, 1) for row in blocks], 0)
        return self.layout.pack([self.across.pack(row) for row in blocks])

    def _rows_of(self, rows, source):
        """The diagonals of each example as [N] and the source's shape."""
        losses, = self.asked[0]
        static = losses.shape.concatenate(source.shape)
        shape = static.as_list()
        if shape[0] is None:
            shape = tf.concat([tf.shape(losses), np.array(shape[1:], np.int32)], 0)
        found = _shaped(rows, shape, source)
        found.set_shape(static)
        return found

    def _block(self, laid, r, c):
        row, col = self.layout.sources[r], self.across.sources[c]
        block = laid.get((r, c))
        if block is None and self.layout is self.across and laid.get((c, r)) is not None:
            block = tf.transpose(laid[c, r])
        shape = tf.TensorShape([row.size, col.size]) if self.flat else row.shape.concatenate(col.shape)
        return _shaped(block, shape, col)


def _entry(row, seed):
    """The element of a row at the 1 of a unit seed, or 0: a product would spread what is not finite elsewhere."""
    return tf.reduce_sum(tf.where(tf.not_equal(seed, 0), row, tf.zeros_like(row)))


def _split(seed, sizes):
    """The parts of a flat seed; itself, without an op, where there is but one."""
    return tf.split(seed, sizes) if len(sizes) > 1 else [seed]


def _shaped(tensor, shape, source):
    return tf.zeros(shape, source.dtype) if tensor is None else tf.reshape(tensor, shape)


def _check_vector(losses, got):
    if len(losses) != 1 or losses[0].shape.ndims != 1:
        raise errors.bad_option("losses", got, "one tensor of shape [N] with per_example=True, one loss for each "
                                "example%s" % (", got shape %s" % losses[0].shape if len(losses) == 1 else ""))


def refuse_eager(call):
    """Raises where there is no graph to read."""
    if _compat.executes_eagerly():
        raise errors.eager(call)


def path_between(targets, sources):
    """The Path from sources to targets; raises where no source reaches any."""
    refuse_computed_outside(targets[0].graph, sources)
    path = find_path(targets, anchors_of(sources))
    if sources and not any(path.reached(a) for a in path.anchors):
        raise errors.no_path([s.name for s in sources], targets[0].name)
    _check_storage(path, sources)
    return path


def _check_storage(path, sources):
    """A variable that is read through another handle as well (a graph imported twice) would count in part only."""
    owners = {}
    for source in sources:
        for anchor in source.anchors:
            owners.setdefault(storage_of(anchor.op), (source, anchor.op))
    owners.pop(None, None)
    for op in list(path.reads) + [a.op for a in path.anchors]:
        source, owner = owners.get(storage_of(op), (None, op))
        if op is not owner:
            raise errors.shared_storage(source.name, op.name)


def _check_separate(sources):
    """Cross blocks between a tensor and one that it is computed from have two meanings."""
    for inner in sources:
        for outer in sources:
            if inner is outer or inner.anchors[0] is outer.anchors[0]:
                continue
            if find_path(inner.anchors, outer.anchors).ops:
                raise errors.upstream(inner.name, outer.name)
