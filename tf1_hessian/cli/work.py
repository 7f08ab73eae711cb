"""What each command does: load, plan, evaluate, write. What flags and files can spoil is looked at before the work."""
import collections
import contextlib
import hashlib
import json
import os
import time

import numpy as np

from tf1_hessian import diagnosis, models
from tf1_hessian.cli import inspection, output
from tf1_hessian.cli.batches import Batches
from tf1_hessian.cli.failures import FAILED, INPUT, REFUSED, Stop, exit_with
from tf1_hessian.cli.kept import KeptOperator
from tf1_hessian.cli.progress import Progress
from tf1_hessian.cli.reduction import check_reduction
from tf1_hessian.models.names import told_shape
from tf1_hessian.optimize import estimates
from tf1_hessian.plan import make_plan
from tf1_hessian.runners.evaluate import evaluate
from tf1_hessian.runners.refusals import CheckpointError
from tf1_hessian.streams.stream import stream
from tf1_hessian.testing import check as checked_by_differences

__all__ = ["check", "diag", "hessian", "inspect", "plan", "spectrum"]

_OPTIONS = ("engine", "chunk_size", "precision", "memory_limit", "verify", "max_columns")


def inspect(given, argv):
    """Prints what is in a model, and with a loss what stands in the way of second derivatives."""
    if given.sources and given.loss is None:
        raise Stop(INPUT, "--source needs --loss")
    with _loaded(given) as model:
        for line in inspection.report(model):
            print(line)
        if model.loss is not None:
            with exit_with(INPUT):
                found = diagnosis.diagnose(model.loss, list(model.sources.values()))
            print("\n%s" % found)
            return REFUSED if found.refused else None


def plan(given, argv):
    """Prints the plan."""
    with _loaded(given) as model:
        print(_planned(given, model, given.quantity))


def check(given, argv):
    """Prints what finite differences say; the exit code says so too."""
    with _loaded(given) as model:
        feeds = _feeds(given, model)
        found = _planned(given, model, given.quantity)
        with exit_with(FAILED):
            verdict = checked_by_differences(found, model.session, feeds, given.seed)
        if not np.isfinite(verdict.error):
            raise Stop(FAILED, "the result or the gradient around it is not finite (error %s)" % verdict.error)
        print("%s\n%s" % (found, verdict))
        return None if verdict.ok else REFUSED


def diag(given, argv):
    """Writes the diagonal, an array for each source."""
    with _Job(given, argv) as job:
        found = _planned(given, job.model, "diag")
        print(found)
        values = job.streamed(found)
        arrays = dict(zip(job.model.sources, values))
        job.finish(arrays, lambda plots: plots.curvature_by_layer(arrays)[0], plan=str(found), quantity="diag")
        _print_table(arrays)


def hessian(given, argv):
    """Writes the blocks on the diagonal by source, and the whole matrix."""
    with _Job(given, argv) as job:
        found = _planned(given, job.model, "full", flat=True)
        print(found)
        matrix = np.asarray(job.streamed(found))
        arrays, sizes, start = {"__hessian__": matrix}, collections.OrderedDict(), 0
        for name, source in zip(job.model.sources, found.sources):
            shape, part = tuple(source.shape.as_list()), slice(start, start + source.size)
            arrays[name] = matrix[part, part].reshape(shape + shape)
            sizes[name], start = source.size, start + source.size
        job.finish(arrays, lambda plots: plots.hessian_map(matrix, sizes)[0], plan=str(found), quantity="hessian")
        print("__hessian__  [%d, %d], symmetric to %.2g of its largest entry %.3g" % (
            matrix.shape + (_asymmetry(matrix), np.abs(matrix).max(initial=0))))


def spectrum(given, argv):
    """Writes the eigenvalues of largest magnitude and the density of all."""
    with _Job(given, argv) as job:
        with job.operator() as operator:
            size = operator.shape[0]
            pairs = estimates.eigenvalues(operator, k=min(given.top, size), seed=given.seed)
            density = estimates.spectral_density(operator, samples=given.samples, steps=min(given.steps, size),
                                                 seed=given.seed)
        print("%s\n%s" % (pairs, density))
        job.finish({"eigenvalues": pairs.values, "errors": pairs.errors, "eigenvectors": pairs.vectors,
                    "grid": density.grid, "density": density.density, "standard_error": density.standard_error,
                    "nodes": density.nodes, "weights": density.weights},
                   lambda plots: plots.spectrum((density.grid, density.density, density.standard_error))[0],
                   quantity="spectrum", seed=given.seed)


def _loaded(given):
    with exit_with(INPUT):
        tags = [t for t in given.tags.split(",") if t]
        return models.load_model(given.model, given.loss, given.sources, given.checkpoint, tags=tags)


def _feeds(given, model):
    with exit_with(INPUT):
        return model.feeds({} if given.feeds is None else given.feeds, allow_nan=given.allow_nan)


def _planned(given, model, quantity, **more):
    more.update((name, getattr(given, name)) for name in _OPTIONS)
    with exit_with(REFUSED):
        return make_plan(model.loss, list(model.sources.values()), quantity, **more)


