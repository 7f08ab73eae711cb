"""Exact second derivatives of a loss that already exists in a TensorFlow 1 graph."""
from tf1_hessian.api import gradients, hessian, hessian_diag, hessians, hvp, plan, rewrite, rewrite_on_slices
from tf1_hessian.errors import LostDerivativeError, NoDerivativeError, NoSecondDerivativeError
from tf1_hessian.plan import HessianPlan
from tf1_hessian.runners.evaluate import evaluate

__version__ = "0.1.0"

__all__ = [
    "HessianPlan", "LostDerivativeError", "NoDerivativeError", "NoSecondDerivativeError", "evaluate", "gradients",
    "hessian", "hessian_diag", "hessians", "hvp", "plan", "rewrite", "rewrite_on_slices",
]
