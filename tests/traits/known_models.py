"""Models as people write them, built for the op types that they are made of."""
import tensorflow.compat.v1 as tf

__all__ = ["MODELS"]

ONES, TWICE = [1, 1, 1, 1], [1, 2, 2, 1]


def _weights(name, *shape):
    return tf.get_variable(name, shape, tf.float32)


def _dense(x, units, name, activation=tf.identity):
    return activation(tf.matmul(x, _weights(name + "_w", x.shape.as_list()[-1], units)) + _weights(name + "_b", units))


def convolutional():
    x, labels = tf.placeholder(tf.float32, [None, 8, 8, 3]), tf.placeholder(tf.int32, [None])
    h = tf.nn.bias_add(tf.nn.conv2d(x, _weights("first", 3, 3, 3, 4), strides=ONES, padding="SAME"), _weights("b", 4))
    h = tf.nn.max_pool(tf.nn.elu(h), TWICE, TWICE, "SAME")
    h = tf.nn.fused_batch_norm(h, _weights("scale", 4), _weights("offset", 4))[0]
    h = tf.nn.separable_conv2d(h, _weights("by_channel", 2, 2, 4, 2), _weights("mix", 1, 1, 8, 3), ONES, "SAME")
    h = tf.nn.conv2d_transpose(h, _weights("back", 2, 2, 5, 3), [tf.shape(h)[0], 8, 8, 5], TWICE, "SAME")
    h = tf.nn.atrous_conv2d(h, _weights("wide", 2, 2, 5, 4), 2, "SAME")
    h = tf.nn.lrn(tf.nn.avg_pool(tf.nn.selu(h), TWICE, TWICE, "VALID"))
    h = tf.nn.dropout(tf.reshape(tf.nn.crelu(h), [-1, 4 * 4 * 8]), rate=0.4)
    h = _dense(h, 10, "out")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    return loss + 0.1 * tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])


def volumes():
    x = tf.placeholder(tf.float32, [None, 4, 4, 4, 2])
    h = tf.nn.conv3d(x, _weights("w", 2, 2, 2, 2, 3), [1] * 5, "SAME")
    h = tf.nn.max_pool3d(tf.nn.leaky_relu(h), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME")
    line = tf.nn.conv1d(tf.placeholder(tf.float32, [None, 8, 3]), _weights("line", 3, 3, 4), stride=1, padding="SAME")
    mean, variance = tf.nn.moments(line, [0, 1])
    line = tf.nn.batch_normalization(line, mean, variance, _weights("offset", 4), _weights("scale", 4), 1e-3)
    return tf.losses.huber_loss(tf.zeros_like(h), h) + tf.reduce_mean(tf.nn.softplus(line))


def attention():
    x = tf.placeholder(tf.float32, [None, None, 8])
    sizes = tf.shape(x)

    def heads(name):
        projected = tf.tensordot(x, _weights(name, 8, 8), [[2], [0]])
        return tf.transpose(tf.reshape(projected, [sizes[0], sizes[1], 2, 4]), [0, 2, 1, 3])

    scores = tf.matmul(heads("query"), heads("key"), transpose_b=True) / 2.0
    scores += (1 - tf.matrix_band_part(tf.ones(tf.shape(scores)[-2:]), -1, 0)) * -1e9
    mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), heads("value")), [0, 2, 1, 3])
    h = tf.reshape(mixed, sizes) + x
    mean = tf.reduce_mean(h, -1, keepdims=True)
    variance = tf.reduce_mean(tf.squared_difference(h, mean), -1, keepdims=True)
    h = (h - mean) * tf.rsqrt(variance + 1e-6) * _weights("scale", 8) + _weights("offset", 8)
    h = tf.tensordot(0.5 * h * (1 + tf.tanh(0.79 * (h + 0.04 * h ** 3))), _weights("out", 8, 5), [[2], [0]])
    labels = tf.one_hot(tf.zeros(sizes[:2], tf.int32), 5)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=h))


def embedded():
    ids = tf.placeholder(tf.int32, [None, 7])
    parts = [_weights("part%d" % i, 20, 4) for i in range(2)]
    h = tf.concat([tf.nn.embedding_lookup(_weights("table", 50, 8), ids), tf.nn.embedding_lookup(parts, ids)], -1)
    h = _dense(tf.reduce_mean(h, 1), 6, "h")
    sparse = tf.SparseTensor(tf.zeros([3, 2], tf.int64), tf.zeros([3], tf.int64), [4, 4])
    bag = tf.nn.embedding_lookup_sparse(_weights("bag", 50, 6), sparse, None, combiner="mean")
    sampled = tf.nn.nce_loss(_weights("words", 50, 6), _weights("counts", 50), tf.zeros([4, 1], tf.int64), bag, 3, 50)
    clipped = tf.clip_by_global_norm([h, 2 * h], 1.0)[0][0] + tf.clip_by_norm(h, 2.0)
    return tf.reduce_sum(sampled) + tf.norm(clipped) + tf.reduce_logsumexp(tf.nn.l2_normalize(h, 1))


