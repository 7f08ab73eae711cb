"""Array, linear-algebra and segment ops, each inside a non-linear function so that a lost term shows."""
import numpy as np
import tensorflow.compat.v1 as tf

from scenario import Case, constant, numbers, register, scenario, variable

_WEIGHTS = numbers(99, 40)


def _mixed(tensor):
    """A loss that couples all elements of a tensor."""
    size = tensor.shape.num_elements()
    weights = tf.reshape(constant(_WEIGHTS[:size], tensor.dtype), tensor.shape)
    return tf.exp(0.3 * tf.reduce_sum(tensor * weights))


def _of_matrix(function):
    """A scenario of a function of a (2, 3) matrix."""
    def build(dtype):
        x = variable("x", numbers(4, 2, 3, low=0.2, high=1.2), dtype)
        return Case(_mixed(function(x)), x)

    return build


def _dynamic_stitch(x):
    return tf.dynamic_stitch([[3, 0], [2, 1, 4]], [tf.square(x[0, :2]), x[1] * x[0]])


def _dynamic_partition(x):
    a, b = tf.dynamic_partition(tf.reshape(x, [-1]), [0, 1, 1, 0, 1, 0], 2)
    return tf.reshape(a * b, [3])


def _unstacked(x):
    a, b, c = tf.unstack(x, axis=1)
    return tf.stack([a * b, b - c, tf.exp(c)], axis=1)


def _segments(reduce):
    return lambda x: tf.reshape(tf.square(reduce(tf.transpose(x), [0, 0, 1])), [2, 2])


_MATRIX_FUNCTIONS = {
    "slice": lambda x: tf.slice(x, [0, 1], [2, 2]) * x[:, ::-2],
    "strided_slice": lambda x: x[::-1, ::2] * x[:, tf.newaxis, 1],
    "concat_and_split": lambda x: tf.concat(tf.split(x * x, [1, 2], axis=1)[::-1] + [x], 1),
    "pad": lambda x: tf.pad(tf.square(x), [[1, 0], [0, 2]]),
    "mirror_pad": lambda x: tf.pad(tf.square(x), [[1, 0], [0, 2]], "REFLECT"),
    "transpose_and_reshape": lambda x: tf.transpose(x) * tf.reshape(x, [3, 2]),
    "tile": lambda x: tf.tile(x, [2, 1]) * tf.reshape(tf.tile(x, [1, 2]), [4, 3]),
    "stack_and_unstack": _unstacked,
    "reduce_prod": lambda x: tf.reduce_prod(x, 1),
    "reduce_max": lambda x: tf.reduce_max(tf.square(x), 1) * tf.reduce_min(x),
    "reduce_logsumexp": lambda x: tf.reduce_logsumexp(x, 0),
    "cumsum": lambda x: tf.square(tf.cumsum(x, 1, exclusive=True, reverse=True)),
    "cumprod": lambda x: tf.cumprod(x, 1),
    "gather": lambda x: tf.gather(x, [1, 0, 1]) * tf.gather(x, [2, 2, 0], axis=1)[:1],
    "gather_nd": lambda x: tf.square(tf.gather_nd(x, [[0, 1], [1, 2], [0, 1]])),
    "scatter_nd": lambda x: tf.scatter_nd([[2], [0], [2]], tf.transpose(tf.square(x)), [4, 2]),
    "einsum": lambda x: tf.einsum("ij,kj->ik", x, tf.square(x)),
    "tensordot": lambda x: tf.tensordot(x, tf.exp(x), [[0], [0]]),
    "batch_matmul": lambda x: tf.matmul(tf.stack([x, x * x]), tf.stack([x, x]), transpose_b=True),
    "where": lambda x: tf.where(tf.greater(x, 0.6), tf.square(x), tf.exp(x)),
    "maximum": lambda x: tf.maximum(tf.square(x), x[:, ::-1]) * tf.minimum(x, 0.61),
    "segment_sum": _segments(tf.segment_sum),
    "segment_mean": _segments(tf.segment_mean),
    "unsorted_segment_sum": lambda x: tf.square(tf.unsorted_segment_sum(x, [2, 0], 3)),
    "dynamic_stitch": _dynamic_stitch,
    "dynamic_partition": _dynamic_partition,
    "norm": lambda x: tf.norm(x, axis=1),
    "broadcast": lambda x: tf.broadcast_to(x[:1], [2, 3]) * x + tf.expand_dims(x[:, 0], 1),
    "reverse_and_roll": lambda x: tf.reverse(x, [1]) * tf.roll(x, 1, 1),
    "matrix_diag_part": lambda x: tf.square(tf.matrix_diag_part(x)) * tf.trace(x[:, 1:]),
    "top_k": lambda x: tf.square(tf.nn.top_k(x, 2)[0]),
    "add_n_and_cast": lambda x: tf.add_n([x, tf.square(x), tf.cast(tf.cast(4 * x, tf.int32), x.dtype) * x]),
}

for _name in sorted(_MATRIX_FUNCTIONS):
    register("array_" + _name, _of_matrix(_MATRIX_FUNCTIONS[_name]))


def _positive_definite(x):
    """A (3, 3) matrix that is symmetric and positive definite, from six numbers."""
    return tf.matmul(x, x, transpose_a=True) + tf.eye(3, dtype=x.dtype)


@scenario()
def cholesky_and_triangular_solve(dtype):
    x = variable("x", numbers(4, 2, 3), dtype)
    factor = tf.cholesky(_positive_definite(x))
    solved = tf.matrix_triangular_solve(factor, constant(numbers(5, 3, 1), dtype))
    return Case(tf.reduce_sum(tf.square(solved)) + 2 * tf.reduce_sum(tf.log(tf.matrix_diag_part(factor))), x)


@scenario()
def log_determinant_and_inverse(dtype):
    x = variable("x", numbers(4, 2, 3), dtype)
    matrix = _positive_definite(x)
    solved = tf.matrix_solve(matrix, constant(numbers(5, 3, 2), dtype))
    return Case(tf.reduce_sum(tf.square(solved)) + tf.exp(tf.linalg.logdet(matrix) / 4), x)


@scenario()
def gaussian_process_likelihood(dtype):
    """Kernel hyperparameters, as in GPflow's losses."""
    points, y = numbers(6, 5, 1), numbers(7, 5, 1)
    squared = constant((points - points.T) ** 2, dtype)
    log_scale, log_variance, log_noise = [variable(n, v, dtype) for n, v in zip("abc", (-0.3, 0.2, -1.0))]
    kernel = tf.exp(log_variance - 0.5 * squared * tf.exp(-2 * log_scale)) + tf.exp(log_noise) * tf.eye(5, dtype=dtype)
    factor = tf.cholesky(kernel)
    whitened = tf.matrix_triangular_solve(factor, constant(y, dtype))
    loss = 0.5 * tf.reduce_sum(tf.square(whitened)) + tf.reduce_sum(tf.log(tf.matrix_diag_part(factor)))
    return Case(loss, [log_scale, log_variance, log_noise])


@scenario(closed=lambda x: np.diag(2 * _WEIGHTS[:6]))
def shape_arithmetic(dtype):
    """Shapes computed in the graph, from a placeholder of unknown size."""
    aside = tf.placeholder(dtype, [None, None])
    x = variable("x", numbers(4, 2, 3), dtype)
    moved = tf.reshape(x, tf.stack([tf.shape(aside)[1], -1]))
    weights = tf.reshape(constant(_WEIGHTS[:6], dtype), tf.shape(moved))
    return Case(tf.reduce_sum(tf.square(moved) * weights), x, {aside: np.zeros((1, 3))})
