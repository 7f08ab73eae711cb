"""Loss functions."""
from tf1_hessian._compat import tf

__all__ = ["GRADIENTS"]


def _softmax_cross_entropy(op, grad_loss, grad_slope):
    """TF leaves out how the second output, softmax - labels, depends on the labels: computed ones lose a part."""
    logits = op.inputs[0]
    to_logits, to_labels = [], []
    if grad_loss is not None:
        weight = tf.expand_dims(grad_loss, -1)
        to_logits.append(weight * op.outputs[1])
        to_labels.append(-weight * tf.nn.log_softmax(logits))
    if grad_slope is not None:
        to_logits.append(_through_softmax(logits, grad_slope))
        to_labels.append(-grad_slope)
    return [_sum_like(sum(grads), x) for grads, x in zip((to_logits, to_labels), op.inputs)]


def _sparse_softmax_cross_entropy(op, grad_loss, grad_slope):
    """The second output is the slope softmax - onehot: the loss has it as its gradient, and it has softmax's own.

    TF 1 forbids the second derivative, and drops what comes in at the slope in silence.
    """
    found = []
    if grad_loss is not None:
        found.append(tf.expand_dims(grad_loss, -1) * op.outputs[1])
    if grad_slope is not None:
        found.append(_through_softmax(op.inputs[0], grad_slope))
    return [sum(found), None]


def _through_softmax(logits, grad):
    """The gradient of softmax(logits): (g - sum(g s)) s. Example: s = (1/2, 1/2), g = (1, 0): (1/4, -1/4)."""
    softmax = tf.nn.softmax(logits)
    along = tf.expand_dims(tf.reduce_sum(grad * softmax, -1), -1)
    return (grad - along) * softmax


def _sum_like(grad, x):
    """The gradient of an input that may have been broadcast from one row."""
    if x.shape.ndims == 2 and x.shape.as_list()[0] == 1 and grad.shape.as_list()[0] != 1:
        return tf.expand_dims(tf.reduce_sum(grad, 0), 0)
    return grad


GRADIENTS = {
    "SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,
    "SparseSoftmaxCrossEntropyWithLogits": _sparse_softmax_cross_entropy,
}
