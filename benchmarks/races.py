"""What the races share: options, the race of one case, rows of figures and how they are told, the file of figures.

A row is one way to one case: build (plan and ops, or compiling), first call and steady run in milliseconds; peak_mb,
and base_mb before the building, of a process that does nothing else; error, the largest deviation from a reference in
float64 as a share of its largest entry; ratio, its steady time over that of the way called "ours".
"""
import argparse
import json
import multiprocessing
import os
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf
from processes import THREADS, peak_megabytes, timed

__all__ = ["announced", "deviation", "in_turns", "memory_alone", "parser_of", "prepared", "race", "race_cases",
           "session_of", "show", "stored"]

# Seconds: threads of OpenMP and XLA wait actively for some milliseconds.
_PAUSE = 0.05
HEADING = "%-18s %-26s %7s %9s %9s %10s %7s %8s %8s  %s" % (
    "case", "way", "columns", "build", "first", "steady", "ratio", "base MB", "peak MB", "error")
LINE = "%-18s %-26s %7s %9.0f %9.1f %10.2f %7.2f %8s %8s  %s"


def parser_of(description, repeats, rival):
    """A parser with the options of every race; rival: what its other Python must have."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--rival", help="a Python that has " + rival)
    parser.add_argument("--small", action="store_true", help="the same race in small, to see that it runs")
    parser.add_argument("--output", help="a .json file for the figures")
    return parser


def announced(what):
    """Prints versions, what the figures are, and the heading of their table."""
    print("TF %s, Python %s, %d threads; %s" % (tf.__version__, sys.version.split()[0], THREADS, what))
    print(HEADING, flush=True)


def session_of(threads=THREADS):
    """A session with as many threads as the rivals have."""
    return tf.Session(config=tf.ConfigProto(
        intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads))


def race(problem_of, case, rivals, repeats, error_of, measured=()):
    """The rows of one case.

    problem_of: of a case, in the default graph, ({way: function that builds its tensors}, placeholders, what is fed,
    facts that stand in each row, which a way may add to as it builds). rivals: {way: Rival}. error_of: of a way, its
    result and the facts, a number or None. measured: the ways of ours whose memory is taken, each in a new process.
    """
    with tf.Graph().as_default(), session_of() as session:
        ways, inputs, values, facts = problem_of(case)
        session.run(tf.global_variables_initializer())
        calls, spent, found = _first_calls(ways, inputs, values, session)
        steady = in_turns({name: lambda call=call: call(*values) for name, call in calls.items()}, rivals, repeats)
    memory = {name: memory_alone(_memory, problem_of, case, name) for name in measured if name in found}
    for name, rival in rivals.items():
        found[name], spent[name] = rival.answer(), (rival.build, rival.first)
        memory[name] = rival.base, rival.close()
    return [dict(facts, case=case, way=name, build=spent[name][0], first=spent[name][1], steady=value,
                 ratio=value / steady["ours"], error=error_of(name, found[name], facts),
                 base_mb=memory.get(name, (None, None))[0], peak_mb=memory.get(name, (None, None))[1])
            for name, value in steady.items()]


def _first_calls(ways, inputs, values, session):
    """({way: callable}, {way: milliseconds of building and of the first call}, {way: result}), without ways of ours
    that this TensorFlow refuses: jit=True before 2.15."""
    calls, spent, found = {}, {}, {}
    for name, build in ways.items():
        try:
            building, tensors = timed(build)
        except ValueError as refusal:
            if "jit=True" not in str(refusal):
                raise
            print("%s: %s" % (name, refusal))
            continue
        calls[name] = session.make_callable(tensors, inputs)
        running, found[name] = timed(lambda name=name: calls[name](*values))
        spent[name] = building, running
    return calls, spent, found


def in_turns(calls, rivals, repeats):
    """{way: median of its milliseconds}, all in turns; the first quarter warms up.

    A turn is a pause, in which the threads of the way before stop spinning, and two runs, of which the second counts:
    the first brings back what other ways drove out of the caches.
    """
    runs = {name: lambda call=call: timed(call)[0] for name, call in calls.items()}
    runs.update((name, rival.run) for name, rival in rivals.items())
    times = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            time.sleep(_PAUSE)
            run()
            times[name].append(run())
    return {name: float(np.median(t[repeats // 4:])) for name, t in times.items()}


def memory_alone(function, *arguments):
    """What a function returns in a new process."""
    pool = multiprocessing.get_context("spawn").Pool(1)
    try:
        return pool.apply(function, arguments)
    finally:
        pool.terminate()


def _memory(problem_of, case, name):
    """(MB with the model, MB at the peak) of a process that takes one way."""
    prepared()
    with tf.Graph().as_default(), session_of() as session:
        ways, inputs, values, _ = problem_of(case)
        session.run(tf.global_variables_initializer())
        base = peak_megabytes()
        call = session.make_callable(ways[name](), inputs)
        for _ in range(2):
            call(*values)
        return base, peak_megabytes()


def deviation(found, exact):
    """The largest one of lists of arrays, as a share of the largest entry of each."""
    return max(float(np.abs(f - e).max() / np.abs(e).max()) for f, e in zip(found, exact))


def show(rows):
    """Prints a line of the table for each row; gives the rows back."""
    for row in rows:
        told = ["-" if row.get(name) is None else "%.0f" % row[name] for name in ("base_mb", "peak_mb")]
        told.append("-" if row["error"] is None else "%.1e" % row["error"])
        print(LINE % ((row["case"], row["way"], row.get("columns") or "-", row["build"], row["first"], row["steady"],
                       row["ratio"]) + tuple(told)), flush=True)
    return rows


def stored(results, output):
    """Writes the figures, where a file is asked for."""
    if output:
        with open(output, "w") as file:
            found = {"tensorflow": tf.__version__, "threads": THREADS, "races": results}
            json.dump(found, file, indent=1, default=float)


def race_cases(description, repeats, rival, raced, cases, small):
    """The command of a script whose races are cases with names: those asked for, or all of them, in small or not.

    raced: a function of a case, the number of repeats and the rivals' Python that gives its rows.
    """
    parser = parser_of(description, repeats, rival)
    parser.add_argument("--cases", nargs="+", choices=sorted(set(cases) | set(small)))
    options = parser.parse_args()
    announced("milliseconds; medians")
    results = []
    for case in options.cases or (small if options.small else cases):
        results += show(raced(case, options.repeats, options.rival))
    stored(results, options.output)


def prepared():
    """Sets TensorFlow up, and holds this process and the rivals that it starts to THREADS cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
