"""Resized images: linear in the image, so that the gradient of the gradient op is the forward op."""
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.repairs.raw import like

__all__ = ["FORWARDS", "GRADIENTS"]


def _resize_grad(kind):
    """The gradient rule of the gradient op of a resize op that gives float32."""
    def rule(op, grad):
        """A resize is linear: the gradient of its gradient op is the forward resize. Exact.

        The original image hands over its shape only, so its own gradient is zero.
        """
        return [like(op, kind, [grad, _size(op.inputs[0])], tf.float32), tf.zeros_like(op.inputs[1])]

    return rule


def _resize_nearest_grad(op, grad):
    """A resize is linear: the gradient of its gradient op is the forward resize. Exact."""
    return [_nearest(op, grad, op.inputs[0]), None]


def _nearest(op, image, target):
    return like(op, "ResizeNearestNeighbor", [image, _size(target)], image.dtype)


def _scale_and_translate_grad(op, grad):
    """Scaling and translating an image is linear in it: the gradient of its gradient op is the forward op. Exact."""
    inputs = [grad, _size(op.inputs[0])] + list(op.inputs[2:])
    return [like(op, "ScaleAndTranslate", inputs, tf.float32), tf.zeros_like(op.inputs[1]), None, None]


def _size(image):
    """Height and width."""
    return tf.shape(image)[1:3]


def _resize_area(op, image, size):
    """Written out as products with two matrices of weights, rows W image columns W^T. Exact.

    Row y of W has the share of each input row in the output row's interval [y s, (y + 1) s], s = input / output size.
    Example: 3 rows to 2, s = 1.5: (2/3, 1/3, 0), (0, 1/3, 2/3).
    """
    wide = tf.cast(image, tf.float32)
    rows, columns = [_area_weights(op, tf.shape(image)[1 + i], size[i]) for i in range(2)]
    wide = tf.tensordot(rows, wide, [[1], [1]])  # row, batch, column, channel
    wide = tf.tensordot(columns, wide, [[1], [2]])  # column, row, batch, channel
    return [tf.transpose(wide, [2, 1, 0, 3])]


def _area_weights(op, before, after):
    n, m = tf.cast(before, tf.float32), tf.cast(after, tf.float32)
    step = n / m
    if op.get_attr("align_corners"):
        step = tf.where(m > 1, (n - 1) / tf.maximum(m - 1, 1), step)
    start = tf.expand_dims(tf.cast(tf.range(after), tf.float32) * step, 1)
    edges = tf.cast(tf.range(before + 1), tf.float32)
    # With align_corners the last interval may reach over the end: the last pixel stands for what is there.
    ends = tf.concat([edges[1:-1], [n + step]], 0)
    shares = tf.minimum(start + step, ends) - tf.maximum(start, edges[:-1])
    return tf.nn.relu(shares) / step


FORWARDS = {
    "ResizeArea": _resize_area,
}
GRADIENTS = {
    "ResizeBicubicGrad": _resize_grad("ResizeBicubic"),
    "ResizeBilinearGrad": _resize_grad("ResizeBilinear"),
    "ResizeNearestNeighborGrad": _resize_nearest_grad,
    "ScaleAndTranslateGrad": _scale_and_translate_grad,
}
