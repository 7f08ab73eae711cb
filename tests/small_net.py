"""A small net with two weights, and its values in a session of its own."""
import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th


def net(features=3, hidden=4, rows=5):
    """(loss, two weights, a feed); the batch size is unknown."""
    x = tf.placeholder(tf.float64, [None, features], name="input")
    rng = np.random.RandomState(7)
    w = tf.get_variable("w", initializer=rng.uniform(-1, 1, (features, hidden)), use_resource=True)
    v = tf.get_variable("v", initializer=rng.uniform(-1, 1, (hidden,)), use_resource=False)
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.linalg.matvec(tf.tanh(tf.matmul(x, w)), tf.identity(v)))))
    return loss, w, v, {x: rng.uniform(-1, 1, (rows, features))}


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


def loops_in(graph):
    """The functional loops of a graph: those over columns are."""
    return [op for op in graph.get_operations() if op.type in ("While", "StatelessWhile")]
