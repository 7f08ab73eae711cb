"""Special functions, and random numbers whose parameters are computed."""
import tensorflow.compat.v1 as tf
from op import Op, pieces

__all__ = ["OPS"]

ABOVE = {"low": 0.4, "high": 1.6}
BOTH = {"shape": (4,), "low": 0.4, "high": 1.6}


def _two(function):
    return lambda x: function(*pieces(x, (2,), (2,)))


def _constant(*values):
    return tf.constant(values, tf.float64)


OPS = [
    Op("Erf", tf.erf),
    Op("Erfinv", lambda x: tf.math.erfinv(0.7 * x), since=(2, 1)),
    Op("Lgamma", tf.lgamma, **ABOVE),
    Op("Digamma", tf.digamma, **ABOVE),
    Op("Polygamma", lambda x: tf.polygamma(_constant(1, 2, 1), 1 + x), **ABOVE),
    Op("Zeta", _two(lambda x, q: tf.zeta(x + 1, q)), "repaired", "wrong", case="both inputs", **BOTH),
    Op("Igamma", lambda x: tf.igamma(_constant(1.5, 2, 3), x), case="the limit", **ABOVE),
    Op("Igamma", _two(tf.igamma), "repaired", "refused", case="both inputs", repair="IgammaGradA", **BOTH),
    Op("Igammac", _two(tf.igammac), "repaired", "refused", repair="IgammaGradA", **BOTH),
    Op("Betainc", lambda x: tf.betainc(_constant(1.5, 2, 3), _constant(2, 1.5, 1), 0.5 + 0.3 * x), "exact/repaired",
       shape=(3,),
       case="the limit", repair="Xlog1py"),
    Op("Betainc", lambda x: tf.betainc(x, x + 1, _constant(0.3, 0.5, 0.6)), "refused", "wrong",
       shape=(3,), low=0.4, high=1.6, case="the parameters",
       note="TensorFlow gives None in silence, and there is no closed form"),
    Op("RandomGamma", _two(lambda a, b: tf.random_gamma([], a + 1, b, dtype=tf.float64, seed=3)), "refused",
       "refused", case="the shape", note="TensorFlow has the first derivative of a draw, not the second", **BOTH),
    Op("Xlogy", _two(tf.math.xlogy), "repaired", **BOTH),
    Op("Xlogy", _two(lambda x, y: tf.math.xlogy(x, y + 1)), "repaired", "wrong", at=[0.0, 0.5, 0.4, 1.2],
       case="x at 0"),
    Op("Xlog1py", _two(lambda x, y: tf.math.xlog1py(x, y)), "repaired", since=(2, 2), **BOTH),
    Op("Xdivy", _two(tf.math.xdivy), "repaired", **BOTH),
    Op("BesselI0e", tf.math.bessel_i0e),
]
