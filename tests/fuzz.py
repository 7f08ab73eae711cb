"""Thousands of random programs: the library's second derivatives against finite differences.

    python -m tests.fuzz --graphs 3000 --seed 0        a run; each failure is printed with its program
    python -m tests.fuzz --seed 0 --only 17            program 17 of that run alone, made smaller while it fails

Programs are checked in batches: those of a batch share a graph and a session. The exit code is 1 after a failure.
"""
import argparse
import collections
import os
import sys
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.forms import built_as
from tests.random_graphs import Program
from tests.random_truths import CONFIG, first_line, truths

__all__ = ["FAILURES", "check", "report", "smaller"]

D = tf.float64
# How far a result may be off beyond what the differences may be, as a share of the largest entry.
DOUBLE, SINGLE = 1e-9, 2e-3
BATCH = 10
FAILURES = ("wrong", "failed")
# The loop most often, since what the others build takes three times as long.
ENGINES = ["auto", "loop", "loop", "loop", "vectorized", "slices"]
QUESTIONS = ["hessian", "hessian", "hessian_diag", "hvp"]

Question = collections.namedtuple("Question", "program truth asked in_double result expected")
Outcome = collections.namedtuple("Outcome", "program status what detail")
Outcome.__doc__ = """status: right, refused, uncertain (the truth is not known), wrong or failed; or note: a remark.
what: the question. detail: the error, as a share of the largest entry, or what happened."""


def check(seed, indices, keep=None):
    """The Outcomes of some programs of a run."""
    programs = [Program(seed, i, keep) for i in indices]
    outcomes, asked, feeds = [], [], {}
    known = truths(programs)
    with tf.Graph().as_default() as graph:
        for program, truth in zip(programs, known):
            if truth.note:
                outcomes.append(Outcome(program, "note", "first gradient", truth.note))
            if truth.problem:
                outcomes.append(Outcome(program, truth.problem[0], "first gradient", truth.problem[1]))
                continue
            with tf.variable_scope("g%d" % program.index):
                questions, feed, refusals = _asked(program, truth, graph)
            asked += questions
            outcomes += refusals
            feeds.update(feed)
        return outcomes + _compared(asked, feeds)


def _asked(program, truth, graph):
    """One question about a program, asked of the library in the default graph: (Questions, what to feed, Outcomes)."""
    nodes, xs, feed = program.variables()
    loss = program.build(nodes, tf.float32 if program.single else D)
    rng = program.asking
    options = {} if not program.single or rng.uniform() < 0.4 else {"precision": "float64"}
    what = QUESTIONS[rng.randint(len(QUESTIONS))]
    if what != "hvp":
        options["engine"] = ENGINES[rng.randint(len(ENGINES))]
    if len(xs) == 1 and rng.uniform() < 0.5:
        xs = xs[0]
    ask, expected = _call(what, loss, xs, rng, program, truth.hessian)
    with built_as(program.form if rng.uniform() < 0.5 else None):
        found, options, problem = _answer(ask, options, graph)
    asked = ", ".join([what] + [str(options[name]) for name in sorted(options)])
    if problem is not None:
        return [], feed, [Outcome(program, problem[0], asked, problem[1])]
    return [Question(program, truth, asked, "precision" in options, found, expected)], feed, []


def _call(what, loss, xs, rng, program, full):
    """(the call, what it should give)."""
    if what == "hessian":
        flat = rng.uniform() < 0.7
        return lambda **options: th.hessian(loss, xs, flat=flat, **options), full
    if what == "hessian_diag":
        return lambda **options: th.hessian_diag(loss, xs, **options), np.diag(full)
    vectors = [np.round(rng.uniform(-1, 1, s.shape) * 64) / 64 for s in program.sources]
    given = vectors if isinstance(xs, list) else vectors[0]
    expected = np.dot(full, np.concatenate([v.ravel() for v in vectors]))
    return lambda **options: th.hvp(loss, xs, given, **options), expected


def _answer(ask, options, graph):
    """(tensors, options, None), or (None, options, (status, why)). An engine that does not fit gives way to auto."""
    before, declined = graph.version, False
    try:
        return ask(**options), options, None
    except Exception as error:  # what is no refusal is a failure of the library, whatever it is
        said = first_line(error)
        declined = isinstance(error, ValueError) and "can't be used here" in said
        refused = declined or isinstance(error, LookupError)
        problem = ("refused", said) if refused else ("failed", traceback.format_exc())
    if refused and graph.version != before:
        return None, options, ("failed", "the refusal left %d ops behind: %s" % (graph.version - before, said))
    if declined and said.startswith("ValueError: engine="):
        return _answer(ask, dict(options, engine="auto"), graph)
    return None, options, problem


