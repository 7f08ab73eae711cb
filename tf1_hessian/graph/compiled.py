"""What a plan builds, compiled by XLA where that changes nothing but rounding."""
import contextlib

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.scratch import key

__all__ = ["Trial", "check_jit", "laid", "reasons", "trial_of"]

_TRIALS = "_tf1_hessian_trials"

# Numbers element by element, where XLA agrees with TensorFlow's kernels at NaN, infinities and zeros too (found by a
# test): its maximum of a number and NaN may be the number, and its gradients of relu, elu, sqrt and others differ
# there. Matrix products and convolutions are no faster compiled; XLA drops checks of indices and of NaN.
ELEMENTWISE = frozenset("""
    Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh Ceil Cos Cosh Div DivNoNan Elu Equal Erfc Exp Expm1
    Floor Greater GreaterEqual Identity Inv LeakyRelu Less LessEqual Log Log1p Mul MulNoNan Neg NotEqual OnesLike
    Pow RealDiv Reciprocal Relu Rsqrt Select SelectV2 Selu Sigmoid SigmoidGrad Sign Sin Sinh Softplus
    SoftplusGrad Softsign SoftsignGrad Sqrt Square SquaredDifference Sub Tan Tanh TanhGrad Xdivy Xlogy
    ZerosLike""".split())
LOGICAL = frozenset(["LogicalAnd", "LogicalNot", "LogicalOr"])
REDUCTIONS = frozenset(["Mean", "Prod", "Sum"])
MOVEMENTS = frozenset("""
    BroadcastTo ConcatV2 ExpandDims Fill Pack Pad PadV2 Reshape ReverseV2 Slice Split SplitV Squeeze StridedSlice
    StridedSliceGrad Tile Transpose Unpack""".split())
# Constants of up to so many elements are compiled in; larger ones would make compiling slow.
_SMALL = 64
# How often each of two ways is timed, after a first call; the compiled one must take less than this share.
_CALLS, _WORTHWHILE = 3, 0.95


def check_jit(jit):
    """Raises ValueError where XLA is asked for and can't be trusted, or something else is meant."""
    if not (jit is True or jit is False or jit == "auto"):
        raise errors.bad_option("jit", jit, "True, False or 'auto'")
    if jit is True and not _compat.XLA_KEEPS_NAN:
        raise errors.bad_option("jit", jit, "False or 'auto' on TensorFlow %s: before 2.15 XLA takes NaN - NaN for 0, "
                                "and what is not a number would pass for one" % tf.__version__)


def reasons(jit):
    """What jit means for a plan, as sentences."""
    if jit == "auto" and not _compat.XLA_KEEPS_NAN:
        return ("not compiled: before TensorFlow 2.15 XLA takes NaN - NaN for zero",)
    return {True: ("XLA compiles element-wise ops",), "auto": (
        "built twice, the second time with element-wise ops that XLA compiles; th.evaluate times both and keeps one",)
        }.get(jit, ())


def laid(graph, jit, build, tensors_of):
    """What `build` gives: its ops compiled where jit is True; where it is "auto" built in both ways, of which
    th.evaluate keeps the faster. tensors_of: a list of the tensors in it, always in the same order."""
    if jit is True:
        with _marked(graph):
            return build()
    plain = build()
    if jit == "auto" and _compat.XLA_KEEPS_NAN:
        with _marked(graph):
            twin = build()
        tensors = tensors_of(plain)
        trial = Trial(tensors, tensors_of(twin))
        _compat.kept_with(graph, _TRIALS).update((key(t), trial) for t in tensors)
    return plain


def trial_of(tensor):
    """The Trial that a tensor is in, or None."""
    return _compat.kept_with(tensor.graph, _TRIALS).get(key(tensor)) if isinstance(tensor, tf.Tensor) else None


class Trial(object):
    """Two ways to the same tensors, one of which is kept for the time that it takes."""

    def __init__(self, plain, compiled):
        self._twins = {key(p): c for p, c in zip(plain, compiled)}
        self._seconds = [], []

    @property
    def is_open(self):
        """Whether calls are to be timed still."""
        return len(self._seconds[1]) <= _CALLS

    @property
    def is_compiled(self):
        """Whether the compiled way is the one to take: by turns at first, then the faster."""
        plain, compiled = self._seconds
        if self.is_open:
            return len(plain) > len(compiled)
        return min(compiled[1:]) < _WORTHWHILE * min(plain[1:])

    def chosen(self, tensor):
        """The tensor to fetch for one of the plain way."""
        return self._twins[key(tensor)] if self.is_compiled else tensor

    def took(self, seconds):
        """Notes the time of a call that fetched what was chosen."""
        self._seconds[self.is_compiled].append(seconds)


@contextlib.contextmanager
def _marked(graph):
    before = len(graph.get_operations())
    yield
    for op in graph.get_operations()[before:]:
        if op._get_control_flow_context() is None and is_safe(op):
            _compat.mark_for_xla(op)


def is_safe(op):
    """Whether XLA computes this op as TensorFlow does, up to rounding."""
    if op.type == "Const":
        return _is_number(op.outputs[0]) and (op.outputs[0].shape.num_elements() or 0) <= _SMALL
    if op.type == "GatherV2":
        return _is_fixed_gather(op)
    if op.type == "Cast":
        return _is_number(op.inputs[0]) and op.outputs[0].dtype.is_floating
    if op.type in LOGICAL:
        return True
    if op.type in ELEMENTWISE:
        return all(t.dtype in (tf.float32, tf.float64) for t in _arguments(op))
    return op.type in REDUCTIONS | MOVEMENTS and op.outputs[0].dtype in (tf.float32, tf.float64)


def _arguments(op):
    return list(op.inputs)[1:] if op.type in ("Select", "SelectV2") else op.inputs


def _is_number(tensor):
    return tensor.dtype in (tf.float32, tf.float64, tf.int32, tf.int64, tf.bool)


def _is_fixed_gather(op):
    """Places that are known to be inside: XLA moves others to the edge, where TensorFlow raises."""
    places, axis = (_compat.static_value(t) for t in (op.inputs[1], op.inputs[2]))
    shape = op.inputs[0].shape
    if places is None or axis is None or shape.ndims is None or not np.size(places):
        return False
    size = shape.as_list()[int(axis)]
    return size is not None and 0 <= np.min(places) and np.max(places) < size
