"""Sums in float64 against whole fractions, and what an interrupt leaves."""
import fractions

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tf1_hessian.runners import flat
from tf1_hessian.runners.accumulators import WeightedMean


def exact(terms):
    """The sum of numbers, element by element, in whole fractions."""
    return [float(sum(fractions.Fraction(*t.as_integer_ratio()) for t in each)) for each in zip(*terms)]


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


@pytest.mark.parametrize("is_narrow", [False, True])
@pytest.mark.parametrize("size", [1, 3, 30000, 100000, 2 ** 20])
def test_rows_that_wait_are_few_where_they_are_long(size, is_narrow):
    """As many as two megabytes hold, sixteen at most, one at least."""
    rows = flat.Flat([((size,), False)], is_narrow).rows
    assert rows.nbytes <= max(2 ** 21, size * rows.itemsize)
    assert len(rows) in (1, 16) or rows.nbytes + size * rows.itemsize > 2 ** 21


@pytest.mark.parametrize("size", [3, 5000, 600000])
def test_single_precision_is_exact_up_to_the_blocks(size):
    """Sixteen batches at a time are added up as they are: 15 roundings of at most 2^-53 of all sizes, for any number of
    batches. Batches of float64 come between."""
    draw = np.random.RandomState(0)
    terms = [(draw.randn(size) * 10.0 ** draw.randint(-8, 8, size=size)).astype(np.float64 if i in (5, 39) else "f4")
             for i in range(100)]
    total = WeightedMean(["a", "b"], "sum")
    for term in terms:
        total.add([term[:2], term[2:].reshape(1, -1)])
    some = draw.choice(size, 3) if size > 3 else np.arange(3)
    found = np.append(*[np.ravel(r) for r in total.result()])[some]
    sizes = np.sum([np.abs(t[some], dtype=np.float64) for t in terms], 0)
    assert np.all(np.abs(found - exact([t[some] for t in terms])) < 15 * 2.0 ** -53 * sizes)


def test_weights_of_single_precision_are_double():
    """The products too."""
    draw, total = np.random.RandomState(0), WeightedMean(["a"], "sum")
    terms, weights = draw.randn(40, 7).astype("f4"), draw.rand(40)
    for term, weight in zip(terms, weights):
        total.add([term], weight)
    sizes = np.sum(np.abs(terms.astype(np.float64) * weights[:, None]), 0)
    true = exact([weight * term.astype(np.float64) for term, weight in zip(terms, weights)])
    assert np.all(np.abs(total.result()[0] - true) < 16 * 2.0 ** -53 * sizes)


def test_a_weight_that_makes_single_precision_infinite_is_refused():
    total = WeightedMean(["a"])
    total.add([np.full(2, 1e30, "f4")], 1e270)
    with pytest.raises(ValueError, match="'a' is not finite in batch 1"):
        total.add([np.full(2, 1e30, "f4")], 1e290)
    np.testing.assert_allclose(total.result()[0], 1e30, rtol=1e-7)


def test_small_whole_numbers_stay_whole():
    """The largest of int32, and more batches than are added up as they are."""
    total, largest = WeightedMean(["a"], "sum"), 2 ** 31 - 1
    for _ in range(40):
        total.add([np.array([largest, -largest], np.int32)])
    assert total.result()[0].tolist() == [40 * largest, -40 * largest] and total.result()[0].dtype == np.int64


@pytest.mark.parametrize("stops", [(1,), (16,), (17, 20), (3, 5, 33, 90)])
def test_the_bits_do_not_depend_on_where_it_was_saved_or_asked(tmp_path, stops):
    """Blocks begin where they would have begun."""
    draw, path = np.random.RandomState(0), str(tmp_path / "kept.npz")
    terms = [[(draw.randn(5) * 10.0 ** draw.randint(-8, 8, 5)).astype("f4")] for _ in range(100)]
    straight, broken, asked = [WeightedMean(["a"], "sum") for _ in range(3)]
    for i, term in enumerate(terms):
        if i in stops:
            broken.save(path, {})
            broken = WeightedMean(["a"], "sum")
            broken.load(path, {})
            asked.result()
        for each in (straight, broken, asked):
            each.add(term, 1.0 / 3)
    assert straight.result()[0].tobytes() == broken.result()[0].tobytes() == asked.result()[0].tobytes()


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


@pytest.mark.parametrize("dtype, where, count", [
    ("float64", "fill", 16), ("float64", "add", 16), ("float32", "fill", 13), ("float32", "add_up", 16),
    ("float32", "add_vector", 16)])
def test_an_interrupt_leaves_the_batches_before_it(monkeypatch, tmp_path, dtype, where, count):
    """At each place where it can come, and twice; what is saved then is a sum of whole batches."""
    total = WeightedMean(["a"], "sum")
    for i in range(count):
        total.add([np.full(3, 1.0 + i, dtype)])
    before = getattr(flat.Flat, where)

    def interrupted(*arguments):
        before(*arguments)  # of 16 rows, and blocks of as many
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(flat.Flat, where, interrupted)
            with pytest.raises(KeyboardInterrupt):
                total.add([np.full(3, 100.0, dtype)])
    total.save(str(tmp_path / "kept.npz"), {})
    again = WeightedMean(["a"], "sum")
    again.load(str(tmp_path / "kept.npz"), {})
    assert again.batches == count
    for each in (total, again):
        each.add([np.full(3, 0.5, dtype)])
        assert each.result()[0].tolist() == [count * (count + 1) / 2 + 0.5] * 3
