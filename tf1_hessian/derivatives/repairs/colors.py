"""Colour spaces and adjustments, written out in primitives."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS"]


def _rgb_to_hsv(op, images):
    """Written out: value = max, saturation = 1 - min / max, hue by the largest channel. Exact."""
    return [_to_hsv(images)]


def _hsv_to_rgb(op, images):
    """Written out: value * (1 - saturation * (1 - share of the channel at that hue)). Exact."""
    return [_to_rgb(images)]


def _to_hsv(images):
    r, g, b = tf.unstack(images, 3, -1)
    value = tf.maximum(tf.maximum(r, g), b)
    spread = value - tf.minimum(tf.minimum(r, g), b)
    saturation = _ratio(spread, value)
    hue_of_red, hue_of_green, hue_of_blue = _ratio(g - b, spread), _ratio(b - r, spread) + 2, _ratio(r - g, spread) + 4
    hue = tf.where(tf.equal(r, value), hue_of_red, tf.where(tf.equal(g, value), hue_of_green, hue_of_blue)) / 6
    hue = tf.where(spread > 0, hue, tf.zeros_like(hue))
    return tf.stack([hue + tf.cast(hue < 0, hue.dtype), saturation, value], -1)


def _ratio(x, y):
    """x / y, and zero with zero derivatives where y is not positive."""
    return tf.where(y > 0, x / tf.where(y > 0, y, tf.ones_like(y)), tf.zeros_like(x))


def _to_rgb(images):
    hue, saturation, value = tf.unstack(images, 3, -1)
    shares = [tf.abs(6 * hue - 3) - 1, 2 - tf.abs(6 * hue - 2), 2 - tf.abs(6 * hue - 4)]
    return tf.stack([(1 - saturation + saturation * _clipped(s)) * value for s in shares], -1)


def _clipped(x):
    return tf.maximum(tf.minimum(x, 1), 0)


def _adjust_saturation(op, images, scale):
    """Written out: to hue, saturation and value, saturation scaled and clipped to [0, 1], and back. Exact."""
    hue, saturation, value = tf.unstack(_to_hsv(images), 3, -1)
    return [_to_rgb(tf.stack([hue, _clipped(saturation * tf.cast(scale, images.dtype)), value], -1))]


def _adjust_hue(op, images, delta):
    """Written out: to hue, saturation and value, hue turned by delta, and back. Exact."""
    hue, saturation, value = tf.unstack(_to_hsv(images), 3, -1)
    turned = hue + tf.cast(delta, images.dtype)
    return [_to_rgb(tf.stack([turned - tf.floor(turned), saturation, value], -1))]


def _adjust_contrast(op, images, factor):
    """Written out: factor * (x - m) + m with the mean m of each image's channel. Exact."""
    mean = tf.reduce_mean(images, [-3, -2], keepdims=True)
    return [(images - mean) * tf.cast(factor, images.dtype) + mean]


FORWARDS = {
    "AdjustContrastv2": _adjust_contrast,
    "AdjustHue": _adjust_hue,
    "AdjustSaturation": _adjust_saturation,
    "HSVToRGB": _hsv_to_rgb,
    "RGBToHSV": _rgb_to_hsv,
}
