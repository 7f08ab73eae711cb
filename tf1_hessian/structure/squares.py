"""Linear ops with squared coefficients: diag(A^T R A) is R pulled back through them."""
from tf1_hessian._compat import tf
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.scratch import key
from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS

__all__ = ["WITH_COEFFICIENTS", "emitted", "squared"]

# Ops whose coefficients are single entries of their other inputs; all others that are squared have ones.
WITH_COEFFICIENTS = MATRIX_PRODUCTS | {
    "Conv2D", "Conv2DBackpropInput", "Conv3D", "DepthwiseConv2dNative", "Einsum", "Mul", "RealDiv"}


def squared(op, position, value):
    """The op's first result as a function of `value` at one input, with the squares of its coefficients."""
    replaced = {}
    for i, tensor in enumerate(op.inputs):
        if i != position and op.type in WITH_COEFFICIENTS and tensor.dtype.is_floating:
            replaced[key(tensor)] = tf.square(tensor)
    result = emitted(op, position, value, replaced)[0]
    return -result if op.type == "Neg" or (op.type == "Sub" and position == 1) else result


def emitted(op, position, value, replaced=()):
    """The op's results with another value at one input."""
    known = dict(replaced)
    known[key(op.inputs[position])] = value
    return Emission(known, lambda t: t.op is op).emit(list(op.outputs))
