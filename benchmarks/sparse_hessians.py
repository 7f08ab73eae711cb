"""Races sparse Hessians and diagonals by colours (races 4, 5, 6): asdex, jitted JAX with the same colours, CasADi.

    python benchmarks/sparse_hessians.py [--cases chain surface denoising glm glm-diag factors] [--output FILE.json]
    python benchmarks/sparse_hessians.py --rival PYTHON   # a Python with jax, asdex and casadi, each in its own process

All in float64. A matrix is compared by its products with three random vectors, a diagonal by its entries, at some
places where there are many, both with tf.gradients taken twice. races.py says what the figures are.
"""

import numpy as np
import tensorflow.compat.v1 as tf
from processes import Rival
from races import deviation, prepared, race, race_cases, session_of
from scipy import sparse

import tf1_hessian as th

# The race, what is asked of each case: entries ("full") or the diagonal ("diag"), which rivals do it, and sizes.
GRID, BY_COLUMNS = ("asdex", "JAX, our colours", "CasADi"), ("asdex", "JAX, our colours")
CASES = {"chain": (6, "full", GRID, (10 ** 5,)), "surface": (6, "full", GRID, (100, 100)),
         "denoising": (6, "full", GRID, (256, 256)), "glm": (4, "full", BY_COLUMNS, (200, 5, 2000)),
         "glm-diag": (4, "diag", ("JAX, our colours",), (200, 5, 2000)),
         "factors": (5, "diag", ("JAX, our colours", "JAX, n columns", "asdex"), (200, 300, 5))}
SMALL = {"small-chain": (6, "full", GRID, (30,)), "small-surface": (6, "full", GRID, (6, 5)),
         "small-glm": (4, "full", BY_COLUMNS, (9, 2, 4)), "small-factors": (5, "diag", CASES["factors"][2], (5, 7, 2))}
EVERY = dict(CASES, **SMALL)
# Entries of a diagonal that are compared where it has more than ten times as many.
PLACES = 200


def kind_of(case):
    """The loss of a case."""
    return case.replace("small-", "").replace("-diag", "")


def problem(case):
    """(the flat point, the shape of x, the arrays that the loss reads)."""
    random, sizes, kind = np.random.RandomState(0), EVERY[case][3], kind_of(case)
    if kind in ("chain", "surface"):
        return random.rand(int(np.prod(sizes))), sizes, {}
    if kind == "denoising":
        return random.rand(int(np.prod(sizes))), sizes, {"noisy": random.rand(*sizes)}
    if kind == "glm":
        rows, columns, features = sizes
        arrays = {"x": random.randn(rows, columns) / 3, "z": random.randn(rows, columns) / 3,
                  "y": random.poisson(3, [rows, features]).astype(float)}
        return 0.1 * random.randn(2 * columns * features), (2, columns, features), arrays
    rows, columns, rank = sizes
    return random.randn((rows + columns) * rank), (rows + columns, rank), {"target": random.randn(rows, columns)}


def loss_of(kind, x, arrays):
    """The same formulas as in sparse_worker.py."""
    if kind == "chain":
        return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1]))
    if kind == "surface":
        u = tf.pad(x, [[1, 1], [1, 1]])
        across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
        return tf.reduce_sum(tf.sqrt(1 + 1e4 * (tf.square(across) + tf.square(down)))) / 1e4
    if kind == "denoising":
        across = tf.pad(x[1:] - x[:-1], [[0, 1], [0, 0]])
        down = tf.pad(x[:, 1:] - x[:, :-1], [[0, 0], [0, 1]])
        return 0.5 * tf.reduce_sum(tf.square(x - arrays["noisy"])) + 0.1 * tf.reduce_sum(
            tf.sqrt(tf.square(across) + tf.square(down) + 1e-4))
    if kind == "glm":
        mean, size = tf.exp(tf.matmul(arrays["x"], x[0])), tf.exp(tf.matmul(arrays["z"], x[1]))
        y = tf.constant(arrays["y"])
        return -tf.reduce_sum(tf.lgamma(y + size) - tf.lgamma(size) + size * tf.log(size) + y * tf.log(mean)
                              - (y + size) * tf.log(mean + size))
    rows = len(arrays["target"])
    return tf.reduce_sum(tf.square(tf.tanh(tf.matmul(x[:rows], x[rows:], transpose_b=True)) - arrays["target"]))


