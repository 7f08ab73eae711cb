"""Races estimates of diagonal and trace (race 8): error against the number of products, and the time of a product.

    python benchmarks/estimates.py [--repeats 15] [--output FILE.json]
    python benchmarks/estimates.py --rival PYTHON    # a Python with torch and curvlinops-for-pytorch

The net of race 3, float32. Both sides make their matrix by their own products, which is compared with tf.hessians in
float64; their estimates are taken from that matrix, so that many seeds cost little: a product with it is the same. The
errors are medians over seeds, of the length of the difference as a share of the length of the exact diagonal, or trace.
races.py says what the figures of a product are; those with ten vectors at once are for one.
"""
import functools

import numpy as np
import tensorflow.compat.v1 as tf
from dense_nets import pieces
from full import EVERY, in_double, loss_of, problem
from processes import Rival, peak_megabytes, timed
from races import announced, deviation, in_turns, memory_alone, parser_of, prepared, session_of, show, stored

import tf1_hessian as th

# The net, the products that an estimate may take, how many seeds.
WHOLE, SMALL = ("tanh", (10, 30, 100, 300), 21), ("small", (4, 10, 30), 5)
VECTORS = (1, 10)
METHODS = {"diag hutchinson": functools.partial(th.estimate_diag, method="hutchinson"),
           "diag xdiag": functools.partial(th.estimate_diag, method="xdiag"),
           "trace hutchinson": functools.partial(th.estimate_trace, method="hutchinson"),
           "trace xtrace": functools.partial(th.estimate_trace, method="xtrace")}


def operator_of(case, session):
    """(HessianOperator, columns of the exact diagonal) of the net of a case, in the default graph."""
    vector, x, labels = problem(case)
    inputs = [tf.placeholder(tf.float32, [None, part.shape[1]]) for part in (x, labels)]
    variables = [tf.get_variable("w%d" % i, initializer=piece.reshape(shape))
                 for i, (piece, shape) in enumerate(pieces(vector, EVERY[case][1]))]
    loss = loss_of(case, variables, *inputs)
    session.run(tf.global_variables_initializer())
    operator = th.HessianOperator(loss, variables, session, dict(zip(inputs, (x, labels))))
    return operator, th.plan(loss, variables).cost.columns


def estimated(matrix, counts, seeds):
    """{method: estimates [counts, seeds, n or 1]} of ours. XDiag and XTrace take two products a sample."""
    found = {}
    for name, method in METHODS.items():
        each = 1 if name.endswith("hutchinson") else 2
        values = [method(matrix, samples=count // each, seed=seed).value for count in counts for seed in range(seeds)]
        found[name] = np.reshape(values, (len(counts), seeds, -1))
    return found


def curves(way, estimates, exact, counts):
    """A row of errors for each method, by the number of products."""
    for method, values in estimates.items():
        truth = np.diagonal(exact) if method.startswith("diag") else np.trace(exact)[None]
        errors = np.linalg.norm(values - truth, axis=-1) / np.linalg.norm(truth)
        yield {"race": 8, "case": method, "way": way, "n": len(exact), "products": list(counts),
               "errors": np.median(errors, axis=1).tolist(), "seeds": values.shape[1]}


def memory_of(case):
    """(MB with the model, MB at the peak) of a process that takes products."""
    prepared()
    with tf.Graph().as_default(), session_of() as session:
        base = peak_megabytes()
        operator, _ = operator_of(case, session)
        operator.matmat(np.eye(operator.shape[0], 10))
        return base, peak_megabytes()


def products(case, rivals, repeats, exact, is_measured):
    """(rows of the time of a product, the matrix of ours, the answer of the rival or None)"""
    with tf.Graph().as_default(), session_of() as session:
        building, (operator, columns) = timed(lambda: operator_of(case, session))
        drawn = np.random.RandomState(1).randn(operator.shape[0], max(VECTORS))
        first, _ = timed(lambda: operator.matvec(drawn[:, 0]))
        calls = {"ours, %d" % k: lambda k=k: operator.matmat(drawn[:, :k]) for k in VECTORS}
        steady = in_turns(calls, rivals, repeats)
        matrices = {"ours": operator.matmat(np.eye(operator.shape[0]))}
    spent = {"ours": (building, first) + (memory_alone(memory_of, case) if is_measured else (None, None))}
    answers = {}
    for name, rival in rivals.items():
        answers[name] = rival.answer() if name == "curvlinops, 1" else None
        spent[name] = rival.build, rival.first, rival.base, rival.close()
    if rivals:
        matrices["curvlinops"] = answers["curvlinops, 1"][0]
    rows = []
    for name, value in steady.items():
        way, vectors = name.split(", ")
        costs = spent.get(name, spent.get(way))
        rows.append(dict(zip(("build", "first", "base_mb", "peak_mb"), costs), race=8, n=len(exact), way=way,
                         case="product, %s at once" % vectors, columns=columns if way == "ours" else None,
                         steady=value / int(vectors), ratio=value / steady["ours, " + vectors],
                         error=deviation([matrices[way]], [exact])))
    return rows, matrices["ours"], answers.get("curvlinops, 1")


def raced(which, repeats, python, is_measured=True):
    """Rows of the time of a product, then those of errors."""
    case, counts, seeds = which
    arrays = dict(zip(("vector", "x", "labels"), problem(case)), sizes=EVERY[case][1], counts=counts,
                  seeds=np.arange(seeds), methods=list(METHODS))
    rivals = {"curvlinops, %d" % k: Rival(python, "estimates_worker.py", arrays, str(k)) for k in VECTORS if python}
    exact = in_double(case)
    rows, matrix, theirs = products(case, rivals, repeats, exact, is_measured)
    rows += curves("ours", estimated(matrix, counts, seeds), exact, counts)
    if theirs:
        rows += curves("curvlinops", dict(zip(METHODS, theirs[1:])), exact, counts)
    return rows


def told(row):
    """Prints a row of errors."""
    print("%-18s %-12s %s" % (row["case"], row["way"], "   ".join(
        "%d: %.2g" % pair for pair in zip(row["products"], row["errors"]))), flush=True)


def main():
    options = parser_of(__doc__, 15, "torch and curvlinops-for-pytorch").parse_args()
    announced("milliseconds; medians")
    rows = raced(SMALL if options.small else WHOLE, options.repeats, options.rival)
    show([row for row in rows if "products" not in row])
    print("\nmedian relative error by the number of products")
    for row in rows:
        if "products" in row:
            told(row)
    stored(rows, options.output)


if __name__ == "__main__":
    prepared()
    main()
