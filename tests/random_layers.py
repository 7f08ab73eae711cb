"""What random graphs are made of: products, layers, losses, linear algebra. See random_ops.py."""
import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["BINARY", "UNARY"]

ONES = [1, 1, 1, 1]


def _matmul(g, a, b):
    m, k, n = g.pick([(2, 3, 2), (1, 3, 2), (3, 2, 1), (2, 1, 3)])
    flip_a, flip_b = g.chance(0.4), g.chance(0.4)
    return tf.matmul(g.resized(a, [k, m] if flip_a else [m, k]), g.resized(b, [n, k] if flip_b else [k, n]),
                     transpose_a=flip_a, transpose_b=flip_b) / 2


def _batch_matmul(g, a, b):
    flip = g.chance(0.5)
    return tf.matmul(g.resized(a, [2, 1, 2]), g.resized(b, [2, 3, 2] if flip else [2, 2, 3]), transpose_b=flip) / 2


def _einsum(g, a, b):
    sizes = {"b": 2, "i": g.pick([1, 2]), "j": g.pick([2, 3]), "k": g.pick([1, 3]), "l": 2}
    spec = g.pick(["ij,jk->ik", "ij,kj->ki", "bij,bjk->bik", "i,j->ij", "bij,jk->bik", "ij,jk->k", "bij,bkj->bik"])
    first, second = spec.split("->")[0].split(",")
    return tf.einsum(spec, *[g.resized(x, [sizes[s] for s in axes]) for x, axes in ((a, first), (b, second))]) / 2


def _image(g, a):
    return g.resized(a, g.pick([[1, 3, 4, 1], [1, 2, 3, 2], [2, 3, 2, 1]]))


def _conv2d(g, a, b):
    image = _image(g, a)
    kernel = g.resized(b, [2, g.pick([1, 2]), image.shape.as_list()[3], g.pick([1, 2])])
    return tf.nn.conv2d(image, kernel, strides=g.pick([ONES, [1, 2, 1, 1], [1, 2, 2, 1]]), padding=g.padding()) / 2


def _conv2d_transpose(g, a, b):
    return tf.nn.conv2d_transpose(
        g.resized(a, [1, 2, 3, 1]), g.resized(b, [2, 2, 1, 1]), [1, 4, 6, 1], [1, 2, 2, 1]) / 2


def _depthwise(g, a, b):
    return tf.nn.depthwise_conv2d(g.resized(a, [1, 2, 3, 2]), g.resized(b, [2, 2, 2, 1]), ONES, g.padding()) / 2


def _conv3d(g, a, b):
    return tf.nn.conv3d(g.resized(a, [1, 2, 3, 2, 1]), g.resized(b, [2, 1, 2, 1, 1]), ONES + [1], g.padding()) / 2


def _dilation(g, a, b):
    return tf.nn.dilation2d(g.resized(a, [1, 3, 4, 1]), g.resized(b, [2, 2, 1]), ONES, ONES, "VALID") / 2


def _pooled(function):
    return lambda g, a: function(_image(g, a), [1, 2, 2, 1], g.pick([ONES, [1, 1, 2, 1], [1, 2, 2, 1]]), g.padding())


def _batch_norm(g, a, b):
    rows = g.resized(a, [3, 2])
    mean, variance = tf.nn.moments(rows, [0])
    return tf.nn.batch_normalization(rows, mean, variance, g.resized(b, [2]), g.pick([None, 1.5]), 0.25)


def _layer_norm(g, a):
    rows = g.matrix(a)
    centred = rows - tf.reduce_mean(rows, 1, keepdims=True)
    return centred / tf.sqrt(tf.reduce_mean(tf.square(centred), 1, keepdims=True) + 0.25)


def _attention(g, a, b):
    keys = g.resized(b, [3, 2])
    return tf.matmul(tf.nn.softmax(tf.matmul(g.resized(a, [2, 2]), keys, transpose_b=True)), keys)


def _dense(g, a, b):
    return tf.tanh(tf.nn.bias_add(tf.matmul(g.constant([3, 2]), g.resized(a, [2, 2])), g.resized(b, [2])))


def _entropy(function):
    """A cross entropy whose labels are computed too."""
    return lambda g, a, b: function(labels=tf.nn.softmax(g.resized(b, [2, 3])), logits=g.resized(a, [2, 3]))


def _binary_entropy(g, a, b):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid(g.resized(b, [3])), logits=g.resized(a, [3]))


def _weighted_entropy(g, a, b):
    return tf.nn.weighted_cross_entropy_with_logits(
        g.constant([3]) ** 2, g.resized(a, [3]), g.positive(g.resized(b, [3])))


def _sparse_entropy(g, a):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=g.resized(a, [2, 3]))


def _sparse_product(g, a, b):
    sparse = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], g.resized(a, [3]), [2, 3])
    return tf.sparse_tensor_dense_matmul(sparse, g.resized(b, [3, 2]))


