"""Races second derivatives by row, as a PINN takes them: ours, nested columns, a loop of tf.gradients, and jitted JAX.

    python benchmarks/inputs.py [--widths 2 10 50] [--rows 1000] [--repeats 15] [--output FILE.json]
    python benchmarks/inputs.py --rival PYTHON         # a Python with jax and folx, in processes of its own

The Laplacian by its inputs of a tanh net with four layers of 64, float32. Answers are compared with nested tf.gradients
in float64; steady runs are interleaved; two threads each; times are medians in milliseconds, ratios are what to read.
"first" is building, tracing or compiling with the first run.
"""

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, Rival, timed
from races import announced, parser_of, prepared, stored

import tf1_hessian as th

LAYERS = (64, 64, 64, 64, 1)
RIVALS = ("jvp of grad", "jet", "forward", "folx")
LINE = "%4d %-22s %9.2f %7.2f %10.0f  %.1e"


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


def ways(ys, x):
    """{name: function that builds a tensor}"""
    return {"laplacian": lambda: th.laplacian(ys, x, engine="tangents"),
            "laplacian, jit": lambda: th.laplacian(ys, x, engine="tangents", jit=True),
            "diagonal": lambda: th.batch_hessian_diag(ys, x, engine="tangents"),
            "batch_hessian": lambda: th.batch_hessian(ys, x, engine="tangents"),
            "nested columns": lambda: th.laplacian(ys, x, engine="vectorized"),
            "loop of tf.gradients": lambda: nested(ys, x),
            "one gradient": lambda: tf.gradients(ys, x)[0]}


def session_of():
    return tf.Session(config=tf.ConfigProto(
        intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS))


def in_double(arrays):
    """The Laplacian by nested tf.gradients in float64."""
    with tf.Graph().as_default(), session_of() as session:
        x = tf.constant(arrays["x"], tf.float64)
        return session.run(nested(net(x, arrays), x))


def race(width, rows, repeats, python):
    """One width: a list of rows of figures."""
    arrays = problem(width, rows)
    rivals = {"JAX, " + how: Rival(python, "jax_rows_worker.py", arrays, how) for how in RIVALS} if python else {}
    calls, first, found = {}, {name: rival.first for name, rival in rivals.items()}, {}
    with tf.Graph().as_default(), session_of() as session:
        x = tf.placeholder(tf.float32, [None, width])
        for name, build in ways(net(x, arrays), x).items():
            building, tensor = timed(build)
            calls[name] = session.make_callable(tensor, [x])
            running, found[name] = timed(lambda name=name: calls[name](arrays["x"]))
            first[name] = building + running
        times = {name: [] for name in list(calls) + list(rivals)}
        for _ in range(repeats):
            for name, call in calls.items():
                times[name].append(timed(lambda call=call: call(arrays["x"]))[0])
            for name, rival in rivals.items():
                times[name].append(rival.run())
    for name, rival in rivals.items():
        found[name] = rival.answer()[0]
        rival.close()
    return figures(width, times, first, found, in_double(arrays))


def figures(width, times, first, found, exact):
    """One row a way; `ratio` is to "laplacian"."""
    found["diagonal"] = found["diagonal"].sum(1)
    found["batch_hessian"] = np.einsum("bii->b", found["batch_hessian"])
    steady, rows = {name: float(np.median(t)) for name, t in times.items()}, []
    for name, value in steady.items():
        error = None if name == "one gradient" else float(np.abs(found[name] - exact).max() / np.abs(exact).max())
        rows.append({"width": width, "way": name, "steady": value, "ratio": value / steady["laplacian"],
                     "first": first[name], "error": error})
    return rows


def main():
    parser = parser_of(__doc__, 15, "jax and folx")
    parser.add_argument("--widths", nargs="+", type=int, default=[2, 10, 50])
    parser.add_argument("--rows", type=int, default=1000)
    options = parser.parse_args()
    announced("%d rows; medians in ms; ratio: to our Laplacian" % options.rows,
              "   D way                       steady   ratio      first  error")
    results = []
    for width in options.widths:
        for row in race(width, options.rows, options.repeats, options.rival):
            results.append(row)
            print(LINE % (width, row["way"], row["steady"], row["ratio"], row["first"], row["error"] or 0), flush=True)
    stored(results, options.output)


if __name__ == "__main__":
    prepared(is_pinned=True)
    main()
