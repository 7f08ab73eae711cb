"""How time and memory grow: with the elements, with the rows that are streamed, with what streaming adds to a step.

    python benchmarks/scale.py [--largest 1e6] [--rows 1e6] [--output FILE.json]

Each point is a process of its own, so that its peak of memory is its own: "base" is that of TensorFlow with the model
and one gradient. Times are of building and the first call, and the median of later ones. The exponent of a column is
the slope of its logarithm over the last three points. docs/scale.md reads these figures.
"""
import argparse
import json
import subprocess
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, peak_megabytes, timed
from races import stored

import tf1_hessian as th

HEADING = "%-28s %9s %8s %9s %10s %8s %8s %9s" % (
    "what", "size", "columns", "first ms", "steady ms", "peak MB", "base MB", "plan MB")
LINE = "%-28s %9d %8d %9.0f %10.2f %8.0f %8.0f %9.1f"
STEPS = 5


def chain(n):
    """A chained Rosenbrock function: two columns for any n."""
    x = tf.get_variable("x", initializer=np.linspace(-1, 1, n).astype("f4"), use_resource=True)
    return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1])), x


def net(n, activation=tf.tanh):
    """784-h-10 with softmax, 64 rows; h is n / 794."""
    width = max(1, n // 794)
    draw = np.random.RandomState(0)
    rows = tf.constant(draw.randn(64, 784).astype("f4"))
    first, second = [tf.get_variable("w%d" % i, initializer=(draw.randn(*s) / np.sqrt(s[0])).astype("f4"),
                                     use_resource=True) for i, s in enumerate([(784, width), (width, 10)])]
    logits = tf.matmul(activation(tf.matmul(rows, first)), second)
    labels = tf.one_hot(draw.randint(10, size=64), 10)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)), [first, second]


FAMILIES = {"chain, diagonal": (chain, 1e7), "784-h-10 tanh, diagonal": (net, 1e7),
            "784-h-10 ReLU, diagonal": (lambda n: net(n, tf.nn.relu), 1e7)}
MATRIX = {"784-h-10 tanh, full": (net, 1e4)}


def session_of():
    return tf.Session(config=tf.ConfigProto(
        intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS))


def of_elements(family, n):
    """The figures of one process: a diagonal, or a matrix, of n elements."""
    is_matrix = family in MATRIX
    loss, xs = dict(FAMILIES, **MATRIX)[family][0](int(n))
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        session.run(tf.gradients(loss, xs))
        base, kept = peak_megabytes(), {}

        def first():
            kept["plan"] = th.plan(loss, xs, "full" if is_matrix else "diag", flat=is_matrix)
            kept["tensors"] = kept["plan"].tensors()
            return th.evaluate(kept["tensors"])

        milliseconds, _ = timed(first)
        steady = np.median([timed(lambda: session.run([t.op for t in kept["tensors"]]))[0] for _ in range(STEPS)])
        cost = kept["plan"].cost
        return {"columns": cost.columns, "first": milliseconds, "steady": steady, "peak": peak_megabytes(),
                "base": base, "plan": cost.bytes / 1e6, "size": kept["plan"].n}


