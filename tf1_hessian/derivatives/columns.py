"""The engines that lay columns of the Hessian into the graph, chunk by chunk.

A chunk is rehearsed in the scratch graph as a function of the ids of its seeds. It is then emitted once where all seeds
fit one chunk, else inside a functional while over chunks; what does not depend on the ids is emitted outside the loop.
"""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph import sizes
from tf1_hessian.graph.control_flow import LOOP_TYPES, WHILE_TYPES, nests_conditionals
from tf1_hessian.graph.devices import parts_of
from tf1_hessian.graph.emission import Emission, made_for, needs, requisites
from tf1_hessian.graph.marks import mark_column_loop
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.upstream import count_ops, ops_inside

__all__ = [
    "Chunk", "added_up", "dependent_on", "each", "looped", "looped_over", "replaced", "seeded", "stacked", "together",
    "vectorized",
]


class Chunk(object):
    """`outputs[k]` has the results of the seeds `ids` along its first axis; None is zero for every seed.

    size: the seeds that one iteration lays, `repeats` times those of `ids`. Sizes known before running are made inside
    the loop: a constant is cheaper than a loop variable. column_ops: the ops of `columns` columns, for estimates.
    """

    columns = 1

    def __init__(self, ids, outputs, repeats=1, column_ops=None):
        self.ids, self.outputs, self.repeats = ids, outputs, repeats
        self.seeds = int(ids.shape[0])
        self.size = self.seeds * repeats
        self.needed = made_for(outputs, ids.graph)
        self.dependent, invariant = _split_by_dependence(ids, self.needed, outputs)
        self.column_ops = self.dependent if column_ops is None else column_ops
        known = {}
        self.sizes = [t for t in invariant if sizes.is_size(t) and sizes.known_value(t, known) is not None]
        self.invariant = [t for t in invariant if known.get(key(t)) is None]

    def lay(self, emission, count):
        """The results of the seeds 0 .. count-1 in the default graph."""
        parts = []
        for part, first, number in emission.shares(count, self.size):
            with part.placed():
                parts.append(self._share(part, first, number))
        return parts[0] if len(parts) == 1 else [
            None if o is None else tf.concat([p[k] for p in parts], 0) for k, o in enumerate(self.outputs)]

    def _share(self, emission, first, count):
        emission.emit(self.invariant)
        if count <= self.size:
            found = self._iteration(emission, tf.range(first, first + self.size))
            return [None if f is None else f[:count] for f in found]
        return self._loop(emission, first, count) if any(o is not None for o in self.outputs) else self.outputs

    def at(self, emission, ids):
        """The results of the seeds that a tensor [size] names, in the default graph."""
        emission.emit(self.invariant)
        return self._iteration(emission, ids)

    def _iteration(self, emission, ids):
        """The results of one iteration's seeds."""
        found = []
        emission = emission.inside({}, emission.copies)
        emission.emit(self.sizes)
        for first in range(0, self.size, self.seeds):
            here = ids if self.repeats == 1 else ids[first:first + self.seeds]
            inner = emission.inside({key(self.ids): here}, lambda t: t.op in self.dependent)
            found.append(inner.emit(self.outputs))
        if self.repeats == 1:
            return found[0]
        return [None if o is None else tf.concat([f[k] for f in found], 0) for k, o in enumerate(self.outputs)]

    def _loop(self, emission, start, count):
        present = [o for o in self.outputs if o is not None]
        chunks = -(-count // self.size)

        def step(index, *lists):
            found = self._iteration(emission, index * self.size + tf.range(start, start + self.size))
            items = [f for f in found if f is not None]
            return [index + 1] + [_compat.list_set(a, index, item) for a, item in zip(lists, items)]

        shapes = [[self.size] + o.shape.as_list()[1:] for o in present]
        lists = [_compat.list_reserve(shape, o.dtype, chunks) for shape, o in zip(shapes, present)]
        first = tf.constant(0)
        results = _compat.while_loop(
            lambda index, *_: index < chunks, step, [first] + lists, [first.shape] + [a.shape for a in lists])
        mark_column_loop(results[0], first, chunks)
        rows = iter([_rows_of_list(*found, chunks=chunks, count=count) for found in zip(results[1:], present, shapes)])
        return [None if o is None else next(rows) for o in self.outputs]


def looped(product, n, dtype, parts=1):
    """One seed after the other; works for every op that can be differentiated twice. parts: devices that share them.

    A few seeds are laid in each iteration: a loop variable costs more than a small op, and there are many.
    """
    ids = tf.placeholder(tf.int32, [1])
    outputs = product(tf.one_hot(ids[0], n, dtype=dtype))
    once = Chunk(ids, [None if o is None else tf.expand_dims(o, 0) for o in outputs])
    ops = max(1, count_ops(once.dependent))
    repeats = max(1, min(_MOST_REPEATS, parts_of(n, parts), _OPS_OF_ITERATION // ops))
    return Chunk(ids, once.outputs, repeats)


def looped_over(value):
    """A Chunk that evaluates a scalar function of 0, 1, 2, ... one after the other."""
    ids = tf.placeholder(tf.int32, [1])
    return Chunk(ids, [tf.expand_dims(value(ids[0]), 0)])


# Seeds of one iteration of the loop engine, and the ops that they may take together.
_MOST_REPEATS = 8
_OPS_OF_ITERATION = 1000


def vectorized(product, n, dtype, size):
    """`size` seeds at once through pfor. Raises where an op on the way has no vectorised form in this TF."""
    ids, laid = tf.placeholder(tf.int32, [size]), []
    seeds = tf.one_hot(ids, n, dtype=dtype)

    def column(index):
        laid[:] = [tf.gather(seeds, index)]
        laid[1:] = product(laid[0])
        return laid[1:]

    outputs = stacked(column, size)
    seed, single = laid[0], laid[1:]
    column_ops, _ = _split_by_dependence(seed, made_for(single, seed.graph), single)
    return Chunk(ids, outputs, column_ops=column_ops)


def stacked(column, size):
    """The tensors that `column` gives for 0 .. size-1, each stacked, through pfor; None where one is always None.

    Raises where an op on the way has no vectorised form in this TF.
    """
    kept = []

    def one(index):
        kept[:] = column(index)
        _refuse_vectorizing(made_for(kept, tf.get_default_graph()))
        return [k for k in kept if k is not None]

    found = iter(_compat.pfor(one, size))
    outputs = [None if k is None else next(found) for k in kept]
    for one_result, rows in zip(kept, outputs):
        if rows is not None:
            rows.set_shape(tf.TensorShape([size if isinstance(size, int) else None]).concatenate(one_result.shape))
    loops = [op.name for op in made_for(outputs, tf.get_default_graph()) if op.type in LOOP_TYPES]
    if loops:  # TF 1.15's converter of Conv2DBackpropFilter, for one: no gain, and it can't be emitted
        raise ValueError("pfor lays a while loop of its own, '%s'" % loops[0])
    return outputs


def together(lay):
    """What `lay` gives. Raises NotVectorized where it fails, as pfor does on ops that it has no vectorised form of."""
    try:
        return lay()
    except LookupError:
        raise
    except Exception as error:  # pfor has no common class for these failures
        raise errors.NotVectorized(errors.first_line(error)) from error


def _refuse_vectorizing(ops):
    """Raises for what pfor of TF 2 converts, slowly, to what fails at run time; TF 1.15 has no converters of these."""
    for op in ops:
        for inner in [op] + ops_inside(op):
            if inner.type in WHILE_TYPES or inner.type.startswith("TensorList"):
                raise ValueError("a loop that could not be unrolled lies between, at '%s'" % inner.name)
        if nests_conditionals(op):
            raise ValueError("nested conditionals fail when they run vectorised")


def _rows_of_list(tensor_list, output, shape, chunks, count):
    stacked = _compat.list_to_tensor(tensor_list, shape, output.dtype, chunks)
    return tf.reshape(stacked, [chunks * shape[0]] + [-1 if d is None else d for d in shape[1:]])[:count]


def _split_by_dependence(ids, needed, outputs):
    """(the ops that depend on the ids, the tensors of the scratch graph that they or the outputs read else)."""
    dependent, invariant = _following([ids], needed), {}
    inside = dependent | {ids.op}
    for op in inside:
        invariant.update((key(t), t) for t in needs(op) if t.op not in inside)
    invariant.update((key(o), o) for o in outputs if o is not None and o.op not in inside)
    return dependent, list(invariant.values())


def _following(seeds, ops):
    """Those of some ops, inputs first, that depend on the seeds."""
    first = {s.op for s in seeds}
    found = set(first)
    for op in ops:
        if any(t.op in found for t in requisites(op)):
            found.add(op)
    return found - first


def added_up(contributions, zeros, count, size):
    """The sums over the seeds 0 .. count-1 of what they contribute, `size` seeds at once, in the default scratch graph.

    contributions: a function of the ids of some seeds (ids from `count` on must contribute nothing) that gives tensors,
    each the sum over these seeds, or None for zero. zeros: tensors of their shapes.
    """
    if count <= size:
        return contributions(tf.range(count))
    ids = tf.placeholder(tf.int32, [size])
    outputs = contributions(ids)
    dependent, _ = _split_by_dependence(ids, made_for(outputs, ids.graph), outputs)

    def step(index, *sums):
        here = index * size + tf.range(size)
        found = Emission({key(ids): here}, lambda t: t.op in dependent).emit(present)
        return [index + 1] + [s + f for s, f in zip(sums, found)]

    present = [o for o in outputs if o is not None]
    first = [tf.constant(0)] + [z for z, o in zip(zeros, outputs) if o is not None]
    chunks = -(-count // size)
    results = iter(_compat.while_loop(lambda index, *_: index < chunks, step, first, [t.shape for t in first])[1:])
    return [None if o is None else next(results) for o in outputs]


def each(make, count):
    """What `make` gives for 0 .. count-1, stacked; None where that is None. count: a number or a tensor.

    Through pfor, or one after the other where an op on the way has no vectorised form in this TF.
    """
    try:
        return together(lambda: stacked(lambda index: [make(index)], count))[0]
    except errors.NotVectorized:
        return _one_by_one(make, count)


def _one_by_one(make, count):
    index = tf.placeholder(tf.int32, [])
    output = make(index)
    if output is None:
        return None
    dependent, _ = _split_by_dependence(index, made_for([output], index.graph), [output])
    shape = output.shape.as_list()

    def step(here, rows):
        found, = Emission({key(index): here}, lambda t: t.op in dependent).emit([output])
        return [here + 1, _compat.list_set(rows, here, found)]

    first, rows = tf.constant(0), _compat.list_reserve(shape, output.dtype, count)
    end = tf.identity(count)  # TF 1.13 refuses a tensor that both condition and body read
    found = _compat.while_loop(lambda here, _: here < end, step, [first, rows], [first.shape, rows.shape])
    count = count if isinstance(count, int) else None
    stacked_up = _compat.list_to_tensor(found[1], shape, output.dtype, count)
    stacked_up.set_shape([count] + shape)
    return stacked_up


def dependent_on(seeds, outputs):
    """The ops of the scratch graph between some seeds and outputs; None among these is passed over."""
    return _following(seeds, made_for(outputs, seeds[0].graph)) if seeds else set()


def replaced(outputs, seeds, values):
    """The outputs with values in the place of seeds, in the scratch graph; what does not depend on these is shared."""
    dependent = dependent_on(seeds, outputs)
    return Emission({key(s): v for s, v in zip(seeds, values)}, lambda t: t.op in dependent).emit(outputs)


def seeded(output, seed, make, count):
    """A tensor of the scratch graph that is linear in `seed`, for each of the seeds make(0 .. count-1), stacked."""
    dependent, _ = _split_by_dependence(seed, made_for([output], seed.graph), [output])
    if output.op not in dependent:
        raise ValueError("'%s' does not follow from the seed of the losses" % output.name)
    return each(lambda index: Emission({key(seed): make(index)}, lambda t: t.op in dependent).emit([output])[0], count)
