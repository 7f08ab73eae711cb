"""What an op does, measured on its values alone: it knows no gradient."""
import numpy as np
import tensorflow.compat.v1 as tf
from case import Fed
from op_maker import DEFINITIONS, op_of

from tf1_hessian.graph.traits import Carried

__all__ = ["Measured", "sliced"]

# (step of differences, tolerance as a share of the largest value), by the size of a number in bytes.
_STEPS = {8: (1e-3, 1e-12), 4: (5e-2, 3e-5), 16: (1e-3, 1e-12)}


class Measured(object):
    """An op of a Case in a graph and session of its own."""

    def __init__(self, case):
        self.case, self.graph = case, tf.Graph()
        with self.graph.as_default():
            self._feeds, self._assign = [], None
            wanted = [tf.as_dtype(a.type or tf.int32) for a in DEFINITIONS[case.kind].input_arg]
            inputs = [[self._input(a, kind) for a in given] if isinstance(given, list) else self._input(given, kind)
                      for given, kind in zip(case.inputs, wanted)]
            self.op = op_of(case.kind, inputs, case.attributes)
            self.arrays = self._arrays_of(inputs)
            outputs = _channels_last(case, inputs) if case.channels_first else self.op.outputs
            self._session = tf.Session(config=_plain())
        self.positions = sorted(self.arrays)
        self.outputs = [i for i, t in enumerate(self.op.outputs) if t.dtype.is_floating or t.dtype.is_complex]
        self.measured = self.outputs if case.measures is None else case.measures
        self._run = self._session.make_callable([outputs[i] for i in self.measured], [f for f, _ in self._feeds])
        self._rng = np.random.RandomState(5)
        self.at_rest = self.values({})

    def close(self):
        self._session.close()

    def _input(self, given, kind):
        """A placeholder for real numbers and what is Fed, a constant for others, a handle for a variable's value."""
        fed = given if isinstance(given, Fed) else Fed(given, np.shape(given))
        if fed.array.dtype.kind == "i":
            fed = Fed(fed.array.astype(kind.as_numpy_dtype), fed.shape)
        if self.case.variable and self._assign is None:
            variable = tf.get_variable("v", initializer=tf.constant(fed.array), use_resource=True)
            value = tf.placeholder(fed.array.dtype, fed.array.shape)
            self._assign = value, variable.assign(value).op, fed.array
            return variable.handle
        if not isinstance(given, Fed) and fed.array.dtype.kind in "biu":
            return tf.constant(fed.array)
        placeholder = tf.placeholder(fed.array.dtype, fed.shape)
        self._feeds.append((placeholder, fed.array))
        return placeholder

    def _arrays_of(self, inputs):
        """{position: array} of the inputs that the op may depend on."""
        flat = [t for given in inputs for t in (given if isinstance(given, list) else [given])]
        found = {} if self._assign is None else {0: self._assign[2]}
        for placeholder, array in self._feeds:
            if array.dtype.kind in "fc":
                found[[t is placeholder for t in flat].index(True)] = array
        self._tensors = flat
        return found

    @property
    def step(self):
        return self.case.step or _STEPS[self._itemsize][0]

    @property
    def tolerance(self):
        """Of differences of values."""
        return _STEPS[self._itemsize][1] * max([1] + [np.abs(v).max() for v in self.at_rest if v.size])

    @property
    def _itemsize(self):
        return min([a.dtype.itemsize for a in self.arrays.values()] + [v.dtype.itemsize for v in self.at_rest])

    def values(self, moved):
        """The outputs where the inputs at some positions are moved."""
        if self._assign is not None:
            value, assign, array = self._assign
            self._session.run(assign, {value: array + moved.get(0, 0)})
        found = self._run(*[self._moved(p, a, moved) for p, a in self._feeds])
        assert all(np.isfinite(f).all() for f in found)
        return [np.asarray(f) for f in found]

    def _moved(self, placeholder, array, moved):
        position = [t is placeholder for t in self._tensors].index(True)
        return (array + moved[position]).astype(array.dtype) if position in moved else array

    def direction(self, positions):
        """A small random step for the inputs at some positions."""
        return {p: (self.step * self._rng.uniform(-1, 1, self.arrays[p].shape)).astype(self.arrays[p].dtype)
                for p in positions}

    def along(self, states, slices, i):
        """A small random step along slice i of the inputs that depend as `states` say; slices: how many there are."""
        return {p: np.where(sliced(self.arrays[p].shape, s, slices) == i, d, 0).astype(d.dtype)
                for (p, s), d in zip(sorted(states.items()), [v for _, v in sorted(self.direction(states).items())])}


