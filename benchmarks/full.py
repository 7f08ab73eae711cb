"""Races the full Hessian of a dense net (race 3): from its layers, by columns, tf.hessians, JAX and PyTorch.

    python benchmarks/full.py [--cases tanh wide relu] [--repeats 15] [--output FILE.json]
    python benchmarks/full.py --rival PYTHON         # a Python with jax and torch, in processes of their own

The weights are the four variables of the net here, one flat vector for tf.hessians and the rivals: the form in which
they give the whole matrix. All in float32, compared with tf.hessians in float64. races.py says what the figures are.
"""

import numpy as np
import tensorflow.compat.v1 as tf
from dense_nets import logits_of, pieces
from processes import Rival
from races import deviation, prepared, race, race_cases, session_of

import tf1_hessian as th

CASES = {"tanh": ("tanh", (20, 32, 10), 256), "relu": ("relu", (20, 32, 10), 256),
         "wide": ("tanh", (30, 36, 10), 128)}
SMALL = {"small": ("tanh", (6, 7, 3), 20)}
EVERY = dict(CASES, **SMALL)
RIVALS = {"jitted jax.hessian": "jax_worker.py", "torch.func.hessian": "torch_worker.py"}


def problem(case):
    """(flat weights, inputs, one-hot labels) of a case in float32."""
    _, sizes, rows = EVERY[case]
    rng = np.random.RandomState(0)
    vector = np.concatenate([np.ravel(part) for a, b in zip(sizes, sizes[1:])
                             for part in (rng.randn(a, b) / np.sqrt(a), 0.1 * rng.randn(b))])
    labels = np.eye(sizes[-1])[rng.randint(sizes[-1], size=rows)]
    return [v.astype("f4") for v in (vector, rng.randn(rows, sizes[0]), labels)]


def loss_of(case, weights, x, labels):
    """Softmax cross entropy of the net of a case."""
    z = logits_of(weights, x, getattr(tf.nn, EVERY[case][0]))
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=z))


def problem_of(case, dtype=tf.float32):
    """As race() wants it."""
    (vector, x, labels), sizes = problem(case), EVERY[case][1]
    inputs = [tf.placeholder(dtype, [None, x.shape[1]]), tf.placeholder(dtype, [None, labels.shape[1]])]
    flat = tf.get_variable("flat", initializer=vector.astype(dtype.as_numpy_dtype))
    variables = [tf.get_variable("w%d" % i, initializer=piece.reshape(shape).astype(dtype.as_numpy_dtype))
                 for i, (piece, shape) in enumerate(pieces(vector, sizes))]
    loss = loss_of(case, variables, *inputs)
    loss_of_flat = loss_of(case, [tf.reshape(piece, shape) for piece, shape in pieces(flat, sizes)], *inputs)

    def ours(engine, loss=loss, xs=variables):
        return lambda: th.plan(loss, xs, "full", flat=True, engine=engine, verify="never").build()

    ways = {"ours": ours("auto"), "ours, flat": ours("auto", loss_of_flat, flat), "ours, n columns": ours("vectorized"),
            "tf.hessians": lambda: tf.hessians(loss_of_flat, flat)[0],
            "one gradient": lambda: tf.gradients(loss, variables)}
    facts = {"race": 3, "n": len(vector), "columns": th.plan(loss, variables, "full", flat=True).cost.columns}
    return ways, inputs, [x, labels], facts


def in_double(case):
    """The Hessian by tf.hessians in float64."""
    with tf.Graph().as_default(), session_of() as session:
        ways, inputs, values, _ = problem_of(case, tf.float64)
        hessian = ways["tf.hessians"]()
        session.run(tf.global_variables_initializer())
        return session.run(hessian, dict(zip(inputs, values)))


def raced(case, repeats, python, is_measured=True):
    """One case: a list of rows."""
    arrays = dict(zip(("vector", "x", "labels"), problem(case)), sizes=EVERY[case][1])
    rivals = {name: Rival(python, worker, arrays, EVERY[case][0]) for name, worker in RIVALS.items() if python}
    exact = in_double(case)

    def error_of(way, found, _):
        return None if way == "one gradient" else deviation([np.reshape(found, exact.shape)], [exact])

    return race(problem_of, case, rivals, repeats, error_of, ["ours", "tf.hessians"] if is_measured else [])


if __name__ == "__main__":
    prepared()
    race_cases(__doc__, 15, "jax and torch", raced, sorted(CASES), sorted(SMALL))
