"""Races the full Hessian of a dense net: from its layers, by columns, by tf.hessians, and by jitted jax.hessian.

    python benchmarks/full.py [--cases tanh wide relu] [--repeats 15] [--output FILE.json]
    python benchmarks/full.py --rival PYTHON         # a Python with jax, in its own process

The weights are the four variables of the net here, one flat vector for tf.hessians and JAX: the form in which they give
the whole matrix. Answers are compared with columns in float64; steady runs are interleaved; two threads each; times are
medians in milliseconds, ratios are what to read. "first" is building, tracing or compiling with the first run.
"""

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, Rival, peak_megabytes, timed
from races import announced, parser_of, prepared, stored

import tf1_hessian as th

CASES = {"tanh": ("tanh", (20, 32, 10), 256), "relu": ("relu", (20, 32, 10), 256),
         "wide": ("tanh", (30, 36, 10), 128)}
LINE = "%-6s %5d %-14s %9.2f %7.2f %10.0f  %.1e"


def problem(case):
    """(flat weights, inputs, one-hot labels) of a case in float32."""
    _, sizes, rows = CASES[case]
    rng = np.random.RandomState(0)
    vector = np.concatenate([np.ravel(part) for a, b in zip(sizes, sizes[1:])
                             for part in (rng.randn(a, b) / np.sqrt(a), 0.1 * rng.randn(b))])
    labels = np.eye(sizes[-1])[rng.randint(sizes[-1], size=rows)]
    return [v.astype("f4") for v in (vector, rng.randn(rows, sizes[0]), labels)]


def pieces(vector, sizes):
    """The weights and biases of the layers out of a vector, arrays and tensors alike."""
    at = 0
    for a, b in zip(sizes, sizes[1:]):
        yield vector[at:at + a * b], [a, b]
        yield vector[at + a * b:at + (a + 1) * b], [b]
        at += (a + 1) * b


def loss_of(case, weights, x, labels):
    """Softmax cross entropy of the net of a case."""
    act, z, layers = getattr(tf.nn, CASES[case][0]), x, list(zip(weights[::2], weights[1::2]))
    for i, (weight, bias) in enumerate(layers):
        z = tf.matmul(z, weight) + bias
        z = act(z) if i < len(layers) - 1 else z
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=z))


def ways(case, vector, x, labels, dtype=tf.float32):
    """{name: function that builds a Hessian}, and the tensors to feed."""
    sizes = CASES[case][1]
    inputs = [tf.placeholder(dtype, [None, x.shape[1]]), tf.placeholder(dtype, [None, labels.shape[1]])]
    flat = tf.get_variable("flat", initializer=vector.astype(dtype.as_numpy_dtype))
    variables = [tf.get_variable("w%d" % i, initializer=piece.reshape(shape).astype(dtype.as_numpy_dtype))
                 for i, (piece, shape) in enumerate(pieces(vector, sizes))]
    loss = loss_of(case, variables, *inputs)
    cut = [tf.reshape(piece, shape) for piece, shape in pieces(flat, sizes)]
    loss_of_flat = loss_of(case, cut, *inputs)

    def ours(engine, loss=loss, xs=variables):
        return lambda: th.plan(loss, xs, "full", flat=True, engine=engine, verify="never").build()

    return {"layers": ours("auto"), "layers, flat": ours("auto", loss_of_flat, flat), "columns": ours("vectorized"),
            "tf.hessians": lambda: tf.hessians(loss_of_flat, flat)[0],
            "one gradient": lambda: tf.gradients(loss, variables)}, inputs


def session_of():
    return tf.Session(config=tf.ConfigProto(
        intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS))


def in_double(case, data):
    """The Hessian by columns in float64."""
    with tf.Graph().as_default(), session_of() as session:
        built, inputs = ways(case, *data, dtype=tf.float64)
        hessian = built["columns"]()
        session.run(tf.global_variables_initializer())
        return session.run(hessian, dict(zip(inputs, data[1:])))


def first_calls(built, inputs, data, session):
    """({name: callable}, {name: milliseconds of building and the first call}, {name: result})."""
    calls, first, found = {}, {}, {}
    for name, build in built.items():
        building, tensor = timed(build)
        calls[name] = session.make_callable(tensor, inputs)
        running, found[name] = timed(lambda name=name: calls[name](*data[1:]))
        first[name] = building + running
    return calls, first, found


def race(case, repeats, python):
    """One case: a list of rows."""
    data = problem(case)
    rival = None
    if python:
        arrays = dict(zip(("vector", "x", "labels"), data), sizes=CASES[case][1])
        rival = Rival(python, "jax_worker.py", arrays, CASES[case][0])
    with tf.Graph().as_default(), session_of() as session:
        built, inputs = ways(case, *data)
        session.run(tf.global_variables_initializer())
        calls, first, found = first_calls(built, inputs, data, session)
        times = {name: [] for name in list(calls) + ["jax.hessian"]}
        for _ in range(repeats):
            for name, call in calls.items():
                times[name].append(timed(lambda call=call: call(*data[1:]))[0])
            if rival:
                times["jax.hessian"].append(rival.run())
    if rival:
        found["jax.hessian"], first["jax.hessian"] = rival.answer()[0], rival.first
    return rows_of(case, times, first, found, in_double(case, data))


def rows_of(case, times, first, found, exact):
    """The figures of each way; `ratio` is to "layers"."""
    steady = {name: float(np.median(t)) for name, t in times.items() if t}
    rows = []
    for name, value in steady.items():
        error = None if name == "one gradient" else float(np.abs(found[name] - exact).max() / np.abs(exact).max())
        rows.append({"case": case, "n": len(exact), "way": name, "steady": value, "ratio": value / steady["layers"],
                     "first": first[name], "error": error, "peak_mb": peak_megabytes()})
    return rows


def main():
    parser = parser_of(__doc__, 15, "jax")
    parser.add_argument("--cases", nargs="+", choices=sorted(CASES), default=sorted(CASES))
    options = parser.parse_args()
    announced("medians in ms; ratio: to the Hessian from its layers",
              "case       n way               steady   ratio      first  error")
    results = []
    for case in options.cases:
        for row in race(case, options.repeats, options.rival):
            results.append(row)
            print(LINE % (case, row["n"], row["way"], row["steady"], row["ratio"], row["first"],
                          row["error"] or 0), flush=True)
    stored(results, options.output)


if __name__ == "__main__":
    prepared(is_pinned=True)
    main()
