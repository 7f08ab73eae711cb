"""The spectral density against that of the exact eigenvalues."""
import numpy as np
import pytest
from matrices import EACH, SPECTRA, symmetric

import tf1_hessian as th


def smoothed(values, grid, width):
    """A normal bell around each eigenvalue, over n."""
    each = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return each.mean(1)


@pytest.mark.parametrize("spectrum", EACH)
def test_exact_density_within_the_band(spectrum):
    matrix = np.kron(symmetric(SPECTRA[spectrum]), np.eye(2))
    inside = []
    for seed in range(10):
        found = th.spectral_density(matrix, samples=8, steps=24, seed=seed)
        truth = smoothed(np.repeat(SPECTRA[spectrum], 2), found.grid, found.width)
        seen = truth > 1e-3 * truth.max()
        bound = 2.36 * found.standard_error + 1e-4 * truth.max()
        inside.append(np.mean((np.abs(found.density - truth) <= bound)[seen]))
    assert np.mean(inside) > 0.9


def test_it_integrates_to_one_and_is_told():
    found = th.spectral_density(symmetric(SPECTRA["indefinite"]), samples=5, steps=20, points=400)
    step = found.grid[1] - found.grid[0]
    assert found.density.sum() * step == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.weights.sum(1), 1, rtol=1e-12)
    assert found.samples == 5 and found.products == 102 and found.nodes.shape == (5, 20)
    assert str(found).startswith("SpectralDensity(n=60, eigenvalues from about -1.")


def test_means_over_the_eigenvalues():
    values = SPECTRA["flat"]
    found = th.spectral_density(symmetric(values), samples=12, steps=20, seed=3)
    for function in (np.log, np.square, np.sqrt):
        mean = found.mean_of(function)
        low, high = mean.interval(0.999)
        assert low <= function(values).mean() <= high and mean.standard_error < 0.1 * abs(mean.value)


def test_grid_and_width_are_kept():
    grid = np.linspace(-3, 3, 70)
    found = th.spectral_density(symmetric(SPECTRA["indefinite"]), steps=60, samples=60, width=0.2, grid=grid)
    np.testing.assert_array_equal(found.grid, grid)
    truth = smoothed(SPECTRA["indefinite"], grid, 0.2)
    assert found.width == 0.2 and np.abs(found.density - truth).max() < 0.15 * truth.max()


def test_goes_on_until_the_tolerance():
    matrix = symmetric(SPECTRA["flat"])
    found = th.spectral_density(matrix, samples=3, steps=15, tolerance=0.05)
    assert 3 < found.samples < 100 and found.standard_error.max() <= 0.05 * found.density.max()
    with pytest.warns(RuntimeWarning, match="max_samples=6"):
        assert th.spectral_density(matrix, samples=3, steps=15, tolerance=1e-6, max_samples=6).samples == 6


@pytest.mark.parametrize("matrix", [np.zeros([5, 5]), 3 * np.eye(5), np.eye(1)])
def test_one_eigenvalue(matrix):
    found = th.spectral_density(matrix, samples=2)
    np.testing.assert_allclose(found.mean_of(lambda v: v).value, matrix[0, 0], atol=1e-14)
    assert found.grid[np.argmax(found.density)] == pytest.approx(matrix[0, 0], abs=found.width)


@pytest.mark.parametrize("options, told", [
    ({"steps": 1}, "steps=1"), ({"points": 1}, "points=1"), ({"width": 0}, "width=0"), ({"samples": 1}, "samples=1")])
def test_options_that_make_no_sense(options, told):
    with pytest.raises(ValueError) as caught:
        th.spectral_density(symmetric(SPECTRA["flat"]), **options)
    assert told in str(caught.value)
