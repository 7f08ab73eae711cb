"""How long graphs take to build: the audited reverse mode against tf.gradients, in processor seconds.

    python benchmarks/building.py [--layers 40 400] [--repeats 5]

Each measurement builds a fresh graph of a deep tanh network. `reverse mode` runs in the graph itself, as tf.gradients
does; `th.gradients` and `th.hvp` rehearse in a scratch graph and emit the result.
"""
import argparse
import time

import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian.derivatives.gradients import backprop


def network(layers):
    """(loss, weights) of a network with layers of 8 units, about 4 ops a layer."""
    z, weights = tf.placeholder(tf.float32, [16, 8]), []
    for i in range(layers):
        weights.append(tf.get_variable("w%d" % i, [8, 8]))
        z = tf.tanh(tf.matmul(z, weights[-1]) + 0.1)
    return tf.reduce_mean(tf.square(z)), weights


def twice(loss, weights):
    """The product of the Hessian with ones by tf.gradients."""
    first = tf.gradients(loss, weights)
    return tf.gradients(first, weights, [tf.ones_like(g) for g in first])


WAYS = {
    "tf.gradients": tf.gradients,
    "reverse mode": lambda loss, weights: backprop([loss], [w.op.outputs[0] for w in weights]),
    "th.gradients": th.gradients,
    "tf.gradients twice": twice,
    "th.hvp": lambda loss, weights: th.hvp(loss, weights, [np.ones((8, 8), "f4")] * len(weights)),
}


def measure(layers, repeats):
    """{way: median processor seconds}, the ways interleaved."""
    seconds = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name, way in WAYS.items():
            with tf.Graph().as_default():
                loss, weights = network(layers)
                start = time.process_time()
                way(loss, weights)
                seconds[name].append(time.process_time() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}


def main():
    """Prints one table for each number of layers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="*", default=[40, 400])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
    print("TensorFlow %s, medians of %d builds" % (tf.__version__, arguments.repeats))
    for layers in arguments.layers:
        found = measure(layers, arguments.repeats)
        print("\n%d layers" % layers)
        for name, seconds in found.items():
            base = found["tf.gradients twice" if name == "th.hvp" else "tf.gradients"]
            print("    %-20s %8.3f s   %.2f times tf.gradients" % (name, seconds, seconds / base))


if __name__ == "__main__":
    main()
