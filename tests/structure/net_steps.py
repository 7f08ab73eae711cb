"""What random nets are made of. Each entry takes a Maker of random_nets.py and a node, and gives a node.

MATRICES are steps on [rows, width]; STACKS on [rows, steps, width], which they may give up; LOSSES give a number or
a vector.
"""
import tensorflow.compat.v1 as tf

__all__ = ["LOSSES", "MATRICES", "STACKS", "TO_STACKS"]

ACTIVATIONS = [
    tf.tanh, tf.sigmoid, tf.nn.softplus, tf.nn.elu, tf.nn.swish, tf.nn.relu, tf.nn.relu, tf.nn.leaky_relu, tf.identity,
    tf.square, tf.nn.selu, tf.sin]


def _width(a):
    return a.shape.as_list()[-1]


def _dense(g, a):
    width = g.width()
    bias = g.pick([lambda y: y, lambda y: y + g.weight(width), lambda y: tf.nn.bias_add(y, g.weight(width)),
                   lambda y: g.weight(width) - y])
    return g.act(bias(tf.matmul(a, g.weight(_width(a), width))))


def _transposed_dense(g, a):
    return g.act(tf.matmul(a, g.weight(g.width(), _width(a)), transpose_b=True))


def _weights_on_the_left(g, a):
    return tf.transpose(g.act(tf.matmul(g.weight(g.width(), _width(a)), a, transpose_b=True)))


def _residual(g, a):
    inner = g.act(tf.matmul(a, g.weight(_width(a), 2)))
    return a + tf.matmul(inner, g.weight(2, _width(a)))


def _skip(g, a):
    b = g.alike(a)
    return g.pick([lambda: a + b, lambda: a - tf.tanh(b), lambda: a * tf.sigmoid(b), lambda: tf.maximum(a, b),
                   lambda: tf.squared_difference(a, b), lambda: tf.concat([a, b], -1), lambda: tf.add_n([b, a, b])])()


def _scaled(g, a):
    width = _width(a)
    return g.pick([
        lambda: a * g.weight(width), lambda: g.weight(width) - a, lambda: a / (1.5 + tf.square(g.weight(width))),
        lambda: a * g.weight(1), lambda: g.weight(g.rows, width) + a, lambda: g.weight(g.rows, 1) * a,
        lambda: g.weight(width) * tf.exp(a), lambda: a / g.numbers(width, low=1.0), lambda: g.numbers(1) - a])()


def _centered(g, a):
    return a - tf.reduce_mean(a, g.below(a.shape.ndims), keepdims=True)


def _normalized(g, a):
    axis = g.below(2) * (a.shape.ndims - 1)
    mean, variance = tf.nn.moments(a, [axis], keep_dims=True)
    return g.pick([
        lambda: tf.nn.batch_normalization(a, mean, variance, g.weight(_width(a)), g.weight(_width(a)), 1.0),
        lambda: (a - mean) * tf.rsqrt(variance + 0.5), lambda: tf.nn.l2_normalize(a, axis, epsilon=0.25),
        lambda: tf.nn.batch_normalization(
            a, g.numbers(_width(a)), g.numbers(_width(a), low=0.5), g.weight(_width(a)), g.weight(_width(a)), 0.5)])()


def _soft(g, a):
    return g.pick([tf.nn.softmax, tf.nn.log_softmax, lambda x: tf.nn.softmax(x, axis=0)])(a)


def _split(g, a):
    width = _width(a)
    if width < 2:
        return tf.tanh(a)
    first, rest = tf.split(a, [1, width - 1], -1)
    return tf.concat([g.act(rest), g.act(first) * g.pick([1.0, tf.reduce_mean(rest)])], -1)


def _turned(g, a):
    return tf.transpose(g.act(tf.transpose(a) * g.weight(_width(a), 1)))


def _flattened(g, a):
    flat = tf.reshape(a, [-1])
    flat = g.pick([tf.nn.relu, tf.tanh, tf.cumsum, lambda x: x - tf.reduce_mean(x)])(flat)
    return tf.reshape(flat, [-1, _width(a)])


def _picked(g, a):
    order = list(g.rng.permutation(g.rows))
    columns = list(g.rng.randint(0, _width(a), 3))
    return g.pick([
        lambda: tf.gather(a, order), lambda: tf.gather(a, columns, axis=-1),
        lambda: tf.unsorted_segment_sum(tf.gather(a, order), [0] + [g.rows - 1] * (g.rows - 1), g.rows),
        lambda: tf.gather_nd(a, [[i, j] for i in range(g.rows) for j in (0,)])[:, None] * a])()


