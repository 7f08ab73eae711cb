"""Random nets by row: every engine against nested tf.gradients of each output, and the identity trace = Laplacian."""
import numpy as np
import tensorflow.compat.v1 as tf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import tf1_hessian as th
from tests.rows.nets_of_rows import START, dense

D = tf.float64

STEPS = {
    "tanh": lambda x, seed: tf.tanh(dense(x, 3, seed)),
    "softplus": lambda x, seed: tf.nn.softplus(dense(x, 4, seed)),
    "relu": lambda x, seed: tf.nn.relu(dense(x, 5, seed)) + dense(x, 5, seed + 1),
    "sine": lambda x, seed: tf.concat([tf.sin(x), 0.5 * x], 1),
    "gate": lambda x, seed: tf.sigmoid(dense(x, 3, seed)) * dense(x, 3, seed + 1),
    "residual": lambda x, seed: x + tf.tanh(dense(x, int(x.shape[1]), seed)),
    "norm": lambda x, seed: x / tf.sqrt(1.0 + tf.reduce_sum(tf.square(x), 1, keep_dims=True)),
    "ratio": lambda x, seed: x[:, :1] / (1.5 + tf.square(x)),
    "softmax": lambda x, seed: tf.nn.softmax(dense(x, 3, seed)),
    "turned": lambda x, seed: tf.transpose(tf.atan(tf.transpose(x))),
    "folded": lambda x, seed: tf.reshape(tf.square(tf.reshape(dense(x, 4, seed), [-1, 2])), [-1, 4]),
    "max": lambda x, seed: tf.maximum(x, tf.cos(x)),
}


def truth(ys, x):
    """[B, q, D, D] by the loop that TensorFlow users write."""
    width, rows = int(x.shape[1]), []
    for y in tf.unstack(ys, axis=1):
        slope = tf.gradients(y, x)[0]
        found = [tf.gradients(slope[:, i], x)[0] for i in range(width)]
        rows.append(tf.stack([tf.zeros_like(x) if f is None else f for f in found], 1))
    return tf.stack(rows, 1)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
          phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(1, 50)), min_size=1, max_size=3))
def test_random_nets(steps):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(D, [None, 3])
        ys = tf.sin(x)
        for name, seed in steps:
            ys = STEPS[name](ys, seed)
        ys = dense(ys, 2, 99)
        built = [th.batch_hessian(ys, x, engine=e) for e in ("tangents", "loop")]
        found = session.run(built + [truth(ys, x), th.laplacian(ys, x, engine="tangents")], {x: START})
    size = max(1.0, np.abs(found[2]).max())
    for value in found[:2]:
        np.testing.assert_allclose(value, found[2], rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(found[3], np.einsum("...ii->...", found[2]), rtol=0, atol=1e-12 * size)
