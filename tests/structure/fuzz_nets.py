"""Thousands of random nets: diagonals from their structure against columns and finite differences.

    python -m tests.structure.fuzz_nets --nets 3000 --seed 0       a run; each failure is printed with its net and plan
    python -m tests.structure.fuzz_nets --seed 0 --first 17 --nets 1

Nets of a batch share graphs and session calls. The exit code is 1 after a failure.
"""
import argparse
import collections
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.random_truths import CONFIG, first_line
from tests.structure.known import known
from tests.structure.random_nets import RandomNet

__all__ = ["FAILURES", "check", "report"]

BATCH = 10
AS_A_USER = 5
FAILURES = ("wrong", "failed")
# How far a result may be off, as a share of the largest entry.
FROM_COLUMNS, FROM_DIFFERENCES = 1e-10, 1e-9

Outcome = collections.namedtuple("Outcome", "net status kind detail")
Outcome.__doc__ = """status: right, plain (a column for each element: nothing to compare), constant (the loss does not
depend on the weights), uncertain (right by columns, while a kink spoils the differences), wrong or failed. kind: the
plan's engine; "mixed" where other sources take a column for each element. detail: what happened."""


def check(seed, indices):
    """The Outcomes of some nets of a run."""
    nets = [RandomNet(seed, i) for i in indices]
    outcomes, asked, feeds = [], [], {}
    with tf.Graph().as_default() as graph:
        for net in nets:
            with tf.variable_scope(net.name):
                loss, xs, feed = net.on_sources()
            before = graph.version
            try:
                plan, chosen = _planned(net, loss, xs)
                feeds.update(feed)
                if chosen:
                    asked.append((net, plan, chosen, plan.build()))
                else:
                    outcomes.append(Outcome(net, "plain", None, None))
            except Exception as error:  # what is not the truth about the net is a failure
                constant = "does not depend on" in str(error) and graph.version == before
                outcomes.append(Outcome(net, "constant" if constant else "failed", None, first_line(error)))
        values = _evaluated([a[-1] for a in asked], feeds)
    truths = known([a[0] for a in asked]) if asked else []
    return outcomes + [_verdict(net, plan, len(chosen) < len(net.values), v, _of(t, net, chosen))
                       for (net, plan, chosen, _), v, t in zip(asked, values, truths)]


def _planned(net, loss, xs):
    """(a plan that is structured at least in part, or None; the positions of its sources).

    Every fifth net as a user asks. Of the others the sources that take a column for each element are left out: laying
    those takes half of the time, and says nothing of structure.
    """
    places = list(range(len(xs)))
    if net.index % AS_A_USER == 2:
        plan = th.plan(loss, xs, verify="never")
        return (plan, places) if plan.engine in ("structured", "mixed") else (None, [])
    while places:
        try:
            return th.plan(loss, [xs[i] for i in places], engine="structured", verify="never"), places
        except ValueError as error:
            misfits = [i for i in places if "%s takes a column for each element" % xs[i].name in str(error)]
            if not misfits:
                raise
            places.remove(misfits[0])
    return None, []


def _of(truth, net, places):
    """What is known of some sources."""
    if net.flat:
        return truth
    ends = np.cumsum([v.size for v in net.values])
    kept = np.concatenate([np.arange(ends[i] - net.values[i].size, ends[i]) for i in places])
    diagonal = None if truth.diagonal is None else truth.diagonal[kept]
    return truth._replace(diagonal=diagonal, columns=truth.columns[kept])


def _evaluated(diagonals, feeds):
    with tf.Session(config=CONFIG) as session:
        session.run(tf.global_variables_initializer())
        try:
            return session.run(diagonals, feeds)
        except Exception:  # to find whose it is
            return [_value(session, d, feeds) for d in diagonals]


def _value(session, diagonal, feeds):
    try:
        return session.run(diagonal, feeds)
    except Exception as error:  # the verdict's
        return error


def _verdict(net, plan, is_part, value, truth):
    kind = "mixed" if is_part and not net.flat else plan.engine
    if isinstance(value, Exception):
        return Outcome(net, "failed", kind, "%s\nsession.run: %s" % (plan, _said(value)))
    if not np.isfinite(truth.columns).all():
        return Outcome(net, "uncertain", kind, "the columns are not finite")
    value = np.concatenate([np.ravel(v) for v in value])
    scale = max(truth.scale or 0, np.abs(truth.columns).max(), 1e-3)
    off = np.abs(value - truth.columns).max() / scale
    allowed, against = FROM_COLUMNS, truth.columns
    if off < allowed and truth.problem is None:
        off, against = np.abs(value - truth.diagonal).max() / scale, truth.diagonal
        allowed = FROM_DIFFERENCES + 4 * truth.error / scale
    if off < allowed:
        return Outcome(net, "uncertain" if truth.problem else "right", kind, off)
    return Outcome(net, "wrong", kind, "%s\noff by %.3g of the largest entry\n%s\nshould be\n%s" % (
        plan, off, value, against))


def _said(error):
    """What a session call failed with, without the places in the program."""
    lines = str(error).splitlines()
    told = [line for line in lines if line.startswith("assertion failed") or "Error" in line]
    return "\n".join(told or lines[:5])


def report(outcome):
    """Prints a failure and how to repeat it."""
    net = outcome.net
    print("\n%s\npython -m tests.structure.fuzz_nets --seed %d --first %d --nets 1\n%s\n%s\n" % (
        outcome.status.upper(), net.run, net.index, net, outcome.detail), flush=True)
    return outcome


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", type=int, default=3000, help="how many nets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first net")
    options = parser.parse_args(arguments)
    counts, began, last = collections.Counter(), time.time(), options.first + options.nets
    for start in range(options.first, last, BATCH):
        for outcome in check(options.seed, range(start, min(last, start + BATCH))):
            counts.update([outcome.status, outcome.kind or "no plan"])
            if outcome.status in FAILURES:
                report(outcome)
        print("up to %d, %.0f s: %s" % (start + BATCH, time.time() - began, ", ".join(
            "%d %s" % (count, name) for name, count in sorted(counts.items()))), flush=True)
    return 1 if any(counts[status] for status in FAILURES) else 0


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_eager_execution()
    sys.exit(main())