def _rearranged(g, a):
    width = _width(a)
    return g.pick([
        lambda: tf.cumsum(a, g.below(2)), lambda: tf.reverse(a, [g.below(2)]), lambda: tf.tile(a, [1, 2]),
        lambda: tf.pad(a, [[0, 0], [1, 0]]), lambda: a[:, ::-1], lambda: tf.roll(a, 1, g.below(2)),
        lambda: tf.tile(a[:, :1], [1, width]) * a, lambda: tf.where(g.mask(g.rows, width), a, tf.tanh(a)),
        lambda: tf.stop_gradient(a) * tf.sin(a), lambda: tf.clip_by_value(a, -0.5, 0.5),
        lambda: tf.reshape(tf.transpose(tf.stack([a, tf.square(a)]), [1, 2, 0]), [-1, 2 * width]),
        lambda: tf.concat(tf.unstack(a, axis=1)[::-1] + [tf.reshape(tf.sin(a), [-1])], 0)[:, None][:g.rows]])()


def _embedded(g, a):
    table = g.weight(4, _width(a))
    ids = g.rng.randint(0, 4, g.rows)
    bags = g.rng.randint(0, 4, (g.rows, 2))
    return g.pick([
        lambda: a + tf.gather(table, ids), lambda: a * tf.nn.embedding_lookup(table, ids),
        lambda: g.act(a + tf.reduce_mean(tf.gather(table, bags), 1)),
        lambda: tf.tanh(tf.reduce_sum(tf.gather(table, bags), 1) * a)])()


def _unrolled(g, a):
    w, u = g.weight(_width(a), 2), g.weight(2, 2)
    state = tf.tanh(tf.matmul(a, w))
    for _ in range(g.pick([1, 2])):
        state = g.act(tf.matmul(state, u) + tf.matmul(tf.sin(a), w))
    return state


def _tied(g, a):
    w = g.weight(_width(a), 2)
    return tf.matmul(g.act(tf.matmul(a, w)), w, transpose_b=True)


def _slope(g, a):
    """What a gradient penalty is made of."""
    y = tf.reduce_sum(tf.matmul(g.act(tf.matmul(a, g.weight(_width(a), 3))), g.weight(3, 1)))
    found, = tf.gradients(y, [a])
    return tf.zeros_like(a) + a if found is None else found


def _expected(g, a):
    """Every row meets every other."""
    return tf.matmul(tf.nn.softmax(tf.matmul(a, a, transpose_b=True)), a)


def _to_stack(g, a):
    width = _width(a)
    return g.pick([
        lambda: tf.stack([a, tf.tanh(a)], 1), lambda: tf.stack([a, tf.square(a)], 2),
        lambda: a[:, None, :] * g.weight(2, 1), lambda: tf.tile(a[:, :, None], [1, 1, 2]),
        lambda: tf.reshape(tf.matmul(a, g.weight(width, 6)), [-1, 2, 3]),
        lambda: tf.einsum("nd,tde->nte", a, g.weight(2, width, 3)),
        lambda: tf.gather(g.weight(4, width), g.rng.randint(0, 4, (g.rows, 2))) + a[:, None, :]])()


def _to_matrix(g, a):
    steps, width = a.shape.as_list()[1:]
    return g.pick([
        lambda: tf.reduce_mean(a, 1), lambda: tf.reduce_sum(a, 2), lambda: tf.reduce_max(a, 1), lambda: a[:, 0],
        lambda: tf.reshape(a, [-1, steps * width]), lambda: tf.reduce_logsumexp(a, 1),
        lambda: tf.reshape(tf.transpose(a, [0, 2, 1]), [-1, width * steps]), lambda: a[:, :, -1],
        lambda: tf.tensordot(a, g.weight(steps, width, 2), [[1, 2], [0, 1]])])()


def _dense_in_place(g, a):
    steps, width = a.shape.as_list()[1:]
    w, out = g.weight(width, 3), g.pick([lambda y: y, lambda y: y + g.weight(3)])
    return g.act(out(g.pick([
        lambda: tf.tensordot(a, w, [[2], [0]]), lambda: tf.einsum("ntd,de->nte", a, w),
        lambda: tf.reshape(tf.matmul(tf.reshape(a, [-1, width]), w), [-1, steps, 3]),
        lambda: tf.matmul(a, tf.tile(w[None], [g.rows, 1, 1]))])()))


def _attention(g, a):
    steps, width = a.shape.as_list()[1:]
    q, k = (tf.tensordot(a, g.weight(width, 2), [[2], [0]]) for _ in range(2))
    scores = tf.matmul(q, k, transpose_b=True)
    weights = g.pick([tf.nn.softmax, tf.identity, lambda s: tf.nn.softmax(s, axis=1)])(scores)
    return tf.matmul(weights, a)


def _convolved(g, a):
    width = _width(a)
    image = tf.expand_dims(a, 3)
    made = g.pick([
        lambda: tf.nn.conv2d(image, g.weight(2, 2, 1, 2), strides=[1, 1, 1, 1], padding="SAME"),
        lambda: tf.nn.bias_add(tf.nn.depthwise_conv2d(image, g.weight(1, 2, 1, 2), [1, 1, 1, 1], "SAME"), g.weight(2)),
        lambda: tf.nn.max_pool(tf.stack([a, -a], 3), ksize=[1, 2, 1, 1], strides=[1, 1, 1, 1], padding="SAME"),
        lambda: tf.nn.avg_pool(tf.stack([a, tf.sin(a)], 3), ksize=[1, 1, 2, 1], strides=[1, 1, 1, 1],
                               padding="SAME")])()
    made = tf.reshape(g.act(made), [-1] + a.shape.as_list()[1:] + [2])
    return g.pick([lambda: tf.reduce_mean(made, 3), lambda: made[..., 1], lambda: tf.reshape(
        made, [-1, a.shape.as_list()[1], width * 2])])()


