"""Resized images: second and third derivatives, and gradients in the loss."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_truth import assert_linear, matrix, numbers, run, variables, wave

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
IMAGE = numbers(1, 1, 4, 3, 2)
RESIZES = {
    "bilinear": tf.image.resize_bilinear,
    "bicubic": tf.image.resize_bicubic,
    "nearest": tf.image.resize_nearest_neighbor,
}
OPTIONS = [{}, {"align_corners": True}] + ([{"half_pixel_centers": True}] if VERSION >= (1, 14) else [])


@pytest.mark.parametrize("size", [[3, 5], [6, 2]])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
@pytest.mark.parametrize("resize", sorted(RESIZES))
def test_resize(resize, options, size):
    assert_linear(lambda image: RESIZES[resize](image, size, **options), IMAGE)


@pytest.mark.parametrize("size", [[3, 5], [3, 2], [1, 2], [4, 3]])
@pytest.mark.parametrize("options", OPTIONS[:2], ids=lambda o: "-".join(o) or "plain")
def test_resize_area(options, size):
    """TF has no gradient of it at all."""
    assert_linear(lambda image: tf.image.resize_area(image, size, **options), IMAGE, penalty=False)


if VERSION >= (1, 14):
    @pytest.mark.parametrize("antialias", [True, False])
    @pytest.mark.parametrize("kernel", ["lanczos3", "triangle", "keyscubic"])
    def test_scale_and_translate(kernel, antialias):
        def moved(image):
            return tf.raw_ops.ScaleAndTranslate(
                images=image, size=[3, 2], scale=[0.7, 0.8], translation=[0.2, 0.3], kernel_type=kernel,
                antialias=antialias)

        assert_linear(moved, IMAGE)


@pytest.mark.parametrize("resize", sorted(RESIZES))
def test_batch_of_unknown_size(resize):
    image, value = tf.placeholder(tf.float32, [None, 4, 3, 1]), numbers(2, 2, 4, 3, 1)
    u = numbers(3, 2, 4, 3, 1).astype(np.float32)
    y = RESIZES[resize](image, [3, 5])
    j = matrix(lambda x: RESIZES[resize](x, [3, 5]), np.zeros_like(value))
    found = th.hvp(wave(y), image, tf.constant(u))
    with tf.Session() as session:
        found, y = session.run([found, y], {image: value})
    true = j.T.dot(-4 * np.sin(2 * y.ravel() + np.arange(y.size)) * j.dot(u.ravel()))
    np.testing.assert_allclose(found.ravel(), true, atol=1e-4)


@pytest.mark.parametrize("resize", sorted(RESIZES))
def test_image_in_double(resize):
    """Two of the three give float32 even so."""
    function = RESIZES[resize]
    assert_linear(lambda image: tf.cast(function(tf.cast(image, tf.float64), [3, 5]), tf.float32), IMAGE)


def test_term_that_tensorflow_loses():
    """Sum of x^2 and of its resized copy squared: TF 2 gives the first term's 2 alone, without an error."""
    x, = variables([[[[1.0]], [[2.0]]]])
    loss = tf.reduce_sum(tf.square(x)) + tf.reduce_sum(tf.square(tf.image.resize_bilinear(x, [4, 1])))
    found = run(th.hessian(loss, x, flat=True))
    np.testing.assert_allclose(found, [[2 + 2.5, 0.5], [0.5, 2 + 4.5]], atol=1e-6)
