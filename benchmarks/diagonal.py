"""Races the exact Hessian diagonal of all weights (races 1, 2): structured, against BackPACK, JAX and tf.hessians.

    python benchmarks/diagonal.py [--cases tanh relu deep_tanh deep_relu skip lenet net1002] [--output FILE.json]
    python benchmarks/diagonal.py --rival PYTHON     # a Python with torch, backpack-for-pytorch and jax

"ours" and BackPACK give gradient and diagonal. JAX, which has no diagonal, takes a column for each weight: 64 of them
are timed and compared, and the time is what all n would take. All in float32; the reference is ours in float64, of
which entries of each variable are compared with products. races.py says what the figures are.
"""
import functools

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, Rival
from races import deviation, prepared, race, race_cases, session_of

import tf1_hessian as th

DENSE = {"tanh": ("tanh", (784, 256, 128, 10)), "relu": ("relu", (784, 256, 128, 10)),
         "deep_tanh": ("tanh", (784, 512, 512, 512, 10)), "deep_relu": ("relu", (784, 512, 512, 512, 10)),
         "skip": ("tanh", (784, 256, 256, 10)), "net1002": ("tanh", (20, 32, 10))}
SMALL = {"small": ("tanh", (9, 7, 5, 3)), "small_skip": ("tanh", (8, 6, 6, 3))}
EVERY = dict(DENSE, **SMALL)
CASES = tuple(DENSE) + ("lenet",)
# How many columns JAX takes; and up to how many weights tf.hessians makes its matrices.
SOME, FEW = 64, 2000


def numbers(rng, *shape):
    """float32 weights of about the size that an initialiser gives."""
    return (rng.randn(*shape) / np.sqrt(max(1, np.prod(shape[:-1])))).astype("f4")


def weights_of(case, rng):
    """The weights of a case, in the order of layers, biases after weights."""
    if case == "lenet":
        shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]
    else:
        sizes = EVERY[case][1]
        shapes = [s for a, b in zip(sizes, sizes[1:]) for s in ((a, b), (b,))]
    return [numbers(rng, *shape) for shape in shapes]


def data_of(case, rng):
    """(inputs, labels) of one batch: 128 rows, 64 images for the convolutional net."""
    rows, shape = (64, (28, 28, 1)) if case == "lenet" else (128, EVERY[case][1][:1])
    return rng.randn(rows, *shape).astype("f4"), rng.randint(classes_of(case), size=rows)


def classes_of(case):
    return 10 if case == "lenet" else EVERY[case][1][-1]


def logits_of(case, x, w):
    """The net of a case."""
    if case == "lenet":
        return lenet(x, w)
    act = getattr(tf.nn, EVERY[case][0])
    h, layers = x, list(zip(w[::2], w[1::2]))
    for i, (weight, bias) in enumerate(layers):
        z = tf.matmul(h, weight) + bias
        if i == len(layers) - 1:
            return z
        h = act(z) + (h if "skip" in case and i == 1 else 0)


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
    shape = (28, 28, 1) if case == "lenet" else EVERY[case][1][:1]
    x, y = tf.placeholder(dtype, (None,) + shape), tf.placeholder(tf.int32, [None])
    variables = [tf.get_variable("w%d" % i, initializer=w.astype(dtype.as_numpy_dtype))
                 for i, w in enumerate(weights)]
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.one_hot(y, classes_of(case), dtype=dtype), logits=logits_of(case, x, variables))
    return tf.reduce_mean(entropy), variables, (x, y)


def rivals_of(python, case, weights, data, places):
    """{way: Rival}. BackPACK's nets are sequences; JAX's are dense here."""
    arrays, rivals = dict({"arr_%d" % i: w for i, w in enumerate(weights)}, x=data[0], y=data[1]), {}
    if python and "skip" not in case:
        net = "lenet" if case == "lenet" else EVERY[case][0]
        rivals["BackPACK"] = Rival(python, "backpack_worker.py", arrays, net, str(THREADS))
    if python and case != "lenet":
        kind = "skip" if "skip" in case else "plain"
        arrays["places"] = places
        rivals["JAX, n columns"] = Rival(python, "jax_columns_worker.py", arrays, EVERY[case][0], kind)
    return rivals


def problem_of(case, dtype=tf.float32):
    """As race() wants it."""
    rng = np.random.RandomState(0)
    weights, data = weights_of(case, rng), data_of(case, rng)
    loss, variables, inputs = built(case, weights, dtype)
    gradient, facts = functools.partial(tf.gradients, loss, variables), {"race": 2 if case == "lenet" else 1}

    def ours():
        plan = th.plan(loss, variables, verify="never")
        facts.update(n=plan.n, columns=plan.cost.columns)
        return plan.build()

    ways = {"ours": lambda: [ours(), gradient()], "ours, without gradient": ours, "one gradient": gradient}
    if sum(w.size for w in weights) <= FEW:
        ways["tf.hessians"] = lambda: [tf.reshape(tf.matrix_diag_part(tf.reshape(h, [w.size, w.size])), w.shape)
                                       for h, w in zip(tf.hessians(loss, variables), weights)]
    return ways, list(inputs), data, facts


def in_double(case, weights, data):
    """The diagonals in float64, of which three entries of each variable are compared with products."""
    with tf.Graph().as_default(), session_of() as session:
        loss, variables, inputs = built(case, weights, tf.float64)
        plan = th.plan(loss, variables, verify="always")
        session.run(tf.global_variables_initializer())
        feed = dict(zip(inputs, data))
        assert all(abs(c.value - c.exact) <= 1e-9 * max(1e-30, abs(c.exact)) for c in plan.verify(session, feed)[::3])
        return th.evaluate(plan, feed, session)


def raced(case, repeats, python, is_measured=True):
    """One case: a list of rows."""
    rng = np.random.RandomState(0)
    weights, data = weights_of(case, rng), data_of(case, rng)
    n = sum(w.size for w in weights)
    places = np.random.RandomState(1).choice(n, min(n, SOME), replace=False)
    rivals, exact = rivals_of(python, case, weights, data, places), in_double(case, weights, data)
    flat = np.concatenate([np.ravel(e) for e in exact])

    def error_of(way, found, _):
        if way == "one gradient":
            return None
        if way == "JAX, n columns":
            return float(np.abs(found[0] - flat[places]).max() / np.abs(flat).max())
        return deviation(found[0] if way == "ours" else found, exact)

    rows = race(problem_of, case, rivals, repeats, error_of, ["ours"] if is_measured else [])
    return [of_all(row, float(n) / len(places)) if row["way"] == "JAX, n columns" else row for row in rows]


def of_all(row, times):
    """The row of some columns as that of all."""
    return dict(row, **{name: row[name] * times for name in ("first", "steady", "ratio")})


if __name__ == "__main__":
    prepared()
    race_cases(__doc__, 15, "torch, backpack-for-pytorch and jax", raced, CASES, sorted(SMALL) + ["lenet"])
