"""What random graphs are made of: functions of numbers, reductions, arrays. Layers and the rest: random_layers.py.

Each entry is a name and f(g, a) or f(g, a, b): g is the Maker of random_graphs.py, which draws shapes and constants; a
and b are tensors of any shape of a few elements near 1 in size. Results stay finite for whatever they get.
"""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["BINARY", "UNARY"]


def _relu6(g, a):
    return tf.nn.relu6(3 * a)


def _floored(g, a):
    return tf.floor(a * 2) * a


NUMBERS = {
    "exp": lambda g, a: tf.exp(tf.tanh(a)), "sin": lambda g, a: tf.sin(a), "cos": lambda g, a: tf.cos(a) * 2,
    "tan": lambda g, a: tf.tan(g.unit(a)), "sigmoid": lambda g, a: tf.sigmoid(2 * a), "tanh": lambda g, a: tf.tanh(a),
    "softplus": lambda g, a: tf.nn.softplus(a), "square": lambda g, a: tf.square(g.unit(a)), "neg": lambda g, a: -a,
    "cube": lambda g, a: g.unit(a) ** 3, "power": lambda g, a: g.unit(a) ** 2, "atan": lambda g, a: tf.atan(a),
    "erf": lambda g, a: tf.erf(a), "erfc": lambda g, a: tf.erfc(a), "sinh": lambda g, a: tf.sinh(g.unit(a)),
    "cosh": lambda g, a: tf.cosh(g.unit(a)), "asinh": lambda g, a: tf.asinh(a),
    "expm1": lambda g, a: tf.expm1(g.unit(a)), "softsign": lambda g, a: tf.nn.softsign(a),
    "asin": lambda g, a: tf.asin(g.unit(a)), "acos": lambda g, a: tf.acos(g.unit(a)),
    "atanh": lambda g, a: tf.atanh(g.unit(a)), "acosh": lambda g, a: tf.acosh(1 + g.positive(a)),
    "log": lambda g, a: tf.log(g.positive(a)), "sqrt": lambda g, a: tf.sqrt(g.positive(a)),
    "rsqrt": lambda g, a: tf.rsqrt(g.positive(a)), "reciprocal": lambda g, a: tf.reciprocal(g.positive(a)),
    "log1p": lambda g, a: tf.log1p(g.positive(a)),
    "root": lambda g, a: g.positive(a) ** 0.3125, "lgamma": lambda g, a: tf.lgamma(g.positive(a)),
    "digamma": lambda g, a: tf.digamma(1 + g.positive(a)), "log_sigmoid": lambda g, a: tf.log_sigmoid(a),
    "swish": lambda g, a: tf.nn.swish(a), "abs": lambda g, a: tf.abs(a), "sign": lambda g, a: tf.sign(a) * tf.sin(a),
    "relu": lambda g, a: tf.nn.relu(a), "relu6": _relu6, "elu": lambda g, a: tf.nn.elu(a),
    "selu": lambda g, a: tf.nn.selu(a), "leaky_relu": lambda g, a: tf.nn.leaky_relu(a), "floor": _floored,
    "clip": lambda g, a: tf.clip_by_value(a, -0.625, 0.8125), "one_over": lambda g, a: 0.5 / g.positive(a),
    "power_of": lambda g, a: 1.5 ** g.unit(a), "shift": lambda g, a: g.numbers(1)[0] - a,
    "add_n": lambda g, a: tf.add_n([a, tf.sin(a), a]) / 3, "mod": lambda g, a: tf.floormod(a, 1.75),
    "identity_n": lambda g, a: tf.identity_n([a, a * a])[0], "ensure_shape": lambda g, a: tf.ensure_shape(a, a.shape),
    "check": lambda g, a: tf.check_numerics(a, "finite"), "cast": lambda g, a: g.cast(a),
    "default": lambda g, a: tf.placeholder_with_default(a, a.shape),
}