def of_rows(_, rows):
    """The figures of one process: the Hessian of a logistic regression of ten weights, 1000 rows a batch."""
    x, w = tf.placeholder(tf.float32, [None, 10]), tf.get_variable("w", [10], use_resource=True)
    loss = tf.reduce_mean(tf.nn.softplus(tf.linalg.matvec(x, w)))
    batch = np.random.RandomState(0).randn(1000, 10).astype("f4")
    with session_of() as session:
        session.run(w.initializer)
        value = th.hessian(loss, w)
        session.run(value, {x: batch})
        base = peak_megabytes()
        milliseconds, _ = timed(lambda: th.stream(value, ({x: batch} for _ in range(int(rows) // 1000)), session))
    return {"columns": 10, "first": milliseconds, "steady": milliseconds / (rows / 1000), "peak": peak_megabytes(),
            "base": base, "plan": 0.0, "size": int(rows)}


def of_overhead(_, width):
    """What th.stream takes beside session.run of the same tensor: both in turns, in one process."""
    x = tf.placeholder(tf.float32, [None, 64])
    w = [tf.get_variable("w%d" % i, [64, 64], use_resource=True) for i in range(int(width))]
    h = x
    for weight in w:
        h = tf.tanh(tf.matmul(h, weight))
    value = th.hvp(tf.reduce_mean(tf.square(h)), w, [tf.ones([64, 64])] * len(w))
    feed, steps, ratios, plain = {x: np.random.RandomState(0).randn(256, 64).astype("f4")}, 100, [], []
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(2 * STEPS + 1):
            alone, _ = timed(lambda: [session.run(value, feed) for _ in range(steps)])
            streamed, _ = timed(lambda: th.stream(value, [feed] * steps, session))
            ratios.append(streamed / alone)
            plain.append(alone / steps)
    return {"step": float(np.median(plain)), "ratio": float(np.median(ratios[1:])), "elements": 4096 * int(width)}


KINDS = dict(dict.fromkeys(list(FAMILIES) + list(MATRIX), of_elements), **{"rows": of_rows, "overhead": of_overhead})


def measured(kind, size):
    """What a process of its own finds for one point; None where it ends without a figure."""
    done = subprocess.run([sys.executable, "-W", "ignore", __file__, "--one", kind, str(size)], stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().splitlines()[-1]) if done.returncode == 0 else None


def exponent(points, name):
    """The slope of log(figure) over log(size) through the last three points."""
    last = [p for p in points if p[name] > 0][-3:]
    if len(last) < 2:
        return float("nan")
    return float(np.polyfit(np.log([p["size"] for p in last]), np.log([p[name] for p in last]), 1)[0])


def grown(kind, sizes):
    """The points of one kind, printed as they come, and how they grow."""
    points = []
    for size in sizes:
        found = measured(kind, size)
        if found is None:
            print("%-28s %9d  no result: out of memory, or refused" % (kind, size), flush=True)
            break
        points.append(found)
        print(LINE % tuple([kind] + [found[k] for k in ("size", "columns", "first", "steady", "peak", "base", "plan")]),
              flush=True)
    for point in points:
        point["more"] = max(0.1, point["peak"] - point["base"])
    exponents = {name: exponent(points, name) for name in ("first", "steady", "more")}
    print("    grows as size to the power of: first %.2f, steady %.2f, memory over base %.2f" % tuple(
        exponents[n] for n in ("first", "steady", "more")), flush=True)
    return {"kind": kind, "points": points, "exponents": exponents}


def powers(largest, first=3):
    """1e3, 1e4, ... up to the largest."""
    return [10 ** k for k in range(first, int(np.log10(largest) + 0.01) + 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=float, default=1e6, help="elements")
    parser.add_argument("--rows", type=float, default=1e6, help="rows that are streamed")
    parser.add_argument("--output", help="a .json file for the figures")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
    if options.one:
        kind, size = options.one
        print(json.dumps(KINDS[kind](kind, float(size))))
        return
    began = time.time()
    print("TF %s, %d threads; each point in its own process" % (tf.__version__, THREADS))
    print(HEADING)
    results = [grown(kind, powers(min(options.largest, most))) for kind, (_, most) in FAMILIES.items()]
    results += [grown(kind, powers(min(options.largest, most), 3)) for kind, (_, most) in MATRIX.items()]
    results.append(grown("rows", powers(options.rows)))
    for width in (2, 8, 32):
        found = measured("overhead", width)
        print("streaming a step of %.2f ms (%d elements): %+.1f %%" % (
            found["step"], found["elements"], 100 * (found["ratio"] - 1)), flush=True)
        results.append(dict(found, kind="overhead"))
    print("%.0f s" % (time.time() - began))
    stored(results, options.output)


if __name__ == "__main__":
    main()