def losses():
    h = _dense(tf.placeholder(tf.float32, [None, 5]), 4, "h")
    ones = tf.ones_like(h)
    found = [tf.losses.absolute_difference(ones, h), tf.losses.cosine_distance(ones, h, axis=1),
             tf.losses.hinge_loss(ones, h), tf.losses.log_loss(ones, tf.sigmoid(h)),
             tf.losses.mean_pairwise_squared_error(ones, h), tf.losses.mean_squared_error(ones, h),
             tf.losses.sigmoid_cross_entropy(ones, h), tf.losses.softmax_cross_entropy(ones, h, label_smoothing=0.1),
             tf.reduce_mean(tf.nn.log_poisson_loss(ones, h, True)), tf.reduce_prod(h),
             tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(ones, h, 2.0)),
             tf.reduce_sum(tf.where(h > 0, h, tf.square(h)))]
    return tf.add_n(found)


def recurrent():
    steps = tf.unstack(tf.placeholder(tf.float32, [None, 3, 4]), axis=1)
    h = c = tf.zeros([tf.shape(steps[0])[0], 5])
    weights = _weights("lstm", 9, 20)
    for x in steps:
        i, j, f, o = tf.split(tf.matmul(tf.concat([x, h], 1), weights), 4, 1)
        c = tf.clip_by_value(c * tf.sigmoid(f + 1) + tf.sigmoid(i) * tf.tanh(j), -5, 5)
        h = tf.tanh(c) * tf.sigmoid(o)
    return tf.reduce_mean(tf.squared_difference(h, tf.stack([c, h])[0]))


def penalties():
    """Losses that hold gradients, of images and of rows."""
    image, row = tf.placeholder(tf.float32, [None, 8, 8, 2]), tf.placeholder(tf.float32, [None, 5])
    h = tf.nn.relu(tf.nn.conv2d(image, _weights("w", 3, 3, 2, 4), strides=ONES, padding="SAME"))
    h = tf.nn.avg_pool(tf.nn.max_pool(h, TWICE, TWICE, "SAME"), TWICE, ONES, "SAME")
    slope = tf.gradients(_dense(tf.reshape(h, [-1, 64]), 1, "image"), image)[0]
    h = row
    for name, activation in enumerate([tf.nn.softplus, tf.sigmoid, tf.nn.selu, tf.nn.leaky_relu, tf.nn.softsign]):
        h = _dense(h, 6, str(name), activation)
    h = tf.nn.softmax(h) / tf.sqrt(tf.abs(h) + 2) + tf.reciprocal(h + 9.0)
    h = tf.reduce_max(h, 1) + h[:, 0] + tf.gather(h, [1, 2], axis=1)[:, 1] + tf.pad(h, [[0, 0], [1, 1]])[:, 1] ** 2
    return tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(slope ** 2, [1, 2, 3])) - 1)) + tf.reduce_sum(
        tf.square(tf.gradients(h, row)[0]))


def keras():
    """Whatever Keras the installed TensorFlow has."""
    layers, h = tf.keras.layers, tf.placeholder(tf.float32, [None, 8, 8, 3])
    kinds = [layers.Conv2D(4, 3, activation="elu"), layers.SeparableConv2D(4, 3), layers.ZeroPadding2D(1),
             layers.UpSampling2D(2), layers.Conv2DTranspose(3, 2), layers.PReLU(), layers.GlobalAveragePooling2D()]
    for layer in kinds:
        h = layer(h)
    h = tf.concat([layers.Dense(4, activation="softmax")(h)] * 2, 1)
    h = layers.Conv1D(3, 2, padding="causal")(tf.reshape(h, [-1, 4, 2]))
    for name, options in (("LayerNormalization", {}), ("GroupNormalization", {"groups": 3})):
        h = getattr(layers, name)(**options)(h) if hasattr(layers, name) else tf.tanh(h)
    if hasattr(layers, "MultiHeadAttention"):
        h += layers.MultiHeadAttention(2, 4)(h, h)
    if hasattr(layers, "EinsumDense"):
        h = layers.EinsumDense("...x,xy->...y", output_shape=3)(h)
    return tf.reduce_mean(tf.square(layers.Dense(1)(layers.Flatten()(h))))


def legacy_layers():
    layers, h = tf.layers, tf.placeholder(tf.float32, [None, 8, 8, 3])
    h = layers.batch_normalization(layers.conv2d(h, 4, 3, dilation_rate=2), training=True)
    h = layers.average_pooling2d(layers.separable_conv2d(h, 4, 2), 2, 1)
    h = layers.dropout(layers.dense(layers.flatten(layers.conv2d_transpose(h, 3, 2)), 5), training=True)
    return tf.reduce_mean(tf.nn.softplus(h))


MODELS = [convolutional, volumes, attention, embedded, losses, recurrent, penalties, keras]
# Keras 3 has left them out.
MODELS += [legacy_layers] if hasattr(getattr(tf, "layers", None), "dense") else []
