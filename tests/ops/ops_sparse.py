"""Sparse tensors, differentiated by their values."""
import numpy as np
import tensorflow.compat.v1 as tf
from op import Op, created, pieces

__all__ = ["OPS"]

D = tf.float64
PLACES, OTHERS = [[0, 0], [0, 2], [1, 1]], [[0, 2], [1, 0], [1, 1]]
THREE, SIX = {"shape": (3,)}, {"shape": (6,)}


def _sparse(values, places=PLACES, shape=(2, 3)):
    return tf.SparseTensor(np.asarray(places, np.int64), values, np.asarray(shape, np.int64))


def _two(function):
    """A function of two sparse tensors: the values of its result."""
    return lambda x: function(_sparse(x[:3]), _sparse(x[3:], OTHERS)).values


def _with_dense(kind):
    return lambda x: created(kind, [np.array(PLACES, np.int64), x[:3], np.array([2, 3], np.int64), x[3:] + 2], [D],
                             T=D)[0]


def _times_dense(x):
    values, dense = pieces(x, (3,), (3, 2))
    return tf.sparse_tensor_dense_matmul(_sparse(values), dense)


def _plus_dense(x):
    values, dense = pieces(x, (3,), (2, 3))
    return tf.sparse_add(_sparse(values), dense)


def _split(x):
    return tf.concat([p.values for p in tf.sparse_split(sp_input=_sparse(x), num_split=2, axis=1)], 0)


def _filled(x):
    return tf.sparse_fill_empty_rows(_sparse(x[:3], [[0, 0], [0, 2], [2, 1]], (4, 3)), x[3])[0].values


OPS = [
    Op("SparseTensorDenseMatMul", _times_dense, shape=(9,)),
    Op("SparseTensorDenseAdd", _plus_dense, shape=(9,)),
    Op("SparseMatMul", lambda x: tf.matmul(*pieces(x, (2, 2), (2, 3)), a_is_sparse=True), shape=(10,),
       precision="float32"),
    Op("SparseAdd", _two(tf.sparse_add), "repaired", "wrong", **SIX),
    Op("SparseConcat", _two(lambda a, b: tf.sparse_concat(1, [a, b])), "repaired", "wrong", **SIX),
    Op("SparseSparseMaximum", _two(tf.sparse_maximum), "repaired", "refused", **SIX),
    Op("SparseSoftmax", lambda x: tf.sparse_softmax(_sparse(x)).values, "repaired", "refused", **THREE,
       repair="SparseDenseCwiseAdd"),
    Op("SparseReduceSum", lambda x: tf.sparse_reduce_sum(_sparse(x), 1), **THREE),
    Op("SparseReduceMax", lambda x: tf.sparse_reduce_max(_sparse(x), 1), "refused", "refused",
       note="TensorFlow has no gradient for it", **THREE),
    Op("SparseToDense", lambda x: tf.sparse_tensor_to_dense(_sparse(x[:3]), x[3]), "repaired", shape=(4,)),
    Op("SparseReorder", lambda x: tf.sparse_reorder(_sparse(x, PLACES[::-1])).values, **THREE),
    Op("SparseSlice", lambda x: tf.sparse_slice(_sparse(x), [0, 1], [2, 2]).values, "repaired", "refused", **THREE),
    Op("SparseFillEmptyRows", _filled, "repaired", "refused", shape=(4,)),
    Op("SparseDenseCwiseAdd", _with_dense("SparseDenseCwiseAdd"), "repaired", "refused", **SIX),
    Op("SparseDenseCwiseMul", _with_dense("SparseDenseCwiseMul"), **SIX),
]
