"""Graph mode, quiet logs, and a fresh default graph for every test.

TF1_HESSIAN_V2_BEHAVIOR=off runs the suite as most ported scripts start: after tf.disable_v2_behavior().
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow.compat.v1 as tf

tf.logging.set_verbosity(tf.logging.ERROR)
{"on": tf.disable_eager_execution, "off": tf.disable_v2_behavior}[os.environ.get("TF1_HESSIAN_V2_BEHAVIOR", "on")]()


@pytest.fixture(autouse=True)
def graph():
    """The test's own graph, as the default."""
    with tf.Graph().as_default() as fresh:
        yield fresh
