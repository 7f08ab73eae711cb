"""Writes eager/VERSION, a SavedModel of eager code, by this TensorFlow; the stored ones are of 1.15.5 and 2.21.0:

    python tests/models/make_eager_model.py
"""
import os
import shutil

import numpy as np
import tensorflow.compat.v1
import tensorflow.compat.v2 as tf

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "eager", tf.__version__)


class Net(tf.Module):
    """loss = mean over examples of sum(x w^3)."""

    def __init__(self):
        super(Net, self).__init__()
        self.w = tf.Variable(np.array([1.0, -2.0, 0.5]), name="w")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float64, name="x")])
    def loss(self, x):
        """The output that the signature calls "loss"."""
        return {"loss": tf.reduce_mean(tf.reduce_sum(x * self.w ** 3, 1))}


if __name__ == "__main__":
    tensorflow.compat.v1.enable_v2_behavior()
    shutil.rmtree(FOLDER, ignore_errors=True)
    net = Net()
    tf.saved_model.save(net, FOLDER, net.loss)
