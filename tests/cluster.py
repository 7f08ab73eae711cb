"""Tasks of a TensorFlow cluster on this machine."""
import contextlib
import os
import socket
import subprocess
import sys
import time

import tensorflow.compat.v1 as tf

__all__ = ["free_ports", "started", "task_of_its_own"]

_SERVE = """
import sys
import tensorflow.compat.v1 as tf
addresses, index, threads = sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3])
config = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
tf.train.Server(tf.train.ClusterSpec({"worker": addresses}), "worker", index, config=config).join()
"""


def free_ports(count):
    """Addresses that nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return ["127.0.0.1:%d" % each.getsockname()[1] for each in sockets]


def started(workers, servers):
    """The target of a session on a cluster whose tasks run in this process."""
    addresses = free_ports(workers + servers)
    cluster = tf.train.ClusterSpec({"worker": addresses[:workers], "ps": addresses[workers:]})
    tasks = [("worker", i) for i in range(workers)] + [("ps", i) for i in range(servers)]
    return [tf.train.Server(cluster, job, task) for job, task in tasks][0].target


def task_of_its_own(addresses, index, threads=0):
    """A process with one worker of a cluster, which can be reached. threads: 0 for as many as TensorFlow takes."""
    asked = [",".join(addresses), str(index), str(threads)]
    started_up = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _SERVE] + asked,
                                  env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"), stderr=subprocess.DEVNULL)
    host, port = addresses[index].split(":")
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return started_up
        time.sleep(0.2)
    raise AssertionError("no task came up at %s" % addresses[index])
