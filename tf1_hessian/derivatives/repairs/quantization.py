"""Quantisation in training: the gradient is declared (straight through), and its own derivative follows from it."""
from tf1_hessian._compat import tf

__all__ = ["GRADIENTS"]


def _fake_quant_args_gradient(op, grad):
    """The gradient of fake quantisation is linear in what comes in: the same mask is applied again.

    It is g where the input is in range, else 0; the mask has no derivative.
    """
    again = tf.quantization.fake_quant_with_min_max_args_gradient(
        grad, op.inputs[1], min=op.get_attr("min"), max=op.get_attr("max"), **_bits(op))
    return [again, tf.zeros_like(op.inputs[1])]


def _fake_quant_vars_gradient(kind):
    """The gradient rule of the gradient op of fake quantisation between two variables."""
    quantize = getattr(tf.quantization, kind)
    gradient = getattr(tf.quantization, kind + "_gradient")

    def rule(op, to_input, to_min, to_max):
        """The gradient of fake quantisation is linear in what comes in: its three masks are applied again.

        It is g where the input x is in range for x, the sum of g where x is below for min, where x is above for max.
        Masks have no derivative. Example: x = (-9, 0, 9), range [-1, 1]: to_min, to_input, to_max, element by element.
        """
        g, x, low, high = op.inputs
        inside = gradient(tf.ones_like(g), x, low, high, **_bits(op))[0]
        # What is out of range is quantised to the nearer end, wherever rounding to whole steps has put the ends.
        below = (1 - inside) * tf.cast(x < quantize(x, low, high, **_bits(op)), x.dtype)
        masks = [inside, below, 1 - inside - below]
        found = [t * mask for t, mask in zip((to_input, to_min, to_max), masks) if t is not None]
        return [tf.add_n(found)] + [tf.zeros_like(t) for t in (x, low, high)]

    return rule


def _bits(op):
    return {name: op.get_attr(name) for name in ("num_bits", "narrow_range")}


def _quantize_and_dequantize_grad(op, to_input, to_min, to_max):
    """The gradient of quantisation is linear in what comes in: the mask of what is in range is applied again.

    TF's rule for it fails: it takes one incoming gradient where there are three.
    """
    g, x, low, high = op.inputs
    axis = op.get_attr("axis")
    if axis >= 0:
        shape = [-1 if i == axis else 1 for i in range(x.shape.ndims)]
        low, high = tf.reshape(low, shape), tf.reshape(high, shape)
    inside = tf.cast(tf.logical_and(x >= low, x <= high), x.dtype)
    result = tf.zeros_like(g) if to_input is None else to_input * inside
    return [result] + [tf.zeros_like(t) for t in op.inputs[1:]]


GRADIENTS = {
    "FakeQuantWithMinMaxArgsGradient": _fake_quant_args_gradient,
    "FakeQuantWithMinMaxVarsGradient": _fake_quant_vars_gradient("fake_quant_with_min_max_vars"),
    "FakeQuantWithMinMaxVarsPerChannelGradient": _fake_quant_vars_gradient("fake_quant_with_min_max_vars_per_channel"),
    "QuantizeAndDequantizeV4Grad": _quantize_and_dequantize_grad,
}
