"""Races the exact Hessian diagonal of all weights: structured, against one gradient of the same loss and BackPACK.

    python benchmarks/diagonal.py [--cases tanh relu deep_tanh deep_relu skip lenet] [--repeats 15] [--output FILE.json]
    python benchmarks/diagonal.py --rival PYTHON     # a Python with torch and backpack-for-pytorch, in its own process

Weights and data go to the rival as .npz; answers are compared with each other and with one in float64. Steady runs are
interleaved; two threads each; times are medians in milliseconds, ratios are what to read. Peak memory is the process's.
"""
import functools

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, Rival, peak_megabytes, timed
from races import announced, parser_of, prepared, stored

import tf1_hessian as th

DENSE = {"tanh": ("tanh", (784, 256, 128, 10)), "relu": ("relu", (784, 256, 128, 10)),
         "deep_tanh": ("tanh", (784, 512, 512, 512, 10)), "deep_relu": ("relu", (784, 512, 512, 512, 10))}
CASES = tuple(DENSE) + ("skip", "lenet")


def numbers(rng, *shape):
    """float32 weights of about the size that an initialiser gives."""
    return (rng.randn(*shape) / np.sqrt(max(1, np.prod(shape[:-1])))).astype("f4")


def weights_of(case, rng):
    """The weights of a case, in the order of layers, biases after weights."""
    if case == "lenet":
        shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]
    else:
        sizes = DENSE[case][1] if case in DENSE else (784, 256, 256, 10)
        shapes = [s for a, b in zip(sizes, sizes[1:]) for s in ((a, b), (b,))]
    return [numbers(rng, *shape) for shape in shapes]


def data_of(case, rng):
    """(inputs, labels) of one batch: 128 rows, 64 images for the convolutional net."""
    rows, shape = (64, (28, 28, 1)) if case == "lenet" else (128, (784,))
    return rng.randn(rows, *shape).astype("f4"), rng.randint(10, size=rows)


def logits_of(case, x, w):
    """The net of a case."""
    if case == "lenet":
        return lenet(x, w)
    act = getattr(tf.nn, DENSE[case][0] if case in DENSE else "tanh")
    h, layers = x, list(zip(w[::2], w[1::2]))
    for i, (weight, bias) in enumerate(layers):
        z = tf.matmul(h, weight) + bias
        if i == len(layers) - 1:
            return z
        h = act(z) + (h if case == "skip" and i == 1 else 0)


def lenet(x, w):
    """Two convolutions with pooling and three dense layers, ReLU."""
    h = x
    for kernel, bias, padding in ((w[0], w[1], "SAME"), (w[2], w[3], "VALID")):
        h = tf.nn.relu(tf.nn.conv2d(h, kernel, [1, 1, 1, 1], padding) + bias)
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    h = tf.reshape(h, [-1, 400])
    h = tf.nn.relu(tf.matmul(h, w[4]) + w[5])
    h = tf.nn.relu(tf.matmul(h, w[6]) + w[7])
    return tf.matmul(h, w[8]) + w[9]


def built(case, weights, dtype=tf.float32):
    """(loss, variables, placeholders) with a batch of unknown size."""
    shape = (28, 28, 1) if case == "lenet" else (784,)
    x, y = tf.placeholder(dtype, (None,) + shape), tf.placeholder(tf.int32, [None])
    variables = [tf.get_variable("w%d" % i, initializer=w.astype(dtype.as_numpy_dtype))
                 for i, w in enumerate(weights)]
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.one_hot(y, 10, dtype=dtype), logits=logits_of(case, x, variables))
    return tf.reduce_mean(entropy), variables, (x, y)


def rival_of(python, case, weights, data):
    """BackPACK with the problem of a case."""
    arrays = dict({"arr_%d" % i: w for i, w in enumerate(weights)}, x=data[0], y=data[1])
    net = "lenet" if case == "lenet" else DENSE[case][0]
    return Rival(python, "backpack_worker.py", arrays, net, str(THREADS))


def session_of():
    """A session with as many threads as the rival has."""
    return tf.Session(config=tf.ConfigProto(
        intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS))


def errors_against_double(case, weights, data, found):
    """The largest deviation, as a share of the largest entry, of entries compared with products in float64."""
    with tf.Graph().as_default(), session_of() as session:
        loss, variables, (x, y) = built(case, weights, tf.float64)
        plan = th.plan(loss, variables, verify="always")
        session.run(tf.global_variables_initializer())
        feed = {x: data[0], y: data[1]}
        checked = plan.verify(session, feed)
        exact = th.evaluate(plan, feed, session)
    assert all(abs(c.value - c.exact) <= 1e-9 * max(1e-30, abs(c.exact)) for c in checked[::3])
    return max(np.abs(f - e).max() / np.abs(e).max() for f, e in zip(found, exact))


def race(case, repeats, python):
    """One case: a dictionary of figures."""
    rng = np.random.RandomState(0)
    weights, data = weights_of(case, rng), data_of(case, rng)
    rival = rival_of(python, case, weights, data) if python and case != "skip" else None
    with tf.Graph().as_default(), session_of() as session:
        loss, variables, inputs = built(case, weights)
        gradient = tf.gradients(loss, variables)
        building, plan = timed(lambda: th.plan(loss, variables, verify="never"))
        diagonal = plan.build()
        session.run(tf.global_variables_initializer())
        ways = {"gradient": gradient, "diagonal": diagonal, "both": [gradient, diagonal]}
        calls = {name: session.make_callable(way, list(inputs)) for name, way in ways.items()}
        first, found = timed(lambda: calls["diagonal"](*data))
        times = {name: [] for name in calls}
        times["backpack"] = []
        for _ in range(repeats):
            for name, call in calls.items():
                times[name].append(timed(functools.partial(call, *data))[0])
            if rival:
                times["backpack"].append(rival.run())
    result = {name: float(np.median(t[repeats // 4:])) for name, t in times.items() if t}
    result.update(case=case, n=plan.n, columns=plan.cost.columns, planning=building, first=first,
                  estimated_mb=plan.cost.bytes / 1e6, error=errors_against_double(case, weights, data, found),
                  peak_mb=peak_megabytes())
    if rival:
        theirs = rival.answer()
        result["difference"] = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, theirs))
        result.update(backpack_first=rival.first, backpack_peak_mb=rival.close())
    return result


def printed(result):
    """One line of the table."""
    rival = result.get("backpack")
    told = "%9.1f %6.2f" % (rival, rival / result["both"]) if rival else "%9s %6s" % ("-", "-")
    print("%-10s %7d %7d %8.2f %8.2f %6.2f %8.2f %s %9.0f %8.0f  %.1e" % (
        result["case"], result["n"], result["columns"], result["gradient"], result["diagonal"],
        result["diagonal"] / result["gradient"], result["both"], told, result["planning"], result["first"],
        result["error"]), flush=True)


def main():
    parser = parser_of(__doc__, 15, "torch and backpack-for-pytorch")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    options = parser.parse_args()
    announced("medians in ms; ratios: diagonal / gradient, BackPACK / both",
              "case             n columns gradient diagonal  ratio     both  BackPACK  ratio  planning    first  error")
    results = []
    for case in options.cases:
        results.append(race(case, options.repeats, options.rival))
        printed(results[-1])
    stored(results, options.output)


if __name__ == "__main__":
    prepared(is_pinned=False)
    main()
