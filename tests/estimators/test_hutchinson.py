"""Random signs: within their own bands, exact where that costs no more, refused where options make no sense."""
import numpy as np
import pytest
from matrices import EACH, SPECTRA, coverage, symmetric

import tf1_hessian as th

BAND = [np.abs(np.subtract.outer(np.arange(40), np.arange(40))) <= 1][0]


@pytest.mark.parametrize("spectrum", EACH)
def test_the_truth_is_within_the_band_in_95_percent_of_seeds(spectrum):
    matrix = symmetric(SPECTRA[spectrum])
    trace = coverage(lambda s: th.estimate_trace(matrix, samples=30, seed=s), np.trace(matrix), 200)
    diag = coverage(lambda s: th.estimate_diag(matrix, samples=30, seed=s), np.diag(matrix), 30)
    assert 0.91 < trace < 0.99 and 0.92 < diag < 0.98


def test_the_variance_is_that_of_the_theory():
    """Of the trace 2 (|A|_F^2 - |diag A|^2), of an entry the squares of the others in its row."""
    matrix = symmetric(SPECTRA["indefinite"])
    off = np.square(matrix) - np.diag(np.diag(matrix) ** 2)
    found = th.estimate_trace(matrix, samples=55)
    assert found.standard_error == pytest.approx(np.sqrt(2 * off.sum() / 55), rel=0.3)
    entries = th.estimate_diag(matrix, samples=55).standard_error
    np.testing.assert_allclose(np.mean(entries ** 2 / (off.sum(1) / 55)), 1, rtol=0.1)


def test_a_seed_tells_the_numbers_and_numpy_is_left_alone():
    matrix = symmetric(SPECTRA["flat"])
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    one, other = (th.estimate_diag(matrix, samples=12, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.value, other.value)
    assert (np.random.get_state()[1] == before).all()
    assert not np.array_equal(one.value, th.estimate_diag(matrix, samples=12, seed=6).value)


def test_goes_on_until_the_tolerance():
    matrix = np.kron(np.eye(4), symmetric(SPECTRA["flat"]))
    few = th.estimate_trace(matrix, samples=4)
    found = th.estimate_trace(matrix, samples=4, tolerance=0.002, max_samples=200)
    assert few.samples == 4 < found.samples < 200
    assert found.standard_error <= 0.002 * abs(found.value) < few.standard_error
    assert found.products == found.samples


def test_warns_where_the_tolerance_is_not_reached():
    with pytest.warns(RuntimeWarning, match="max_samples=20"):
        found = th.estimate_trace(symmetric(SPECTRA["indefinite"]), samples=4, tolerance=1e-6, max_samples=20)
    assert found.samples == 20


@pytest.mark.parametrize("method", ["hutchinson", "probing"])
def test_columns_are_taken_where_they_are_not_more(method):
    matrix = symmetric(SPECTRA["indefinite"])
    coloring = np.arange(60) % 2 if method == "probing" else None
    found = th.estimate_diag(matrix, method=method, coloring=coloring, samples=60)
    np.testing.assert_allclose(found.value, np.diag(matrix), atol=1e-14)
    assert found.products == 60 and not found.standard_error.any()
    assert th.estimate_trace(matrix, samples=60).value == pytest.approx(np.trace(matrix), abs=1e-12)


@pytest.mark.parametrize("coloring", ["pattern", "coloring", "colors"])
def test_colours_of_the_whole_pattern_are_exact(coloring):
    """Two suffice for the diagonal of a band: neighbours differ."""
    matrix = np.random.RandomState(0).standard_normal([40, 40]) * BAND
    matrix = matrix + matrix.T
    pattern = th.SparsityPattern(BAND)
    given = {"pattern": pattern, "coloring": th.Coloring.of(pattern, "distance1"),
             "colors": np.arange(40) % 2 * 7}[coloring]
    found = th.estimate_diag(matrix, method="probing", coloring=given, samples=3)
    np.testing.assert_allclose(found.value, np.diag(matrix), atol=1e-14)
    assert found.products == 6 and found.samples == 3 and np.max(found.standard_error) < 1e-14
    assert th.estimate_trace(matrix, method="probing", coloring=given, samples=2).value == pytest.approx(
        np.trace(matrix), abs=1e-12)


def test_colours_that_leave_out_small_entries_leave_small_errors():
    apart = np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
    matrix = 0.3 ** apart * np.linspace(1, 2, 200) * np.linspace(1, 2, 200)[:, None]
    probed = th.estimate_diag(matrix, method="probing", coloring=np.arange(200) % 4, samples=10)
    plain = th.estimate_diag(matrix, samples=40)
    assert probed.products == plain.products == 40
    assert np.linalg.norm(probed.standard_error) < 0.05 * np.linalg.norm(plain.standard_error)
    within = coverage(lambda s: th.estimate_diag(matrix, method="probing", coloring=np.arange(200) % 4, samples=20,
                                                 seed=s), np.diag(matrix), 20)
    assert 0.92 < within < 0.98


@pytest.mark.parametrize("options, told", [
    ({"samples": 1}, "samples=1 is not possible"), ({"samples": 2.5}, "samples=2.5"), ({"seed": -1}, "seed=-1"),
    ({"seed": "x"}, "seed="), ({"tolerance": 0}, "tolerance=0"), ({"max_samples": 0}, "max_samples=0"),
    ({"method": "xtrace"}, "hutchinson, xdiag, probing"), ({"method": "probing"}, "coloring=None"),
    ({"coloring": [0, 1]}, "coloring="), ({"method": "probing", "coloring": [0, 1, 0]}, "each of the 60 elements"),
    ({"session": 3}, "session=3"), ({"feeds": {}}, "feeds={}")])
def test_options_that_make_no_sense(options, told):
    with pytest.raises(ValueError) as caught:
        th.estimate_diag(symmetric(SPECTRA["flat"]), **options)
    assert told in str(caught.value)