class _Job(object):
    """A command with feeds and results. Its start looks at every flag and file; the work may then begin.

    model; feeds: {tensor name: array}; batches: Batches or None.
    """

    def __init__(self, given, argv):
        output.check_place(given.out, "--out")
        if given.plot is not None:
            output.check_picture(given.plot)
            output.check_place(given.plot, "--plot")
        self._given, self._argv, self._resume = given, argv, None
        self.model = _loaded(given)
        try:
            self._begin()
        except BaseException:
            self.model.close()
            raise

    def _begin(self):
        given = self._given
        for flag in ("out", "plot"):
            if getattr(given, flag) is not None:
                output.check_place(getattr(given, flag), "--" + flag, self.model.files)
        self.feeds = _feeds(given, self.model)
        size = given.batch_size
        self.batches = None if size is None else Batches(self.feeds, self.model.graph, size)
        if self.batches is not None and not given.trust_reduce:
            check_reduction(self.model.loss, self.batches, given.reduce, self.model.session)
        self._fed_hash = given.feeds and output.sha256(given.feeds)

    @property
    def fed(self):
        """The feed_dict, or a function that gives those of the batches, as HessianOperator takes them."""
        return self.feeds if self.batches is None else lambda: iter(self.batches)

    @property
    def weight(self):
        """What a batch counts, as th.stream takes it."""
        return self.batches.examples_of if self.batches and self._given.reduce == "mean" else None

    def __enter__(self):
        self.model.__enter__()
        return self

    def __exit__(self, *failure):
        self.model.__exit__(*failure)

    def streamed(self, plan):
        """The values of a plan over all batches. Raises Stop where one is not finite."""
        with exit_with(FAILED):
            values = self._evaluated(plan)
        for name, value in zip(self.model.sources, values if isinstance(values, list) else [values]):
            bad = np.size(value) - np.sum(np.isfinite(value))
            if bad:
                raise Stop(FAILED, "%d of %d entries of the result%s are not finite; nothing is written. Look for log, "
                           "sqrt or a division at 0 in the loss (tf1-hessian inspect --loss)" % (
                               bad, np.size(value), " for '%s'" % name if isinstance(values, list) else ""))
        return values

    def _evaluated(self, plan):
        if self.batches is None:
            return evaluate(plan, self.feeds, self.model.session)
        checkpoint = self._checkpoint()
        try:
            return stream(plan, self.batches, self.model.session, weight=self.weight, reduce=self._given.reduce,
                          progress=Progress(), checkpoint=checkpoint)
        except CheckpointError as error:
            raise Stop(INPUT, str(error)) from error

    @contextlib.contextmanager
    def operator(self):
        """The Hessian as an operator that tells and keeps its products."""
        given, model, progress, start = self._given, self.model, Progress("product"), time.perf_counter()
        path = self._checkpoint()
        with exit_with(REFUSED):
            operator = KeptOperator(
                path, lambda done: progress(done, None, time.perf_counter() - start), model.loss,
                list(model.sources.values()), model.session, self.fed, weight=self.weight, reduce=given.reduce,
                precision=given.precision)
        try:
            yield operator
        finally:
            progress.end()

    def _checkpoint(self):
        """Where what is finished is kept: a file of this very question, model and feeds."""
        if not self._given.resume:
            return None
        asked = [self._given.command, self._given.batch_size, self.model.loss.name, list(self.model.sources),
                 self._given.precision, [output.sha256(f) for f in self.model.files], self._fed_hash]
        if self._given.command == "spectrum":
            asked.append(self._given.reduce)  # of others the file itself knows it
        mark = hashlib.sha256(json.dumps(asked).encode("utf-8")).hexdigest()[:8]
        self._resume = "%s.%s.resume" % (self._given.out, mark)
        folder, name = os.path.split(os.path.abspath(self._given.out))
        others = [f for f in sorted(os.listdir(folder)) if f.startswith(name + ".") and f.endswith(".resume")
                  and f != os.path.basename(self._resume)]
        if others:
            raise Stop(INPUT, "'%s' holds what is finished of another question, model or feeds. Remove it to start "
                       "anew, or give another --out" % os.path.join(os.path.dirname(self._given.out), others[0]))
        return self._resume

    def finish(self, arrays, draw, **facts):
        """Writes arrays, provenance and picture."""
        given, model = self._given, self.model
        if self.batches is not None:
            facts.update(batch_size=given.batch_size, batches=len(self.batches), examples=self.batches.examples,
                         reduce=given.reduce)
        sources = [[name, told_shape(s.shape)] for name, s in model.sources.items()]
        told = output.provenance(self._argv, model, sources=sources, feeds=given.feeds, feeds_sha256=self._fed_hash,
                                 **facts)
        output.write({given.out: output.to_npz(arrays, told)})
        if self._resume and os.path.exists(self._resume):
            os.remove(self._resume)
        print("written: %s" % given.out)
        if given.plot is not None:
            with exit_with(FAILED, "'%s' is written, and the picture can't be drawn: " % given.out):
                from tf1_hessian import plots
                output.write({given.plot: output.rendered(draw(plots), given.plot)})
            print("written: %s" % given.plot)


def _asymmetry(matrix):
    largest = np.abs(matrix).max(initial=0)
    return np.abs(matrix - matrix.T).max(initial=0) / largest if largest else 0.0


def _print_table(arrays):
    width = max(len(name) for name in arrays)
    for name, values in arrays.items():
        print("%s  %s  from %.3g to %.3g, sum %.6g, %d negative, %d zero" % (
            name.ljust(width), list(np.shape(values)), np.min(values), np.max(values), np.sum(values),
            np.sum(np.asarray(values) < 0), np.sum(np.asarray(values) == 0)))
