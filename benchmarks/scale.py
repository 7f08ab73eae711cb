"""How time and memory grow: with the elements, with the rows that are streamed, with workers, and what streaming adds.

    python benchmarks/scale.py [--largest 1e6] [--rows 1e6] [--output FILE.json]

Each point is a process of its own, so that its peak of memory is its own: "base" is that of TensorFlow with the model
and one gradient. Times are of building and the first call, and the median of later ones. "ratio" is what the peak is
above the base, against the plan's estimate. The exponent of a column is the slope of its logarithm over the last three
points. Workers have one thread each. docs/scale.md has these figures.
"""
import argparse
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent import futures

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, peak_megabytes, timed
from races import session_of, stored

import tf1_hessian as th

HEADING = "%-28s %9s %8s %9s %10s %8s %8s %9s %6s" % (
    "what", "size", "columns", "first ms", "steady ms", "peak MB", "base MB", "plan MB", "ratio")
LINE = "%-28s %9d %8d %9.0f %10.2f %8.0f %8.0f %9.1f %6.1f"
STEPS = 5
# Batches that workers share.
STREAMED = 16


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


def of_elements(family, n):
    """The figures of one process: a diagonal, or a matrix, of n elements."""
    is_matrix = family in MATRIX
    loss, xs = dict(FAMILIES, **MATRIX)[family][0](int(n))
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        gradient = [g.op for g in tf.gradients(loss, xs)]
        session.run(gradient)
        base, kept = peak_megabytes(), {}
        alone = np.median([timed(lambda: session.run(gradient))[0] for _ in range(STEPS)])

        def first():
            kept["plan"] = th.plan(loss, xs, "full" if is_matrix else "diag", flat=is_matrix)
            kept["tensors"] = kept["plan"].tensors()
            return th.evaluate(kept["tensors"])

        milliseconds, _ = timed(first)
        steady = np.median([timed(lambda: session.run([t.op for t in kept["tensors"]]))[0] for _ in range(STEPS)])
        cost = kept["plan"].cost
        return {"columns": cost.columns, "first": milliseconds, "steady": steady, "peak": peak_megabytes(),
                "base": base, "plan": cost.bytes / 1e6, "size": kept["plan"].n, "gradient": alone,
                "gradients": cost.gradients}


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


def of_overhead(kind, width):
    """What th.stream takes beside session.run of the same tensor, for long and short streams: both in turns, in one
    process, by its processor time, which other programs disturb less."""
    x = tf.placeholder(tf.float32, [None, 64])
    w = [tf.get_variable("w%d" % i, [64, 64], use_resource=True) for i in range(int(width))]
    h = x
    for weight in w:
        h = tf.tanh(tf.matmul(h, weight))
    value = th.hvp(tf.reduce_mean(tf.square(h)), w, [tf.ones([64, 64])] * len(w))
    feed, found = {x: np.random.RandomState(0).randn(OVERHEADS[kind], 64).astype("f4")}, {}
    with session_of(1) as session:
        session.run(tf.global_variables_initializer())
        th.stream(value, [feed] * 10, session)
        for steps in (1, 10, 100):
            feeds = [feed] * steps
            times = np.array([[processor_time(lambda feeds: all(session.run(value, feed) for feed in feeds), feeds),
                               processor_time(lambda feeds: th.stream(value, feeds, session), feeds)]
                              for _ in range(4 * STEPS + 1)])
            found["more in %d" % steps] = float(np.median(times[:, 1] - times[:, 0]) / steps)
            found["step"] = float(np.median(times[:, 0]) / steps)
    return dict(found, elements=4096 * int(width))


def processor_time(call, argument):
    """Milliseconds of all threads of this process."""
    began = time.process_time()
    call(argument)
    return 1e3 * (time.process_time() - began)


def wide():
    """What each process builds: a step of some tens of milliseconds."""
    draw = np.random.RandomState(0)
    x, w = tf.placeholder(tf.float32, [None, 64], "x"), tf.get_variable(
        "w", initializer=draw.randn(64, 64).astype("f4") / 8, use_resource=True)
    loss = tf.reduce_mean(tf.reduce_sum(tf.tanh(tf.matmul(tf.tanh(tf.matmul(x, w)), w)) ** 2, 1))
    session = session_of(1)
    session.run(w.initializer)
    return th.hvp(loss, w, tf.ones([64, 64])), session


