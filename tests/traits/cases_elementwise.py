"""Ops that work element by element."""
import numpy as np
import tensorflow.compat.v1 as tf
from case import Case, Fed, S, X, numbers, positive, stepped, unit

__all__ = ["CASES"]

BOTH = [0, 1]


def _unary(names, make, linear, **options):
    return [Case(name, [make(4, 3)], {0: BOTH}, linear, **options) for name in names.split()]


def _binary(names, make, linear, **options):
    """Three forms: a vector against a matrix, one column against a matrix, and equal shapes of unknown size."""
    cases = []
    for name in names.split():
        beyond = S if linear is True else X
        first = S if linear == "one" or linear == [0] else beyond
        second = S if linear == "one" or linear == [1] else beyond
        cases += [
            Case(name, [make(4, 3), make(3)], {0: BOTH, 1: [1]}, linear, "a vector", **options,
                 together={((0, 1), (1, 0)): 1}),
            Case(name, [make(4, 1), make(4, 3)], {0: [0, first], 1: BOTH}, linear, "a column", **options,
                 together={((0, 0), (1, 0)): 0}),
            Case(name, [make(4, 3), make(1, 3)], {0: BOTH, 1: [second, 1]}, linear, "a row", **options,
                 together={((0, 1), (1, 1)): 1}),
            Case(name, [Fed(make(4, 3), [None, 3]), Fed(make(4, 3)[::-1] + 0.06, [None, 3])], {0: BOTH, 1: BOTH},
                 linear, "unknown rows", requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]},
                 together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): 1}, **options),
        ]
    return cases


def _slopes(names, make, linear):
    """Gradients of activations: two inputs of one shape."""
    return [Case(name, [make(4, 3), numbers(4, 3)], {0: BOTH, 1: BOTH}, linear,
                 together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): 1}) for name in names.split()]


def _beyond_one(*shape):
    return 1.1 + positive(*shape)


def _single(*shape):
    return numbers(*shape, kind=np.float32)


def _at_steps(*shape):
    """Right between the jumps of FakeQuant on [-6, 6] with 8 bits."""
    width = 12.0 / 255
    return (np.round(3 * numbers(*shape) / width) * width).astype(np.float32)


CASES = _unary(
    "Asinh Atan BesselI0 BesselI0e BesselI1 BesselI1e Cos Cosh Dawsn Elu Erf Erfc Exp Expint Expm1 FresnelCos "
    "FresnelSin Selu Sigmoid Sin Sinh Softplus Softsign Spence Square Tan Tanh", unit, False)
CASES += _unary("Elu Selu Softplus Square Tanh", numbers, False, name="both signs")
CASES += _unary("Acos Asin Atanh Digamma Erfinv Inv Lgamma Log Log1p Ndtri Reciprocal Rsqrt Sqrt", unit, False)
CASES += _unary("Acosh", _beyond_one, False)
CASES += _unary("Abs GuaranteeConst Identity LeakyRelu Neg PreventGradient Relu Relu6 Snapshot StopGradient", numbers,
                True)
