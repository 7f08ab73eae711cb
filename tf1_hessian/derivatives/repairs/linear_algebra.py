"""Matrices."""
from tf1_hessian._compat import tf

__all__ = ["GRADIENTS"]


def _matrix_inverse(op, grad):
    """out = inv(a), or its adjoint b: d b = -b (da)^H b. TF 1.15 takes the first formula for both (det, slogdet)."""
    out = op.outputs[0]
    if op.get_attr("adjoint"):
        return [-tf.matmul(out, tf.matmul(grad, out, adjoint_a=True))]
    return [-tf.matmul(out, tf.matmul(grad, out, adjoint_b=True), adjoint_a=True)]


GRADIENTS = {
    "MatrixInverse": _matrix_inverse,
}
