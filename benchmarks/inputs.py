"""Races second derivatives by row (race 7), as a PINN takes them: ours, a loop of tf.gradients, jitted JAX and folx.

    python benchmarks/inputs.py [--widths 2 10 50] [--rows 1000] [--repeats 15] [--output FILE.json]
    python benchmarks/inputs.py --rival PYTHON         # a Python with jax and folx, in processes of its own

The Laplacian by its inputs of a tanh net with four layers of 64, float32, compared with nested tf.gradients in float64.
races.py says what the figures are.
"""
import functools

import numpy as np
import tensorflow.compat.v1 as tf
from processes import Rival
from races import announced, deviation, parser_of, prepared, race, session_of, show, stored

import tf1_hessian as th

LAYERS = (64, 64, 64, 64, 1)
RIVALS = {"JAX, jvp of grad": "jvp of grad", "JAX, jet": "jet", "JAX, forward by hand": "forward", "folx": "folx"}


def problem(width, rows):
    """Weights, biases and inputs in float32, by name."""
    rng, found = np.random.RandomState(0), {}
    for i, (a, b) in enumerate(zip((width,) + LAYERS, LAYERS)):
        found["w%d" % i], found["b%d" % i] = rng.randn(a, b) / np.sqrt(a), 0.1 * rng.randn(b)
    found["x"] = rng.randn(rows, width)
    return {name: value.astype("f4") for name, value in found.items()}


def net(x, arrays):
    """[B] from [B, D]."""
    for i in range(len(LAYERS)):
        x = tf.matmul(x, tf.constant(arrays["w%d" % i], x.dtype)) + tf.constant(arrays["b%d" % i], x.dtype)
        x = tf.tanh(x) if i < len(LAYERS) - 1 else x
    return x[:, 0]


def nested(ys, x):
    """The loop that users write."""
    slope = tf.gradients(ys, x)[0]
    return tf.add_n([tf.gradients(slope[:, i], x)[0][:, i] for i in range(int(x.shape[1]))])


def problem_of(case, rows):
    """As race() wants it; a case is called "D = " and the width of the input."""
    width = int(case.split()[-1])
    arrays, x = problem(width, rows), tf.placeholder(tf.float32, [None, width])
    ys = net(x, arrays)
    ways = {"ours": lambda: th.laplacian(ys, x, engine="tangents"),
            "ours, jit": lambda: th.laplacian(ys, x, engine="tangents", jit=True),
            "ours, diagonal": lambda: th.batch_hessian_diag(ys, x, engine="tangents"),
            "ours, whole Hessians": lambda: th.batch_hessian(ys, x, engine="tangents"),
            "ours, nested columns": lambda: th.laplacian(ys, x, engine="vectorized"),
            "loop of tf.gradients": lambda: nested(ys, x),
            "one gradient": lambda: tf.gradients(ys, x)[0]}
    return ways, [x], [arrays["x"]], {"race": 7, "n": width}


def in_double(arrays):
    """The Laplacian by nested tf.gradients in float64."""
    with tf.Graph().as_default(), session_of() as session:
        x = tf.constant(arrays["x"], tf.float64)
        return session.run(nested(net(x, arrays), x))


def laplacian_of(way, found):
    """[B] out of what a way gives."""
    if way == "ours, diagonal":
        return found.sum(1)
    if way == "ours, whole Hessians":
        return np.einsum("bii->b", found)
    return np.reshape(found, -1)


def raced(width, rows, repeats, python, is_measured=True):
    """One width: a list of rows of figures."""
    arrays = problem(width, rows)
    rivals = {name: Rival(python, "jax_rows_worker.py", arrays, how) for name, how in RIVALS.items() if python}
    exact = in_double(arrays)

    def error_of(way, found, _):
        return None if way == "one gradient" else deviation([laplacian_of(way, found)], [exact])

    measured = ["ours", "ours, jit", "loop of tf.gradients"] if is_measured else []
    return race(functools.partial(problem_of, rows=rows), "D = %d" % width, rivals, repeats, error_of, measured)


def main():
    parser = parser_of(__doc__, 15, "jax and folx")
    parser.add_argument("--widths", nargs="+", type=int)
    parser.add_argument("--rows", type=int)
    options = parser.parse_args()
    announced("milliseconds; medians")
    results = []
    for width in options.widths or ([3] if options.small else [2, 10, 50]):
        rows = options.rows or (20 if options.small else 1000)
        results += show(raced(width, rows, options.repeats, options.rival))
    stored(results, options.output)


if __name__ == "__main__":
    prepared()
    main()
