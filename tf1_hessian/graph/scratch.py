"""A throw-away graph for rehearsals: it reads the user's tensors and adds nothing to their graph."""
from tf1_hessian import _compat
from tf1_hessian._compat import tf

__all__ = ["Scratch", "Tracing", "inputs_of", "key", "original"]

# Small constants are copied, so that gradient functions see their values (axes, shapes) in the scratch graph as well.
_LARGEST_COPIED_CONSTANT = 64


def key(tensor):
    """What a tensor is known by in dictionaries: TF 2 tensors don't hash, and names repeat across function graphs."""
    return tensor.op, tensor.value_index


class Scratch(_compat.FuncGraph):
    """Ops made here may use tensors of `outer`: each becomes a stand-in that remembers what it stands for.

    A FuncGraph, because only those may take inputs from an outer graph; it never becomes a function. Gradient functions
    that run here see the user's own ops, so closures of tf.custom_gradient work as in the user's graph.
    """

    is_crossed = True

    def __init__(self, outer, keeps_order=False):
        """keeps_order: what is rehearsed here waits, where it is emitted, for what it waits for here."""
        with outer.as_default():
            _compat.init_func_graph(self, "tf1_hessian_scratch")
        self.keeps_order = keeps_order
        self._inside = {}
        self.originals = {}
        self.loops = []

    def capture(self, tensor, name=None, **_):
        """The stand-in for a tensor of the outer graph."""
        if not _compat.is_eager(tensor) and tensor.graph is self:
            return tensor
        if isinstance(self.outer_graph, _compat.FuncGraph):
            tensor = self.outer_graph.capture(tensor)
        if tensor.graph is not self.outer_graph:
            raise ValueError("Tensor '%s' is neither of the graph of the loss nor of this derivative." % tensor.name)
        inside = self._inside.get(key(tensor))
        if inside is None:
            with self.as_default(), tf.control_dependencies(None), tf.name_scope(None), tf.device(None):
                inside = _stand_in(tensor)
            self._inside[key(tensor)] = inside
            self.originals[key(inside)] = tensor
        return inside


class Tracing(Scratch):
    """A scratch graph for one iteration of a loop: walks stay inside, since all that matters is passed in."""

    is_crossed = False


def _stand_in(tensor):
    size = _compat.count_elements(tensor.shape)
    if tensor.op.type == "Const" and size is not None and size <= _LARGEST_COPIED_CONSTANT:
        return tf.constant(_compat.static_value(tensor), tensor.dtype, tensor.shape)
    inside = tf.placeholder(tensor.dtype.base_dtype, tensor.shape)
    if tensor.dtype in (tf.resource, tf.variant):
        _compat.copy_handle_data(tensor, inside)
    return inside


def original(tensor):
    """The tensor that a stand-in stands for, or None."""
    graph = tensor.graph
    return graph.originals.get(key(tensor)) if isinstance(graph, Scratch) else None


def inputs_of(op):
    """The tensors an op reads; a stand-in reads what it stands for, so that walks cross into the user's graph."""
    if not op.inputs and op.outputs:
        outside = original(op.outputs[0])
        if outside is not None and op.graph.is_crossed:
            return (outside,)
    return op.inputs
