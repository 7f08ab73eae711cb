"""Images read at computed places: crops, glimpses, projective transforms.

Pixels are gathered from the image as a list, [batch * height * width, channels], so that the gradient is a segment sum.
"""
import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.sizes import told

__all__ = ["FORWARDS", "GRADIENTS"]


def _crop_and_resize(op, grad):
    """TF's gradients, but none for the boxes of method "nearest": TF gives those of another method, the bilinear."""
    grads = list(_compat.gradient_function(op)(op, grad))
    if op.get_attr("method") == b"nearest":
        grads[1] = None
    return grads


def _crop_grad_image(op, grads, boxes, box_index, size):
    """Written out: each crop's gradient goes to its pixels, weighted as they were read. Exact.

    Differentiable in the gradients and, through the weights of method "bilinear", in the boxes.
    """
    depth = tf.shape(grads)[3]
    total = 0
    for places, weights in _crop_taps(op, boxes, box_index, size, tf.shape(grads)[1:3]):
        values = tf.reshape(grads * tf.expand_dims(weights, -1), [-1, depth])
        total += tf.math.unsorted_segment_sum(values, tf.reshape(places, [-1]), size[0] * size[1] * size[2])
    return [tf.cast(tf.reshape(total, size), op.outputs[0].dtype)]


def _crop_grad_boxes(op, grads, image, boxes, box_index):
    """Written out: the slope of the image at each sample, times how the sample moves with the box's edges. Exact."""
    size, crop = tf.shape(image), tf.shape(grads)[1:3]
    y, x = [_Axis(boxes[:, i], boxes[:, i + 2], size[1 + i], crop[i]) for i in range(2)]
    inside = _outer(y.inside, x.inside)
    pixels = _pixels(tf.cast(image, tf.float32))
    corner = {(i, j): tf.reduce_sum(grads * tf.gather(pixels, _place(box_index, size, row, column)), 3) * inside
              for i, row in enumerate((y.low, y.high)) for j, column in enumerate((x.low, x.high))}
    wy, wx = tf.expand_dims(y.share, 2), tf.expand_dims(x.share, 1)
    to_y = (corner[1, 0] - corner[0, 0]) * (1 - wx) + (corner[1, 1] - corner[0, 1]) * wx
    to_x = (corner[0, 1] - corner[0, 0]) * (1 - wy) + (corner[1, 1] - corner[1, 0]) * wy
    moved = y.to_edges(tf.reduce_sum(to_y, 2)), x.to_edges(tf.reduce_sum(to_x, 1))
    return [tf.stack([moved[0][0], moved[1][0], moved[0][1], moved[1][1]], 1)]


class _Axis(object):
    """The samples of crops along one axis: `low` and `high` pixel, `share` of the high one, `inside` the image.

    first, last: the boxes' normalized edges, [boxes]. size: pixels of the image, crop: samples of a crop.
    """

    def __init__(self, first, last, size, crop):
        self._reach = tf.cast(size - 1, tf.float32)
        single = tf.cast(tf.equal(crop, 1), tf.float32)
        self._steps = tf.cast(tf.range(crop), tf.float32) + 0.5 * single
        self._most = tf.cast(tf.maximum(crop - 1, 1), tf.float32)
        step = (last - first) * self._reach / self._most
        self.position = tf.expand_dims(first * self._reach, 1) + self._steps * tf.expand_dims(step, 1)
        self.inside = tf.cast(tf.logical_and(self.position >= 0, self.position <= self._reach), tf.float32)
        low = tf.floor(self.position)
        self.share = self.position - low
        self.low, self.high = [_bounded(t, size) for t in (low, tf.ceil(self.position))]
        self.nearest = _bounded(tf.floor(self.position + 0.5), size)

    def to_edges(self, slopes):
        """The gradients of the first and the last edges from those of the samples, [boxes, crop]."""
        to_last = self._steps * (self._reach / self._most)
        return tf.reduce_sum(slopes * (self._reach - to_last), 1), tf.reduce_sum(slopes * to_last, 1)


