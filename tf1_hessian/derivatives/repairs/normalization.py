"""Batch norm in one op, and local response normalisation."""
from tf1_hessian._compat import tf

__all__ = ["FORWARDS", "GRADIENTS"]


def _fused_batch_norm(op, x, scale, offset, mean, variance):
    """Written out as y = scale (x - m) / sqrt(v + epsilon) + offset, for every input and the outputs mean, variance.

    In training m and v are those of the batch, and output 2 is v * count / (count - 1); in inference they are inputs.
    Exact. TF's gradient reads the first output alone and has none for the inputs mean and variance.
    """
    wide = tf.cast(x, scale.dtype)
    unused = [None] * (len(op.outputs) - 3)
    if not op.get_attr("is_training"):
        return [tf.cast(_normalized(op, wide, mean, variance) * _along(op, scale) + _along(op, offset), x.dtype),
                mean, variance] + unused
    axes = _averaged_axes(op)
    batch_mean = tf.reduce_mean(wide, axes)
    batch_variance = tf.reduce_mean(tf.square(wide - _along(op, batch_mean)), axes)
    y = _normalized(op, wide, batch_mean, batch_variance) * _along(op, scale) + _along(op, offset)
    count = tf.cast(tf.size(x) // tf.size(scale), scale.dtype)
    unbiased = batch_variance * (count / tf.maximum(count - 1, 1))
    return [tf.cast(y, x.dtype), _moved(op, mean, batch_mean), _moved(op, variance, unbiased)] + unused


def _moved(op, old, new):
    """The running average that TF 2 can put in the place of a batch's own."""
    factor = op.get_attr("exponential_avg_factor") if "exponential_avg_factor" in op.node_def.attr else 1.0
    return new if factor == 1.0 else (1.0 - factor) * old + factor * new


def _fused_batch_norm_grad(op, to_x, to_scale, to_offset, *_):
    """Differentiated by closed formulas; TF 1.15 has no derivative for the mean and variance of inference.

    With z = x - m, r = 1 / sqrt(v + epsilon), g the incoming gradient and M the mean over a channel, the op computes
    a = scale r g, b = r sum(g z) and c = sum(g); in training a = scale r (g - M(g) - r^2 z M(g z)), and m and v are
    functions of x. These are the derivatives of sum(a to_x + b to_scale + c to_offset). Exact.
    """
    parts = [tf.zeros_like(o) if t is None else t for o, t in zip(op.outputs, (to_x, to_scale, to_offset))]
    channels = op.inputs[2].dtype
    p, q, s = tf.cast(parts[0], channels), _along(op, parts[1]), _along(op, parts[2])
    grads = (_of_training if op.get_attr("is_training") else _of_inference)(op, p, q, s)
    grads = [tf.cast(g, op.inputs[0].dtype) for g in grads[:2]] + grads[2:]
    return grads + [None] * (len(op.inputs) - len(grads))


def _of_inference(op, p, q, s):
    g, x, scale = [tf.cast(t, op.inputs[2].dtype) for t in op.inputs[:3]]
    mean, variance = op.inputs[3], op.inputs[4]
    scale, axes = _along(op, scale), _averaged_axes(op)
    r = tf.rsqrt(_along(op, variance) + op.get_attr("epsilon"))
    z = x - _along(op, mean)
    to_r = tf.reduce_sum(scale * p * g + q * g * z, axes)
    return [scale * r * p + q * r * z + s, q * r * g, tf.reduce_sum(r * p * g, axes), -tf.reduce_sum(q * r * g, axes),
            -0.5 * to_r * (variance + op.get_attr("epsilon")) ** -1.5]


def _of_training(op, p, q, s):
    g, x, scale = [tf.cast(t, op.inputs[2].dtype) for t in op.inputs[:3]]
    scale, axes = _along(op, scale), _averaged_axes(op)

    def average(t):
        return tf.reduce_mean(t, axes, keepdims=True)

    z = x - average(x)
    r = tf.rsqrt(average(tf.square(z)) + op.get_attr("epsilon"))
    gz, pz = average(g * z), average(p * z)
    centred = average(p * g) - average(p) * average(g)
    to_g = scale * r * (p - average(p) - tf.square(r) * z * pz) + q * r * z + s
    to_z = q * r * g - scale * r ** 3 * (gz * p + pz * g)
    to_r = scale * (centred - 3 * tf.square(r) * gz * pz) + q * gz  # divided by the count
    to_z -= r ** 3 * z * to_r
    to_scale = tf.reduce_sum(r * (p * (g - average(g)) - p * tf.square(r) * z * gz), axes)
    return [to_g, to_z - average(to_z), to_scale]


def _normalized(op, x, mean, variance):
    return (x - _along(op, mean)) * tf.rsqrt(_along(op, variance) + op.get_attr("epsilon"))


def _averaged_axes(op):
    """The axes that share one mean: all but the channels'."""
    return [i for i, axis in enumerate(op.get_attr("data_format").decode()) if axis != "C"]


def _along(op, values):
    """One value a channel, to be broadcast along the other axes."""
    return tf.reshape(values, [-1 if axis == "C" else 1 for axis in op.get_attr("data_format").decode()])


def _lrn(op, x):
    """Written out: x_c / n_c ** beta with n_c = bias + alpha * (sum of x_k ** 2 over |k - c| <= radius). Exact."""
    return [x * _lrn_sizes(op, x) ** -op.get_attr("beta")]


def _lrn_grad(op, grad, x, y):
    """Written out: g_c n_c ** -beta - 2 alpha beta x_c * (sum of g_k x_k n_k ** (-beta - 1) over |k - c| <= radius).

    Exact. The output y of the forward op is a function of x, and counted there.
    """
    beta, sizes = op.get_attr("beta"), _lrn_sizes(op, x)
    across = _windowed(op, grad * x * sizes ** (-beta - 1))
    return [grad * sizes ** -beta - 2 * op.get_attr("alpha") * beta * x * across]


def _lrn_sizes(op, x):
    return op.get_attr("bias") + op.get_attr("alpha") * _windowed(op, tf.square(x))


def _windowed(op, x):
    """The sums over neighbouring channels, as a product with a band matrix."""
    channels = tf.range(tf.shape(x)[3])
    near = tf.abs(tf.expand_dims(channels, 1) - channels) <= op.get_attr("depth_radius")
    sums = tf.matmul(tf.reshape(x, [-1, tf.shape(x)[3]]), tf.cast(near, x.dtype))
    return tf.reshape(sums, tf.shape(x))


FORWARDS = {
    "FusedBatchNorm": _fused_batch_norm,
    "FusedBatchNormV2": _fused_batch_norm,
    "FusedBatchNormV3": _fused_batch_norm,
    "LRN": _lrn,
    "LRNGrad": _lrn_grad,
}
GRADIENTS = {
    "FusedBatchNormGrad": _fused_batch_norm_grad,
    "FusedBatchNormGradV2": _fused_batch_norm_grad,
    "FusedBatchNormGradV3": _fused_batch_norm_grad,
}
