"""Matrices."""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import VERSION, tf

__all__ = ["GRADIENTS"]


def _matrix_inverse(op, grad):
    """out = inv(a), or its adjoint b: d b = -b (da)^H b. TF 1.15 takes the first formula for both (det, slogdet)."""
    out = op.outputs[0]
    if op.get_attr("adjoint"):
        return [-tf.matmul(out, tf.matmul(grad, out, adjoint_a=True))]
    return [-tf.matmul(out, tf.matmul(grad, out, adjoint_b=True), adjoint_a=True)]


def _lu(op, grad, _):
    """P A = L U: the gradient is P^T L^-H (low(L^H g) + up(g U^H)) U^-H for square A; TensorFlow has none.

    low is what is below the diagonal, up the rest. F. de Hoog et al., The derivatives of some matrix factorisations.
    """
    both, permutation = op.outputs
    n = tf.shape(both)[-1]
    upper = tf.matrix_band_part(both, 0, -1)
    eye = tf.eye(n, batch_shape=tf.shape(both)[:-2], dtype=both.dtype)
    lower = both - upper + eye
    below, above = _strictly_lower(grad), tf.matrix_band_part(grad, 0, -1)
    inner = (_strictly_lower(tf.matmul(lower, below, adjoint_a=True))
             + tf.matrix_band_part(tf.matmul(above, upper, adjoint_b=True), 0, -1))
    right = tf.linalg.adjoint(tf.matrix_triangular_solve(upper, tf.linalg.adjoint(inner), lower=False))
    found = tf.matrix_triangular_solve(lower, right, lower=True, adjoint=True)
    places = tf.one_hot(permutation, n, dtype=both.dtype.real_dtype)
    return [tf.matmul(tf.cast(places, both.dtype), found, transpose_a=True)]


def _strictly_lower(x):
    return x - tf.matrix_band_part(x, 0, -1)


def _matrix_logarithm(op, grad):
    """The upper right block of log [[A^H, g], [0, A^H]], the derivative in direction g; TensorFlow has none.

    N. Higham, Functions of Matrices, eq. 3.16.
    """
    a = tf.linalg.adjoint(op.inputs[0])
    n = tf.shape(a)[-1]
    block = tf.concat([tf.concat([a, grad], -1), tf.concat([tf.zeros_like(a), a], -1)], -2)
    return [tf.linalg.logm(block)[..., :n, n:]]


def _matrix_solve_ls(op, grad):
    """Least squares of full rank by the slow path (fast=False), for which TensorFlow has no gradient.

    x = (A^H A)^-1 A^H b with more rows than columns: with z = (A^H A)^-1 g, A gets (b - A x) z^H - A z x^H and b gets
    A z. With fewer rows x = A^H w, w = (A A^H)^-1 b: with v = (A A^H)^-1 A g, A gets w (g - A^H v)^H - v x^H, b gets v.
    """
    if op.get_attr("fast"):
        return _compat.gradient_function(op)(op, grad)
    a, b, _ = op.inputs
    x = op.outputs[0]
    rows, columns = a.shape.as_list()[-2:] if a.shape.ndims else (None, None)
    if rows is None or columns is None:
        raise errors.no_gradient(op, op.name, "Whether it has more rows than columns must be known.", True)
    if rows >= columns:
        z = tf.matrix_solve(tf.matmul(a, a, adjoint_a=True), grad)
        to_b = tf.matmul(a, z)
        return [_outer(b - tf.matmul(a, x), z) - _outer(to_b, x), to_b, None]
    square = tf.matmul(a, a, adjoint_b=True)
    v = tf.matrix_solve(square, tf.matmul(a, grad))
    return [_outer(tf.matrix_solve(square, b), grad - tf.matmul(a, v, adjoint_a=True)) - _outer(v, x), v, None]


def _outer(x, y):
    return tf.matmul(x, y, adjoint_b=True)


def _reciprocal(op, grad):
    """Nothing from an infinite reciprocal where nothing arrives, as from TF 1.15 on; before, zero times infinity.

    The gradients of eigen- and singular vectors take reciprocals of all differences, and then set the diagonal to zero.
    """
    y = op.outputs[0]
    infinite = tf.equal(y, 2 * y) & tf.not_equal(y, tf.zeros_like(y))
    y = tf.where(infinite & tf.equal(grad, tf.zeros_like(grad)), tf.zeros_like(y), y)
    return [-grad * tf.square(tf.conj(y))]


GRADIENTS = {
    "Lu": _lu,
    "MatrixInverse": _matrix_inverse,
    "MatrixLogarithm": _matrix_logarithm,
    "MatrixSolveLs": _matrix_solve_ls,
}
if VERSION < (1, 15):
    GRADIENTS.update({"Inv": _reciprocal, "Reciprocal": _reciprocal})