def _compared(asked, feeds):
    """The Outcomes of all questions, in one session call; one by one where that fails."""
    with tf.Session(config=CONFIG) as session:
        session.run(tf.global_variables_initializer())
        try:
            values = session.run([q.result for q in asked], feeds)
        except Exception:  # to find whose it is
            values = [_run(session, q.result, feeds) for q in asked]
    return [_verdict(question, value) for question, value in zip(asked, values)]


def _run(session, result, feeds):
    try:
        return session.run(result, feeds)
    except Exception as error:  # the verdict's
        return error


def _verdict(question, value):
    program, truth, asked = question.program, question.truth, question.asked
    if isinstance(value, Exception):
        return Outcome(program, "failed", asked, "session.run: %s" % value)
    value = _flat(question, value)
    single = program.rough or program.single
    allowed = SINGLE if single and not question.in_double else DOUBLE
    scale = max(np.abs(truth.hessian).max(), np.abs(truth.gradient).max())
    off = np.abs(value - question.expected).max() / max(scale, 1e-3)
    if off < allowed + 4 * truth.error / max(scale, 1e-3):
        return Outcome(program, "right", asked, off)
    return Outcome(program, "wrong", asked, "off by %.3g of the largest entry\n%s\nshould be\n%s" % (
        off, value, question.expected))


def _flat(question, value):
    """The value as one array of the shape expected."""
    if isinstance(value, list) and isinstance(value[0], list):
        sizes = [int(round(np.sqrt(row[i].size))) for i, row in enumerate(value)]
        value = np.block([[b.reshape(r, c) for b, c in zip(row, sizes)] for row, r in zip(value, sizes)])
    elif isinstance(value, (list, tuple)):
        value = np.concatenate([np.ravel(v) for v in value])
    return np.reshape(np.asarray(value, np.float64), question.expected.shape)


def smaller(outcome):
    """The steps that a failing program needs to fail so, and the outcome with them alone."""
    program = outcome.program
    keep, found = list(program.all_steps), outcome
    for step in reversed(program.all_steps):
        fewer = [s for s in keep if s != step]
        same = [o for o in check(program.seed, [program.index], fewer) if o.status == outcome.status]
        if same:
            keep, found = fewer, same[0]
    return keep, found


def report(outcome):
    """Prints a failure and how to repeat it."""
    program = outcome.program
    print("\n%s: %s\npython -m tests.fuzz --seed %d --only %d\n%s\n%s\n" % (
        outcome.status.upper(), outcome.what, program.seed, program.index, program, outcome.detail), flush=True)
    return outcome


def run(seed, indices):
    """Checks programs, prints as it goes, and returns the counts by status, the remarks by text, and the failures."""
    counts, remarks, failures, began = collections.Counter(), collections.Counter(), [], time.time()
    for start in range(0, len(indices), BATCH):
        for outcome in check(seed, indices[start:start + BATCH]):
            counts[outcome.status] += 1
            if outcome.status in FAILURES:
                failures.append(report(outcome))
            elif outcome.status != "right":
                remark = "%s: %s" % (outcome.status, outcome.detail)
                print("%d is %s" % (outcome.program.index, remark))
                remarks[remark] += 1
        print("%d programs, %.0f s: %s" % (
            min(start + BATCH, len(indices)), time.time() - began, _line(counts)), flush=True)
    return counts, remarks, failures


def _line(counts):
    return ", ".join("%d %s" % (count, status) for status, count in sorted(counts.items()))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=3000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--only", type=int, help="the number of one program of the run")
    options = parser.parse_args(arguments)
    numbers = range(options.first, options.first + options.graphs) if options.only is None else [options.only]
    counts, remarks, failures = run(options.seed, list(numbers))
    for remark, count in remarks.most_common():
        print("%5d %s" % (count, remark))
    for outcome in failures[:1] if options.only is not None else []:
        keep, found = smaller(outcome)
        print("\nWith steps %s alone:" % keep)
        report(found)
    print("TF %s, seed %d, %d programs: %s" % (tf.__version__, options.seed, len(numbers), _line(counts)))
    return 1 if failures else 0


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_eager_execution()
    sys.exit(main())
