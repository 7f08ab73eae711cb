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
        softmax = tf.nn.softmax(logits)
        along = tf.expand_dims(tf.reduce_sum(grad_slope * softmax, -1), -1)
        to_logits.append((grad_slope - along) * softmax)
        to_labels.append(-grad_slope)
    return [_sum_like(sum(grads), x) for grads, x in zip((to_logits, to_labels), op.inputs)]


def _sum_like(grad, x):
    """The gradient of an input that may have been broadcast from one row."""
    if x.shape.ndims == 2 and x.shape.as_list()[0] == 1 and grad.shape.as_list()[0] != 1:
        return tf.expand_dims(tf.reduce_sum(grad, 0), 0)
    return grad


GRADIENTS = {
    "SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,
}
