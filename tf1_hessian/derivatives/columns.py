"""The engines that lay columns of the Hessian into the graph, chunk by chunk.

A chunk is rehearsed in the scratch graph as a function of the ids of its seeds. It is then emitted once where all seeds
fit one chunk, else inside a functional while over chunks; what does not depend on the ids is emitted outside the loop.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.control_flow import COLUMN_LOOP
from tf1_hessian.graph.scratch import key, made_for

__all__ = ["Chunk", "looped", "vectorized"]


class Chunk(object):
    """`outputs[k]` has the results of the seeds `ids` along its first axis; None is zero for every seed."""

    def __init__(self, ids, outputs):
        self.ids, self.outputs = ids, outputs
        self.size = self.seeds = int(ids.shape[0])
        self.needed = made_for(outputs, ids.graph)
        self.dependent, self.invariant = _split_by_dependence(ids, self.needed, outputs)

    def lay(self, emission, count):
        """The results of the seeds 0 .. count-1 in the default graph."""
        if count <= self.size:
            inner = emission.inside({key(self.ids): tf.range(count)}, emission.copies)
            return inner.emit(self.outputs)
        emission.emit(self.invariant)
        return self._loop(emission, count)

    def _loop(self, emission, count):
        present = [o for o in self.outputs if o is not None]
        chunks = -(-count // self.size)

        def step(index, *lists):
            ids = index * self.size + tf.range(self.size)
            inner = emission.inside({key(self.ids): ids}, lambda t: t.op in self.dependent)
            items = inner.emit(present)
            return [index + 1] + [_compat.list_set(a, index, item) for a, item in zip(lists, items)]

        lists = [_compat.list_reserve(o.shape.as_list(), o.dtype, chunks) for o in present]
        results = _compat.while_loop(
            lambda index, *_: index < chunks, step, [tf.constant(0)] + lists,
            [tf.TensorShape([])] + [a.shape for a in lists])
        if present:
            _compat.set_string_attribute(_loop_op(results[0]), COLUMN_LOOP, str(chunks))
        stacked = iter([self._stacked(a, o, chunks, count) for a, o in zip(results[1:], present)])
        return [None if o is None else next(stacked) for o in self.outputs]

    @staticmethod
    def _stacked(tensor_list, output, chunks, count):
        element = output.shape.as_list()
        stacked = _compat.list_to_tensor(tensor_list, element, output.dtype, chunks)
        return tf.reshape(stacked, [chunks * element[0]] + element[1:])[:count]


def looped(product, n, dtype):
    """One seed after the other; works for every op that can be differentiated twice."""
    ids = tf.placeholder(tf.int32, [1])
    outputs = product(tf.one_hot(ids[0], n, dtype=dtype))
    return Chunk(ids, [None if o is None else tf.expand_dims(o, 0) for o in outputs])


def vectorized(product, n, dtype, size):
    """`size` seeds at once through pfor. Raises where an op on the way has no vectorised form in this TF."""
    ids = tf.placeholder(tf.int32, [size])
    seeds = tf.one_hot(ids, n, dtype=dtype)
    present = []

    def one(index):
        outputs = product(tf.gather(seeds, index))
        present.append([o is not None for o in outputs])
        return [o for o in outputs if o is not None]

    found = iter(_compat.pfor(one, size))
    return Chunk(ids, [next(found) if there else None for there in present[-1]])


def _split_by_dependence(ids, needed, outputs):
    """(the ops that depend on the ids, the tensors of the scratch graph that they or the outputs read else)."""
    dependent, invariant = {ids.op}, {}
    for op in needed:
        if any(t.op in dependent for t in op.inputs):
            dependent.add(op)
    for op in dependent:
        invariant.update((key(t), t) for t in op.inputs if t.op not in dependent)
    invariant.update((key(o), o) for o in outputs if o is not None and o.op not in dependent)
    return dependent - {ids.op}, list(invariant.values())


def _loop_op(tensor):
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor.op
