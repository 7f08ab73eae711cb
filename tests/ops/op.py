"""What an entry of the table of ops is, and the small functions that entries are made of."""
import re

import numpy as np
import tensorflow.compat.v1 as tf

__all__ = ["Op", "VERSION", "complex_of", "created", "parts", "pieces", "positive", "slope_of", "squared"]

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
STATUSES = ("exact", "zero", "custom", "repaired", "lifted", "refused")
BEHAVIOURS = ("right", "refused", "wrong", "absent")
_HAS_V2 = hasattr(tf, "enable_control_flow_v2")


class Op(object):
    """One claim: what becomes of an op type in a second derivative, here and in TensorFlow alone.

    type: of the op; versions (BatchMatMulV2) and a Stateless in front count as the same. case: which inputs or mode.
    build(x): a tensor that holds the op, of a float64 x; with precision "float32" of x cast, for kernels that have no
    double. shape, low, high: of x, whose values are spread between; at: the values themselves.
    status: as th.diagnose reports it. repair: the op type whose repair it is, where that is not the type's own.
    tensorflow: what tf.hessians alone does: "right", "wrong" (a number, or NaN) or "refused" (it raises).
    Of both, "a/b" is a on TF 1.15 and b on the newest; "absent" where the version has no such op.
    truth: a function with the derivatives that are declared for the op, where those are not its slopes.
    since: the first version that has it. form: "v1" or "v2" control flow, whatever the process has. note: why it is
    refused.
    """

    def __init__(self, type, build, status="exact", tensorflow="right", case="", shape=(2, 3), low=-1.0, high=1.0,
                 at=None, precision="float64", repair=None, truth=None, since=(1, 13), form=None, note=""):
        self.type, self.build, self.case, self.precision = type, build, case, precision
        self.truth, self.since, self.form, self.note = truth, since, form, note
        self.statuses, self.behaviours = [_of_versions(text, since) for text in (status, tensorflow)]
        assert set(self.statuses) <= set(STATUSES + ("absent",)) and set(self.behaviours) <= set(BEHAVIOURS), type
        self.repair = repair or (type if "repaired" in self.statuses else None)
        self.at = _spread(shape, low, high) if at is None else np.asarray(at, np.float64)

    @property
    def name(self):
        """The type and the case, once in the table."""
        return ": ".join(part for part in (self.type, self.case) if part)

    @property
    def is_here(self):
        """Whether the installed TensorFlow has the op."""
        return self.since <= VERSION and (self.form != "v2" or _HAS_V2)

    @property
    def status(self):
        """The status in the installed TensorFlow."""
        return self.statuses[VERSION >= (2, 0)]

    @property
    def tensorflow(self):
        """What tf.hessians does in the installed TensorFlow."""
        return self.behaviours[VERSION >= (2, 0)]

    def matches(self, kind):
        """Whether an op type of a graph is this one, in any version."""
        return without_version(kind) == without_version(self.type)


def _of_versions(text, since):
    """(on TF 1.15, on the newest)."""
    first, last = text.split("/") if "/" in text else (text, text)
    return "absent" if since > (1, 15) else first, last


def without_version(kind):
    """MatrixDiagV3 -> MatrixDiag, StatelessWhile -> While; Conv2D stays."""
    return re.sub(r"^State(less|ful)|[Vv]\d+$", "", kind)


def _spread(shape, low, high):
    """Numbers between two, each far from the others and, between -1 and 1, from zero: a golden section sequence."""
    count = int(np.prod(shape))
    return (low + (high - low) * ((0.6180339887498949 * np.arange(count) + 0.31) % 1.0)).reshape(shape)


def pieces(x, *shapes):
    """Tensors of some shapes cut from x one after the other, so that every input of an op depends on it."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    return [tf.reshape(part, shape) for part, shape in zip(tf.split(tf.reshape(x, [-1]), sizes), shapes)]


def squared(x, size):
    """The first elements of x as a well-conditioned matrix that is not symmetric."""
    return _first(x, size) + 1.5 * np.eye(size)


def positive(x, size):
    """The first elements of x as a matrix a, and a a^T + 1: positive definite."""
    a = _first(x, size)
    return tf.matmul(a, a, transpose_b=True) + np.eye(size)


def _first(x, size):
    return tf.reshape(tf.reshape(x, [-1])[:size * size], [size, size])


def complex_of(x):
    """A complex tensor from the two halves of x along its first axis."""
    real, imaginary = tf.split(x, 2)
    return tf.complex(real, imaginary)


def parts(z):
    """The real and the imaginary part of a tensor, as floats."""
    return tf.stack([tf.real(z), tf.imag(z)])


def slope_of(function, *xs):
    """The gradients of sum(sin(function)), for a loss that holds derivatives itself."""
    found = tf.gradients(tf.reduce_sum(tf.sin(function(*xs))), list(xs))
    return tf.concat([tf.reshape(g, [-1]) for g in found], 0)


def created(kind, inputs, dtypes, **attributes):
    """The outputs of a new op by its type name: not each has a function in every version.

    An attribute is a type, or a dict of tf.AttrValue's fields.
    """
    inputs = [tf.convert_to_tensor(x) for x in inputs]
    attributes = {name: {"type": value.as_datatype_enum} if isinstance(value, tf.DType) else value
                  for name, value in attributes.items()}
    attributes = {name: tf.AttrValue(**fields) for name, fields in attributes.items()}
    return tf.get_default_graph().create_op(kind, inputs, dtypes, attrs=attributes).outputs
