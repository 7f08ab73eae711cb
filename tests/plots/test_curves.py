"""Spectra and pruning curves: the lines, bands, histograms and limits."""
import collections

import numpy as np
import pytest

from tf1_hessian import plots
from tf1_hessian.plots.figures import BLUE

GRID = np.linspace(-2.0, 3.0, 51)
DENSITY = np.exp(-GRID ** 2)
ERROR = 0.1 * DENSITY
EXACT = np.array([-1.0, 0.0, 0.5, 2.0])

SpectralDensity = collections.namedtuple("SpectralDensity", "grid density standard_error width n")


@pytest.mark.parametrize("values", [(GRID, DENSITY, ERROR), SpectralDensity(GRID, DENSITY, ERROR, 0.2, 4),
                                    (GRID[::-1], DENSITY[::-1], ERROR[::-1])])
def test_a_density_has_a_band_of_two_standard_errors(values):
    _, ax = plots.spectrum(values)
    line = ax.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), GRID)
    np.testing.assert_array_equal(line.get_ydata(), DENSITY)
    corners = ax.collections[0].get_paths()[0].vertices
    middle = corners[np.isclose(corners[:, 0], 0.0)][:, 1]
    np.testing.assert_allclose([middle.min(), middle.max()], [0.8, 1.2])
    assert ax.get_yscale() == "log" and ax.get_ylim()[1] > 1.2 and 1e-8 < ax.get_ylim()[0] < 1e-5


def test_exact_eigenvalues_stand_below_the_estimate():
    _, ax = plots.spectrum((GRID, DENSITY), exact=EXACT[::-1], scale="linear")
    area = sum(p.get_width() * p.get_height() for p in ax.patches)
    np.testing.assert_allclose(area, 1)
    marks = [line for line in ax.lines if line.get_marker() == "|"]
    assert marks[0].get_xdata().tolist() == EXACT.tolist()
    assert ax.get_title() == "Spectrum of the Hessian: -1 to 2, 1 of 4 negative"
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > max(p.get_height() for p in ax.patches)


def test_the_rounding_of_a_zero_is_not_negative():
    _, ax = plots.spectrum(np.array([-1.4e-16, 1e-17, 0.5, 2.2]))
    assert ax.get_title() == "Spectrum of the Hessian: 0 to 2.2, 0 of 4 negative"


def test_exact_eigenvalues_are_smoothed_as_the_estimate_is():
    """The estimate of a spectrum that is known is its own truth: both outlines are the same."""
    bells = np.exp(-np.subtract.outer(GRID, EXACT) ** 2 / (2 * 0.2 ** 2)) / (0.2 * np.sqrt(2 * np.pi))
    _, ax = plots.spectrum(SpectralDensity(GRID, bells.mean(1), ERROR, 0.2, 4), exact=EXACT, scale="linear")
    outline = ax.collections[0].get_paths()[0].vertices
    above = {x: y for x, y in outline if y > 0}
    np.testing.assert_allclose([above[x] for x in GRID[10:-5]], bells.mean(1)[10:-5], rtol=1e-6)
    assert not ax.patches
    assert ax.get_legend().get_texts()[0].get_text() == "exact, 4 eigenvalues, smoothed alike"


def test_eigenvalues_alone():
    _, ax = plots.spectrum([1.0, 2.0, 3.0])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["exact, 3 eigenvalues in 10 bins", "each eigenvalue"]
    assert plots.spectrum([2.0, 2.0])[1].get_ylim()[1] > 1


@pytest.mark.parametrize("values, exact, sentence", [
    ([1.0], [1.0], "eigenvalues themselves"), (np.ones([2, 2, 2]), None, "one length"), ([], None, r"vector \[n\]"),
    ((GRID, DENSITY[1:]), None, "one length"), ((GRID, -DENSITY), None, "nowhere above zero"),
    ((GRID, DENSITY), [np.nan], "NaN"), ((GRID, DENSITY), np.eye(2), r"vector \[n\]"),
    ((GRID, DENSITY, ERROR, ERROR), None, "4 arrays"), ([1.0, 1j], None, "real")])
def test_what_is_no_spectrum_is_refused(values, exact, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.spectrum(values, exact=exact)


def test_runs_are_a_mean_and_a_band():
    runs = np.array([[1.0, 2.0, 6.0], [3.0, 2.0, 0.0]])
    _, ax = plots.pruning_curve([0, 0.25, 0.9], {"saliency $w_i^2$": runs, "_magnitude": [5, 4, 3]},
                                ylabel="accuracy (%)")
    first, second = ax.lines
    assert first.get_xdata().tolist() == [0, 25, 90] and first.get_ydata().tolist() == [2, 2, 3]
    assert second.get_ydata().tolist() == [5, 4, 3] and first.get_color() == BLUE != second.get_color()
    corners = ax.collections[0].get_paths()[0].vertices
    assert sorted(set(corners[corners[:, 0] == 90][:, 1])) == [0, 6] and len(ax.collections) == 1
    assert [t.get_text().strip() for t in ax.get_legend().get_texts()] == ["saliency $w_i^2$", "_magnitude"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weights deleted (%)", "accuracy (%)")
    assert ax.get_title() == "Pruning: mean and range of 2 runs" and ax.get_yscale() == "linear"


def test_a_log_scale_and_one_run():
    _, ax = plots.pruning_curve([0, 1], {"rise": [0.0, 1e3]}, ylabel="nats", scale="log")
    assert ax.get_yscale() == "log" and ax.get_title() == "Pruning"
    _, ax = plots.pruning_curve([0, 1], {"rise": [0.0, -1.0]}, ylabel="nats", scale="log")
    assert ax.get_yscale() == "linear" and ax.texts[0].get_text() == "no value is above zero"


@pytest.mark.parametrize("fractions, curves, sentence", [
    ([0, 50], {"a": [1, 2]}, "numbers from 0 to 1"), ([], {"a": []}, "numbers from 0 to 1"),
    ([0, 1], {}, "at least one"), ([0, 1], {"a": [1, 2, 3]}, r"'a' has the shape \[3\]"),
    ([0, 1], {"a": [1, np.nan]}, "'a': 1 of 2"), ([0, 1], {"a": np.ones([0, 2])}, "shape")])
def test_what_is_no_curve_is_refused(fractions, curves, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.pruning_curve(fractions, curves, ylabel="y")


@pytest.mark.parametrize("draw", [lambda s: plots.spectrum([1.0], scale=s),
                                  lambda s: plots.pruning_curve([0], {"a": [1]}, ylabel="y", scale=s)])
def test_an_unknown_scale_is_refused(draw):
    with pytest.raises(ValueError, match="'log' or 'linear'"):
        draw("cubic")