CASES += _unary("CheckNumerics CheckNumericsV2", numbers, True, message="finite")
CASES += _unary("Ceil Floor OnesLike Rint Round Sign ZerosLike", stepped, True, flat=True)
CASES += _binary("Add AddV2 Sub Maximum Minimum", numbers, True)
CASES += _binary("FloorMod Mod TruncateMod", stepped, True)
CASES += _binary("FloorDiv", stepped, True, flat=True)
CASES += _binary("Mul MulNoNan", numbers, "one")
CASES += _binary("Div DivNoNan RealDiv Xdivy Xlog1py Xlogy", positive, [0])
CASES += _binary("Atan2 Pow SquaredDifference Igamma IgammaGradA Igammac", positive, False)
CASES += _binary("Zeta", _beyond_one, False)
CASES += _slopes("ReluGrad Relu6Grad LeakyReluGrad", numbers, True)
CASES += _slopes("EluGrad SeluGrad SoftplusGrad SoftsignGrad", numbers, [0])
CASES += _slopes("InvGrad ReciprocalGrad RsqrtGrad SigmoidGrad SqrtGrad TanhGrad", positive, [1])
CASES += [
    Case("Polygamma", [np.array([[1.0], [2.0], [3.0], [1.0]]), _beyond_one(4, 3)], {0: [0, X], 1: BOTH}, False,
         held=[0]),
    Case("Betainc", [positive(4, 3), 1.2 + positive(4, 3), unit(4, 3)], {0: BOTH, 1: BOTH, 2: BOTH}, False,
         together={((0, 0), (1, 0), (2, 0)): 0}),
    Case("AccumulateNV2", [[numbers(4, 3), positive(4, 3)]], {0: BOTH, 1: BOTH}, shape=[4, 3],
         together={((0, 0), (1, 0)): 0}),
    Case("AddN", [[numbers(4, 3), positive(4, 3), unit(4, 3)]], {0: BOTH, 1: BOTH, 2: BOTH},
         together={((0, 0), (2, 0)): 0, ((0, 1), (1, 1), (2, 1)): 1}),
    Case("AddN", [[numbers(4, 4), positive(4, 4)]], {0: BOTH, 1: BOTH}, name="crossed",
         together={((0, 0), (1, 1)): S, ((0, 1), (1, 0)): S, ((0, 0), (1, 0)): 0}),
    Case("AddV2", [numbers(4, 3), positive(2, 4, 3)], {0: [1, 2], 1: [0, 1, 2]}, name="a higher rank",
         together={((0, 0), (1, 1)): 1, ((0, 1), (1, 2)): 2}),
    Case("AddV2", [numbers(4), Fed(positive(4, 3, 4), None)], {0: [S], 1: [S, S, S]}, name="an unknown rank"),
    Case("Mul", [numbers(3), positive(3, 3)], {0: [1], 1: BOTH}, "one", "crossed", together={
        ((0, 0), (1, 0)): X, ((0, 0), (1, 1)): 1}),
    Case("Mul", [Fed(numbers(3, 3), [None, 3]), Fed(positive(3, 3), [None, 3])], {0: BOTH, 1: BOTH}, "one",
         "unknown rows, crossed", requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]},
         together={((0, 0), (1, 1)): X, ((0, 1), (1, 0)): X, ((0, 0), (1, 0)): 0}),
    Case("Mul", [Fed(numbers(4, 3), [None, 3]), np.array(2.0)], {0: BOTH, 1: []}, "one", "unknown rows, a number"),
    Case("Mul", [Fed(numbers(4, 3), [None, 3]), positive(4, 3)], {0: BOTH, 1: BOTH}, "one", "unknown rows, known ones",
         requires={(0, 0): [((0, 0), 0)]}, together={((0, 0), (1, 0)): 0}),
    Case("Mul", [Fed(numbers(4, 3), [None, 3]), Fed(positive(4, 1), [None, 1])], {0: BOTH, 1: [0, S]}, "one",
         "unknown rows, a column", requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]},
         together={((0, 0), (1, 0)): 0}),
    Case("Mul", [numbers(4, 3) + 1j * positive(4, 3), unit(3) + 0.5j], {0: BOTH, 1: [1]}, "one", "complex"),
    Case("Square", [numbers(4, 3) + 1j * positive(4, 3)], {0: BOTH}, False, "complex"),
    Case("BroadcastTo", [numbers(3), np.array([4, 3])], {0: [1]}),
    Case("BroadcastTo", [numbers(4, 1), np.array([4, 3])], {0: [0, S]}, name="a column"),
    Case("BroadcastTo", [Fed(numbers(4, 1), [None, 1]), Fed([4, 3], [2])], {0: [0, 1]}, name="an unknown size",
         requires={(0, 0): [((0, 0), 0)], (0, 1): [((0, 1), 1)]}, refused=[(0, 1)]),
    Case("ClipByValue", [numbers(4, 3), np.array(-0.9), np.array(1.23)], {0: BOTH, 1: [], 2: []}),
    Case("ClipByValue", [numbers(4, 3), np.full((4, 3), -0.9), unit(4, 3)], {0: BOTH, 1: BOTH, 2: BOTH},
         name="bounds that depend", together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1), (2, 1)): 1}),
    Case("EnsureShape", [Fed(numbers(4, 3), [None, 3])], {0: BOTH}, shape=[None, 3]),
    Case("PlaceholderWithDefault", [numbers(4, 3)], {0: BOTH}, shape=[None, 3]),
    Case("FakeQuantWithMinMaxArgs", [_at_steps(4, 3)], {0: BOTH}, flat=True, step=1e-3, min=-6.0, max=6.0),
    Case("FakeQuantWithMinMaxVars", [_at_steps(4, 3), np.float32(-6), np.float32(6)], {0: BOTH, 1: [], 2: []}, [0],
         flat=True, step=1e-3, held=[1, 2]),
    Case("FakeQuantWithMinMaxVarsPerChannel", [_at_steps(4, 3), np.full(3, -6, np.float32), np.full(3, 6, np.float32)],
         {0: BOTH, 1: [X], 2: [X]}, [0], flat=True, step=1e-3, held=[1, 2]),
    Case("Select", [np.array([True, False, True, True]), numbers(4, 3), positive(4, 3)], {1: BOTH, 2: BOTH},
         name="rows chosen", together={((1, 0), (2, 0)): 0, ((1, 1), (2, 1)): 1}),
    Case("Select", [numbers(4, 3) > 0, numbers(4, 3), positive(4, 3)], {1: BOTH, 2: BOTH},
         together={((1, 0), (2, 0)): 0}),
    Case("SelectV2", [np.array([True, False, True]), numbers(4, 3), positive(4, 1)], {1: BOTH, 2: [0, S]},
         together={((1, 0), (2, 0)): 0}),
    Case("SelectV2", [np.array([[True], [False], [True], [True]]), numbers(3), positive(4, 3)], {1: [1], 2: BOTH},
         name="a row", together={((1, 0), (2, 1)): 1}),
    Case("Cast", [numbers(4, 3)], {0: BOTH}, DstT=tf.float32, SrcT=tf.float64),
    Case("Cast", [numbers(4, 3)], {0: BOTH}, False, "to complex", DstT=tf.complex128, SrcT=tf.float64),
    Case("IdentityN", [[numbers(4, 3), positive(3)]], {0: BOTH, 1: [S]}, others={1: {0: [S, S], 1: [0]}},
         together={((0, 1), (1, 0)): 1}),
    Case("Print", [numbers(4, 3), [positive(2, 4, 3)]], {0: BOTH, 1: [S, S, S]}, first_n=0,
         together={((0, 0), (1, 1)): 0}),
    Case("ReadVariableOp", [numbers(4, 3)], {0: BOTH}, variable=True, dtype=tf.float64),
]