TWO_NUMBERS = {
    "add": lambda g, a, b: a + b, "sub": lambda g, a, b: a - 0.5 * b, "mul": lambda g, a, b: a * b,
    "div": lambda g, a, b: a / g.positive(b), "squared_difference": lambda g, a, b: 0.5 * tf.squared_difference(a, b),
    "pow": lambda g, a, b: g.positive(a) ** g.unit(b), "atan2": lambda g, a, b: tf.atan2(a, g.positive(b)),
    "maximum": lambda g, a, b: tf.maximum(a, b), "minimum": lambda g, a, b: tf.minimum(a, 0.5 * b),
    "hypot": lambda g, a, b: tf.sqrt(a * a + b * b + 0.125), "gate": lambda g, a, b: tf.tanh(a) * tf.sigmoid(b),
    "div_no_nan": lambda g, a, b: tf.div_no_nan(a, g.positive(b)),
    "floordiv": lambda g, a, b: tf.floordiv(3 * a, g.positive(b)) * a * b,
    "floormod": lambda g, a, b: tf.floormod(2 * a, g.positive(b)), "mix": lambda g, a, b: a + tf.sigmoid(a) * (b - a),
    "log_add_exp": lambda g, a, b: tf.log(tf.exp(tf.tanh(a)) + tf.exp(tf.tanh(b))),
    "where": lambda g, a, b: _same(g, a, b, lambda a, b: tf.where(a > b, tf.sin(a), a * b)),
    "chosen": lambda g, a, b: _same(g, a, b, lambda a, b: tf.where(g.mask(a.shape.as_list()), a, b * b)),
    "real_part": lambda g, a, b: _complex(g, a, b, lambda z: tf.real(tf.exp(0.3125 * z) * z)),
    "imaginary_part": lambda g, a, b: _complex(g, a, b, lambda z: tf.imag(z * z * tf.conj(z) + z)),
    "complex_abs": lambda g, a, b: _complex(g, a, b, lambda z: tf.abs(z + (3 + 0.5j))),
    "angle": lambda g, a, b: _complex(g, a, b, lambda z: tf.angle(z + (4 + 0.5j))),
    "fft": lambda g, a, b: _spectrum(g, a, b, tf.fft), "ifft": lambda g, a, b: _spectrum(g, a, b, tf.ifft),
    "slope": lambda g, a, b: _slope(a, lambda a: tf.sin(a) * b),
    "slope_of_square": lambda g, a, b: _slope(a, lambda a: (a + b) ** 2 * a / 4),
    "cross": lambda g, a, b: tf.cross(g.resized(a, [2, 3]), g.resized(b, [2, 3])),
    "self_and_other": lambda g, a, b: a * tf.reduce_mean(b) + b * tf.reduce_mean(a),
}


def _same(g, a, b, function):
    """A function whose inputs have one shape."""
    return function(a, g.resized(b, a.shape.as_list()))


def _complex(g, a, b, function):
    return _same(g, a, b, lambda a, b: function(tf.complex(a, b)))


def _spectrum(g, a, b, transform):
    shape = g.pick([[3], [2, 3], [4], [1, 5]])
    found = transform(tf.complex(g.resized(a, shape), g.resized(b, shape)))
    return g.pick([tf.real, tf.imag, lambda z: tf.abs(z) ** 2 / 4])(found) / 2


def _slope(a, function):
    """A derivative inside the loss, by a tensor of its own: of the same variable, b may be another read or the same."""
    a = tf.identity(a)
    return tf.gradients(tf.reduce_sum(function(a)), a)[0]


def _axis(g, a):
    return g.below(len(a.shape.as_list()))


def _reduced(function):
    """A reduction over an axis, two or all, kept or not."""
    def build(g, a):
        a = g.some_rank(a)
        axes = g.pick([None, [_axis(g, a)], [_axis(g, a)], [_axis(g, a)], [0, -1] if len(a.shape) > 1 else [0]])
        return function(a, axis=axes, keepdims=g.chance(0.4))

    return build


def _variance(a, axis, keepdims):
    mean, variance = tf.nn.moments(a, list(range(len(a.shape))) if axis is None else axis, keep_dims=keepdims)
    return variance + mean


