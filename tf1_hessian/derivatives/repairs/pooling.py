"""Pooling by maximum or average: gradient ops that are linear in what comes in, for a choice of pixels held fixed."""
import numpy as np

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.repairs.raw import like

__all__ = ["GRADIENTS"]


def _max_pool_with_argmax(op, grad, _):
    """Pooling hands each gradient to the pixel of the maximum: added up there by a segment sum. Exact.

    TF 1.13's kernel for it is wrong where images come out as large as they went in: it overwrites its input.
    """
    image = op.inputs[0]
    places = tf.cast(tf.reshape(_places(image, op.outputs[1]), [-1]), tf.int32)  # TF 1's pfor takes no int64 here
    sums = tf.math.unsorted_segment_sum(tf.reshape(grad, [-1]), places, tf.size(image))
    return [tf.reshape(sums, tf.shape(image))]


def _max_pool_grad_with_argmax(op, grad):
    """Pooling hands each gradient to the pixel of the maximum: its own gradient is read there again. Exact."""
    image, _, argmax = op.inputs
    return [tf.zeros_like(image), tf.gather(tf.reshape(grad, [-1]), _places(image, argmax)), None]


def _places(image, argmax):
    """The maxima as numbers of pixels through the batch.

    The op numbers them so or anew for each image, by an option that TF 1.13 lacks: the remainder is the number in the
    image either way.
    """
    size = tf.cast(tf.shape(image), argmax.dtype)
    pixels = size[1] * size[2] * size[3]
    return argmax % pixels + tf.reshape(tf.range(size[0]), [-1, 1, 1, 1]) * pixels


def _max_pool_grad(op, grad):
    """Pooling hands each gradient to the pixel of the maximum: its own gradient is read there again. Exact.

    TF's kernel that reads there gives zeros where images come out as large as they went in (strides of 1, padding
    SAME): it overwrites its input. So the padding is laid around the image first.
    """
    image, pooled = op.inputs[:2]
    sizes, strides = _windows(op)
    if _compat.static_value(sizes) is not None and np.all(_compat.static_value(sizes) == 1):
        found = tf.strided_slice(grad, tf.zeros_like(strides), tf.shape(grad), strides)
    else:
        around = _padding(op, image, sizes, strides)
        if around is not None:
            image, grad = tf.pad(image, around, constant_values=image.dtype.min), tf.pad(grad, around)
        inputs = [image, pooled, grad] + list(op.inputs[3:])
        kind = op.type.replace("Grad", "GradGrad")
        found = like(op, kind, inputs, grad.dtype, padding=b"VALID", explicit_paddings=None, TInput=None)
    return [tf.zeros_like(t) for t in op.inputs[:2]] + [found] + [None] * (len(op.inputs) - 3)


def _windows(op):
    """(sizes, strides) of the windows, a number for each axis."""
    if len(op.inputs) > 3:
        return op.inputs[3], op.inputs[4]
    return tf.constant(op.get_attr("ksize")), tf.constant(op.get_attr("strides"))


