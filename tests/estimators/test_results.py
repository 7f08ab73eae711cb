"""Values with errors: frozen, validated, one line each."""
import numpy as np
import pytest

from tf1_hessian.estimators.results import Eigenpairs, Estimate, SpectralDensity


def test_an_estimate_of_a_number():
    found = Estimate(2.0, 0.5, 10, 20, "xtrace")
    assert str(found) == "Estimate(2 +- 0.5, 10 samples of xtrace, 20 products)" == repr(found)
    low, high = found.interval(0.95)
    assert (low, high) == pytest.approx((2 - 0.5 * 2.262157, 2 + 0.5 * 2.262157), rel=1e-6)
    with pytest.raises(AttributeError):
        found.value = 3


def test_an_estimate_in_a_structure():
    values, deviations = ({"a": s * np.array([3.0, 4.0]), "b": np.zeros([2, 3])} for s in (1, 0.1))
    found = Estimate(values, deviations, 31, 31, "hutchinson")
    assert str(found) == "Estimate(8 values, relative error 0.1, 31 samples of hutchinson, 31 products)"
    low, high = found.interval(0.5)
    assert low["b"].shape == (2, 3) and (low["a"] < found.value["a"]).all() and (high["a"] > found.value["a"]).all()


@pytest.mark.parametrize("level", [0, 1, -0.5])
def test_levels(level):
    with pytest.raises(ValueError, match="level="):
        Estimate(2.0, 0.5, 10, 20, "xtrace").interval(level)


@pytest.mark.parametrize("make", [
    lambda: Estimate(2.0, -0.5, 10, 20, "xtrace"), lambda: Estimate(np.ones(2), np.ones(3), 10, 20, "xtrace"),
    lambda: Estimate(2.0, np.nan, 10, 20, "xtrace"),
    lambda: Eigenpairs(np.ones(2), np.ones([3, 4]), np.ones(2), 1, "LM"),
    lambda: SpectralDensity(np.ones(2), np.ones(3), np.ones(2), 1.0, np.ones([1, 1]), np.ones([1, 1]), 1, 1)])
def test_what_does_not_belong_together(make):
    with pytest.raises(ValueError):
        make()
