"""Convolution, with the kernel, the image or both as sources; pooling."""
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, scenario, variable


def _image(dtype, channels=1):
    return constant(numbers(1, 2, 4, 3, channels), dtype)


def _kernel(dtype, *shape):
    return variable("kernel", numbers(2, *shape), dtype)


@scenario()
def convolution_of_kernel(dtype):
    kernel, bias = _kernel(dtype, 1, 2, 1, 2), variable("bias", numbers(3, 2), dtype)
    maps = tf.nn.bias_add(tf.nn.conv2d(_image(dtype), kernel, [1, 1, 1, 1], "SAME"), bias)
    return Case(tf.reduce_mean(tf.square(tf.nn.softplus(maps))), [kernel, bias])


@scenario()
def convolution_of_image(dtype):
    image = tf.placeholder(dtype, [1, 3, 2, 1])
    maps = tf.nn.conv2d(image, constant(numbers(2, 2, 1, 1, 2), dtype), [1, 1, 1, 1], "VALID")
    return Case(tf.reduce_sum(tf.exp(tf.tanh(maps))), image, {image: numbers(4, 1, 3, 2, 1)})


@scenario()
def convolution_of_both(dtype):
    image, kernel = variable("image", numbers(5, 1, 2, 3, 1), dtype), _kernel(dtype, 1, 2, 1, 1)
    maps = tf.nn.conv2d(image, kernel, [1, 2, 1, 1], "SAME")
    return Case(tf.reduce_sum(tf.square(tf.tanh(maps))), [image, kernel])


@scenario()
def two_convolutions(dtype):
    first, second = _kernel(dtype, 2, 1, 1, 2), variable("second", numbers(6, 1, 2, 2, 1), dtype)
    maps = tf.tanh(tf.nn.conv2d(_image(dtype), first, [1, 1, 1, 1], "SAME"))
    return Case(tf.reduce_mean(tf.square(tf.nn.conv2d(maps, second, [1, 1, 1, 1], "VALID"))), [first, second])


@scenario()
def convolution_1d(dtype):
    kernel = _kernel(dtype, 3, 2, 1)
    maps = tf.nn.conv1d(constant(numbers(7, 2, 5, 2), dtype), kernel, 1, "SAME")
    return Case(tf.reduce_sum(tf.square(tf.sin(maps))), kernel)


@scenario()
def depthwise_convolution(dtype):
    kernel = _kernel(dtype, 2, 1, 2, 1)
    maps = tf.nn.depthwise_conv2d(_image(dtype, 2), kernel, [1, 1, 1, 1], "VALID")
    return Case(tf.reduce_sum(tf.square(tf.sin(maps))), kernel)


@scenario()
def transposed_convolution(dtype):
    kernel = _kernel(dtype, 1, 2, 1, 2)
    maps = tf.nn.conv2d_transpose(_image(dtype, 2)[:1, :2], kernel, [1, 4, 6, 1], [1, 2, 2, 1], "SAME")
    return Case(tf.reduce_sum(tf.square(tf.sin(maps))), kernel)


def _pooled_maps(dtype, pool):
    kernel = _kernel(dtype, 2, 1, 1, 2)
    maps = tf.nn.conv2d(_image(dtype), kernel, [1, 1, 1, 1], "SAME")
    pooled = pool(tf.sin(maps), [1, 2, 2, 1], [1, 2, 1, 1], "VALID")
    return Case(tf.reduce_sum(tf.exp(pooled)), [kernel])


@scenario()
def max_pooling(dtype):
    return _pooled_maps(dtype, tf.nn.max_pool)


@scenario()
def average_pooling(dtype):
    return _pooled_maps(dtype, tf.nn.avg_pool)


@scenario()
def max_pooling_of_image(dtype):
    image = tf.placeholder(dtype, [1, 3, 2, 1])
    pooled = tf.nn.max_pool(tf.square(image), [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    return Case(tf.reduce_prod(1 + pooled), image, {image: numbers(8, 1, 3, 2, 1)})