def of_pool(_, workers):
    """The same stream by some processes, the graph built in each before the clock starts; 0: in this one alone."""
    rows = np.random.RandomState(0).randn(4096, 64).astype("f4")
    feeds, count = [{"x:0": rows}] * STREAMED, int(workers)
    if not count:
        value, session = wide()
        th.stream(value, feeds[:1], session)
        took, _ = timed(lambda: th.stream(value, feeds, session))
        return {"size": 0, "ms": took}
    with futures.ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        th.stream(wide, feeds[:4 * count], executor=pool)
        few, _ = timed(lambda: th.stream(wide, feeds[:count], executor=pool))
        many, _ = timed(lambda: th.stream(wide, feeds, executor=pool))
    # Each call of th.stream builds the graph anew in each process; that is taken off.
    return {"size": count, "ms": (many - few) * STREAMED / (STREAMED - count), "rebuilding": few}


def of_servers(_, workers):
    """All columns of a matrix on the tasks of a cluster on this machine, each with one thread."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from tests.cluster import free_ports, task_of_its_own

    addresses = free_ports(int(workers))
    processes = [task_of_its_own(addresses, i, 1) for i in range(int(workers))]
    try:
        with tf.Graph().as_default():
            draw = np.random.RandomState(0)
            with tf.device("/job:worker/task:0"):
                x = tf.constant(draw.randn(128, 16).astype("f4"))
                w = tf.get_variable("w", initializer=draw.randn(16, 16).astype("f4") / 4, use_resource=True)
                loss = tf.reduce_mean(tf.reduce_sum(tf.tanh(tf.matmul(tf.tanh(tf.matmul(x, w)), w)) ** 2, 1))
            with tf.Session("grpc://" + addresses[0]) as session:
                session.run(w.initializer)
                full = th.hessian(loss, w, engine="vectorized", chunk_size=64, devices="workers")
                session.run(full)
                return {"size": int(workers), "ms": float(np.median([timed(lambda: session.run(full.op))[0]
                                                                     for _ in range(STEPS)]))}
    finally:
        for process in processes:
            process.kill()
            process.wait()


# By kind: rows a batch.
OVERHEADS = {"overhead, 256 rows": 256, "overhead, 1000 rows": 1000}
KINDS = dict(dict.fromkeys(list(FAMILIES) + list(MATRIX), of_elements), **{
    "rows": of_rows, "workers of an executor": of_pool, "tasks of a cluster": of_servers})
KINDS.update(dict.fromkeys(OVERHEADS, of_overhead))


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
        found["more"] = max(0.1, found["peak"] - found["base"])
        found["ratio"] = found["more"] / found["plan"] if found["plan"] else float("nan")
        points.append(found)
        print(LINE % tuple([kind] + [found[k] for k in (
            "size", "columns", "first", "steady", "peak", "base", "plan", "ratio")]), flush=True)
    exponents = {name: exponent(points, name) for name in ("first", "steady", "more")}
    print("    grows as size to the power of: first %.2f, steady %.2f, memory over base %.2f" % tuple(
        exponents[n] for n in ("first", "steady", "more")), flush=True)
    return {"kind": kind, "points": points, "exponents": exponents}


def powers(largest, first=3):
    """1e3, 1e4, ... up to the largest."""
    return [10 ** k for k in range(first, int(np.log10(largest) + 0.01) + 1)]


def shared(kind, counts):
    """The points of one kind of workers, and how many times faster than one they are."""
    points = [measured(kind, count) for count in counts]
    points = [p for p in points if p is not None]
    one = next((p["ms"] for p in points if p["size"] == 1), float("nan"))
    for point in points:
        print("%-28s %9d workers %9.0f ms, %.2f times as fast as one" % (
            kind, point["size"], point["ms"], one / point["ms"]), flush=True)
    return {"kind": kind, "points": points}


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
        print(json.dumps(KINDS[kind](kind, float(size))), flush=True)
        return
    began = time.time()
    print("TF %s, %d threads; each point in its own process" % (tf.__version__, THREADS))
    print(HEADING)
    results = [grown(kind, powers(min(options.largest, most))) for kind, (_, most) in FAMILIES.items()]
    results += [grown(kind, powers(min(options.largest, most), 3)) for kind, (_, most) in MATRIX.items()]
    results.append(grown("rows", powers(options.rows)))
    for kind, width in itertools.product(OVERHEADS, (2, 8, 32)):
        found = measured(kind, width)
        more = ["%+.1f %% in %d steps" % (100 * found["more in %d" % n] / found["step"], n) for n in (1, 10, 100)]
        print("%s, %d elements, a step of %.2f ms: %s" % (
            kind, found["elements"], found["step"], ", ".join(more)), flush=True)
        results.append(dict(found, kind=kind))
    results += [shared("workers of an executor", (0, 1, 2)), shared("tasks of a cluster", (1, 2))]
    print("%.0f s" % (time.time() - began))
    stored(results, options.output)


if __name__ == "__main__":
    main()
