"""Graph mode, quiet logs, and a fresh default graph for every test; of long tables a share.

TF1_HESSIAN_V2_BEHAVIOR=off runs the suite as most ported scripts start: after tf.disable_v2_behavior().
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow.compat.v1 as tf

from forms import built_as
from shares import in_the_share

tf.logging.set_verbosity(tf.logging.ERROR)
{"on": tf.disable_eager_execution, "off": tf.disable_v2_behavior}[os.environ.get("TF1_HESSIAN_V2_BEHAVIOR", "on")]()


def pytest_collection_modifyitems(config, items):
    """Leaves the share of this version; of tests that were asked for one by one all."""
    if any("::" in argument for argument in config.args):
        return
    kept = in_the_share(items)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


@pytest.fixture(autouse=True)
def graph():
    """The test's own graph, as the default."""
    with tf.Graph().as_default() as fresh:
        yield fresh


@pytest.fixture
def frames():
    """Loops are frames of v1 control flow, whatever the process has switched on."""
    with built_as("v1"):
        yield
