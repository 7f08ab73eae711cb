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
addresses = sys.argv[1].split(",")
tf.train.Server(tf.train.ClusterSpec({"worker": addresses}), "worker", int(sys.argv[2])).join()
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


def task_of_its_own(addresses, index):
    """A process with one worker of a cluster, which can be reached."""
    started_up = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _SERVE, ",".join(addresses), str(index)],
                                  env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"), stderr=subprocess.DEVNULL)
    host, port = addresses[index].split(":")
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return started_up
        time.sleep(0.2)
    raise AssertionError("no task came up at %s" % addresses[index])
