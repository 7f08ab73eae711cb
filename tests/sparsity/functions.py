"""Functions of sixteen elements with masks, extremes, indices, branches: the truth about their patterns is measured."""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["EXACT", "FUNCTIONS", "N", "measured", "points"]

N = 16
_RANDOM = np.random.RandomState(1)
_WEIGHTS = _RANDOM.randn(4, 4)
_FILTER = _RANDOM.randn(3, 3, 1, 2)


def _chain(x):
    return 100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1])


def _grid(x):
    u = tf.pad(tf.reshape(x, [4, 4]), [[1, 1], [1, 1]])
    return tf.sqrt(1 + tf.square(u[1:, :-1] - u[:-1, :-1]) + tf.square(u[:-1, 1:] - u[:-1, :-1]))


def _factors(x):
    return tf.tanh(tf.matmul(tf.reshape(x[:6], [3, 2]), tf.reshape(x[6:], [5, 2]), transpose_b=True))


def _huber(x):
    d = x[1:] - x[:-1]
    return tf.where(tf.abs(d) < 0.7, tf.square(d), tf.abs(d) * tf.stop_gradient(tf.abs(d)))


def _normalized(x):
    mean, variance = tf.nn.moments(tf.reshape(x, [4, 4]), [1])
    return tf.exp(mean) + tf.square(variance)


def _conditional(x):
    return tf.cond(x[0] > 0, lambda: tf.reduce_sum(x[:3] * x[1:4]), lambda: tf.reduce_sum(tf.square(x[4:6])))


def _loop(x):
    return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, tf.sin(y * y)), [tf.constant(0), x[:4]])[1]


def _scatter(x):
    ids = tf.constant([[0], [2], [2], [1]])
    return tf.exp(tf.scatter_nd(ids, x[:4], [5]))


def _sparse(x):
    a = tf.SparseTensor(np.array([[0, 1], [0, 3], [2, 2]], np.int64), np.array([1.0, 2.0, 3.0]), [3, 4])
    return tf.exp(tf.sparse_tensor_dense_matmul(a, tf.reshape(x, [4, 4])))


def _images(x):
    return tf.reshape(x, [1, 4, 4, 1])


# Those whose pattern is exactly the union of what is non-zero somewhere.
EXACT = {
    "linear": lambda x: x[1:] * 2 - x[:-1],
    "chain": _chain,
    "grid": _grid,
    "factors": _factors,
    "huber": _huber,
    "masked": lambda x: tf.where(x[1:] > 0.3, x[1:] * x[:-1], tf.square(x[1:])),
    "relu": lambda x: tf.nn.relu(x[1:] - x[:-1]),
    "relu squared": lambda x: tf.square(tf.nn.relu(x[1:] - x[:-1])),
    "thrown away": lambda x: tf.exp(tf.square(x[1:] * x[:-1]))[2:5],
    "never read": lambda x: tf.stack([x[0] ** 3, tf.stop_gradient(tf.exp(x[1])) * x[2]]),
    "gathered": lambda x: tf.exp(tf.reduce_sum(tf.gather(x, [[0, 5], [9, 9], [3, 2]]), 1)),
    "gathered places": lambda x: tf.gather_nd(tf.reshape(x, [4, 4]), [[0, 1], [3, 2]]) ** 3,
    "segments": lambda x: tf.exp(tf.math.unsorted_segment_sum(x, [0, 0, 1, -1, 2, 3] + [4] * 10, 5)),
    "scattered": _scatter,
    "sparse product": _sparse,
    "rows": lambda x: tf.log(tf.reduce_sum(tf.exp(tf.reshape(x, [4, 4])), 1)),
    "columns": lambda x: tf.reduce_prod(2 + tf.sin(tf.reshape(x, [4, 4])), 0),
    "softmax": lambda x: tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.constant(np.eye(4)), logits=tf.reshape(x, [4, 4])),
    "layers": lambda x: tf.tanh(tf.matmul(tf.reshape(x, [4, 4]), _WEIGHTS)),
    "bias": lambda x: tf.exp(tf.nn.bias_add(tf.reshape(x[:12], [3, 4]), x[12:])),
    "moments": _normalized,
    "half square": lambda x: tf.nn.l2_loss(x[3:]),
    "divided": lambda x: x[:5] / (3 + tf.square(x[5:10])),
    "powers": lambda x: tf.pow(2 + tf.abs(x[:3]), x[3:6]),
    "moved": lambda x: tf.square(tf.reverse(tf.transpose(tf.reshape(x, [2, 8])), [0])) * tf.tile(x[:8], [2])[
        :, None][:8],
    "joined": lambda x: tf.exp(tf.reduce_sum(tf.stack([x[:5], tf.concat([x[7:9], x[11:14]], 0)]), 0)),
    "broadcast": lambda x: x[:3][:, None] * tf.sin(x[3:5]),
    "einsum": lambda x: tf.einsum("bik,bjk->bij", tf.reshape(x[:8], [2, 2, 2]), tf.reshape(x[8:], [2, 2, 2])),
    "diagonals": lambda x: tf.exp(tf.linalg.diag_part(tf.reshape(x, [4, 4]))),
    "symmetric padding": lambda x: tf.exp(tf.reduce_sum(tf.reshape(tf.pad(x[:6], [[1, 1]], "SYMMETRIC"), [4, 2]), 1)),
    "patches": lambda x: tf.exp(tf.reduce_sum(tf.extract_image_patches(
        _images(x), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), 3)),
    "twice": lambda x: tf.square(x) * x,
    "read twice": lambda x: tf.exp(x[:4] + x[:4]) + tf.sin(x[:4]) * x[4:8],
    "convolution": lambda x: tf.square(tf.nn.conv2d(_images(x), tf.constant(_FILTER), [1, 1, 1, 1], "SAME")),
    "strides": lambda x: tf.square(tf.nn.conv2d(_images(x), tf.constant(_FILTER), [1, 2, 3, 1], "SAME")),
    "channels": lambda x: tf.square(tf.nn.depthwise_conv2d(
        tf.reshape(x, [1, 2, 4, 2]), tf.constant(_RANDOM.randn(1, 2, 2, 3)), [1, 1, 1, 1], "SAME")),
    "averages": lambda x: tf.exp(tf.nn.avg_pool(
        tf.reshape(x, [1, 2, 4, 2]), [1, 1, 2, 1], [1, 1, 1, 1], "SAME")),
    "batches": lambda x: tf.matmul(tf.reshape(x[:8], [2, 2, 2]), tf.reshape(x[8:], [2, 2, 2])),
}
if tf.__version__.startswith("1.13."):
    del EXACT["channels"]  # this TensorFlow has no second derivative of it to measure