def _accumulated(function):
    def build(g, a):
        a = g.some_rank(a)
        return function(a, axis=_axis(g, a), exclusive=g.chance(0.5), reverse=g.chance(0.5))

    return build


REDUCTIONS = {
    "sum": _reduced(lambda a, axis, keepdims: tf.reduce_sum(a, axis, keepdims=keepdims) / 2),
    "mean": _reduced(tf.reduce_mean), "prod": _reduced(tf.reduce_prod), "max": _reduced(tf.reduce_max),
    "prod_with_zeros": _reduced(lambda a, axis, keepdims: tf.reduce_prod(tf.nn.relu(a), axis, keepdims=keepdims)),
    "min": _reduced(tf.reduce_min), "logsumexp": _reduced(tf.reduce_logsumexp), "variance": _reduced(_variance),
    "norm": _reduced(lambda a, axis, keepdims: tf.sqrt(tf.reduce_sum(a * a, axis, keepdims=keepdims) + 0.125)),
    "cumsum": _accumulated(tf.cumsum), "cumprod": _accumulated(tf.cumprod),
    "top_k": lambda g, a: tf.nn.top_k(g.matrix(a), 2)[0], "sort": lambda g, a: tf.sort(g.matrix(a), axis=1),
    "weighted_mean": lambda g, a: tf.reduce_sum(tf.nn.softmax(g.vector(a)) * g.vector(a)),
}


def _cut(g, a):
    a = g.some_rank(a)
    ends = [g.pick([slice(None), slice(1, None), slice(None, None, -1), slice(None, None, 2), slice(-1, None), 0, -1])
            for _ in a.shape.as_list()]
    ends = [slice(None) if size == 1 else end for end, size in zip(ends, a.shape.as_list())]
    return a[tuple(ends)]


def _gathered(g, a):
    a = g.some_rank(a)
    axis = _axis(g, a)
    return tf.gather(a, g.rng.randint(0, a.shape.as_list()[axis], g.pick([3, 2, [2, 2]])), axis=axis)


def _gathered_nd(g, a):
    a = g.matrix(a)
    return tf.gather_nd(a, np.stack([g.rng.randint(0, size, 3) for size in a.shape.as_list()], 1)[:, :g.pick([1, 2])])


def _joined(g, a):
    a = g.some_rank(a)
    return tf.concat([a, g.pick([tf.sin(a), a * a, g.constant(a.shape.as_list())])], _axis(g, a))


def _divided(g, a):
    parts = tf.split(g.resized(a, [2, 4]), g.pick([2, [1, 3], 4]), 1)
    return parts[0] * tf.reduce_sum(parts[-1])


def _padded(g, a):
    a = g.matrix(a)
    return tf.pad(a, [[1, 0], [g.below(2), 1]], mode=g.pick(["CONSTANT", "REFLECT", "SYMMETRIC"]))


def _rows_of(found, count):
    """The static shape that TensorFlow does not work out."""
    found.set_shape([count, 2])
    return found


def _segments(function, ids):
    return lambda g, a: _rows_of(function(g.resized(a, [4, 2]), ids), ids[-1] + 1)


def _segments_of(function):
    return lambda g, a: function(g.resized(a, [4, 2]), [2, 0, 2, 1], 3)


def _looked_up(function):
    return lambda g, a: _rows_of(function(g.resized(a, [3, 2]), [0, 2, 2, 1], [0, 0, 1, 1]), 2)


def _updated(function):
    return lambda g, a: function(g.resized(a, [4, 2]), [[2], [0]], tf.sin(g.resized(a, [2, 2])))


def _stitched(g, a):
    a = g.resized(a, [5])
    first, second = tf.dynamic_partition(a, [1, 0, 0, 1, 0], 2)
    return tf.ensure_shape(tf.dynamic_stitch([[0, 2, 4], [3, 1]], [tf.sin(first), second]), [5])


