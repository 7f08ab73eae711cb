"""Depthwise convolutions: what TF 1.13 has no gradient for, so that second derivatives end there."""
from tf1_hessian._compat import VERSION, tf

__all__ = ["GRADIENTS"]


def _backprop_filter(op, grad):
    """Linear in the image and in what arrives: a convolution with the gradient, and its adjoint. Exact."""
    image, _, arrived = op.inputs
    options = _options(op)
    back = tf.nn.depthwise_conv2d_native_backprop_input(tf.shape(image), grad, arrived, **options)
    return [back, None, tf.nn.depthwise_conv2d_native(image, grad, **options)]


def _backprop_input(op, grad):
    """Linear in the filter and in what arrives: a convolution of the gradient, and its adjoint. Exact."""
    _, kernel, arrived = op.inputs
    options = _options(op)
    back = tf.nn.depthwise_conv2d_native_backprop_filter(grad, tf.shape(kernel), arrived, **options)
    return [None, back, tf.nn.depthwise_conv2d_native(grad, kernel, **options)]


def _options(op):
    found = {name: op.get_attr(name) for name in ("strides", "padding", "data_format", "dilations")}
    return {name: v.decode("utf-8") if isinstance(v, bytes) else v for name, v in found.items()}


# Every later version has these gradients itself.
GRADIENTS = {} if VERSION >= (1, 14) else {
    "DepthwiseConv2dNativeBackpropFilter": _backprop_filter,
    "DepthwiseConv2dNativeBackpropInput": _backprop_input,
}
