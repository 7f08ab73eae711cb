"""The same second derivatives of a Python loss function, on eager tensors and variables: `th.tf2`. It needs TF 2.

A function is traced once for each signature and kept as long as itself: name it once and pass it again, a lambda that
is written in the call is another function each time. How it is called depends on what `xs` holds:

    th.tf2.hessian_diag(loss, model.trainable_variables, args=(x, y))   # variables, which loss reads: loss(x, y)
    th.tf2.hessian_diag(loss, w, args=(x, y))                           # a tensor: loss(w, x, y)
    th.tf2.hessian_diag(loss, [w, b], args=(x, y))                      # a list or tuple: loss(w, b, x, y)
    th.tf2.hessian_diag(loss, {"w": w}, args=(x, y))                    # a dict: loss({"w": w}, x, y)

args: tensors, arrays, structures of them, and Python values (which are part of the signature). Batches of another size
trace once more, and then sizes are left open. What else fn reads of Python is taken when it is traced, as in
tf.function. What is given back are eager tensors, which tf.GradientTape differentiates.
"""
from tf1_hessian.tf2.calls import batch_hessian, batch_hessian_diag, hessian, hessian_diag, hvp, laplacian, plan
from tf1_hessian.tf2.streaming import stream

__all__ = [
    "batch_hessian", "batch_hessian_diag", "hessian", "hessian_diag", "hvp", "laplacian", "plan", "stream"]
