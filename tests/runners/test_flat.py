"""Sums in float64 that lose nothing, against whole fractions; and what an interrupt leaves."""
import fractions

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tf1_hessian.runners import flat
from tf1_hessian.runners.accumulators import WeightedMean


def exact(terms):
    """The sum of floats, element by element, in whole fractions."""
    return [float(sum(fractions.Fraction(float(t)) for t in each)) for each in zip(*terms)]


@pytest.mark.parametrize("size", [3, 5000, 140000])
def test_sums_are_exact_whatever_waits_and_however_long(size):
    """Of sizes for several waiting rows, for several pieces, for one row alone."""
    draw = np.random.RandomState(0)
    terms = [draw.randn(size) * 10.0 ** draw.randint(-8, 8, size=size) for _ in range(41)]
    total = WeightedMean(["a", "b"], "sum")
    for term in terms:
        total.add([term[:2], term[2:].reshape(1, -1)])
    first, rest = total.result()
    some = draw.choice(size, 3) if size > 3 else np.arange(3)
    found = np.append(first, rest)[some]
    np.testing.assert_allclose(found, exact([t[some] for t in terms]), rtol=3e-16)
    assert rest.shape == (1, size - 2)


def test_what_cancels_leaves_the_small():
    total = WeightedMean(["a"], "sum")
    for term in (1.0, 1e100, 1.0, -1e100):
        total.add([np.array([term])])
    assert total.result()[0] == 2.0


def test_complex_numbers_half_precision_and_whole_numbers_beside_one_another():
    total = WeightedMean(["c", "h", "i", "b", "e"])
    for weight in (1.0, 3.0):
        total.add([np.array([[1 + 2j, -1j]], np.complex64) * weight, np.float16(0.5),
                   np.arange(3), np.array([True, False]), np.zeros([0, 2])], weight)
    complex_found, half, whole, flags, empty = total.result()
    np.testing.assert_array_equal(complex_found, np.array([[1 + 2j, -1j]]) * 10 / 4)
    assert half == 0.5 and whole.tolist() == [0, 1, 2] and flags.tolist() == [1, 0] and empty.shape == (0, 2)


def test_brain_floats():
    value = np.array([0.5, 3.0]).astype(tf.bfloat16.as_numpy_dtype)
    total = WeightedMean(["a", "b"], "sum")
    total.add([value, value[:1]])
    total.add([value, value[:1]])
    assert [t.tolist() for t in total.result()] == [[1.0, 6.0], [1.0]]


def test_complex_after_real_is_refused():
    total = WeightedMean(["a"])
    total.add([np.ones(2)])
    with pytest.raises(ValueError, match="'a' is complex"):
        total.add([np.ones(2, np.complex128)])
    assert total.result()[0].tolist() == [1.0, 1.0] and total.batches == 1


def test_numbers_whose_sum_is_beyond_float64_are_finite_still():
    total = WeightedMean(["a", "b"])
    total.add([np.full(3, 1.7e308), np.ones(2)])
    assert total.result()[0].tolist() == [1.7e308] * 3
    with pytest.raises(ValueError, match="'b' is not finite in batch 1"):
        total.add([np.full(3, 1.7e308), np.array([1.0, np.inf])])


@pytest.mark.parametrize("where", ["fill", "add"])
def test_an_interrupt_leaves_the_batches_before_it(monkeypatch, tmp_path, where):
    """At each place where it can come, and twice; what is saved then is a sum of whole batches."""
    total, count = WeightedMean(["a"], "sum"), len(flat.Flat([((3,), False)]).rows)
    for i in range(count):
        total.add([np.full(3, 1.0 + i)])
    before = getattr(flat.Flat, where)

    def interrupted(*arguments):
        before(*arguments)
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(flat.Flat, where, interrupted)
            with pytest.raises(KeyboardInterrupt):
                total.add([np.full(3, 100.0)])
    total.save(str(tmp_path / "kept.npz"), {})
    again = WeightedMean(["a"], "sum")
    again.load(str(tmp_path / "kept.npz"), {})
    assert again.batches == count
    for each in (total, again):
        each.add([np.full(3, 0.5)])
        assert each.result()[0].tolist() == [count * (count + 1) / 2 + 0.5] * 3
