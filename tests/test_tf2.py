"""th.tf2 and calls inside tf.function: the cases in tests/eager, run by a process with eager execution on."""
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = """
th.tf2.hessian_diag(len, x)
th.tf2.hessian(len, x)
th.tf2.hvp(len, x, ones)
th.tf2.batch_hessian(len, x)
th.tf2.batch_hessian_diag(len, x)
th.tf2.laplacian(len, x)
th.tf2.plan(len, x)
th.tf2.stream(len, x, [])
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_without_eager_execution_it_says_what_to_call(call, graph):
    x = tf.placeholder(tf.float64, [3])
    before = len(graph.get_operations())
    with pytest.raises(RuntimeError, match=r"eager execution is off here. Call (th\.\w+) ") as caught:
        eval(call, {"th": th, "x": x, "ones": np.ones(3)})
    assert call.split("(")[0].replace("tf2.", "") in str(caught.value)
    assert len(graph.get_operations()) == before


def run_eagerly(folder):
    """The end of what pytest says of the cases in a folder, which need a process of their own."""
    root = os.path.dirname(HERE)
    env = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONPATH=os.pathsep.join([root, folder]))
    asked = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider",
             "-o", "python_files=case_*.py", folder]
    done = subprocess.run(asked, env=env, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode()[-5000:]


def test_cases_with_eager_execution_on():
    if tf.__version__.startswith("1."):
        with pytest.raises(RuntimeError, match="eager execution is off"):
            th.tf2.hessian_diag(len, np.ones(3))
        return
    said = run_eagerly(os.path.join(HERE, "eager"))
    assert " passed" in said and "failed" not in said and "error" not in said, said
