"""Matrices."""
import numpy as np
import tensorflow.compat.v1 as tf
from op import Op, created, parts, pieces, positive, squared

__all__ = ["OPS"]

D = tf.float64
TALL = np.array([[1.0, 0.2], [-0.3, 1.1], [0.5, -0.7]])


def _solved(x):
    return tf.matrix_solve(squared(x, 2), pieces(x, (4,), (2, 1))[1])


def _solved_triangular(x):
    lower = tf.matrix_band_part(squared(x, 2), -1, 0)
    return tf.matrix_triangular_solve(lower, pieces(x, (4,), (2, 1))[1], adjoint=True)


def _least_squares(fast):
    def build(x):
        a, b = pieces(x, (3, 2), (3, 1))
        return created("MatrixSolveLs", [a + TALL, b, tf.constant(0.0, D)], [D], T=D, fast={"b": fast})[0]

    return build


def _cholesky_slope(x):
    matrix = positive(x, 2)
    return tf.gradients(tf.reduce_sum(tf.sin(tf.cholesky(matrix))), matrix)[0]


def _decomposed(x):
    """What does not depend on the signs of the vectors."""
    values, vectors = tf.self_adjoint_eig(positive(x, 2) + np.diag([0.0, 2.0]))
    return tf.concat([tf.reshape(values, [1, 2]), vectors ** 2], 0)


def _singular(x):
    s, u, v = tf.svd(pieces(x, (2, 3))[0] + np.array([[2.0, 0.1, 0.3], [0.2, 1.0, -0.1]]))
    return tf.concat([tf.reshape(s, [1, 2]), u ** 2, tf.transpose(v[:2]) ** 2], 0)


def _orthogonal(x):
    q, r = tf.qr(pieces(x, (3, 2))[0] + TALL)
    return tf.concat([q ** 2, r ** 2], 0)


def _eigenvalues(x):
    values, _ = created("Eig", [squared(x, 2) + np.diag([0.0, 3.0])], [tf.complex128] * 2, T=D, Tout=tf.complex128,
                        compute_v={"b": True})
    return tf.real(values)


def _tridiagonal(x):
    diagonals, right = pieces(x, (3, 3), (3, 1))
    return tf.linalg.tridiagonal_solve(diagonals + np.array([[0.0], [2.5], [0.0]]), right)


def _banded(x):
    bands, right = pieces(x, (2, 3), (3, 1))
    return created("BandedTriangularSolve", [bands + np.array([[2.0], [0.0]]), right], [D], T=D)[0]


def _logarithm(x):
    matrix = positive(x, 2)
    return parts(tf.linalg.logm(tf.complex(matrix, 0.1 * matrix)))


OPS = [
    Op("MatMul", lambda x: tf.matmul(*pieces(x, (2, 3), (3, 2))), shape=(12,)),
    Op("BatchMatMul", lambda x: tf.matmul(*pieces(x, (2, 1, 2), (2, 2, 2))), shape=(12,)),
    Op("BatchMatMul", lambda x: tf.matmul(*pieces(x, (2, 1, 2), (2, 2)), transpose_b=True), shape=(8,),
       case="broadcast", since=(1, 14)),
    Op("Einsum", lambda x: tf.einsum("ij,kjl->kil", *pieces(x, (2, 2), (2, 2, 1))), shape=(8,), since=(2, 1)),
    Op("Cholesky", lambda x: tf.cholesky(positive(x, 2)), shape=(4,)),
    Op("MatrixInverse", lambda x: tf.matrix_inverse(squared(x, 2), adjoint=True), "repaired", "wrong/right",
       shape=(4,), case="adjoint"),
    Op("MatrixDeterminant", lambda x: tf.matrix_determinant(squared(x, 3)), "repaired", "wrong/right", shape=(9,),
       repair="MatrixInverse"),
    Op("LogMatrixDeterminant", lambda x: tf.linalg.slogdet(squared(x, 3))[1], "repaired", "wrong/right", shape=(9,),
       repair="MatrixInverse"),
    Op("MatrixSolve", _solved, shape=(6,)),
    Op("MatrixTriangularSolve", _solved_triangular, shape=(6,)),
    Op("MatrixSolveLs", _least_squares(False), "repaired", "refused", shape=(9,),
       case="complete orthogonal decomposition"),
    Op("SelfAdjointEig", _decomposed, shape=(4,)),
    Op("Svd", _singular),
    Op("Qr", _orthogonal),
    Op("Eig", _eigenvalues, shape=(4,), since=(2, 4)),
    Op("Lu", lambda x: tf.linalg.lu(squared(x, 2))[0], "repaired", "refused", shape=(4,)),
    Op("MatrixLogarithm", _logarithm, "repaired", "refused", shape=(4,)),
    Op("MatrixSquareRoot", lambda x: tf.linalg.sqrtm(positive(x, 2)), shape=(4,)),
]
