"""The loss as a function of one flat vector of float64: for scipy, for standard errors, for estimates."""
from tf1_hessian.estimators.results import Eigenpairs, Estimate, SpectralDensity
from tf1_hessian.optimize.estimates import eigenvalues, estimate_diag, estimate_trace, spectral_density
from tf1_hessian.optimize.likelihood import StandardErrors, standard_errors
from tf1_hessian.optimize.objectives import ScipyObjective, scipy_objective
from tf1_hessian.optimize.operators import HessianOperator

__all__ = [
    "Eigenpairs", "Estimate", "HessianOperator", "ScipyObjective", "SpectralDensity", "StandardErrors", "eigenvalues",
    "estimate_diag", "estimate_trace", "scipy_objective", "spectral_density", "standard_errors",
]
