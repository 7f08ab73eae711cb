"""th.tf2 and calls inside tf.function: the cases in tests/eager, run by a process with eager execution on."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from apart import all_passed, run_apart

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


def test_cases_with_eager_execution_on():
    if tf.__version__.startswith("1."):
        with pytest.raises(RuntimeError, match="eager execution is off"):
            th.tf2.hessian_diag(len, np.ones(3))
        return
    said = run_apart("eager")
    assert all_passed(said), said
