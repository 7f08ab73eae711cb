"""Layers of neural networks: convolutions, activations, pooling."""
import tensorflow.compat.v1 as tf
from op import Op, pieces, slope_of

__all__ = ["OPS"]

ONES = [1, 1, 1, 1]


def _image(x, *shape):
    return pieces(x, shape or (1, 3, 4, 1))[0]


def _by_strides(x):
    return tf.nn.conv2d(*pieces(x, (1, 4, 3, 1), (2, 2, 1, 2)), strides=[1, 2, 1, 1], padding="VALID")


def _backward_to_filter(x):
    image, grad = pieces(x, (1, 3, 4, 1), (1, 3, 4, 1))
    return tf.nn.conv2d_backprop_filter(image, [2, 2, 1, 1], grad, ONES, "SAME")


def _dilation(x):
    image, kernel = pieces(x, (1, 3, 4, 1), (2, 2, 1))
    return tf.nn.dilation2d(tf.sin(3 * image), kernel, ONES, ONES, "VALID")


OPS = [
    Op("Conv2D", lambda x: tf.nn.conv2d(*pieces(x, (1, 3, 4, 1), (2, 2, 1, 1)), strides=ONES, padding="SAME"),
       shape=(16,), case="image and filter"),
    Op("Conv2DBackpropInput", lambda x: tf.nn.conv2d_transpose(
        *pieces(x, (1, 2, 3, 1), (2, 2, 1, 1)), output_shape=[1, 4, 6, 1], strides=[1, 2, 2, 1]), shape=(10,)),
    Op("Conv2DBackpropFilter", _backward_to_filter, shape=(24,)),
    Op("Conv3D", lambda x: tf.nn.conv3d(
        *pieces(x, (1, 2, 3, 2, 1), (2, 1, 2, 1, 1)), strides=ONES + [1], padding="VALID"), shape=(16,)),
    Op("DepthwiseConv2dNative", lambda x: tf.nn.depthwise_conv2d(
        *pieces(x, (1, 2, 3, 2), (2, 2, 2, 1)), strides=ONES, padding="SAME"), shape=(20,)),
    Op("BiasAdd", lambda x: tf.nn.bias_add(*pieces(x, (2, 3), (3,))), shape=(9,)),
    Op("Relu", tf.nn.relu),
    Op("ReluGrad", lambda x: slope_of(lambda y: tf.nn.relu(y) ** 3, x), case="a loss that holds derivatives"),
    Op("LeakyRelu", tf.nn.leaky_relu),
    Op("Elu", tf.nn.elu, "repaired", repair="EluGrad"),
    Op("Selu", tf.nn.selu, "repaired", repair="SeluGrad"),
    Op("Softplus", tf.nn.softplus),
    Op("Softsign", tf.nn.softsign, "repaired", "refused", repair="SoftsignGrad"),
    Op("Tanh", tf.tanh),
    Op("TanhGrad", lambda x: slope_of(tf.tanh, x), case="a loss that holds derivatives"),
    Op("Sigmoid", tf.sigmoid),
    Op("Softmax", tf.nn.softmax),
    Op("LogSoftmax", tf.nn.log_softmax),
    Op("TopK", lambda x: tf.nn.top_k(x, 2)[0]),
    Op("MaxPool", lambda x: tf.nn.max_pool(_image(x), [1, 2, 2, 1], [1, 1, 2, 1], "VALID"), "repaired", shape=(12,),
       repair="MaxPoolGrad"),
    Op("MaxPool", lambda x: tf.nn.max_pool(_image(x), [1, 2, 2, 1], ONES, "SAME"), "repaired", "wrong", shape=(12,),
       case="strides of 1, padding SAME", repair="MaxPoolGrad"),
    Op("MaxPoolGrad", lambda x: slope_of(lambda y: tf.nn.max_pool(y, [1, 2, 2, 1], [1, 1, 2, 1], "VALID"), _image(x)),
       "repaired", shape=(12,), case="a loss that holds derivatives"),
    Op("MaxPoolWithArgmax", lambda x: tf.nn.max_pool_with_argmax(
        _image(x), [1, 2, 2, 1], [1, 1, 2, 1], padding="VALID")[0], "repaired", "refused", shape=(12,)),
    Op("AvgPool", lambda x: tf.nn.avg_pool(_image(x), [1, 2, 2, 1], [1, 1, 2, 1], "SAME"), shape=(12,)),
    Op("FractionalMaxPool", lambda x: tf.nn.fractional_max_pool(
        _image(x), [1, 1.5, 1.4, 1], True, True, deterministic=True, seed=3, seed2=4)[0], "repaired", "refused",
       shape=(12,), repair="FractionalMaxPoolGrad"),
    Op("Dilation2D", _dilation, "repaired", "refused", shape=(16,), repair="Dilation2DBackpropFilter"),
]
