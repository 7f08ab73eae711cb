"""Traits of ops that work element by element, with broadcasting."""
from tf1_hessian.graph.traits.states import Trait, elementary, only

__all__ = ["TRAITS"]

_CURVED = [
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BesselI0", "BesselI0e", "BesselI1", "BesselI1e",
    "Betainc", "Cos", "Cosh", "Dawsn", "Digamma", "Elu", "Erf", "Erfc", "Erfinv", "Exp", "Expint", "Expm1",
    "FresnelCos", "FresnelSin", "Igamma", "IgammaGradA", "Igammac", "Inv", "Lgamma", "Log", "Log1p", "Ndtri",
    "Polygamma", "Pow", "Reciprocal", "Rsqrt", "Selu", "Sigmoid", "Sin", "Sinh", "Softplus", "Softsign", "Spence",
    "Sqrt", "Square", "SquaredDifference", "Tan", "Tanh", "Zeta",
]
# Linear, or linear between kinks: a step, a clip, a mask.
_FLAT = [
    "Abs", "AccumulateNV2", "Add", "AddN", "AddV2", "BroadcastTo", "Ceil", "CheckNumerics", "CheckNumericsV2",
    "ClipByValue", "EnsureShape", "FakeQuantWithMinMaxArgs", "Floor", "FloorDiv", "FloorMod", "GuaranteeConst",
    "Identity", "LeakyRelu", "LeakyReluGrad", "Maximum", "Minimum", "Mod", "Neg", "OnesLike",
    "PlaceholderWithDefault", "PreventGradient", "Relu", "Relu6", "Relu6Grad", "ReluGrad", "Rint", "Round", "Select",
    "SelectV2", "Sign", "Snapshot", "StopGradient", "Sub", "TruncateMod", "ZerosLike",
]
_PRODUCTS = ["Mul", "MulNoNan"]
# Linear in the first input: what is divided, or what multiplies a function of the second.
_FIRST = [
    "Div", "DivNoNan", "EluGrad", "RealDiv", "SeluGrad", "SoftplusGrad", "SoftsignGrad", "Xdivy", "Xlog1py", "Xlogy",
]
# Slopes that are made of the function's value, the first input, and multiply the second.
_SECOND = ["InvGrad", "ReciprocalGrad", "RsqrtGrad", "SigmoidGrad", "SqrtGrad", "TanhGrad"]


def _floating(op, positions):
    """A cast between real floating types; from complex numbers it drops a part."""
    return op.inputs[0].dtype.is_floating and op.outputs[0].dtype.is_floating


def _same(question):
    """The first input, handed on; what other inputs there are is not in the result.

    Mathematics: out = a. Example: a printed tensor [N, 3] carried on 0: carried on 0. The value of a variable carries
    what its handle stands for. Reads: nothing. Exact; an output that depends on other inputs alone is not followed.
    """
    return question.states[0]


def _same_place(question):
    """Each output is the input at its position.

    Mathematics: out_k = a_k. Example: the second of three carried on 1: the second output carried on 1.
    Reads: which output is asked for. Exact; an output whose input is independent is not followed.
    """
    return question.states[question.output]


def _quantized(question):
    """Each element rounded between given bounds; bounds that depend move all elements.

    Mathematics: out[i] = step * round(clip(a[i], low, high) / step), flat between its steps; its gradient is that of
    the clip. Example: a [N, 3] carried on 0: carried on 0. Reads: which inputs depend. Conservative where bounds do.
    """
    return question.states[0] if question.positions == [0] else None


TRAITS = {name: Trait(False, elementary) for name in _CURVED}
TRAITS.update({name: Trait(True, elementary) for name in _FLAT})
TRAITS.update({name: Trait(only(), elementary) for name in _PRODUCTS})
TRAITS.update({name: Trait(only(0), elementary) for name in _FIRST})
TRAITS.update({name: Trait(only(1), elementary) for name in _SECOND})
TRAITS.update({
    "Cast": Trait(_floating, elementary),
    "FakeQuantWithMinMaxVars": Trait(only(0), _quantized),
    "FakeQuantWithMinMaxVarsPerChannel": Trait(only(0), _quantized),
    "IdentityN": Trait(True, _same_place),
    "Print": Trait(True, _same),
    "ReadVariableOp": Trait(True, _same),
})
