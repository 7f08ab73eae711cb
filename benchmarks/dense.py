"""Races the engines of the dense Hessian against tf.hessians: building, first call and steady time apart.

    python benchmarks/dense.py [--cases mlp conv ...] [--repeats 9] [--output results.json]

Every way of a case is built in one graph and run in one session, answers are checked against float64 first, and steady
runs are interleaved, so that ratios hold while the machine's speed drifts. Times are fetched tensors, two threads.
"""
import argparse
import json
import time

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

THREADS = 2


def variable(name, rng, *shape):
    """A float32 variable with small random values."""
    return tf.get_variable(name, initializer=(rng.randn(*shape) * 0.3).astype("f4"))


def mlp(rng, sizes, rows, activation):
    """A softmax classifier of dense layers; race 3 of the design with sizes 20-32-10 and 256 rows."""
    x = tf.placeholder(tf.float32, [rows, sizes[0]])
    labels = tf.placeholder(tf.float32, [rows, sizes[-1]])
    sources, z = [], x
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        sources += [variable("w%d" % i, rng, a, b), variable("b%d" % i, rng, b)]
        z = tf.matmul(z, sources[-2]) + sources[-1]
        z = activation(z) if i < len(sizes) - 2 else z
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=z))
    feeds = {x: rng.randn(rows, sizes[0]), labels: np.eye(sizes[-1])[rng.randint(sizes[-1], size=rows)]}
    return loss, sources, feeds


def flat_mlp(rng, rows, activation):
    """The same net read from one flat vector: the form in which tf.hessians gives the whole matrix."""
    sizes = (20, 32, 10)
    n = sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))
    vector = variable("flat", rng, n)
    x = tf.placeholder(tf.float32, [rows, sizes[0]])
    labels = tf.placeholder(tf.float32, [rows, sizes[-1]])
    at, z = 0, x
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        w, at = tf.reshape(vector[at:at + a * b], [a, b]), at + a * b
        bias, at = vector[at:at + b], at + b
        z = tf.matmul(z, w) + bias
        z = activation(z) if i < len(sizes) - 2 else z
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=z))
    feeds = {x: rng.randn(rows, sizes[0]), labels: np.eye(sizes[-1])[rng.randint(sizes[-1], size=rows)]}
    return loss, [vector], feeds


def conv(rng):
    """A small convolutional net; its kernel columns can't be vectorised."""
    x = tf.placeholder(tf.float32, [16, 12, 12, 1])
    kernel, dense = variable("kernel", rng, 3, 3, 1, 4), variable("dense", rng, 144, 3)
    hidden = tf.nn.max_pool(tf.tanh(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME")), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    z = tf.matmul(tf.reshape(hidden, [16, 144]), dense)
    return tf.reduce_sum(tf.nn.sigmoid(z) ** 2), [kernel, dense], {x: rng.rand(16, 12, 12, 1)}


def rosenbrock(rng):
    """The chained Rosenbrock function of 400 elements."""
    x = variable("x", rng, 400)
    return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1])), [x], {}


def gaussian_process(rng):
    """The log likelihood of a Gaussian process in 12 length scales."""
    points, targets = rng.randn(30, 12), rng.randn(30, 1)
    scales = variable("scales", rng, 12)
    scaled = tf.constant(points, tf.float32) * tf.exp(scales)
    norms = tf.reduce_sum(tf.square(scaled), 1)
    distances = norms[:, None] + norms[None] - 2 * tf.matmul(scaled, scaled, transpose_b=True)
    factor = tf.cholesky(tf.exp(-0.05 * distances) + 0.5 * tf.eye(30))
    solved = tf.matrix_triangular_solve(factor, tf.constant(targets, tf.float32))
    return 0.5 * tf.reduce_sum(tf.square(solved)) + tf.reduce_sum(tf.log(tf.matrix_diag_part(factor))), [scales], {}


