"""Models that were saved: a MetaGraph and its checkpoint, a SavedModel or a frozen GraphDef, ready for every call."""
from tf1_hessian.models.loading import load_model
from tf1_hessian.models.model import Model

__all__ = ["Model", "load_model"]