def problem_of(case):
    """As race() wants it; the entries' rows, columns and colours are left in the facts."""
    (point, shape, arrays), (number, quantity) = problem(case), EVERY[case][:2]
    x = tf.placeholder(tf.float64, shape)
    loss, facts = loss_of(kind_of(case), x, arrays), {"race": number, "n": point.size, "quantity": quantity}

    def ours(jit):
        if quantity == "diag":
            return th.hessian_diag(loss, x, jit=jit)
        return th.sparse_hessian(loss, x, jit=jit).values

    ways = {"ours": lambda: ours(False), "ours, jit": lambda: ours(True),
            "one gradient": lambda: tf.gradients(loss, x)[0]}
    return ways, [x], [point.reshape(shape)], facts


def coloring_of(case):
    """(SparsityPattern, Coloring) as ours takes them, with the matrix's entries in the pattern's order."""
    _, shape, arrays = problem(case)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, shape)
        loss = loss_of(kind_of(case), x, arrays)
        if EVERY[case][1] == "full":
            found = th.sparse_hessian(loss, x)
            return found.pattern, found.coloring
        pattern = th.hessian_sparsity(loss, x)
        return pattern, th.Coloring.of(pattern, "distance1")


def reference(case):
    """(a function of a matrix or diagonal, what it must give): products with tf.gradients taken twice."""
    point, shape, arrays = problem(case)
    n, random = point.size, np.random.RandomState(1)
    with tf.Graph().as_default(), session_of() as session:
        x, v = tf.placeholder(tf.float64, shape), tf.placeholder(tf.float64, shape)
        gradient = tf.gradients(loss_of(kind_of(case), x, arrays), x)[0]
        product = session.make_callable(tf.gradients(tf.reduce_sum(gradient * v), x)[0], [x, v])

        def times(vector):
            return np.ravel(product(point.reshape(shape), vector.reshape(shape)))

        if EVERY[case][1] == "full":
            vectors = random.randn(3, n)
            return lambda matrix: [matrix.dot(v) for v in vectors], [times(v) for v in vectors]
        places = np.arange(n) if n <= 10 * PLACES else random.choice(n, PLACES, replace=False)
        exact = [times(np.eye(1, n, i))[i] for i in places]
        return lambda matrix: [matrix.diagonal()[places]], [np.array(exact)]


def as_matrix(way, found, pattern, n, quantity):
    """The result of a way as a sparse matrix; a diagonal as one with nothing else."""
    if not way.startswith("ours"):
        rows, cols, values = found
    elif quantity == "diag":
        rows, cols, values = np.arange(n), np.arange(n), np.ravel(found)
    else:
        rows, cols, values = pattern.rows, pattern.cols, found
    return sparse.coo_matrix((values, (rows, cols)), shape=(n, n)).tocsr()


def raced(case, repeats, python, is_measured=True):
    """One case: a list of rows."""
    (point, shape, arrays), (_, quantity, names, _) = problem(case), EVERY[case]
    pattern, coloring = coloring_of(case)
    given = dict(arrays, point=point, shape=shape, rows=pattern.rows, cols=pattern.cols, colors=coloring.colors)
    rivals = {name: Rival(python, "sparse_worker.py", given, name, kind_of(case), quantity) for name in names if python}
    read, exact = reference(case)

    def error_of(way, found, facts):
        if way == "one gradient":
            return None
        return deviation(read(as_matrix(way, found, pattern, facts["n"], quantity)), exact)

    rows = race(problem_of, case, rivals, repeats, error_of, ["ours", "ours, jit"] if is_measured else [])
    return [dict(row, columns=coloring.number) for row in rows]


if __name__ == "__main__":
    prepared()
    race_cases(__doc__, 11, "jax, asdex and casadi", raced, sorted(CASES), sorted(SMALL))
