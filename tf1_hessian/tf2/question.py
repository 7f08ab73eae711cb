"""A Python loss and what it is asked for: which of it are variables, which tensors, and how the loss is called."""
import weakref

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.tf2 import refusals

__all__ = ["Question", "refuse_graph"]

_XS, _ARGS, _VECTORS = range(3)


def refuse_graph(call):
    """Raises where nothing runs eagerly."""
    is_traced = isinstance(tf.get_default_graph(), _compat.FuncGraph)
    if _compat.VERSION < (2, 0) or not (_compat.executes_eagerly() or is_traced):
        raise refusals.no_eager(call)


class Question(object):
    """fn, xs, args and vectors of one call. by_row: whether the first axis of xs may have any length.

    tensors: what a trace takes, in order; variables are read by fn itself. signature: what makes another trace
    necessary, but for the sizes of the tensors that may vary. Raises TypeError for what can't be meant.
    """

    def __init__(self, call, fn, xs, args=(), vectors=None, by_row=False):
        refuse_graph(call)
        if not callable(fn):
            raise refusals.not_callable(fn)
        if not isinstance(args, (list, tuple)):
            raise errors.bad_option("args", args, "a tuple with one item for each further argument of fn")
        self.call, self.fn, self._by_row = call, fn, by_row
        parts = [xs, tuple(args), vectors]
        kinds = [(part, leaf) for part, held in enumerate(parts) for leaf in _compat.flatten(held)]
        self._slots = [_slot(part, leaf) for part, leaf in kinds if not (part == _VECTORS and vectors is None)]
        self._structure = [_compat.map_structure(lambda _: 0, held) for held in parts]
        self.tensors = [s.value for s in self._slots if s.kind == "tensor"]
        self.is_of_variables = self._check_sources(xs)

    def _check_sources(self, xs):
        kinds = {s.kind for s in self._slots if s.part == _XS}
        if not kinds:
            raise errors.bad_option("xs", xs, "at least one variable or tensor; a Keras model has none before it was "
                                    "built or called")
        if kinds - {"tensor", "variable"}:
            raise errors.not_a_source(next(s.value for s in self._slots if s.part == _XS and s.kind == "python"))
        if len(kinds) > 1:
            raise TypeError("xs holds variables, which fn reads itself, and tensors, which it is given; ask for one "
                            "kind at a time, or make the tensors tf.Variables.")
        return kinds == {"variable"}

    @property
    def signature(self):
        """Hashable."""
        return (self.call, str(self._structure), self._by_row) + tuple(s.signature for s in self._slots)

    def free_axes(self):
        """For each tensor, the axes that need not have the size that they have."""
        found = []
        for slot in self._slots:
            if slot.kind == "tensor":
                rank = len(slot.value.shape)
                found.append(range(rank) if slot.part == _ARGS else range(min(rank, 1)) if self._by_row else ())
        return found

    def is_alive(self, weak):
        """Whether the variables are those of some weak references."""
        return all(w() is s.value for w, s in zip(weak, (s for s in self._slots if s.kind == "variable")))

    def weak_variables(self):
        """Weak references to the variables."""
        return [weakref.ref(s.value) for s in self._slots if s.kind == "variable"]

    def filler(self):
        """A function of tensors that gives (arguments of fn, xs, vectors) with them in their places. It keeps neither
        fn nor variables alive."""
        kinds = [s.weak() for s in self._slots]
        structure, of_variables = self._structure, self.is_of_variables

        def filled(tensors):
            tensors = iter(tensors)
            leaves = [next(tensors) if k is _TENSOR else k() for k in kinds]
            sizes = [len(_compat.flatten(s)) for s in structure]
            if len(leaves) < sum(sizes):
                leaves.append(None)
            ends = np.cumsum([0] + sizes)
            xs, args, vectors = [_compat.pack_sequence(s, leaves[a:b]) for s, a, b in zip(structure, ends, ends[1:])]
            given = [] if of_variables else list(xs) if isinstance(xs, (list, tuple)) else [xs]
            return given + list(args), xs, vectors

        return filled


_TENSOR = object()


class _slot(object):
    """One leaf: a variable, a tensor, or a Python value."""

    def __init__(self, part, value):
        self.part, self.value = part, value
        if _is_variable(value) and part == _XS:
            self.kind = "variable"
        elif _is_array(value) or part == _VECTORS:
            self.kind, self.value = "tensor", tf.convert_to_tensor(value)
        else:
            self.kind = "python"

    @property
    def signature(self):
        if self.kind == "variable":
            return self.part, self.kind, id(self.value)
        if self.kind == "tensor":
            return self.part, self.kind, self.value.dtype.name, len(self.value.shape)
        return self.part, self.kind, type(self.value), self.value

    def weak(self):
        """_TENSOR, or a function that gives the value."""
        if self.kind == "tensor":
            return _TENSOR
        value = self.value
        return weakref.ref(value) if self.kind == "variable" else lambda: value


def _is_variable(x):
    return any(isinstance(v, _compat.Variable) or hasattr(v, "handle") for v in (x, getattr(x, "value", None)))


def _is_array(x):
    return isinstance(x, (np.ndarray, np.generic, tf.Tensor)) or _is_variable(x)
