"""What the races share: options, the heading, the file of figures."""
import argparse
import json
import os
import sys

import tensorflow.compat.v1 as tf
from processes import THREADS

__all__ = ["announced", "parser_of", "prepared", "stored"]


def parser_of(description, repeats, rival):
    """A parser with the options of every race; rival: what its other Python must have."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--rival", help="a Python that has " + rival)
    parser.add_argument("--output", help="a .json file for the figures")
    return parser


def announced(what, heading):
    """Prints versions, what the figures are, and the heading of their table."""
    print("TF %s, Python %s, %d threads; %s" % (tf.__version__, sys.version.split()[0], THREADS, what))
    print(heading)


def stored(results, output):
    """Writes the figures, where a file is asked for."""
    if output:
        with open(output, "w") as file:
            found = {"tensorflow": tf.__version__, "threads": THREADS, "races": results}
            json.dump(found, file, indent=1, default=float)


def prepared(is_pinned):
    """Sets TensorFlow up. is_pinned: holds rivals that take no number of threads, such as JAX, to THREADS cores."""
    if is_pinned:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