def _padding(op, image, sizes, strides):
    """The padding of an image as numbers, [axes, 2], or None where there is none."""
    padding = op.get_attr("padding")
    if padding == b"EXPLICIT":
        return tf.reshape(tf.constant(op.get_attr("explicit_paddings")), [-1, 2])
    if padding == b"VALID":
        return None
    shape = tf.shape(image)
    last = (shape - 1) // strides * strides
    total = tf.maximum(last + sizes - shape, 0)
    return tf.stack([total // 2, total - total // 2], 1)


def _max_pool_grad_grad(op, grad):
    """Pooling is linear for a fixed choice of maxima: its gradient op is the gradient of the next one's. Exact."""
    inputs = list(op.inputs[:2]) + [grad] + list(op.inputs[3:])
    return [tf.zeros_like(op.inputs[0]), tf.zeros_like(op.inputs[1]), like(op, "MaxPoolGradV2", inputs, grad.dtype),
            None, None]


def _dilation_to_input(op, grad):
    """Dilation hands each gradient to the pixel of the maximum: its own gradient is read there again. Exact."""
    _, pixel = _dilation_choice(op)
    shape = tf.shape(op.inputs[0])
    batch = tf.reshape(tf.range(shape[0]), [-1, 1, 1, 1]) * (shape[1] * shape[2])
    place = (batch + pixel) * shape[3] + tf.range(shape[3])
    return [tf.zeros_like(t) for t in op.inputs[:2]] + [tf.gather(tf.reshape(grad, [-1]), place)]


def _dilation_to_filter(op, grad):
    """Dilation hands each gradient to the filter's place of the maximum: its own gradient is read there. Exact."""
    place, _ = _dilation_choice(op)
    depth = tf.shape(grad)[2]
    found = tf.gather(tf.reshape(grad, [-1]), place * depth + tf.range(depth))
    return [tf.zeros_like(t) for t in op.inputs[:2]] + [found]


def _dilation_choice(op):
    """(place in the filter, pixel) of each maximum of image + filter, both int32 [batch, height, width, channels]."""
    image, kernel = op.inputs[:2]
    shape, depth = tf.shape(image), tf.shape(kernel)[2]
    numbers = tf.reshape(tf.range(1, shape[1] * shape[2] + 1), [1, shape[1], shape[2], 1])
    numbers = tf.expand_dims(_patches(op, numbers), 3)  # 0 where the patch reaches over the edge
    outer = tf.shape(op.inputs[2])
    values = _patches(op, image)
    values = tf.transpose(tf.reshape(values, [outer[0], outer[1], outer[2], -1, depth]), [0, 1, 2, 4, 3])
    values += tf.transpose(tf.reshape(kernel, [-1, depth]))
    reach = tf.logical_and(numbers > 0, tf.fill(tf.shape(values), True))
    values = tf.where(reach, values, tf.fill(tf.shape(values), values.dtype.min))
    place = tf.argmax(values, 4, output_type=tf.int32)
    chosen = tf.one_hot(place, tf.shape(values)[4], dtype=tf.int32)
    return place, tf.reduce_sum(chosen * numbers, 4) - 1


def _patches(op, image):
    height, width = op.inputs[1].shape.as_list()[:2]
    return tf.extract_image_patches(
        image, [1, height, width, 1], op.get_attr("strides"), op.get_attr("rates"), op.get_attr("padding").decode())


def _fractional_max_pool_grad(op, grad):
    """Pooling hands each gradient to the pixel of the maximum: its own gradient is read there again. Exact."""
    image = op.inputs[0]
    shape = tf.shape(image)
    (rows, _), (columns, _) = [_cells(op, op.inputs[3 + i], shape[1 + i]) for i in range(2)]
    values = tf.gather(tf.gather(image, rows, axis=1), columns, axis=3)  # batch, y, row, x, column, channel
    values = tf.transpose(values, [0, 1, 3, 5, 2, 4])
    wide = tf.shape(columns)[1]
    best = tf.argmax(tf.reshape(values, tf.concat([tf.shape(values)[:4], [-1]], 0)), 4, output_type=tf.int32)
    row = _cell_pixel(rows, best // wide, 1)
    column = _cell_pixel(columns, best % wide, 2)
    batch = tf.reshape(tf.range(shape[0]), [-1, 1, 1, 1])
    place = ((batch * shape[1] + row) * shape[2] + column) * shape[3] + tf.range(shape[3])
    return [tf.zeros_like(image), tf.zeros_like(op.inputs[1]), tf.gather(tf.reshape(grad, [-1]), place), None, None]


def _cell_pixel(pixels, chosen, axis):
    """The pixel of each cell's chosen place; `axis` is that of the cells in `chosen`."""
    chosen = tf.one_hot(chosen, tf.shape(pixels)[1], dtype=tf.int32)
    shape = [1, 1, 1, 1, tf.shape(pixels)[1]]
    shape[axis] = -1
    return tf.reduce_sum(chosen * tf.reshape(pixels, shape), 4)


def _cells(op, edges, size):
    """(the pixels of each cell along one axis, whether they count), [cells, longest]; short cells repeat their last.

    Overlapping cells share the pixel between them.
    """
    # TF's shape inference takes the edges to be as many as the cells; there is one more.
    edges = tf.placeholder_with_default(tf.cast(edges, tf.int32), [None])
    last = tf.minimum(edges[1:] - (0 if op.get_attr("overlapping") else 1), size - 1)
    pixels = tf.expand_dims(edges[:-1], 1) + tf.range(tf.reduce_max(last - edges[:-1]) + 1)
    last = tf.expand_dims(last, 1)
    return tf.minimum(pixels, last), pixels <= last


def _fractional_avg_pool_grad(op, grad):
    """Average pooling is linear: the gradient of its gradient op is pooling in the same cells. Exact."""
    shape = tf.shape(grad)
    rows, columns = [_averaging(op, op.inputs[2 + i], shape[1 + i], grad.dtype) for i in range(2)]
    pooled = tf.tensordot(rows, grad, [[1], [1]])  # y, batch, column, channel
    pooled = tf.tensordot(columns, pooled, [[1], [2]])  # x, y, batch, channel
    return [None, tf.transpose(pooled, [2, 1, 0, 3]), None, None]


def _averaging(op, edges, size, dtype):
    """The weight of each pixel along one axis in each cell, [cells, pixels]."""
    pixels, counted = _cells(op, edges, size)
    weights = tf.cast(counted, dtype)
    weights /= tf.reduce_sum(weights, 1, keepdims=True)
    return tf.reduce_sum(tf.expand_dims(weights, 2) * tf.one_hot(pixels, size, dtype=dtype), 1)


GRADIENTS = {
    "Dilation2DBackpropFilter": _dilation_to_filter,
    "Dilation2DBackpropInput": _dilation_to_input,
    "FractionalAvgPoolGrad": _fractional_avg_pool_grad,
    "FractionalMaxPoolGrad": _fractional_max_pool_grad,
    "MaxPool3DGrad": _max_pool_grad,
    "MaxPoolGrad": _max_pool_grad,
    "MaxPoolGradGradV2": _max_pool_grad_grad,
    "MaxPoolGradV2": _max_pool_grad,
    "MaxPoolGradWithArgmax": _max_pool_grad_with_argmax,
    "MaxPoolWithArgmax": _max_pool_with_argmax,
}