CASES = {
    "mlp tanh flat n=1002 N=256": lambda rng: flat_mlp(rng, 256, tf.tanh),
    "mlp relu flat n=1002 N=256": lambda rng: flat_mlp(rng, 256, tf.nn.relu),
    "mlp 10-8-3 n=115 N=32": lambda rng: mlp(rng, (10, 8, 3), 32, tf.tanh),
    "mlp 20-32-10 in 4 variables": lambda rng: mlp(rng, (20, 32, 10), 256, tf.tanh),
    "conv 12x12 n=468": conv,
    "rosenbrock n=400": rosenbrock,
    "gaussian process n=12": gaussian_process,
}


def ways(loss, sources):
    """Each way to the diagonal blocks: a function that builds tensors."""
    result = {"tf.hessians": lambda: tf.hessians(loss, sources)}
    for engine in ("auto", "loop", "vectorized"):
        result["th " + engine] = lambda engine=engine: th.plan(loss, sources, "blocks", engine=engine).build()
    result["one gradient"] = lambda: [tf.convert_to_tensor(g) for g in tf.gradients(loss, sources)]
    return result


def reference(case):
    """The answer of tf.hessians on the same case; its agreement with float64 truths is the tests' business."""
    return case["tf.hessians"]


def build(loss, sources):
    """{way: (tensors, seconds to build)}, leaving out engines that can't."""
    built, chosen = {}, None
    for name, way in ways(loss, sources).items():
        start = time.perf_counter()
        try:
            built[name] = way(), time.perf_counter() - start
        except ValueError as refusal:
            print("    %-14s refused: %s" % (name, str(refusal)[:90]))
    chosen = th.plan(loss, sources, "blocks")
    print("    " + repr(chosen))
    return built


def time_runs(session, built, feeds, repeats):
    """{way: [first, steady ...]} seconds, the ways interleaved."""
    seconds, values = {name: [] for name in built}, {}
    for _ in range(repeats + 1):
        for name, (tensors, _) in built.items():
            start = time.perf_counter()
            values[name] = session.run(tensors, feeds)
            seconds[name].append(time.perf_counter() - start)
    return seconds, values


def race(name, make, repeats):
    """One case: builds, checks and times every way."""
    print("\n%s" % name)
    with tf.Graph().as_default():
        loss, sources, feeds = make(np.random.RandomState(0))
        built = build(loss, sources)
        config = tf.ConfigProto(intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS)
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            seconds, values = time_runs(session, built, feeds, repeats)
    return [_row(name, way, built[way][1], seconds, values) for way in built]


def _row(case, way, building, seconds, values):
    steady = np.median(seconds[way][1:])
    ratio = float(np.median(np.array(seconds["tf.hessians"][1:]) / np.array(seconds[way][1:])))
    error = None
    if way != "one gradient":
        error = max(float(np.abs(a - b).max() / (np.abs(b).max() + 1e-30))
                    for a, b in zip(values[way], values["tf.hessians"]))
    print("    %-14s build %6.2f s   first %8.1f ms   steady %8.2f ms   tf.hessians takes %5.2f times as long   %s" % (
        way, building, 1e3 * seconds[way][0], 1e3 * steady, ratio, "" if error is None else "differs by %.0e" % error))
    first = seconds[way][0]
    return {"case": case, "way": way, "build": building, "first": first, "steady": float(steady), "ratio": ratio}


def main():
    """Runs the cases named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", default=[], help="parts of case names; all by default")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--output", help="a JSON file for the figures")
    arguments = parser.parse_args()
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
    print("TensorFlow %s, %d threads, medians of %d interleaved runs" % (tf.__version__, THREADS, arguments.repeats))
    rows = []
    for name, make in CASES.items():
        if not arguments.cases or any(part in name for part in arguments.cases):
            rows += race(name, make, arguments.repeats)
    if arguments.output:
        with open(arguments.output, "w") as file:
            json.dump({"tensorflow": tf.__version__, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
