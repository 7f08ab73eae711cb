"""Functions of one and two numbers, element by element; sums and products of many."""
import tensorflow.compat.v1 as tf
from op import Op, complex_of, created, parts, pieces

__all__ = ["OPS"]

D = tf.float64
ABOVE = {"low": 0.3, "high": 1.8}
TWO = {"shape": (8,)}


def _two(function):
    """A function of two inputs, broadcast against each other."""
    return lambda x: function(*pieces(x, (2, 3), (2, 1)))


def _raw(kind):
    return lambda x: created(kind, pieces(x, (2, 3), (2, 3)), [D], T=D)[0]


OPS = [
    Op("Add", _two(tf.add), **TWO),
    Op("Sub", _two(tf.subtract), **TWO),
    Op("Mul", _two(tf.multiply), **TWO),
    Op("RealDiv", _two(lambda x, y: x / (y + 2)), **TWO),
    Op("DivNoNan", _two(lambda x, y: tf.div_no_nan(x, y + 2)), **TWO),
    Op("FloorDiv", _two(lambda x, y: x * tf.floordiv(3 * x, y + 2)), "zero", **TWO),
    Op("FloorMod", _two(lambda x, y: tf.floormod(5 * x, y + 2)), **TWO),
    Op("TruncateMod", _two(lambda x, y: tf.truncatemod(5 * x, y + 2)), "repaired", "refused", **TWO),
    Op("AddN", lambda x: tf.add_n([x, x * x, x])),
    Op("Neg", tf.negative),
    Op("Abs", tf.abs),
    Op("Sign", lambda x: tf.sign(x) * x, "zero"),
    Op("Floor", lambda x: tf.floor(3 * x) * x, "zero"),
    Op("ZerosLike", lambda x: created("ZerosLike", [x], [D], T=D)[0] + x, "zero"),
    Op("OnesLike", lambda x: created("OnesLike", [x], [D], T=D)[0] * x, "zero"),
    Op("Square", tf.square),
    Op("SquaredDifference", _two(tf.squared_difference), **TWO),
    Op("Sqrt", tf.sqrt, **ABOVE),
    Op("Rsqrt", tf.rsqrt, **ABOVE),
    Op("Reciprocal", tf.reciprocal, **ABOVE),
    Op("Exp", tf.exp),
    Op("Log", tf.log, **ABOVE),
    Op("Log1p", tf.log1p, **ABOVE),
    Op("Pow", lambda x: x ** 3, "repaired", case="constant exponent"),
    Op("Pow", lambda x: x ** 2, "repaired", at=[0.0, 0.5, -1.0], case="x ** 2 at 0"),
    Op("Pow", lambda x: parts(complex_of(x) ** 3), "repaired", case="complex base"),
    Op("Pow", _two(tf.pow), "repaired", case="exponent that is computed", shape=(8,), **ABOVE),
    Op("Sin", tf.sin),
    Op("Cos", tf.cos),
    Op("Acos", lambda x: tf.acos(0.7 * x)),
    Op("Atan", tf.atan),
    Op("Atan2", lambda x: tf.atan2(x[0], x[1] + 2), "repaired"),
    Op("Atan2", _two(lambda x, y: tf.atan2(x, y + 2)), "repaired", "refused/right", case="broadcast", **TWO),
    Op("Cosh", tf.cosh),
    Op("Maximum", _two(tf.maximum), **TWO),
    Op("Minimum", _two(tf.minimum), **TWO),
    Op("Sum", lambda x: tf.reduce_sum(x, 1)),
    Op("Mean", lambda x: tf.reduce_mean(x, 1)),
    Op("Prod", lambda x: tf.reduce_prod(x, 1), "repaired", "wrong", at=[[0.0, 0.7, -0.4], [0.0, 0.9, 0.0]],
       case="factors that are zero", repair="Cumprod"),
    Op("Max", lambda x: tf.reduce_max(x, 1)),
    Op("Min", lambda x: tf.reduce_min(x, 1)),
    Op("EuclideanNorm", lambda x: created("EuclideanNorm", [x, [1]], [D], T=D, Tidx=tf.int32,
                                          keep_dims={"b": False})[0], "repaired", "wrong/right", since=(1, 14)),
    Op("Cumsum", lambda x: tf.cumsum(x, 1, exclusive=True, reverse=True)),
    Op("CumulativeLogsumexp", lambda x: tf.math.cumulative_logsumexp(x, 1), since=(2, 1)),
    Op("Cross", lambda x: tf.cross(*pieces(x, (1, 3), (1, 3)))),
    Op("Complex", lambda x: parts(tf.square(tf.complex(x, 2 * x)))),
    Op("Real", lambda x: tf.real(tf.square(complex_of(x)))),
    Op("Imag", lambda x: tf.imag(tf.square(complex_of(x)))),
    Op("ComplexAbs", lambda x: tf.abs(complex_of(x))),
    Op("Bincount", lambda x: created("Bincount", [[1, 0, 1], 2, x[0]], [D], T=D)[0], "refused", "refused",
       note="TensorFlow has no gradient for its weights"),
]