def _unknown_rows(g, a):
    """A batch whose size the graph does not tell."""
    rows = tf.placeholder_with_default(g.numbers(3, 2).astype(g.dtype.as_numpy_dtype), [None, 2])
    hidden = tf.sin(rows * g.resized(a, [2]) + g.resized(a, [1, 1]))
    return g.pick([tf.reduce_mean, tf.reduce_sum, tf.reduce_logsumexp])(hidden, 0)


ARRAYS = {
    "reshape": lambda g, a: g.some_rank(a), "transpose": lambda g, a: tf.transpose(g.matrix(a)),
    "permute": lambda g, a: tf.transpose(g.resized(a, [2, 1, 3]), g.rng.permutation(3)), "cut": _cut,
    "slice": lambda g, a: tf.slice(g.resized(a, [2, 4]), [0, g.below(3)], [2, 2]), "gather": _gathered,
    "gather_nd": _gathered_nd, "concat": _joined, "split": _divided, "pad": _padded,
    "scatter_nd": lambda g, a: tf.scatter_nd([[3], [1], [3]], g.resized(a, [3, 2]), [5, 2]),
    "scatter_add": _updated(tf.tensor_scatter_add), "scatter_update": _updated(tf.tensor_scatter_update),
    "segment_sum": _segments(tf.segment_sum, [0, 0, 1, 3]), "segment_mean": _segments(tf.segment_mean, [0, 1, 1, 2]),
    "segment_prod": _segments(tf.segment_prod, [0, 0, 1, 1]), "segment_max": _segments(tf.segment_max, [0, 1, 1, 1]),
    "segment_min": _segments(tf.segment_min, [0, 0, 0, 1]), "unsorted_sum": _segments_of(tf.unsorted_segment_sum),
    "unsorted_max": _segments_of(tf.unsorted_segment_max), "unsorted_prod": _segments_of(tf.unsorted_segment_prod),
    "sparse_sum": _looked_up(tf.sparse_segment_sum), "sparse_mean": _looked_up(tf.sparse_segment_mean),
    "sparse_sqrt_n": _looked_up(tf.sparse_segment_sqrt_n), "stitch": _stitched,
    "stack": lambda g, a: tf.stack([a, a * a], g.pick([0, -1])),
    "unstack": lambda g, a: tf.add_n(tf.unstack(g.matrix(a), axis=1)),
    "tile": lambda g, a: tf.tile(g.matrix(a), [g.pick([1, 2]), 2]), "roll": lambda g, a: tf.roll(g.matrix(a), 1, 1),
    "reverse": lambda g, a: tf.reverse(g.matrix(a), [g.below(2)]),
    "reverse_sequence": lambda g, a: tf.reverse_sequence(g.resized(a, [2, 3]), [2, 3], seq_axis=1),
    "expand": lambda g, a: tf.squeeze(tf.expand_dims(a, 0) * [1.0, 0.5][g.below(2)], 0),
    "broadcast": lambda g, a: tf.broadcast_to(g.resized(a, [2, 1]), [2, 2, 3]),
    "fill": lambda g, a: tf.fill([2, 2], tf.reduce_mean(a)), "diag": lambda g, a: tf.matrix_diag(g.resized(a, [2, 2])),
    "diag_part": lambda g, a: tf.matrix_diag_part(g.matrix(a)), "unknown_rows": _unknown_rows,
    "set_diag": lambda g, a: tf.matrix_set_diag(g.resized(a, [2, 3]), tf.sin(g.resized(a, [2]))),
    "band": lambda g, a: tf.matrix_band_part(g.matrix(a), 0, 1), "rows": lambda g, a: g.rows(a),
    "mask": lambda g, a: tf.ensure_shape(tf.boolean_mask(g.resized(a, [5]), [True, False, True, True, False]), [3]),
    "one_hot": lambda g, a: tf.matmul(tf.one_hot([1, 0, 1], 2, dtype=g.dtype), g.resized(a, [2, 3])),
}

UNARY = dict(NUMBERS, **REDUCTIONS)
UNARY.update(ARRAYS)
BINARY = dict(TWO_NUMBERS)
