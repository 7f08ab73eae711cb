"""Projective transforms of images, as bilinear reading at computed places."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS"]


def _projective_transform(op, image, transforms, size, fill=0.0):
    """Written out as bilinear reading at the transformed places, for the image, the transforms and the fill value.

    Output (x, y) reads the input at ((a0 x + a1 y + a2) / k, (a3 x + a4 y + a5) / k), k = a6 x + a7 y + 1. Exact. TF's
    gradient is another one: it reads the gradient at the places of the inverse transform.
    """
    x, y, finite = _places(transforms, size)
    shape = tf.shape(image)
    x, y = _filled_place(op, x, shape[2]), _filled_place(op, y, shape[1])
    read = _nearest if op.get_attr("interpolation") == b"NEAREST" else _bilinear
    values = read(tf.cast(image, tf.float32), x, y, fill)
    values = _where(finite, values, fill)
    return [tf.cast(values, op.outputs[0].dtype)]


def _places(transforms, size):
    """(x, y, whether finite) that each output pixel reads, [1 or batch, height, width]."""
    a = [tf.reshape(t, [-1, 1, 1]) for t in tf.unstack(transforms, 8, 1)]
    x = tf.reshape(tf.cast(tf.range(size[1]), tf.float32), [1, 1, -1])
    y = tf.reshape(tf.cast(tf.range(size[0]), tf.float32), [1, -1, 1])
    k = a[6] * x + a[7] * y + 1
    finite = tf.not_equal(k, 0)
    k = tf.where(finite, k, tf.ones_like(k))
    return (a[0] * x + a[1] * y + a[2]) / k, (a[3] * x + a[4] * y + a[5]) / k, finite


def _filled_place(op, place, size):
    """The place in the image that stands for one outside, by the fill mode; itself where a fill value is read."""
    mode = op.get_attr("fill_mode") if "fill_mode" in op.node_def.attr else b"CONSTANT"
    if mode == b"CONSTANT":
        return place
    length = tf.cast(size, tf.float32)
    if mode == b"REFLECT":
        below = place + 2 * length * tf.floor(-place / (2 * length))
        below = tf.where(below < -length, below + 2 * length, -below - 1)
        above = place - 2 * length * tf.floor(place / (2 * length))
        above = tf.where(above >= length, 2 * length - above - 1, above)
        place = _outside(place, length, below, above)
    if mode == b"WRAP":
        period = tf.maximum(length - 1, 1)
        place = _outside(place, length, place + length * (tf.floor(-place / period) + 1),
                         place - length * tf.floor(place / period))
    return tf.maximum(tf.minimum(place, length - 1), 0)


def _outside(place, length, below, above):
    return tf.where(place < 0, below, tf.where(place > length - 1, above, place))


def _inside(place, size):
    return tf.logical_and(place >= 0, place <= tf.cast(size - 1, tf.float32))


def _bilinear(image, x, y, fill):
    left, top = tf.floor(x), tf.floor(y)
    to_right, to_bottom = tf.expand_dims(x - left, 3), tf.expand_dims(y - top, 3)
    upper = (1 - to_right) * _pixel(image, left, top, fill) + to_right * _pixel(image, left + 1, top, fill)
    lower = (1 - to_right) * _pixel(image, left, top + 1, fill) + to_right * _pixel(image, left + 1, top + 1, fill)
    return (1 - to_bottom) * upper + to_bottom * lower


def _nearest(image, x, y, fill):
    return _pixel(image, _rounded(x), _rounded(y), fill)


def _rounded(place):
    """Halves away from zero."""
    return tf.sign(place) * tf.floor(tf.abs(place) + 0.5)


def _pixel(image, x, y, fill):
    """The pixels at whole places, the fill value outside; one transform may serve all images."""
    shape = tf.shape(image)
    column, row = [tf.cast(tf.maximum(tf.minimum(t, tf.cast(n - 1, tf.float32)), 0), tf.int32)
                   for t, n in ((x, shape[2]), (y, shape[1]))]
    place = (tf.reshape(tf.range(shape[0]), [-1, 1, 1]) * shape[1] + row) * shape[2] + column
    found = tf.gather(tf.reshape(image, [-1, shape[3]]), place)
    return _where(tf.logical_and(_inside(x, shape[2]), _inside(y, shape[1])), found, fill)


def _where(chosen, values, fill):
    """Values [batch, height, width, channels] where chosen, else the fill value."""
    weight = tf.expand_dims(tf.cast(chosen, tf.float32), 3)
    return values * weight + fill * (1 - weight)


FORWARDS = {
    "ImageProjectiveTransformV2": _projective_transform,
    "ImageProjectiveTransformV3": _projective_transform,
}
