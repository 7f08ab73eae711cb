"""Values of index tensors that the graph alone decides, and ops run on numbers of elements."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.scratch import key, original

__all__ = ["Constants"]

_SIZES = frozenset(["Rank", "Shape", "Size"])
# Control flow, and what is meant to be fed.
_NOT_PLAIN = frozenset(["Merge", "PlaceholderWithDefault", "RefMerge", "RefSwitch", "Switch"])


class Constants(object):
    """Works in a graph and a session of its own. given: {tensor: array}, values to take for tensors that are fed.

    Values that were read off the user's graph can't be fed any more: sessions raise, as for constants that TensorFlow
    itself relied on. anchors: what must not be taken for constant.
    """

    def __init__(self, anchors, given):
        self._given = {key(t): np.asarray(v, t.dtype.base_dtype.as_numpy_dtype) for t, v in given.items()}
        self._sources = {key(a) for a in anchors} - set(self._given)
        self._known = {}
        self._graph = tf.Graph()
        self._session = tf.Session(graph=self._graph, config=tf.ConfigProto(
            device_count={"GPU": 0}, intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))

    def close(self):
        """Ends the session."""
        self._session.close()

    def value(self, tensor):
        """The value of a tensor as a numpy array, or None where variables, feeds, draws or a source decide it."""
        while original(tensor) is not None:
            tensor = original(tensor)
        if key(tensor) not in self._known:
            self._known[key(tensor)] = self._folded(tensor)
        return self._known[key(tensor)]

    def _folded(self, tensor):
        leaves, relied = self._leaves(tensor)
        if leaves is None:
            return None
        with self._graph.as_default(), tf.device(_here):
            known = {name: tf.constant(value) for name, value in leaves.items()}
            made, = Emission(known, lambda t: t.graph is not self._graph).emit([tensor])
        value = self._session.run(made)
        for each in relied:
            each.graph.prevent_feeding(each)
        return value

    def _leaves(self, tensor):
        """({key: value} where the walk up ended, tensors whose values were relied on); (None, None) for no value"""
        leaves, relied, stack, seen = {}, [], [tensor], set()
        while stack:
            here = stack.pop()
            if key(here) in seen:
                continue
            seen.add(key(here))
            if original(here) is not None:
                stack.append(original(here))
                continue
            value = self._at_once(here)
            if value is not None:
                leaves[key(here)] = value
                continue
            if key(here) in self._sources or not _is_plain(here.op):
                return None, None
            relied.append(here)
            stack.extend(here.op.inputs)
        return leaves, relied

    def _at_once(self, tensor):
        if key(tensor) in self._given:
            return self._given[key(tensor)]
        if tensor.op.type in _SIZES:
            sizes = dimensions_of(tensor.op.inputs[0])
            if sizes is not None and None not in sizes:
                found = {"Rank": len(sizes), "Shape": sizes, "Size": int(np.prod(sizes))}[tensor.op.type]
                return np.asarray(found, tensor.dtype.as_numpy_dtype)
        return None

    def run(self, op, arrays, moved):
        """The outputs of one op on arrays in the place of its inputs; those at `moved` may have another dtype."""
        kind = arrays[moved[0]].dtype
        changed, attributes = _types(op, moved), dict(op.node_def.attr)
        attributes.pop("_class", None)
        for name in changed:
            attributes[name] = tf.AttrValue(type=tf.as_dtype(kind).as_datatype_enum)
        was = op.inputs[moved[0]].dtype.base_dtype
        dtypes = [tf.as_dtype(kind) if o.dtype.base_dtype == was else o.dtype.base_dtype for o in op.outputs]
        with self._graph.as_default(), tf.device("/cpu:0"):
            inputs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
            made = _compat.create_op(self._graph, op.type, inputs, dtypes, name="moved", attrs=attributes,
                                     op_def=op.op_def)
        return self._session.run(list(made.outputs), dict(zip(inputs, arrays)))


def _is_plain(op):
    """Whether an op gives the same whenever it runs, and is no part of control flow, nor fed."""
    is_stateful, has_reference = _compat.op_facts(op)
    if is_stateful or has_reference or op.type in _NOT_PLAIN or control_flow.is_of_v1_loop(op):
        return False
    return bool(op.inputs or op.type == "Const") and not control_flow.carries_functions(op)


def _types(op, positions):
    """The names of the type attributes of the inputs at some positions."""
    names = []
    for argument in op.op_def.input_arg:
        count = op.get_attr(argument.number_attr) if argument.number_attr else 1
        names += [argument.type_attr] * count
    return {names[p] for p in positions if names[p]}


def _here(op):
    """Where a constant is made, whatever device, or task of a cluster, the model names for it."""
    return "/cpu:0"
