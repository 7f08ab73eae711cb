"""All cases that the installed TensorFlow can make."""
import cases_elementwise
import cases_indexing
import cases_layers
import cases_matrices
import cases_products
import cases_recurrent
import cases_reductions
import cases_reshaping
import cases_shapes
import tensorflow.compat.v1 as tf
from op_maker import DEFINITIONS

__all__ = ["CASES"]

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
# Before TF 1.15 the kernels of recurrent cells are in tf.contrib, which loads them when it is imported.
if VERSION < (1, 15):
    import tensorflow.contrib.rnn  # noqa: F401
_BATCHES = "batch_dims" in [a.name for a in DEFINITIONS["GatherV2"].attr]
_FAMILIES = (cases_elementwise, cases_indexing, cases_layers, cases_matrices, cases_products, cases_recurrent,
             cases_reductions, cases_reshaping, cases_shapes)
CASES = [case for family in _FAMILIES for case in family.CASES]
CASES += cases_indexing.BATCHED if _BATCHES else []
CASES += cases_matrices.BROADCAST + cases_indexing.BATCHED_WHOLLY if VERSION >= (2, 3) else []
CASES += cases_layers.GROUPED if VERSION >= (2, 8) else []
CASES = [case for case in CASES if case.kind in DEFINITIONS]
