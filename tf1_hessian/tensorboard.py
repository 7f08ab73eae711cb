"""Curvature in TensorBoard: v1 summary protos made by hand, for which TensorBoard need not be installed."""
import io
import os
import socket
import struct
import time
import uuid

import numpy as np
from scipy import sparse

from tf1_hessian._compat import tf
from tf1_hessian.leaves import leaves, numbers

__all__ = ["summaries", "write"]

# TensorFlow's own buckets (core/lib/histogram/histogram.cc): 1e-12 times powers of 1.1 up to 1e20, both signs, and 0.
_FIRST, _FACTOR, _LAST = 1e-12, 1.1, 1e20
_PNG = b"\x89PNG\r\n\x1a\n"


def summaries(values, tag="hessian"):
    """A tf.Summary of numpy values, as th.evaluate gives them.

    values: a number is a scalar, an array a histogram with the buckets of tf.summary.histogram (a scipy.sparse matrix
    that of its stored entries), a matplotlib figure, what a function of th.plots returns, or the bytes of a PNG file an
    image; a dict or list gives each of its leaves the tag `tag/key`. NaN and infinities can't stand in a histogram: it
    shows the other entries, and a scalar `tag/not_finite` counts them. Raises TypeError for what is none of these,
    ValueError for complex numbers and bytes of other files.
    """
    found = tf.Summary()
    for name, leaf in leaves(values, str(tag), _is_picture):
        _add(found, name, leaf)
    return found


def write(where, values, step, tag="hessian"):
    """Writes `summaries(values, tag)` for a step to a folder, in an event file of its own, or to a FileWriter.

    where: a path, whose file is complete on return and never one that another writer uses, or anything with
    add_summary(summary, step), such as a tf.summary.FileWriter, which is better for many steps.
    Raises TypeError for a step that is no whole number, what `summaries` raises, and TensorFlow's errors of the disk.
    """
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)):
        raise TypeError("step=%r: expected a whole number." % (step,))
    summary = summaries(values, tag)
    if hasattr(where, "add_summary"):
        where.add_summary(summary, int(step))
        return
    where = os.fspath(where)
    tf.gfile.MakeDirs(where)
    now = time.time()
    name = "events.out.tfevents.%010d.%s.%s" % (now, socket.gethostname(), uuid.uuid4().hex)
    with tf.python_io.TFRecordWriter(os.path.join(where, name)) as file:
        file.write(tf.Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
        file.write(tf.Event(wall_time=now, step=int(step), summary=summary).SerializeToString())


def _is_picture(value):
    """Whether a value is the (figure, axes) of th.plots."""
    return isinstance(value, tuple) and len(value) == 2 and hasattr(value[0], "savefig")


def _add(summary, tag, leaf):
    leaf = leaf[0] if _is_picture(leaf) else leaf
    if hasattr(leaf, "savefig"):
        leaf = _png_of(leaf)
    if isinstance(leaf, bytes):
        summary.value.add(tag=tag, image=_image(tag, leaf))
        return
    array = numbers(leaf.data if sparse.issparse(leaf) else leaf, "'%s'" % tag)
    if not array.ndim:
        summary.value.add(tag=tag, simple_value=float(array))
        return
    finite = np.isfinite(array)
    summary.value.add(tag=tag, histo=_histogram(array[finite]))
    if not finite.all():
        summary.value.add(tag=tag + "/not_finite", simple_value=float(np.sum(~finite)))


def _histogram(values):
    """The proto of tf.summary.histogram: how many values lie below each limit and not below the one before."""
    limits = _limits()
    counts = np.bincount(np.searchsorted(limits, values, side="right"), minlength=limits.size).astype(float)
    proto = tf.HistogramProto(
        min=values.min() if values.size else limits[-1], max=values.max() if values.size else -limits[-1],
        num=values.size, sum=values.sum(), sum_squares=np.square(values).sum())
    # Of a run of empty buckets one with the last limit is enough.
    kept = (counts > 0) | (np.append(counts[1:], 1) > 0)
    proto.bucket_limit.extend(limits[kept])
    proto.bucket.extend(counts[kept])
    return proto


def _limits():
    found = [_FIRST]
    while found[-1] * _FACTOR < _LAST:
        found.append(found[-1] * _FACTOR)
    largest = np.finfo(np.float64).max
    return np.concatenate([[-largest], -np.array(found[::-1]), [0.0], found, [largest]])


def _png_of(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _image(tag, png):
    if not png.startswith(_PNG) or len(png) < 26:
        raise ValueError("'%s': the bytes are no PNG file." % tag)
    width, height = struct.unpack(">II", png[16:24])
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[png[25]]
    return tf.Summary.Image(width=width, height=height, colorspace=channels, encoded_image_string=png)
