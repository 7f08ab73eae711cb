"""Optimal Brain Damage on a convolutional ReLU network: LeNet in small, on scikit-learn's digits of 8 by 8 pixels.

Two convolutions with max pooling and two dense layers are trained in a Session. The exact Hessian diagonal of all
2,618 weights, kernels included, comes from one session call and costs the columns of ten logits. Weights are deleted by
saliency H_ii w_i**2 / 2 (LeCun, Denker and Solla, Optimal Brain Damage, 1990) or by magnitude, without training
afterwards. Prints the plan and a table, and saves a picture.
"""
import os

import tensorflow.compat.v1 as tf
from pruning import CLASSES, dense, draw_pruning, parse_arguments, race

tf.disable_eager_execution()


def convolution(name, images, inputs, outputs, seed):
    """A 3 by 3 convolution with ReLU and max pooling, and its variables."""
    with tf.variable_scope(name):
        start = tf.glorot_uniform_initializer(seed=seed)
        kernel = tf.get_variable("kernel", [3, 3, inputs, outputs], initializer=start)
        bias = tf.get_variable("bias", [outputs], initializer=tf.zeros_initializer())
    maps = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(images, kernel, strides=[1, 1, 1, 1], padding="SAME"), bias))
    return tf.nn.max_pool(maps, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"), [kernel, bias]


def network(images):
    """(logits, variables)"""
    maps, first = convolution("conv1", tf.reshape(images, [-1, 8, 8, 1]), 1, 6, seed=1)
    maps, second = convolution("conv2", maps, 6, 12, seed=2)
    hidden, third = dense("hidden", tf.reshape(maps, [-1, 48]), 48, 32, seed=3)
    logits, fourth = dense("output", tf.nn.relu(hidden), 32, CLASSES, seed=4)
    return logits, first + second + third + fourth


def main():
    arguments = parse_arguments(__doc__.splitlines()[0])
    networks, steps = (2, 300) if arguments.quick else (3, 700)
    _, _, obd, magnitude = race(network, networks, steps, is_smooth=False)
    draw_pruning(obd, magnitude, "small LeNet", os.path.join(arguments.output, "lenet_pruning.png"))


if __name__ == "__main__":
    main()