def _one_dimensional(g, a):
    return tf.reshape(g.act(tf.nn.conv1d(a, g.weight(2, _width(a), 2), 1, "SAME")), [-1, a.shape.as_list()[1], 2])


def _moved(g, a):
    return g.pick([
        lambda: g.act(a), lambda: tf.transpose(a, [0, 2, 1]), lambda: _centered(g, a), lambda: tf.nn.softmax(a, axis=1),
        lambda: tf.cumsum(a, 1), lambda: tf.stack(tf.unstack(a, axis=1)[::-1], 1), lambda: _normalized(g, a),
        lambda: a * g.weight(*a.shape.as_list()[1:]), lambda: a * g.weight(a.shape.as_list()[1], 1),
        lambda: tf.concat([a, tf.square(a)], 1), lambda: tf.reverse(a, [1]),
        lambda: tf.transpose(tf.gather(tf.transpose(a, [1, 0, 2]), [0, 1, 0]), [1, 0, 2]),
        lambda: tf.reshape(tf.transpose(g.act(tf.transpose(a, [1, 0, 2])), [1, 0, 2]), [-1] + a.shape.as_list()[1:])])()


def _target(g, z):
    return g.numbers(g.rows, _width(z), low=0.0)


def _classes(g, z):
    return tf.one_hot(g.rng.randint(0, _width(z), g.rows), _width(z), dtype=tf.float64)


def _entropy(g, z):
    return g.pick([
        lambda: tf.nn.softmax_cross_entropy_with_logits(labels=_classes(g, z), logits=z),
        lambda: tf.nn.softmax_cross_entropy_with_logits_v2(labels=_classes(g, z), logits=z),
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.constant(g.rng.randint(0, _width(z), g.rows)), logits=z),
        lambda: -tf.reduce_sum(_classes(g, z) * tf.nn.log_softmax(z), -1),
        lambda: -tf.reduce_sum(_classes(g, z) * tf.log(tf.nn.softmax(z) + 1e-3), 1)])()


def _reduced(g, rows):
    """One number of many, or all of them."""
    mask = tf.cast(g.mask(g.rows), tf.float64)
    return g.pick([
        lambda: tf.reduce_mean(rows), lambda: tf.reduce_sum(rows), lambda: rows,
        lambda: tf.tensordot(rows, g.numbers(g.rows), 1),
        lambda: tf.reduce_sum(rows * mask) / (0.5 + tf.reduce_sum(mask)),
        lambda: tf.sqrt(1.0 + tf.square(tf.reduce_mean(rows)))])()


def _rest(g, z):
    """Losses of a row or of an element."""
    return g.pick([
        lambda: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=_target(g, z), logits=z), 1),
        lambda: tf.reduce_mean(tf.squared_difference(z, _target(g, z)), 1), lambda: tf.norm(z - 2.0, axis=1),
        lambda: tf.reduce_sum(tf.exp(0.5 * z) - _target(g, z) * z, 1), lambda: tf.reduce_logsumexp(z, 1),
        lambda: tf.reduce_sum(tf.where(tf.abs(z) < 0.5, tf.square(z), tf.abs(z) - 0.25), 1),
        lambda: tf.reduce_prod(tf.sigmoid(z), 1), lambda: tf.square(tf.reduce_sum(z, 1))])()


def _whole(g, z):
    """Losses in which all rows meet."""
    return g.pick([
        lambda: tf.sqrt(1.0 + tf.reduce_sum(tf.square(z))), lambda: tf.reduce_sum(tf.reduce_logsumexp(z, 0)),
        lambda: tf.reduce_mean(z) * tf.reduce_mean(tf.square(z)), lambda: tf.log(tf.reduce_sum(tf.exp(z)))])()


MATRICES = [
    _dense, _dense, _dense, _dense, _transposed_dense, _weights_on_the_left, _residual, _residual, _skip, _skip,
    _scaled, _scaled, _centered, _normalized, _soft, _split, _turned, _flattened, _picked, _rearranged, _embedded,
    _unrolled, _tied, _slope, _expected, lambda g, a: g.act(a)]
TO_STACKS = [_to_stack]
STACKS = [_to_matrix, _to_matrix, _dense_in_place, _dense_in_place, _attention, _convolved, _one_dimensional, _moved,
          _moved]
LOSSES = [lambda g, z: _reduced(g, _entropy(g, z)), lambda g, z: _reduced(g, _entropy(g, z)),
          lambda g, z: _reduced(g, _rest(g, z)), lambda g, z: _reduced(g, _rest(g, z)), _whole]
