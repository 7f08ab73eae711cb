"""Symmetric matrices whose diagonal, trace and eigenvalues are known from numpy."""
import numpy as np
import pytest

__all__ = ["EACH", "SPECTRA", "coverage", "symmetric"]

N = 60
SPECTRA = {
    "flat": np.linspace(1, 3, N),
    "decaying": 0.8 ** np.arange(N),
    "indefinite": np.sin(7.0 * np.arange(N)) * np.linspace(0.5, 2, N),
}
# For tests of coverage, which take seconds: one in every run.
EACH = [pytest.param(name, marks=[] if name == "indefinite" else [pytest.mark.slow]) for name in sorted(SPECTRA)]


def symmetric(values, seed=1):
    """A matrix with these eigenvalues and random vectors."""
    vectors, _ = np.linalg.qr(np.random.RandomState(seed).standard_normal([len(values)] * 2))
    return (vectors * values).dot(vectors.T)


def coverage(estimate_of, truth, seeds):
    """The share of seeds (and entries) for which the truth is within the band of 95 %."""
    inside = []
    for seed in range(seeds):
        low, high = estimate_of(seed).interval(0.95)
        inside.append(np.mean((low <= truth) & (truth <= high)))
    return np.mean(inside)
