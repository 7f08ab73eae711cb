"""XTrace and XDiag: within their own bands, exact on matrices of low rank, better than random signs where they
should."""
import numpy as np
import pytest
from matrices import EACH, SPECTRA, coverage, symmetric

import tf1_hessian as th


@pytest.mark.parametrize("spectrum", EACH)
def test_the_truth_is_within_the_band_in_95_percent_of_seeds(spectrum):
    """The jackknife's errors are too large rather than too small."""
    matrix = symmetric(SPECTRA[spectrum])
    trace = coverage(lambda s: th.estimate_trace(matrix, method="xtrace", samples=7, seed=s), np.trace(matrix), 60)
    diag = coverage(lambda s: th.estimate_diag(matrix, method="xdiag", samples=7, seed=s), np.diag(matrix), 30)
    assert trace >= 0.93 and diag >= 0.93


@pytest.mark.parametrize("quantity, method", [("trace", "xtrace"), ("diag", "xdiag")])
def test_no_bias(quantity, method):
    matrix = symmetric(SPECTRA["decaying"])
    call, truth = {"trace": (th.estimate_trace, np.trace), "diag": (th.estimate_diag, np.diag)}[quantity]
    found = np.stack([call(matrix, method=method, samples=5, seed=s).value for s in range(100)])
    error = np.linalg.norm(found.mean(0) - truth(matrix))
    assert error < 2.5 * np.linalg.norm(found.std(0)) / np.sqrt(100)


def test_better_than_signs_where_eigenvalues_decay():
    matrix = symmetric(SPECTRA["decaying"])
    errors = {m: np.sqrt(np.mean([(th.estimate_trace(matrix, method=m, samples=k, seed=s).value - np.trace(matrix)) ** 2
                                  for s in range(5)])) for m, k in (("hutchinson", 50), ("xtrace", 25))}
    assert errors["xtrace"] < 0.1 * errors["hutchinson"]
    found = th.estimate_diag(matrix, method="xdiag", samples=25)
    assert found.products == 50
    assert np.linalg.norm(found.value - np.diag(matrix)) < 0.02 * np.linalg.norm(np.diag(matrix))


@pytest.mark.parametrize("matrix", [
    symmetric(np.append([3.0, -2.0], np.zeros(58))), np.diag(np.append([1.0, 2.0, -4.0], np.zeros(57))),
    np.zeros([60, 60]), np.ones([60, 60])])
def test_low_rank_is_exact(matrix):
    trace = th.estimate_trace(matrix, method="xtrace", samples=6)
    assert trace.value == pytest.approx(np.trace(matrix), abs=1e-10) and trace.standard_error < 1e-10
    found = th.estimate_diag(matrix, method="xdiag", samples=12)
    np.testing.assert_allclose(found.value, np.diag(matrix), atol=1e-10)


def test_columns_are_taken_where_they_are_not_more():
    matrix = symmetric(SPECTRA["indefinite"])
    found = th.estimate_diag(matrix, method="xdiag", samples=30)
    np.testing.assert_allclose(found.value, np.diag(matrix), atol=1e-14)
    assert found.products == 60 and not found.standard_error.any()


def test_goes_on_with_what_it_has_until_the_tolerance():
    matrix = symmetric(0.9 ** np.arange(150))
    found = th.estimate_trace(matrix, method="xtrace", samples=5, tolerance=0.01, seed=2)
    assert 5 < found.samples < 60 and found.products == 2 * found.samples
    assert found.standard_error <= 0.01 * found.value
    assert abs(found.value - np.trace(matrix)) < 0.03 * found.value
    at_once = th.estimate_trace(matrix, method="xtrace", samples=found.samples, seed=2)
    assert at_once.value == pytest.approx(found.value, rel=1e-9)