def _crop_taps(op, boxes, box_index, size, crop):
    """The (places in the list of pixels, weights) that a crop is read from, each [boxes, height, width]."""
    y, x = [_Axis(boxes[:, i], boxes[:, i + 2], size[1 + i], crop[i]) for i in range(2)]
    inside = _outer(y.inside, x.inside)
    if op.get_attr("method") == b"nearest":
        return [(_place(box_index, size, y.nearest, x.nearest), inside)]
    return [(_place(box_index, size, row, column), _outer(row_weight, column_weight) * inside)
            for row, row_weight in ((y.low, 1 - y.share), (y.high, y.share))
            for column, column_weight in ((x.low, 1 - x.share), (x.high, x.share))]


def _outer(rows, columns):
    return tf.expand_dims(rows, 2) * tf.expand_dims(columns, 1)


def _bounded(position, size):
    return tf.maximum(tf.minimum(tf.cast(position, tf.int32), size - 1), 0)


def _pixels(image):
    return tf.reshape(image, [-1, tf.shape(image)[3]])


def _place(batch, size, rows, columns):
    """Where the pixels at rows x columns of images `batch` stand in the list of pixels."""
    image = tf.reshape(batch, [-1, 1, 1]) * size[1] + tf.expand_dims(rows, 2)
    return image * size[2] + tf.expand_dims(columns, 1)


def _glimpse(op, image, size, offsets):
    """Written out: a glimpse is a shifted copy of the image. Exact.

    Offsets are cut to whole pixels, so their derivative is zero. Outside stand zeros: noise is drawn between the least
    and the largest pixel, or with their mean and spread, so it is refused unless the graph shows that there is none.
    """
    if _may_be_noisy(op):
        raise errors.no_gradient(op, op.name, (
            "Where a glimpse reaches over the edge it is filled with noise that is drawn to suit the image, anew and "
            "unknown. Give it constant offsets that keep it inside, in an image of known size; or pad the image first "
            "and slice it; or noise='zero' in tf.raw_ops.ExtractGlimpseV2."), False)
    shape = tf.shape(image)
    (rows, in_rows), (columns, in_columns) = [
        _glimpse_axis(op, offsets[:, i], shape[1 + i], size[i]) for i in range(2)]
    read = tf.gather(_pixels(image), _place(tf.range(shape[0]), shape, rows, columns))
    return [read * tf.expand_dims(_outer(in_rows, in_columns), -1)]


def _may_be_noisy(op):
    """Whether the graph leaves open that a glimpse reaches over the edge of its image, and noise is put there."""
    if "noise" in op.node_def.attr and op.get_attr("noise") == b"zero":
        return False
    shape, size, offsets = op.inputs[0].shape, told(op.inputs[1]), told(op.inputs[2])
    lengths = shape.as_list()[1:3] if shape.ndims else [None]
    if None in lengths or size is None or offsets is None:
        return True
    return not all(_is_inside(op, offsets[:, i], lengths[i], size[i]) for i in range(2))


def _is_inside(op, offset, length, size):
    whole, part = np.float32(length), np.float32(size)
    start = _glimpse_start(op, offset * whole if op.get_attr("normalized") else offset, whole, part).astype(np.int32)
    return np.all(start >= 0) and np.all(start + size <= length)


def _glimpse_axis(op, offset, length, size):
    """(pixels along one axis, 1 where inside the image and 0 else), each [batch, size]."""
    whole, part = tf.cast(length, tf.float32), tf.cast(size, tf.float32)
    start = _glimpse_start(op, offset * whole if op.get_attr("normalized") else offset, whole, part)
    places = tf.expand_dims(tf.cast(start, tf.int32), 1) + tf.range(size)
    inside = tf.logical_and(places >= 0, places < length)
    return _bounded(places, length), tf.cast(inside, tf.float32)


def _glimpse_start(op, offset, whole, part):
    """The offset of the glimpse's corner from the image's: the first version of the op takes one for its middle."""
    centered, normalized = op.get_attr("centered"), op.get_attr("normalized")
    if op.type == "ExtractGlimpse" or (centered and normalized):
        return (offset / 2 + whole / 2 if centered else offset) - part / 2
    return offset + whole / 2 if centered else offset


FORWARDS = {
    "CropAndResizeGradBoxes": _crop_grad_boxes,
    "CropAndResizeGradImage": _crop_grad_image,
    "ExtractGlimpse": _glimpse,
    "ExtractGlimpseV2": _glimpse,
}
GRADIENTS = {
    "CropAndResize": _crop_and_resize,
}
