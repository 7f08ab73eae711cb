"""The independent truth: Jacobians of TensorFlow tensors by central finite differences, in float64.

Nothing of the library under test is used. A Hessian is the Jacobian of `tf.gradients`' first gradient.
"""
import numpy as np
import tensorflow.compat.v1 as tf

# The error of the five-point formula is near step**4 + 1e-16 / step.
STEP = 1e-4
# f'(0) = sum of weight * f(offset * step) / step
_FORMULA = ((-2, 1 / 12.0), (-1, -2 / 3.0), (1, 2 / 3.0), (2, -1 / 12.0))


class Coordinates(object):
    """The elements of variables and tensors as one flat vector that can be moved: list order, C order inside.

    Variables are moved by assignment, tensors by feeding (interior ones too). A name is looked up among the variables
    first. Parts of a partitioned variable are moved together.
    """

    def __init__(self, xs, session, feed_dict=None):
        self._session, self._feed = session, dict(feed_dict or {})
        self.sources = [_source(x) for x in leaves(xs)]
        self._moves = {}
        start = [self._present(s) for s in self.sources]
        self.shapes = [v.shape for v in start]
        self.start = np.concatenate([np.ravel(v) for v in start]).astype(np.float64)

    def _present(self, source):
        parts = [np.asarray(self._feed[p]) if _is_fed(p, self._feed) else self._session.run(p, self._feed)
                 for p in source.parts]
        return source.join(parts)

    def evaluate(self, fetches, flat):
        """The numpy values of `fetches` with the sources at `flat`."""
        feed = dict(self._feed)
        for source, value in zip(self.sources, self.unflatten(flat)):
            for part, piece in zip(source.parts, source.split(value)):
                self._move(part, piece, feed)
        return self._session.run(fetches, feed)

    def _move(self, part, value, feed):
        if isinstance(part, tf.Tensor):
            feed[part] = value
            return
        if part.name not in self._moves:
            given = tf.placeholder(part.dtype.base_dtype, value.shape)
            self._moves[part.name] = (given, tf.assign(part, given))
        given, assignment = self._moves[part.name]
        self._session.run(assignment, {given: value})

    def unflatten(self, flat):
        """The flat vector as one array a source."""
        values, offset = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape, dtype=int))
            values.append(np.reshape(flat[offset:offset + size], shape))
            offset += size
        return values


class _source(object):
    """The variables or tensors that hold one source's elements, in parts along an axis."""

    def __init__(self, x):
        x = _found(x) if isinstance(x, str) else x
        self.axis = 0
        if hasattr(x, "_get_partitions"):
            self.parts = list(x)
            self.axis = int(np.argmax(x._get_partitions()))
        else:
            inner = getattr(x, "value", None)  # a Keras 3 variable holds a TensorFlow one
            self.parts = [x if inner is None or callable(inner) else inner]
        self._ends = np.cumsum([p.shape.as_list()[self.axis] for p in self.parts])[:-1] if len(self.parts) > 1 else []

    def join(self, values):
        return values[0] if len(values) == 1 else np.concatenate(values, self.axis)

    def split(self, value):
        return [value] if len(self.parts) == 1 else np.split(value, self._ends, self.axis)


def _found(name):
    variables = {v.name: v for v in tf.global_variables()}
    return variables[name] if name in variables else tf.get_default_graph().get_tensor_by_name(name)


def _is_fed(part, feed):
    return isinstance(part, tf.Tensor) and part in feed


def leaves(xs):
    """The flat list of a structure of lists, tuples and dicts; dicts in the order of their sorted keys, as in TF."""
    if isinstance(xs, dict):
        return [leaf for key in sorted(xs) for leaf in leaves(xs[key])]
    if isinstance(xs, (list, tuple)):
        return [leaf for x in xs for leaf in leaves(x)]
    return [xs]


def gradient(loss, xs):
    """tf.gradients as one flat tensor over all elements of xs; where TF says None, zeros.

    Make it before the first session call: TF edits functional conditionals when it differentiates them.
    """
    loss = _found(loss if ":" in loss else loss + ":0") if isinstance(loss, str) else loss
    flat = []
    for source in [_source(x) for x in leaves(xs)]:
        found = [_dense(g, p) for g, p in zip(tf.gradients(loss, source.parts), source.parts)]
        flat.append(tf.reshape(found[0] if len(found) == 1 else tf.concat(found, source.axis), [-1]))
    return tf.concat(flat, 0)


def _dense(found, part):
    return tf.zeros_like(part) if found is None else tf.convert_to_tensor(found)


def jacobian(output, xs, session, feed_dict=None):
    """d(flat output) / d(flat xs), [outputs, n], at the sources' present values, which are put back."""
    at = Coordinates(xs, session, feed_dict)
    columns = []
    for i in range(at.start.size):
        unit = np.zeros_like(at.start)
        unit[i] = STEP
        columns.append(_slope(lambda flat: at.evaluate(output, flat), at.start, unit))
    at.evaluate([], at.start)
    return np.stack(columns, 1)


def slope(output, xs, direction, session, feed_dict=None):
    """The flat derivative of an output along one direction of the flat xs."""
    at = Coordinates(xs, session, feed_dict)
    found = _slope(lambda flat: at.evaluate(output, flat), at.start, STEP * np.asarray(direction))
    at.evaluate([], at.start)
    return found


def _slope(function, start, step):
    return sum(w * np.ravel(function(start + k * step)).astype(np.float64) for k, w in _FORMULA) / STEP


def hessian(loss, xs, feed_dict=None):
    """The full Hessian [n, n] at the variables' initial values: rows d(dL/dx_i)/dx_j."""
    found = gradient(loss, xs)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return jacobian(found, xs, session, feed_dict)
