"""Shared weights whose results a max pool chooses from: columns are pulled back to the pool's results only.

A pool with windows side by side takes one pixel of each, for all columns the same: the gradients of a convolution in
front of it need no more than what its filter sees there.
"""
import collections

from tf1_hessian._compat import tf
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.derivatives.slopes import has_slope
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.contractions import Contraction
from tf1_hessian.structure.costs import elements
from tf1_hessian.structure.patches import patches

__all__ = ["Choice", "choice_of", "pool_behind", "seen_through"]

Choice = collections.namedtuple("Choice", "places slopes")
Choice.__doc__ = """Of each result of a max pool [N, high, wide, channels]: the place that was taken, numbered
through the row in front of it, and its derivative."""

_SHIFTS = ("Add", "AddV2", "BiasAdd", "Sub")
# Whole numbers that float32 holds.
_MOST_PLACES = 2 ** 24


def pool_behind(use, grouping, sweep):
    """The max pool that the results of a shared weight enter element by element on the way to the sweep's cut; None
    where there is none, or what the filter sees there takes more memory than the columns in front of the pool.
    """
    tensor, cut = sweep.point.tensor, sweep.cut.tensor
    if tuple(sweep.rows.axes) != (0,) or not _is_of_channels(use, grouping):
        return None
    path = find_path([cut], [tensor])
    while key(tensor) != key(cut):
        users = [op for op in path.ops if any(key(t) == key(tensor) for t in path.reads[op])]
        if len(users) != 1 or not has_slope(users[0]):
            return None
        if users[0].type == "MaxPool":
            return users[0] if _is_small(use.op, users[0], sweep.rows.width) else None
        tensor = users[0].outputs[0]
    return None


def _is_of_channels(use, grouping):
    """Whether the weight is a filter, or one number for each channel."""
    if use.op.type == "Conv2D":
        return True
    return use.op.type in _SHIFTS and len(grouping.axes) == 4 and grouping.weight == grouping.axes[3]


def _is_small(op, pool, columns):
    image = dimensions_of(pool.inputs[0])
    if elements(image[1:3]) > _MOST_PLACES or None in image[1:]:
        return False
    if op.type in _SHIFTS:
        return True
    return elements(dimensions_of(op.inputs[1])[:-1]) <= columns * elements(pool.get_attr("ksize"))


def choice_of(pool, point):
    """The Choice of a max pool from a point; where the derivative is zero the place says nothing."""
    slopes = backprop([pool.outputs[0]], [point.tensor])[0]
    _, tall, wide, _ = pool.get_attr("ksize")
    _, high, broad, channels = dimensions_of(pool.inputs[0])
    windows = [-1, high // tall, tall, broad // wide, wide, channels]
    numbers = tf.reshape(tf.cast(tf.range(high * broad), tf.float32), [1, high, broad, 1])
    taken = tf.cast(tf.not_equal(slopes, 0), tf.float32) * numbers

    def summed(tensor):
        split = tf.reshape(tensor, windows)  # a sum along two axes apart takes ten times as long
        return tf.add_n([split[:, :, i, :, j] for i in range(tall) for j in range(wide)])

    return Choice(tf.cast(summed(taken), tf.int32), summed(slopes))


def seen_through(use, choice):
    """(Contraction, coefficients) of the weight of a use and the results of the pool that makes the choice."""
    size, high, wide, channels = dimensions_of(choice.slopes)
    letters = list("nyxc")
    sizes = dict(zip(letters, (size, high, wide, channels)))
    if use.op.type in _SHIFTS:  # a diagonal has the square of a subtraction's sign
        return Contraction(letters, ["c"], letters, sizes, [[c] for c in letters], ()), choice.slopes
    seen = patches(use.op, use.op.inputs[0])
    shape, entries = tf.shape(seen), dimensions_of(seen)[-1]
    first = tf.reshape(tf.range(shape[0]) * shape[1] * shape[2], [-1, 1, 1, 1])
    places, slopes = (tf.transpose(t, [0, 3, 1, 2]) for t in (choice.places + first, choice.slopes))
    known = tf.gather(tf.reshape(seen, [-1, entries]), places) * tf.expand_dims(slopes, 4)
    sizes["q"] = entries
    return Contraction(list("ncyxq"), ["q", "c"], letters, sizes, [[c] for c in letters], ()), known
