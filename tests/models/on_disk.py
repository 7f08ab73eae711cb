"""Models on disk: the stored ones, and small ones that tests write."""
import os

import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["CHECKPOINT", "SAVED_MODEL", "cubic", "eager_model", "frozen", "save", "switched_off", "truncated"]

_HERE = os.path.dirname(os.path.abspath(__file__))
CHECKPOINT = os.path.join(_HERE, "checkpoint", "model.ckpt-20")
SAVED_MODEL = os.path.join(_HERE, "saved_model")


def cubic(use_resource=True):
    """loss = mean over examples of sum(x w^3), so that the diagonal is 6 w mean(x)."""
    x = tf.placeholder(tf.float64, [None, 3], "x")
    w = tf.get_variable("w", initializer=np.array([1.0, -2.0, 0.5]), use_resource=use_resource)
    return tf.reduce_mean(tf.reduce_sum(x * w ** 3, 1), name="loss")


def save(folder, build=cubic, variables=None, name="m"):
    """The prefix of a checkpoint with its .meta; build: makes the graph. variables: what is saved, all by default."""
    with tf.Graph().as_default(), tf.Session() as session:
        build()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(None if variables is None else {v.op.name: v for v in tf.global_variables()
                                                               if v.op.name in variables})
        return saver.save(session, os.path.join(str(folder), name))


def frozen(folder, build=cubic):
    """The path of a .pb without variables."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        loss = build()
        session.run(tf.global_variables_initializer())
        proto = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), [loss.op.name])
    path = os.path.join(str(folder), "frozen.pb")
    with open(path, "wb") as file:
        file.write(proto.SerializeToString())
    return path


def eager_model(version):
    """The path of what eager code of a version of TensorFlow saved."""
    return os.path.join(_HERE, "eager", version)


def truncated(path, share=0.5):
    """Cuts a file."""
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.truncate(int(size * share))


def switched_off():
    """What of this process a load must leave as it is."""
    graph = tf.get_default_graph()
    known = [name for name in ("executing_eagerly", "resource_variables_enabled") if hasattr(tf, name)]
    switches = [getattr(tf, name)() for name in known]
    return (switches, graph, len(graph.get_operations()), tf.get_default_session(), graph.get_all_collection_keys(),
            os.getcwd())
