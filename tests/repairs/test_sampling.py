"""Crops and glimpses, in the image and in the boxes."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_hessian, assert_linear, numbers, numpy_wave, variables, wave

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
IMAGE = numbers(1, 2, 4, 3, 2)
# Inside; reaching over the edge on two sides; flipped.
BOXES = np.array([[0.1, 0.2, 0.73, 0.91], [0.33, -0.21, 1.24, 0.62], [0.84, 0.13, 0.27, 0.58]])
INDEX = [1, 0, 1]


def crop(image, boxes, size, method="bilinear"):
    return tf.image.crop_and_resize(image, boxes, INDEX[:boxes.shape.as_list()[0]], size, method, 0.7)


def numpy_crop(image, boxes, size):
    """Bilinear samples of each box; 0.7 outside."""
    out = np.full([len(boxes), size[0], size[1], image.shape[3]], 0.7)
    for n, (y0, x0, y1, x1) in enumerate(boxes):
        ys, xs = [_samples(*axis) for axis in ((y0, y1, size[0], image.shape[1]), (x0, x1, size[1], image.shape[2]))]
        for i, y in enumerate(ys):
            for j, x in enumerate(xs):
                if 0 <= y <= image.shape[1] - 1 and 0 <= x <= image.shape[2] - 1:
                    out[n, i, j] = _bilinear(image[INDEX[n]], y, x)
    return out


def _samples(first, last, size, length):
    places = np.linspace(first, last, size) if size > 1 else np.array([(first + last) / 2])
    return places * (length - 1)


def _bilinear(image, y, x):
    top, left = min(int(y), image.shape[0] - 2), min(int(x), image.shape[1] - 2)
    dy, dx = y - top, x - left
    return ((1 - dy) * ((1 - dx) * image[top, left] + dx * image[top, left + 1])
            + dy * ((1 - dx) * image[top + 1, left] + dx * image[top + 1, left + 1]))


@pytest.mark.parametrize("size", [[3, 2], [1, 4]])
@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_crop_of_image(method, size):
    boxes = tf.constant(BOXES, tf.float32)
    assert_linear(lambda image: crop(image, boxes, size, method), IMAGE)


@pytest.mark.parametrize("size", [[3, 2], [1, 4]])
def test_crop_of_image_and_boxes(size):
    values = [IMAGE[:, :3, :, :1], BOXES[:2]]
    assert_hessian(lambda image, boxes: wave(crop(image, boxes, size)),
                   lambda image, boxes: numpy_wave(numpy_crop(image, boxes, size)), values)


def test_crop_of_a_whole_image():
    """The last sample lies on the last pixel: inside, though it is the edge."""
    boxes = tf.constant([[0.0, 0.0, 1.0, 1.0]])
    assert_linear(lambda image: crop(image, boxes, [4, 3]), IMAGE)


def test_gradient_of_boxes_in_the_loss():
    """The loss holds TF's CropAndResizeGradBoxes: |d / d boxes|^2 of a crop that is linear in the image."""
    boxes = BOXES[:1]

    def numpy_loss(image):
        step = 2.0 ** -10
        moves = [step * unit.reshape(1, 4) for unit in np.eye(4)]
        slopes = [np.sum(numpy_crop(image, boxes + m, [3, 2]) - numpy_crop(image, boxes - m, [3, 2])) for m in moves]
        return sum((s / (2 * step)) ** 2 for s in slopes)

    def loss(image):
        edges = tf.constant(boxes, tf.float32)
        return tf.reduce_sum(tf.square(tf.gradients(crop(image, edges, [3, 2]), edges)[0]))

    # Bilinear samples along one edge are quadratic within a pixel, so central differences are exact.
    assert_hessian(loss, numpy_loss, [IMAGE[:, :, :, :1]], tolerance=1e-4)