def _channels_last(case, inputs):
    """The outputs of the same op with channels last, put in the order of channels first, for which there may be no
    kernel."""
    rank = len(case.attributes.get("strides", [1] * 4))
    to_last, to_first = [0] + list(range(2, rank)) + [1], [0, rank - 1] + list(range(1, rank - 1))
    inputs = [t if i not in case.channels_first else
              tf.gather(t, to_last) if t.shape.ndims == 1 else tf.transpose(t, to_last) for i, t in enumerate(inputs)]
    attributes = {n: [v[i] for i in to_last] if isinstance(v, list) else v for n, v in case.attributes.items()}
    attributes["data_format"] = "NHWC" if rank == 4 else "NDHWC"
    outputs = op_of(case.kind, inputs, attributes).outputs
    return [tf.transpose(t, to_first) if i == 0 and t.shape.ndims == rank and not case.kind.endswith("Filter") else t
            for i, t in enumerate(outputs)]


def sliced(shape, state, slices):
    """Which slice each entry of an array of a shape is of, by a Carried state."""
    size = shape[state.axis]
    outer = size // (slices * state.inner) if state.outer is None else state.outer
    assert outer * slices * state.inner == size, "%s of an axis of %d in %d slices" % (state, size, slices)
    along = np.arange(size) // state.inner % slices
    return np.broadcast_to(along.reshape([-1] + [1] * (len(shape) - state.axis - 1)), shape)


def plus(one, other):
    """The sum of two steps."""
    return {p: one[p] + other[p] for p in one}


def check_separation(measured, output, states, slices, answer):
    """Asserts that an answer is true of an op: that slices are carried or add up as it says, on values alone."""
    place, rest = measured.measured.index(output), measured.at_rest
    steps = [measured.along(states, slices, i) for i in range(slices)]
    alone = [measured.values(step)[place] - rest[place] for step in steps]
    if isinstance(answer, Carried):
        of = sliced(rest[place].shape, answer, slices)
        for i, change in enumerate(alone):
            stray = np.abs(np.where(of == i, 0, change)).max() if change.size else 0
            assert stray <= measured.tolerance, "slice %d changes others by %g" % (i, stray)
    for i, j in _pairs(slices):
        both = measured.values(plus(steps[i], steps[j]))[place] - rest[place]
        curved = np.abs(both - alone[i] - alone[j]).max() if both.size else 0
        assert curved <= measured.tolerance, "slices %d and %d meet: %g" % (i, j, curved)
    return max([np.abs(change).max() for change in alone if change.size] + [0])


def check_linearity(measured, positions):
    """Asserts that second differences along random directions vanish."""
    for _ in range(2):
        there = measured.direction(positions)
        back = {p: -d for p, d in there.items()}
        for first, rest, second in zip(measured.values(there), measured.at_rest, measured.values(back)):
            curved = np.abs(first - 2 * rest + second).max() if rest.size else 0
            assert curved <= 4 * measured.tolerance, "curved by %g" % curved


def _pairs(slices):
    pairs = [(i, j) for j in range(slices) for i in range(j)]
    return pairs if len(pairs) <= 6 else pairs[:3] + pairs[-3:]


def _plain():
    """Without the optimizer of graphs, which takes longer than what is run here."""
    options = tf.GraphOptions()
    options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    options.rewrite_options.disable_meta_optimizer = True
    return tf.ConfigProto(graph_options=options, intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
