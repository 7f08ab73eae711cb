"""A hundred random programs a run: each result is right or refused. `make fuzz` runs thousands."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests import fuzz
from tests.random_graphs import OPS, Program
from tests.random_truths import truths

SEED, TOGETHER = 3, 10
# The first two steps of each program: what takes long is a matter for `make fuzz`.
STEPS = (0, 1)


@pytest.mark.parametrize("first", range(0, 100, TOGETHER))
def test_ten_programs_in_one_graph(first):
    outcomes = fuzz.check(SEED, range(first, first + TOGETHER), STEPS)
    assert not [fuzz.report(o) for o in outcomes if o.status in fuzz.FAILURES]
    assert sum(o.status == "right" for o in outcomes) >= 7


def test_the_programs_ask_something():
    """Most Hessians are neither zero nor diagonal, hardly any truth is in doubt, and many ops are drawn."""
    programs = [Program(SEED, i, STEPS) for i in range(100)]
    found = [t for i in range(0, 100, 20) for t in truths(programs[i:i + 20])]
    known = [t.hessian for t in found if t.problem is None]
    assert len(known) >= 95
    assert sum(np.abs(h).max() > 1e-3 for h in known) >= 90
    assert sum(np.abs(h - np.diag(np.diag(h))).max() > 1e-3 for h in known) >= 70
    assert len({name for p in programs for name in p.ops}) > 0.5 * len(OPS)
    assert {s.kind for p in programs for s in p.sources} == {"resource", "ref", "partitioned", "fed", "tensor"}


class Given(object):
    """A program whose loss is given."""

    form, start = "v1", np.array([0.5, -0.75, 1.25])

    def __init__(self, loss):
        self._loss = loss

    def nodes_of(self, flat):
        return flat

    def build(self, flat, dtype, exact):
        return self._loss(flat)


@tf.custom_gradient
def square_with_a_wrong_slope(x):
    return x * x, lambda grad: 2.02 * grad * x


def test_the_truth():
    found, = truths([Given(lambda x: tf.reduce_sum(x ** 3) * x[0])])
    a, b, c = Given.start
    true = np.array([[12 * a * a, 3 * b * b, 3 * c * c], [3 * b * b, 6 * b * a, 0], [3 * c * c, 0, 6 * c * a]])
    assert found.problem is None and found.note is None and found.error < 1e-10
    np.testing.assert_allclose(found.hessian, true, atol=1e-10)


@pytest.mark.parametrize("status, loss", [
    ("wrong", square_with_a_wrong_slope), ("uncertain", lambda x: tf.abs(x - Given.start + 1e-4)),
    ("uncertain", lambda x: tf.nn.relu(x - Given.start + 1e-4) ** 2), ("uncertain", lambda x: tf.log(-x)),
    ("refused", lambda x: tf.py_func(lambda a: a ** 2, [x], tf.float64))])
def test_what_is_no_truth(status, loss):
    good, found = truths([Given(tf.sin), Given(loss)])
    assert good.problem is None and found.problem[0] == status


def test_a_program_is_what_its_numbers_make_it():
    def text(dtype):
        with tf.Graph().as_default():
            program = Program(SEED, 8)
            program.build(program.variables()[0], tf.float32 if program.single else tf.float64)
            return str(program)

    assert text(tf.float64) == text(tf.float64)


def spoiled(call, factor=1.0, error=None, leaves_ops=False):
    """A call of the library that is off by a factor, or raises."""
    def found(*args, **options):
        if leaves_ops:
            tf.constant(0.0)
        if error is not None:
            raise error
        return _scaled(call(*args, **options), factor)

    return found


def _scaled(found, factor):
    return [_scaled(f, factor) for f in found] if isinstance(found, (list, tuple)) else found * factor


def statuses(monkeypatch, **options):
    """How the programs come out that have a Hessian to speak of, in double precision."""
    for name in ("hessian", "hessian_diag", "hvp"):
        monkeypatch.setattr(th, name, spoiled(getattr(th, name), **options))
    outcomes = fuzz.check(SEED, range(5), STEPS)
    return {o.status for o in outcomes if not (o.program.single or o.program.rough)}


def test_what_is_wrong_is_noticed(monkeypatch):
    assert statuses(monkeypatch, factor=1 + 1e-6) == {"wrong"}


def test_a_refusal_is_counted(monkeypatch):
    assert statuses(monkeypatch, error=LookupError("no gradient")) == {"refused"}


@pytest.mark.parametrize("error, leaves_ops", [(LookupError("half-way"), True), (RuntimeError("lost"), False)])
def test_another_error_is_a_failure(monkeypatch, error, leaves_ops):
    assert statuses(monkeypatch, error=error, leaves_ops=leaves_ops) == {"failed"}
