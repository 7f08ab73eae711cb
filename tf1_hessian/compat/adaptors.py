"""Functions of old TensorFlow, in their old order of arguments, by those of today."""
import numpy as np

from tf1_hessian._compat import tf
from tf1_hessian.compat.scipy_optimizer import ScipyOptimizerInterface

__all__ = [
    "ScipyOptimizerInterface", "apply_regularization", "batch_matmul", "concat", "histogram_summary", "image_summary",
    "initialize_all_variables", "initialize_variables", "l1_regularizer", "l2_regularizer", "merge_all_summaries",
    "op_scope", "pack", "scalar_summary", "select", "sigmoid_cross_entropy", "softmax_cross_entropy",
    "sparse_cross_entropy", "split", "unpack", "variable_op_scope", "variance_scaling", "xavier",
]


def pack(values, axis=0, name="pack"):
    """tf.pack"""
    return tf.stack(values, axis, name)


def unpack(value, num=None, axis=0, name="unpack"):
    """tf.unpack"""
    return tf.unstack(value, num, axis, name)


def select(condition, t, e, name=None):
    """tf.select"""
    return tf.where(condition, t, e, name=name)


def batch_matmul(x, y, adj_x=False, adj_y=False, name=None):
    """tf.batch_matmul"""
    return tf.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


def concat(warn):
    """tf.concat, that takes both (axis, values), which warns, and (values, axis)."""
    def concat(*args, **named):
        concat_dim = named.pop("concat_dim", None)
        if concat_dim is not None:
            args = (concat_dim,) + args
        if args and _is_axis(args[0]):
            warn()
            values = args[1] if len(args) > 1 else named.pop("values")
            return tf.concat(values, args[0], *args[2:], **named)
        return tf.concat(*args, **named)

    return concat


def split(warn):
    """tf.split, that takes both (axis, number, value), which warns, and (value, number or sizes, axis)."""
    def split(*args, **named):
        if "split_dim" in named or "num_split" in named or (args and _is_axis(args[0]) and (
                len(args) > 2 or "value" in named)):
            warn()
            given = dict(zip(("split_dim", "num_split", "value", "name"), args), **named)
            return tf.split(given["value"], given["num_split"], given["split_dim"], name=given.get("name", "split"))
        return tf.split(*args, **named)

    return split


def _is_axis(value):
    return isinstance(value, (int, np.integer)) or (isinstance(value, np.ndarray) and value.ndim == 0)


def initialize_all_variables():
    """tf.initialize_all_variables"""
    return tf.global_variables_initializer()


def initialize_variables(var_list, name="init"):
    """tf.initialize_variables"""
    return tf.variables_initializer(var_list, name)


def op_scope(values, name, default_name=None):
    """tf.op_scope"""
    return tf.name_scope(name, default_name, values)


def variable_op_scope(values, name_or_scope, default_name=None, initializer=None):
    """tf.variable_op_scope"""
    return tf.variable_scope(name_or_scope, default_name, values, initializer=initializer)


def scalar_summary(tags, values, collections=None, name=None):
    """tf.scalar_summary"""
    return tf.summary.scalar(name or tags, values, collections)


def histogram_summary(tag, values, collections=None, name=None):
    """tf.histogram_summary"""
    return tf.summary.histogram(name or tag, values, collections)


def image_summary(tag, tensor, max_images=3, collections=None, name=None):
    """tf.image_summary"""
    return tf.summary.image(name or tag, tensor, max_images, collections)


def merge_all_summaries(key="summaries"):
    """tf.merge_all_summaries"""
    return tf.summary.merge_all(key)


def _cross_entropy(function, old_labels=None):
    """A cross-entropy that also takes (logits, labels) by position, which warns. old_labels: how they were named."""
    def made(warn):
        def cross_entropy(*args, **named):
            if args or old_labels in named:
                warn()
                given = dict(zip(("logits", "labels", "name"), args), **named)
                if old_labels in given:
                    given["labels"] = given.pop(old_labels)
                return function(**given)
            return function(**named)

        return cross_entropy

    return made


softmax_cross_entropy = _cross_entropy(tf.nn.softmax_cross_entropy_with_logits)
sparse_cross_entropy = _cross_entropy(tf.nn.sparse_softmax_cross_entropy_with_logits)
sigmoid_cross_entropy = _cross_entropy(tf.nn.sigmoid_cross_entropy_with_logits, "targets")


def xavier(uniform=True, seed=None, dtype=tf.float32):
    """tf.contrib.layers.xavier_initializer"""
    kind = tf.glorot_uniform_initializer if uniform else tf.glorot_normal_initializer
    return kind(seed=seed, dtype=dtype)


def variance_scaling(factor=2.0, mode="FAN_IN", uniform=False, seed=None, dtype=tf.float32):
    """tf.contrib.layers.variance_scaling_initializer"""
    return tf.variance_scaling_initializer(factor, mode.lower(), "uniform" if uniform else "truncated_normal", seed,
                                           dtype)


def l1_regularizer(scale, scope=None):
    """tf.contrib.layers.l1_regularizer"""
    return lambda weights: scale * tf.reduce_sum(tf.abs(weights))


def l2_regularizer(scale, scope=None):
    """tf.contrib.layers.l2_regularizer: half of the sum of squares."""
    return lambda weights: scale * tf.nn.l2_loss(weights)


def apply_regularization(regularizer, weights_list=None):
    """tf.contrib.layers.apply_regularization"""
    weights = tf.get_collection("weights") if weights_list is None else weights_list
    total = tf.add_n([regularizer(w) for w in weights])
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, total)
    return total
