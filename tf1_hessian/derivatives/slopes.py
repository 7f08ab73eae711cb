"""Seeds pulled back through an op as seeds times what they have in common, for columns.

pfor copies the other inputs of a TanhGrad or a MaxPoolGrad once for each seed. But an element-wise function multiplies
what arrives by its slope, and a max pool whose windows do not overlap by 0 or 1 at each pixel. The usual gradient of
ones gives both, with TensorFlow's own choice where several pixels are the largest.
"""
from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of

__all__ = ["has_slope", "times_slope"]

_ELEMENTWISE = frozenset([
    "Elu", "Inv", "LeakyRelu", "Reciprocal", "Relu", "Relu6", "Rsqrt", "Selu", "Sigmoid", "Softplus", "Softsign",
    "Sqrt", "Tanh"])


def has_slope(op):
    """Whether `times_slope` knows an op, and the user chose no gradient for it."""
    if _compat.is_overridden(op):
        return False
    return op.type in _ELEMENTWISE or (op.type == "MaxPool" and _tiles(op))


def _tiles(op):
    """Whether the windows of a max pool lie side by side and cover all pixels, whose sizes are known."""
    sizes, window = dimensions_of(op.inputs[0]), list(op.get_attr("ksize"))
    if sizes is None or None in sizes[1:] or op.get_attr("data_format") != b"NHWC":
        return False
    return window == list(op.get_attr("strides")) and window[0] == window[3] == 1 and (
        sizes[1] % window[1] == 0 and sizes[2] % window[2] == 0)


def times_slope(op, arrived, slope):
    """The gradient for the op's input; slope: the one for what arrives if that is ones."""
    if op.type != "MaxPool":
        return arrived * slope
    _, tall, wide, _ = op.get_attr("ksize")
    _, high, broad, channels = dimensions_of(op.inputs[0])
    rows = [-1, high // tall, tall, broad * channels]
    spread = tf.concat([arrived] * wide, 3) if wide > 1 else arrived
    found = tf.reshape(spread, rows[:2] + [1] + rows[3:]) * tf.reshape(slope, rows)
    return tf.reshape(found, [-1, high, broad, channels])
