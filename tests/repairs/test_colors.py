"""Colour spaces and adjustments against numpy and the standard library."""
import colorsys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_hessian, numbers, numpy_wave, wave
from tensorflow.python.ops import gen_image_ops

# Every order of red, green and blue, so that each case of the hue is met.
COLORS = np.array([[[0.71, 0.42, 0.13], [0.62, 0.24, 0.43], [0.31, 0.83, 0.12]],
                   [[0.22, 0.64, 0.55], [0.43, 0.16, 0.77], [0.14, 0.35, 0.86]]])


def each_pixel(function, images):
    return np.array([function(*pixel) for pixel in np.reshape(images, [-1, 3])]).reshape(np.shape(images))


def adjusted(pixels, hue=0.0, saturation=1.0):
    def change(r, g, b):
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        return colorsys.hsv_to_rgb((h + hue) % 1.0, min(s * saturation, 1.0), v)

    return each_pixel(change, pixels)


def op(name):
    """The op itself, for tf.image does some of these with others."""
    return getattr(gen_image_ops, name)


def test_rgb_to_hsv():
    """TF 1.13 has no gradient; 1.15 fails in float64."""
    assert_hessian(lambda x: wave(tf.image.rgb_to_hsv(x)),
                   lambda x: numpy_wave(each_pixel(colorsys.rgb_to_hsv, x)), [COLORS], tolerance=1e-4)


def test_hsv_to_rgb():
    """TF declares it not differentiable: no gradient, and no error."""
    assert_hessian(lambda x: wave(tf.image.hsv_to_rgb(x)),
                   lambda x: numpy_wave(each_pixel(colorsys.hsv_to_rgb, x)), [COLORS])


def test_saturation():
    assert_hessian(lambda x, scale: wave(op("adjust_saturation")(x, scale)),
                   lambda x, scale: numpy_wave(adjusted(x, saturation=float(scale))), [COLORS[:1], np.array(1.2)])


def test_saturation_at_its_limit():
    """Clipped pixels move with their largest and smallest channel alone."""
    assert_hessian(lambda x, scale: wave(op("adjust_saturation")(x, scale)),
                   lambda x, scale: numpy_wave(adjusted(x, saturation=float(scale))), [COLORS[:1], np.array(2.5)])


@pytest.mark.parametrize("delta", [0.07, -0.3])
def test_hue(delta):
    assert_hessian(lambda x, delta: wave(op("adjust_hue")(x, delta)),
                   lambda x, delta: numpy_wave(adjusted(x, hue=float(delta))), [COLORS[:1], np.array(delta)],
                   tolerance=1e-4)


def test_contrast():
    def numpy_loss(x, factor):
        mean = x.mean((1, 2), keepdims=True)
        return numpy_wave((x - mean) * factor + mean)

    assert_hessian(lambda x, factor: wave(op("adjust_contrastv2")(x, factor)), numpy_loss,
                   [numbers(1, 2, 2, 3, 2), np.array(1.7)])
