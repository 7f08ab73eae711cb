"""A tf.train.SessionRunHook that evaluates a Hessian while a model trains."""
import os
import time
import warnings

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.api import hessian, hessian_diag
from tf1_hessian.graph import built
from tf1_hessian.graph.sources import resolve_losses, resolve_sources
from tf1_hessian.hooks.draws import draws_of, runs, tensors_fed
from tf1_hessian.hooks.files import save
from tf1_hessian.runners.evaluate import evaluate
from tf1_hessian.tensorboard import summaries

__all__ = ["HessianHook"]

_QUANTITIES = ("diag", "full")
# Options of th.hessian and th.hessian_diag that give other structures than the names of results tell.
_OTHER_RESULTS = ("flat", "other", "per_example", "name")


class HessianHook(tf.train.SessionRunHook):
    """The Hessian of a loss every so many steps or seconds of a MonitoredSession, MonitoredTrainingSession, Estimator.

    loss, xs: as in `th.hessian_diag`. quantity: "diag" or "full". every_steps: at steps that are multiples of it;
    every_secs: so many seconds after the last time; one of the two. options: of `th.hessian_diag` or `th.hessian`.

    What becomes of the values, at least one: summary_dir or writer (anything with add_summary): a histogram by source
    under `tag/`, and the trace as `tag_trace`; out: a folder of files `<quantity>-<step>.npz`, arrays by source name,
    for "full" by "row,column"; callback(step, values): values in the structure that the call gives.

    The values are those at the weights that the step leaves, in a session call of its own after that of the step,
    since reads and updates of weights have no order within one call. Without feed_dict they are of the step's own loss:
    its feed, the batch that it took from an iterator or a queue, and the masks of its dropout are fetched from the call
    of the step and fed to the second, which draws and reads nothing. Calls that do not run the ops that give these, or
    feed too little, are passed over, and the next one that does is taken. With feed_dict= the loss is that of those
    values, and nothing above it may be drawn or read.

    Training goes on bit by bit as without the hook: no variables, no draws, no batches, no updates. `begin` builds,
    before the graph is finalized; RuntimeError without a global step, ValueError for a loss whose second evaluation
    would change the training, and what `th.hessian_diag` raises; the graph is untouched then.
    """

    def __init__(self, loss, xs, *, quantity="diag", every_steps=None, every_secs=None, feed_dict=None,
                 summary_dir=None, writer=None, out=None, callback=None, tag="hessian", **options):
        _check(quantity, every_steps, every_secs, options)
        if summary_dir is not None and writer is not None:
            raise errors.bad_option("writer", writer, "a writer or a summary_dir, not both")
        if all(place is None for place in (summary_dir, writer, out, callback)):
            raise ValueError("HessianHook: nothing would become of the values; give summary_dir=, writer=, out= or "
                             "callback=.")
        self._asked = loss, xs, quantity, options
        self._every_steps, self._every_secs, self._feed_dict = every_steps, every_secs, feed_dict
        self._summary_dir, self._writer, self._out, self._callback, self._tag = (
            summary_dir, writer, out, callback, tag)
        self._evaluations, self._passed_over = 0, None

    def begin(self):
        """Builds the Hessian, as long as the graph takes ops."""
        loss, xs, quantity, options = self._asked
        losses = resolve_losses(loss)
        self._graph = losses[0].graph
        self._sources = resolve_sources(xs, self._graph)
        self._global_step = tf.train.get_global_step(self._graph)
        if self._global_step is None:
            raise RuntimeError("HessianHook needs a global step, which counts and names its results: call "
                               "tf.train.get_or_create_global_step() and pass it to minimize(..., global_step=).")
        self._refuse(losses)
        self._tensors = (hessian if quantity == "full" else hessian_diag)(loss, xs, **options)
        flat = _compat.flatten(self._tensors)
        record = built.record_of(flat[0]) if flat else None
        checks = [] if record is None or record.due is None else _compat.flatten(record.due.all_fetches)
        self._ops = [t.op for t in losses + flat + checks]
        if self._summary_dir is not None:
            self._writer = tf.summary.FileWriterCache.get(os.fspath(self._summary_dir))

    def after_create_session(self, session, coord):
        """Counts from the step where the session stands."""
        self._seen = self._last = int(session.run(self._global_step))
        self._last_time = time.time()
        self._draws = None

    def before_run(self, run_context):
        """Fetches what the step draws and reads along with it, if values may be due after it."""
        asked, self._draws = run_context.original_args, None
        # What was fetched beside an update may be the step before or after it, and this call adds another one.
        if self._is_due(self._seen + 2):
            self._draws = self._drawn_by(asked)
        return tf.train.SessionRunArgs({"step": self._global_step, "draws": self._draws.tensors if self._draws else []})

    def after_run(self, run_context, run_values):
        """Evaluates, if values are due."""
        found = run_values.results
        self._seen = int(found["step"])
        if self._draws is None or not self._is_due(self._seen + 1):
            return
        step = int(run_context.session.run(self._global_step))
        if not self._is_due(step):
            return
        feed = self._feed_dict
        if feed is None:
            feed = dict(run_context.original_args.feed_dict or {})
            feed.update(zip(self._draws.tensors, found["draws"]))
        self._last, self._last_time, self._evaluations = step, time.time(), self._evaluations + 1
        self._hand_over(step, evaluate(self._tensors, feed, run_context.session))
        self._last_time = time.time()

    def end(self, session):
        """Flushes the summaries; warns if values were due and no call of the session told the loss."""
        if self._writer is not None and hasattr(self._writer, "flush"):
            self._writer.flush()
        if not self._evaluations and self._passed_over:
            warnings.warn("HessianHook evaluated nothing: %s." % self._passed_over, stacklevel=2)

    def _is_due(self, step):
        if self._every_steps is not None:
            return step // self._every_steps > self._last // self._every_steps
        return step > self._last and time.time() - self._last_time >= self._every_secs

    def _refuse(self, losses):
        """Raises where a second evaluation would change the training, or lacks values."""
        draws = draws_of([t.op for t in losses], tensors_fed(self._graph, self._feed_dict))
        if self._feed_dict is None:
            return
        if draws.tensors:
            raise ValueError("HessianHook: with feed_dict= nothing may be drawn or read, which training would miss, "
                             "and '%s' (op type: %s) would be. Feed it as well, or leave feed_dict out: then each "
                             "evaluation has the batch and the draws of the step." % (
                                 draws.tensors[0].name, draws.tensors[0].op.type))
        if draws.unfed:
            raise ValueError("HessianHook: feed_dict gives no value for %s." % ", ".join(
                "'%s:0'" % name for name in draws.unfed))

    def _drawn_by(self, asked):
        """The Draws of a call, or None where it does not tell the loss."""
        if self._feed_dict is not None:
            return draws_of(self._ops, tensors_fed(self._graph, self._feed_dict))
        fed = tensors_fed(self._graph, asked.feed_dict)
        draws = draws_of(self._ops, fed)
        if draws.unfed:
            self._passed_over = "no call fed %s" % ", ".join("'%s:0'" % name for name in draws.unfed)
        elif not runs(self._graph, asked.fetches, fed, draws.tensors):
            self._passed_over = "no call ran all of %s, on which the loss depends" % ", ".join(
                "'%s'" % t.name for t in draws.tensors)
        else:
            return draws
        return None

    def _hand_over(self, step, values):
        arrays = list(zip(self._names(), _compat.flatten(values)))
        if self._writer is not None:
            summary = summaries({name.replace(":0", ""): array for name, array in arrays}, self._tag)
            summary.MergeFrom(summaries(self._trace([array for _, array in arrays]), self._tag + "_trace"))
            self._writer.add_summary(summary, step)
        if self._out is not None:
            save(os.path.join(os.fspath(self._out), "%s-%d.npz" % (self._asked[2], step)), arrays)
        if self._callback is not None:
            self._callback(step, values)

    def _names(self):
        names = [s.name for s in self._sources]
        if self._asked[2] == "diag" or len(names) == 1:
            return names
        return ["%s,%s" % (row, column) for row in names for column in names]

    def _trace(self, arrays):
        if self._asked[2] == "diag":
            return np.float64(sum(np.sum(a, dtype=np.float64) for a in arrays))
        count = len(self._sources)
        blocks = [arrays[i * count + i].reshape(s.size, s.size) for i, s in enumerate(self._sources)]
        return np.float64(sum(np.trace(b, dtype=np.float64) for b in blocks))


def _check(quantity, every_steps, every_secs, options):
    if quantity not in _QUANTITIES:
        raise errors.bad_option("quantity", quantity, "one of " + ", ".join(_QUANTITIES))
    if (every_steps is None) == (every_secs is None):
        raise ValueError("HessianHook: expected one of every_steps and every_secs, and got every_steps=%r, "
                         "every_secs=%r." % (every_steps, every_secs))
    if every_steps is not None and (isinstance(every_steps, bool) or not isinstance(every_steps, (int, np.integer))
                                    or every_steps < 1):
        raise errors.bad_option("every_steps", every_steps, "a whole number from 1 up")
    if every_secs is not None and (isinstance(every_secs, bool) or not isinstance(every_secs, (int, float))
                                   or not every_secs > 0):
        raise errors.bad_option("every_secs", every_secs, "a number above 0")
    for name in _OTHER_RESULTS:
        if name in options:
            raise errors.bad_option(name, options[name], "no such option of HessianHook")