def test_boxes_of_nearest_crops_are_refused():
    """A nearest crop does not move with its box; TF hands out the gradient of a bilinear one in its place."""
    image, boxes = variables(IMAGE, BOXES)
    loss = wave(crop(image, boxes, [3, 2], "nearest"))
    with pytest.raises(th.LostDerivativeError, match="CropAndResize"):
        th.hessian(loss, boxes)
    assert tf.gradients(loss, boxes)[0] is not None


def named(value):
    """The id of a parameter."""
    return "-".join(value) or "plain" if isinstance(value, dict) else "offsets"


# Offsets that keep a 2 x 3 glimpse of a 5 x 6 image inside, under the first version of the op.
GLIMPSES = [
    ({}, [[0.1, 0.05], [-0.2, 0.1]]),
    ({"normalized": False}, [[1.0, 2.0], [-1.0, 0.0]]),
    ({"centered": False}, [[0.4, 0.5], [0.6, 0.3]]),
    ({"centered": False, "normalized": False}, [[2.0, 3.0], [3.2, 2.6]]),
]


@pytest.mark.parametrize("options,offsets", GLIMPSES, ids=named)
def test_glimpse(options, offsets):
    """TF declares it not differentiable: no gradient, and no error."""
    assert_linear(lambda image: tf.image.extract_glimpse(image, [2, 3], offsets, **options),
                  numbers(2, 2, 5, 6, 1), penalty=False)


@pytest.mark.parametrize("options,offsets", [
    ({}, [[0.1, 0.9]]),
    ({"uniform_noise": False}, [[0.1, -0.9]]),
    ({"centered": False, "normalized": False}, [[2.0, 5.6]]),
    ({}, "fed"),
], ids=str)
def test_glimpse_with_noise_that_depends_on_the_image(options, offsets):
    """The glimpse reaches over the edge, or may: what is put there changes with the image's least and largest value."""
    image = tf.placeholder(tf.float32, [1, 5, 6, 1])
    offsets = tf.placeholder(tf.float32, [1, 2]) if offsets == "fed" else offsets
    loss = wave(tf.image.extract_glimpse(image, [2, 3], offsets, **options))
    before = tf.get_default_graph().as_graph_def()
    for call in (th.gradients, th.hessian_diag):
        with pytest.raises(th.NoDerivativeError, match="noise"):
            call(loss, image)
    assert tf.get_default_graph().as_graph_def() == before


def test_glimpse_of_an_image_of_unknown_size():
    image = tf.placeholder(tf.float32, [1, None, 6, 1])
    with pytest.raises(th.NoDerivativeError, match="known size"):
        th.gradients(tf.image.extract_glimpse(image, [2, 3], [[0.0, 0.0]]), image)


def test_offsets_that_were_relied_on_can_not_be_fed():
    image, offsets = tf.placeholder(tf.float32, [1, 5, 6, 1]), tf.constant([[0.0, 0.0]])
    found = th.gradients(tf.image.extract_glimpse(image, [2, 3], offsets), image)
    with tf.Session() as session:
        assert session.run(found, {image: numbers(3, 1, 5, 6, 1)})[0].sum() == 6
        with pytest.raises(ValueError, match="may not be fed"):
            session.run(found, {image: numbers(3, 1, 5, 6, 1), offsets: [[0.9, 0.9]]})


SECOND_VERSION = [
    ({}, [[0.1, 0.05], [-0.9, 0.8]]),
    ({"normalized": False}, [[-2.0, -1.0], [1.5, -4.0]]),
    ({"centered": False}, [[0.4, 0.5], [-0.2, 0.9]]),
    ({"centered": False, "normalized": False}, [[2.0, 3.0], [-1.0, 4.0]]),
]


if VERSION >= (2, 4):
    @pytest.mark.parametrize("options,offsets", SECOND_VERSION, ids=named)
    def test_glimpse_of_the_second_version(options, offsets):
        """Without noise outside of the image, where there is nothing to read."""
        def glimpse(image):
            return tf.raw_ops.ExtractGlimpseV2(
                input=image, size=[2, 3], offsets=offsets, noise="zero", uniform_noise=False, **options)

        assert_linear(glimpse, numbers(2, 2, 5, 6, 1), penalty=False)
