"""Exact second derivatives of a loss that already exists in a TensorFlow 1 graph."""
import importlib

from tf1_hessian.api import hessian, hessian_diag, hessian_sparsity, hessians, plan, sparse_hessian
from tf1_hessian.diagnosis import Diagnosis, diagnose
from tf1_hessian.direct import gradients, hvp, rewrite, rewrite_on_slices
from tf1_hessian.errors import (
    LostDerivativeError,
    NoDerivativeError,
    NoSecondDerivativeError,
    NotSeparableError,
    VerificationError,
)
from tf1_hessian.plan import HessianPlan
from tf1_hessian.rows.calls import batch_hessian, batch_hessian_diag, laplacian
from tf1_hessian.rows.plan import RowPlan
from tf1_hessian.runners.evaluate import evaluate
from tf1_hessian.runners.refusals import CheckpointError
from tf1_hessian.sparsity.coloring import Coloring
from tf1_hessian.sparsity.pattern import SparsityPattern
from tf1_hessian.sparsity.result import SparseHessian

__version__ = "1.0.0"

__all__ = [
    "Check", "CheckpointError", "Coloring", "ColumnFeed", "Diagnosis", "Eigenpairs", "Estimate", "GraphRecipe",
    "HessianHook", "HessianOperator", "HessianPlan", "LostDerivativeError", "Model", "NoDerivativeError",
    "NoSecondDerivativeError", "NotSeparableError", "RowPlan", "SparseHessian", "SparsityPattern",
    "SpectralDensity", "StandardErrors", "VerificationError", "batch_hessian", "batch_hessian_diag", "check",
    "diagnose", "eigenvalues", "estimate_diag", "estimate_trace", "evaluate", "gradients", "hessian",
    "hessian_diag", "hessian_sparsity", "hessians", "hvp", "laplacian", "load_model", "parity", "plan",
    "record", "rewrite", "rewrite_on_slices", "scipy_objective", "sparse_hessian", "spectral_density",
    "standard_errors", "stream", "tf2",
]

# Names of modules at the edge, which are imported when they are asked for, and some modules by their own name.
_AT_THE_EDGE = {
    "Check": "testing", "ColumnFeed": "streams.column_feed", "Eigenpairs": "optimize", "Estimate": "optimize",
    "GraphRecipe": "streams.recipes", "HessianHook": "hooks", "HessianOperator": "optimize", "Model": "models",
    "SpectralDensity": "optimize", "StandardErrors": "optimize", "check": "testing", "eigenvalues": "optimize",
    "estimate_diag": "optimize", "estimate_trace": "optimize", "load_model": "models", "parity": "bridge.parity",
    "plots": "plots", "record": "bridge.parity",
    "scipy_objective": "optimize", "spectral_density": "optimize", "standard_errors": "optimize",
    "stream": "streams.stream", "tensorboard": "tensorboard", "tf2": "tf2",
}


def __getattr__(name):
    if name not in _AT_THE_EDGE:
        raise AttributeError("module 'tf1_hessian' has no attribute '%s'" % name)
    module = importlib.import_module("tf1_hessian." + _AT_THE_EDGE[name])
    return module if name == _AT_THE_EDGE[name] else getattr(module, name)