PRODUCTS = {
    "matmul": _matmul, "batch_matmul": _batch_matmul, "einsum": _einsum, "conv2d": _conv2d, "depthwise": _depthwise,
    "conv2d_transpose": _conv2d_transpose, "conv3d": _conv3d, "dilation2d": _dilation, "batch_norm": _batch_norm,
    "attention": _attention, "dense": _dense, "softmax_entropy": _entropy(tf.nn.softmax_cross_entropy_with_logits_v2),
    "binary_entropy": _binary_entropy, "weighted_entropy": _weighted_entropy, "sparse_product": _sparse_product,
    "tensordot": lambda g, a, b: tf.tensordot(g.resized(a, [2, 2]), g.resized(b, [3, 2]), [[1], [1]]) / 2,
    "bias": lambda g, a, b: tf.nn.bias_add(g.resized(a, [2, 3]), g.resized(b, [3])),
    "log_poisson": lambda g, a, b: tf.nn.log_poisson_loss(g.positive(g.resized(b, [3])), tf.tanh(g.resized(a, [3]))),
}
LAYERS = {
    "softmax": lambda g, a: tf.nn.softmax(2 * g.some_rank(a)), "layer_norm": _layer_norm,
    "max_pool": _pooled(tf.nn.max_pool), "avg_pool": _pooled(tf.nn.avg_pool),
    "log_softmax": lambda g, a: tf.nn.log_softmax(g.matrix(a)),
    "l2_normalize": lambda g, a: tf.nn.l2_normalize(g.matrix(a) + 0.5, g.below(2), epsilon=0.0625),
    "l2_loss": lambda g, a: tf.nn.l2_loss(a) / 4, "sparse_entropy": _sparse_entropy,
    "huber": lambda g, a: tf.where(tf.abs(a) < 0.5, a * a, tf.abs(a) - 0.25),
    "patches": lambda g, a: tf.extract_image_patches(
        g.resized(a, [1, 3, 4, 1]), [1, 2, 2, 1], [1, 1, 2, 1], ONES, "VALID"),
    "space_to_depth": lambda g, a: tf.space_to_depth(g.resized(a, [1, 2, 4, 1]), 2),
    "depth_to_space": lambda g, a: tf.depth_to_space(g.resized(a, [1, 1, 2, 4]), 2),
    "space_to_batch": lambda g, a: tf.space_to_batch_nd(g.resized(a, [1, 2, 3, 1]), [2, 3], [[0, 0], [0, 0]]),
    "resize": lambda g, a: tf.image.resize_nearest_neighbor(g.resized(a, [1, 2, 3, 1]), [3, 4]),
}


def _square(g, a, size):
    """A matrix far from singular that is not symmetric."""
    return 0.375 * tf.tanh(g.resized(a, [size, size])) + np.diag([1.5, 2.5, 3.5][:size]) + 0.125 * np.tri(size)


def _definite(g, a, size):
    """A positive definite matrix whose eigenvalues stay apart."""
    m = 0.375 * tf.tanh(g.resized(a, [size, size]))
    return tf.matmul(m, m, transpose_b=True) + np.diag([1.0, 2.5, 4.5][:size])


def _solved(g, a, b):
    return tf.matrix_solve(_square(g, a, 2), g.resized(b, [2, 3]), adjoint=g.chance(0.5))


def _solved_triangular(g, a, b):
    return tf.matrix_triangular_solve(
        _square(g, a, 2), g.resized(b, [2, 1]), lower=g.chance(0.5), adjoint=g.chance(0.5))


def _gauss(g, a, b):
    """The log density of a Gaussian process."""
    factor, right = tf.cholesky(_definite(g, a, 3)), g.resized(b, [3, 1])
    fitted = tf.matmul(right, tf.cholesky_solve(factor, right), transpose_a=True)
    return fitted + tf.reduce_sum(tf.log(tf.matrix_diag_part(factor)))


def _singular(g, a):
    return tf.svd(0.3125 * tf.tanh(g.resized(a, [2, 3])) + np.array([[3.0, 0.125, 0.3125], [0.25, 1.0, -0.125]]))[0]


ALGEBRA = {
    "cholesky": lambda g, a: tf.cholesky(_definite(g, a, g.pick([2, 3]))), "svd": _singular,
    "inverse": lambda g, a: tf.matrix_inverse(_square(g, a, 2), adjoint=g.chance(0.3)),
    "determinant": lambda g, a: tf.matrix_determinant(_square(g, a, g.pick([2, 3]))) / 4,
    "log_determinant": lambda g, a: tf.linalg.logdet(_definite(g, a, 2)),
    "slogdet": lambda g, a: tf.linalg.slogdet(_square(g, a, 3))[1], "trace": lambda g, a: tf.trace(g.matrix(a)),
    "eigenvalues": lambda g, a: tf.self_adjoint_eigvals(_definite(g, a, 3)) / 2,
    "qr": lambda g, a: tf.qr(_square(g, a, 2))[1] ** 2 / 4,
}


def _customized(g, a):
    @tf.custom_gradient
    def function(x):
        return tf.tanh(x), lambda grad: grad * (1 - tf.tanh(x) ** 2)

    return function(a)


UNARY = dict(LAYERS, customized=_customized, **ALGEBRA)
BINARY = dict(PRODUCTS, solve=_solved, triangular_solve=_solved_triangular, gauss=_gauss)
