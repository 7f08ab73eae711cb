"""Projective transforms, in the image, the transform and the fill value."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_hessian, assert_linear, numbers, numpy_wave, wave

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
IMAGE = numbers(1, 2, 4, 5, 1)
# Turned, stretched and slightly projective: reads outside on two sides, and nowhere near a whole place.
TRANSFORM = np.array([1.059, 0.399, -0.685, -0.296, 0.961, 0.447, 0.013, -0.036])
MODES = ["CONSTANT", "NEAREST", "REFLECT", "WRAP"]
SIZE = [3, 4]


def transformed(image, transforms, fill=0.0, mode="CONSTANT", interpolation="BILINEAR", size=SIZE):
    if VERSION < (2, 4):
        from tensorflow.contrib.image.python.ops import image_ops
        return image_ops.gen_image_ops.image_projective_transform_v2(
            images=image, transforms=transforms, output_shape=size, interpolation=interpolation)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image, transforms=transforms, output_shape=size, fill_value=fill, interpolation=interpolation,
        fill_mode=mode)


def numpy_transformed(image, transform, fill=0.0):
    """Bilinear reading, a fill value in the place of pixels outside."""
    out = np.zeros([len(image), SIZE[0], SIZE[1], image.shape[3]])
    a = transform
    for i in range(SIZE[0]):
        for j in range(SIZE[1]):
            k = a[6] * j + a[7] * i + 1
            x, y = (a[0] * j + a[1] * i + a[2]) / k, (a[3] * j + a[4] * i + a[5]) / k
            out[:, i, j] = _bilinear(image, y, x, fill)
    return out


def _bilinear(image, y, x, fill):
    top, left = int(np.floor(y)), int(np.floor(x))
    total = 0.0
    for row, row_weight in ((top, top + 1 - y), (top + 1, y - top)):
        for column, weight in ((left, left + 1 - x), (left + 1, x - left)):
            inside = 0 <= row < image.shape[1] and 0 <= column < image.shape[2]
            total = total + row_weight * weight * (image[:, row, column] if inside else fill)
    return total


@pytest.mark.parametrize("interpolation", ["BILINEAR", "NEAREST"])
def test_image(interpolation):
    """TF's first gradient is another function's already, so the loss holds none."""
    transforms = tf.constant(TRANSFORM.reshape(1, 8), tf.float32)
    assert_linear(lambda image: transformed(image, transforms, interpolation=interpolation), IMAGE, penalty=False)


def test_a_transform_for_each_image():
    transforms = tf.constant(np.stack([TRANSFORM, [0.8, 0, 0.5, 0.1, 1.2, -0.4, 0, 0.02]]), tf.float32)
    assert_linear(lambda image: transformed(image, transforms), IMAGE, penalty=False)


def test_image_and_transform():
    assert_hessian(lambda image, a: wave(transformed(image, tf.expand_dims(a, 0))),
                   lambda image, a: numpy_wave(numpy_transformed(image, a)),
                   [IMAGE[:1], TRANSFORM])


if VERSION >= (2, 4):
    @pytest.mark.parametrize("interpolation", ["BILINEAR", "NEAREST"])
    @pytest.mark.parametrize("mode", MODES)
    def test_fill_mode(mode, interpolation):
        transforms = tf.constant([[1.7, 0.24, -4.3, -0.17, 2.6, -3.4, 0.011, -0.023]], tf.float32)
        assert_linear(lambda image: transformed(image, transforms, 0.3, mode, interpolation, [5, 7]), IMAGE,
                      penalty=False)

    def test_transform_and_fill_value():
        image = tf.constant(IMAGE[:1], tf.float32)
        assert_hessian(lambda a, fill: wave(transformed(image, tf.expand_dims(a, 0), fill)),
                       lambda a, fill: numpy_wave(numpy_transformed(IMAGE[:1], a, fill)), [TRANSFORM, np.array(0.3)])