# Those whose pattern may be larger.
FUNCTIONS = dict(EXACT, **{
    "largest": lambda x: tf.gather(x, tf.argmax(x)) ** 3,
    "gathered by value": lambda x: tf.gather(x, tf.cast(4 * tf.sigmoid(x[:3]), tf.int32)) * x[3:6],
    "determinants": lambda x: tf.linalg.det(tf.reshape(x, [4, 2, 2]) + 3 * tf.eye(2, dtype=x.dtype)),
    "maximum": lambda x: tf.square(tf.maximum(x[1:], x[:-1])),
    "products": lambda x: tf.reduce_prod(tf.gather(x, [[0, 5], [9, 9], [3, 2]]), 1),
    "pooled": lambda x: tf.exp(tf.nn.max_pool(_images(x), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")),
    "largest of windows": lambda x: tf.exp(tf.nn.max_pool(_images(x), [1, 3, 2, 1], [1, 1, 2, 1], "SAME") * 0.3),
    "extremes": lambda x: tf.reduce_max(tf.reshape(x, [4, 4]), 1) ** 3,
    "sorted": lambda x: tf.square(tf.nn.top_k(tf.reshape(x, [4, 4]), 2)[0]) * tf.constant([1.0, 2.0], x.dtype),
    "clipped": lambda x: tf.square(tf.clip_by_value(x[1:] * x[:-1], -0.5, 0.5)),
    "conditional": _conditional,
    "loop": _loop,
    "running sum": lambda x: tf.exp(tf.cumsum(tf.reshape(x, [4, 4]), 1)),
    "normal equations": lambda x: tf.matrix_solve(
        tf.reshape(x, [4, 4]) + 9 * tf.eye(4, dtype=x.dtype), tf.ones([4, 1], x.dtype)),
    "scattered extremes": lambda x: tf.square(tf.math.unsorted_segment_max(x, [0, 1, 1, 0] * 4, 2)),
})


def points(n=N, count=6):
    """Points of different orders and signs."""
    return [scale * np.random.RandomState(k).randn(n) for k, scale in enumerate([1.0, 0.3, 2.0, 0.1, 1.5, 0.7][:count])]


def measured(loss, x):
    """Where the Hessian differs from zero at any of the points, by tf.gradients alone, each row by itself."""
    gradient = tf.gradients(loss, x)[0]
    gradient = tf.zeros_like(x) if gradient is None else tf.convert_to_tensor(gradient)
    rows = [tf.gradients(g, x)[0] for g in tf.unstack(gradient)]
    rows = tf.stack([tf.zeros_like(x) if r is None else tf.convert_to_tensor(r) for r in rows])
    found = np.zeros([N, N], bool)
    with tf.Session(graph=loss.graph) as session:
        for point in points():
            value = session.run(rows, {x: point})
            found |= np.abs(value) > 1e-12 * max(1e-300, np.max(np.abs(value)))
    return found | found.T
