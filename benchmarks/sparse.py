"""Races sparse Hessians and diagonals by colours: asdex, jitted JAX with the same colours, CasADi.

    python benchmarks/sparse.py [--cases chain surface denoising glm factors] [--repeats 9] [--output FILE.json]
    python benchmarks/sparse.py --rival PYTHON       # a Python with jax, asdex and casadi, each in its own process

All in float64; answers are compared with each other; steady runs are interleaved; two threads each; times are medians
in milliseconds, ratios to "ours" of the same quantity are what to read. "first" is what a user waits for the first
numbers: detection, colours, building, tracing or compiling, the first run. Memory is the peak of the process.
"""

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, Rival, peak_megabytes, timed
from races import announced, parser_of, prepared, stored
from scipy import sparse

import tf1_hessian as th

# What is asked of each case: entries ("full") or the diagonal ("diag"); and which rivals do it.
CASES = {"chain": ("full", ("asdex", "jax", "casadi")), "surface": ("full", ("asdex", "jax", "casadi")),
         "denoising": ("full", ("asdex", "jax", "casadi")), "glm": ("full", ("asdex", "jax")),
         "factors": ("diag", ("jax",))}
LINE = "%-10s %-4s %7d %-14s %10.2f %7.2f %10.0f %8.0f  %.1e"


def problem(case):
    """(a function of ops that builds the loss, the flat point, the shape of x, the arrays that the loss reads)."""
    random = np.random.RandomState(0)
    if case == "chain":
        return random.rand(10 ** 5), [10 ** 5], {}
    if case == "surface":
        return random.rand(100 * 100), [100, 100], {}
    if case == "denoising":
        return random.rand(256 * 256), [256, 256], {"noisy": random.rand(256, 256)}
    if case == "glm":
        arrays = {"x": random.randn(200, 5) / 3, "z": random.randn(200, 5) / 3,
                  "y": random.poisson(3, [200, 2000]).astype(float)}
        return 0.1 * random.randn(20000), [2, 5, 2000], arrays
    return random.randn(500 * 5), [500, 5], {"target": random.randn(200, 300)}


def loss_of(case, x, arrays):
    """The same formulas as in sparse_worker.py."""
    if case == "chain":
        return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1]))
    if case == "surface":
        u = tf.pad(x, [[1, 1], [1, 1]])
        across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
        return tf.reduce_sum(tf.sqrt(1 + 1e4 * (tf.square(across) + tf.square(down)))) / 1e4
    if case == "denoising":
        across = tf.pad(x[1:] - x[:-1], [[0, 1], [0, 0]])
        down = tf.pad(x[:, 1:] - x[:, :-1], [[0, 0], [0, 1]])
        return 0.5 * tf.reduce_sum(tf.square(x - arrays["noisy"])) + 0.1 * tf.reduce_sum(
            tf.sqrt(tf.square(across) + tf.square(down) + 1e-4))
    if case == "glm":
        mean, size = tf.exp(tf.matmul(arrays["x"], x[0])), tf.exp(tf.matmul(arrays["z"], x[1]))
        y = tf.constant(arrays["y"])
        return -tf.reduce_sum(tf.lgamma(y + size) - tf.lgamma(size) + size * tf.log(size) + y * tf.log(mean)
                              - (y + size) * tf.log(mean + size))
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(x[:200], x[200:], transpose_b=True)) - arrays["target"]))


class Ours(object):
    """One way here: `first` milliseconds with the first run, `call` for another one."""

    def __init__(self, case, quantity, point, shape, arrays, jit=False):
        graph = tf.Graph()
        with graph.as_default():
            x = tf.placeholder(tf.float64, shape)
            loss = loss_of(case, x, arrays)
        building, self.found = timed(lambda: self._built(graph, loss, x, quantity, jit))
        self._session = tf.Session(graph=graph, config=tf.ConfigProto(
            intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS))
        tensor = self.found.values if quantity == "full" else self.found
        self._call, self._point = self._session.make_callable(tensor, [x]), point.reshape(shape)
        running, self.values = timed(self.call)
        self.first = building + running

    @staticmethod
    def _built(graph, loss, x, quantity, jit):
        with graph.as_default():
            if quantity == "full":
                return th.sparse_hessian(loss, x, jit=jit)
            return th.hessian_diag(loss, x, jit=jit) if quantity == "diag" else tf.gradients(loss, x)[0]

    def call(self):
        return self._call(self._point)


def as_matrix(quantity, rows, cols, values, n):
    """The answer as a sparse matrix, the diagonal as one."""
    if quantity == "diag":
        return sparse.diags(np.ravel(values)).tocsr()
    return sparse.coo_matrix((values, (rows, cols)), shape=(n, n)).tocsr()


def race(case, repeats, python):
    """One case: a list of rows."""
    (point, shape, arrays), (quantity, names), n = problem(case), CASES[case], int(np.prod(problem(case)[1]))
    ours = {"ours": Ours(case, quantity, point, shape, arrays),
            "ours, jit": Ours(case, quantity, point, shape, arrays, jit=True),
            "one gradient": Ours(case, "gradient", point, shape, arrays)}
    found = ours["ours"].found
    if quantity == "full":
        pattern, coloring = found.pattern, found.coloring
    else:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float64, shape)
            pattern = th.hessian_sparsity(loss_of(case, x, arrays), x)
        coloring = th.Coloring.of(pattern, "distance1")
    given = dict(arrays, point=point, shape=shape, rows=pattern.rows, cols=pattern.cols, colors=coloring.colors)
    rivals = {name: Rival(python, "sparse_worker.py", given, name, case, quantity) for name in names if python}
    times = {name: [] for name in list(ours) + list(rivals)}
    for _ in range(repeats):
        for name, way in ours.items():
            times[name].append(timed(way.call)[0])
        for name, rival in rivals.items():
            times[name].append(rival.run())
    first = {name: way.first for name, way in list(ours.items()) + list(rivals.items())}
    exact = as_matrix(quantity, pattern.rows, pattern.cols, ours["ours"].values, n)
    errors = {name: float(abs(as_matrix(quantity, *rival.answer(), n=n) - exact).max() / abs(exact).max())
              for name, rival in rivals.items()}
    peaks = {name: rival.close() for name, rival in rivals.items()}
    steady = {name: float(np.median(t)) for name, t in times.items()}
    return [{"case": case, "quantity": quantity, "n": n, "columns": coloring.number, "way": name, "steady": value,
             "ratio": value / steady["ours"], "first": first[name], "peak_mb": peaks.get(name, peak_megabytes()),
             "error": errors.get(name, 0.0)} for name, value in steady.items()]


def main():
    parser = parser_of(__doc__, 9, "jax, asdex and casadi")
    parser.add_argument("--cases", nargs="+", choices=sorted(CASES), default=sorted(CASES))
    options = parser.parse_args()
    announced("medians in ms; ratio: to ours",
              "case       what       n way                steady   ratio      first  peak MB  difference")
    results = []
    for case in options.cases:
        for row in race(case, options.repeats, options.rival):
            results.append(row)
            print(LINE % (case, row["quantity"], row["n"], row["way"], row["steady"], row["ratio"], row["first"],
                          row["peak_mb"], row["error"]), flush=True)
    stored(results, options.output)


if __name__ == "__main__":
    prepared(is_pinned=True)
    main()
