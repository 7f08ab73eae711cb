"""Names of old TensorFlow, each with the line to write today and, where there can be one, what to call meanwhile."""
import collections
import warnings

from tf1_hessian._compat import tf
from tf1_hessian.compat import adaptors

__all__ = ["NAMES", "Names", "OldName"]

OldName = collections.namedtuple("OldName", "line runs")
OldName.__doc__ = "line: what to write today. runs: whether the old name works until then."

# old name: (the line to write, what the old name gives; None where it is refused)
_KNOWN = {
    "tf.pack": ("tf.stack(values, axis)", adaptors.pack),
    "tf.unpack": ("tf.unstack(value, num, axis)", adaptors.unpack),
    "tf.concat": ("tf.concat(values, axis): the list first", adaptors.concat),
    "tf.split": ("tf.split(value, number, axis): the tensor first", adaptors.split),
    "tf.mul": ("tf.multiply(x, y), or x * y", tf.multiply),
    "tf.sub": ("tf.subtract(x, y), or x - y", tf.subtract),
    "tf.neg": ("tf.negative(x), or -x", tf.negative),
    "tf.inv": ("tf.reciprocal(x)", tf.reciprocal),
    "tf.complex_abs": ("tf.abs(x)", tf.abs),
    "tf.select": ("tf.where(condition, x, y)", adaptors.select),
    "tf.listdiff": ("tf.setdiff1d(x, y)", tf.setdiff1d),
    "tf.batch_matmul": ("tf.matmul(x, y, adjoint_a=..., adjoint_b=...)", adaptors.batch_matmul),
    "tf.initialize_all_variables": ("tf.global_variables_initializer()", adaptors.initialize_all_variables),
    "tf.initialize_variables": ("tf.variables_initializer(variables)", adaptors.initialize_variables),
    "tf.initialize_local_variables": ("tf.local_variables_initializer()", tf.local_variables_initializer),
    "tf.all_variables": ("tf.global_variables()", tf.global_variables),
    "tf.op_scope": ("tf.name_scope(name, default_name, values)", adaptors.op_scope),
    "tf.variable_op_scope": ("tf.variable_scope(name, default_name, values)", adaptors.variable_op_scope),
    "tf.scalar_summary": ("tf.summary.scalar(name, tensor)", adaptors.scalar_summary),
    "tf.histogram_summary": ("tf.summary.histogram(name, values)", adaptors.histogram_summary),
    "tf.image_summary": ("tf.summary.image(name, tensor, max_outputs)", adaptors.image_summary),
    "tf.merge_summary": ("tf.summary.merge(inputs)", tf.summary.merge),
    "tf.merge_all_summaries": ("tf.summary.merge_all()", adaptors.merge_all_summaries),
    "tf.train.SummaryWriter": ("tf.summary.FileWriter(logdir, graph)", tf.summary.FileWriter),
    "tf.nn.softmax_cross_entropy_with_logits": (
        "tf.nn.softmax_cross_entropy_with_logits(labels=..., logits=...)", adaptors.softmax_cross_entropy),
    "tf.nn.sparse_softmax_cross_entropy_with_logits": (
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=..., logits=...)", adaptors.sparse_cross_entropy),
    "tf.nn.sigmoid_cross_entropy_with_logits": (
        "tf.nn.sigmoid_cross_entropy_with_logits(labels=..., logits=...)", adaptors.sigmoid_cross_entropy),
    "tf.contrib.layers.xavier_initializer": (
        "tf.glorot_uniform_initializer(), with uniform=False tf.glorot_normal_initializer()", adaptors.xavier),
    "tf.contrib.layers.xavier_initializer_conv2d": (
        "tf.glorot_uniform_initializer(), with uniform=False tf.glorot_normal_initializer()", adaptors.xavier),
    "tf.contrib.layers.variance_scaling_initializer": (
        "tf.variance_scaling_initializer(scale, mode, distribution)", adaptors.variance_scaling),
    "tf.contrib.layers.l1_regularizer": ("lambda w: scale * tf.reduce_sum(tf.abs(w))", adaptors.l1_regularizer),
    "tf.contrib.layers.l2_regularizer": ("lambda w: scale * tf.nn.l2_loss(w)", adaptors.l2_regularizer),
    "tf.contrib.layers.apply_regularization": (
        "tf.add_n([regularizer(w) for w in variables])", adaptors.apply_regularization),
    "tf.contrib.opt.ScipyOptimizerInterface": (
        "th.scipy_objective(loss, variables, session, feed_dict).minimize(method)", adaptors.ScipyOptimizerInterface),
}
for _name, _new in (("cholesky", "cholesky"), ("cholesky_solve", "cholesky_solve"), ("fft", "fft"), ("ifft", "ifft"),
                    ("matrix_band_part", "matrix_band_part"), ("matrix_determinant", "matrix_determinant"),
                    ("matrix_diag", "matrix_diag"), ("matrix_diag_part", "matrix_diag_part"),
                    ("matrix_inverse", "matrix_inverse"), ("matrix_solve", "matrix_solve"),
                    ("matrix_transpose", "matrix_transpose"),
                    ("matrix_triangular_solve", "matrix_triangular_solve"), ("self_adjoint_eig", "self_adjoint_eig")):
    _KNOWN["tf.batch_" + _name] = ("tf.%s(...)" % _new, getattr(tf, _new))
_KNOWN.update({_name: (_line, None) for _name, _line in {
    "tf.contrib.layers.fully_connected": "tf.matmul(x, w) + b with tf.get_variable, or tf.keras.layers.Dense",
    "tf.contrib.layers.conv2d": "tf.nn.conv2d with tf.get_variable, or tf.keras.layers.Conv2D",
    "tf.contrib.layers.flatten": "tf.reshape(x, [tf.shape(x)[0], -1])",
    "tf.contrib.layers.batch_norm": "tf.nn.batch_normalization, or tf.keras.layers.BatchNormalization",
    "tf.contrib.layers.sum_regularizer": "lambda w: tf.add_n([regularizer(w) for regularizer in regularizers])",
    "tf.contrib.distributions": "tensorflow_probability.distributions, or the density written out",
    "tf.contrib.learn": "tf.data for input, tf.Session for training",
    "tf.contrib.slim": "tf_slim (pip install tf_slim)",
    "tf.contrib.rnn": "a Python loop over tf.unstack(x, axis=1), or tf.keras.layers.RNN",
    "tf.contrib.eager": "TensorFlow 2 itself; here eager execution is off",
    "tf.contrib.framework.get_variables": "tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope)",
    "tf.contrib.opt.ExternalOptimizerInterface": "th.scipy_objective(loss, variables), whose fun, jac and hessp any "
                                                 "solver takes",
    "tf.models": "numpy or tf.keras.datasets for data, your own code for models",
    "tf.examples": "tf.keras.datasets for data",
    "tf.flags": "argparse",
    "tf.nn.rnn": "tf.nn.static_rnn(cell, inputs), or a Python loop",
    "tf.nn.seq2seq": "a Python loop over time steps",
    "tf.python": "the public name of what stands behind it",
}.items()})

NAMES = {name: OldName(line, made is not None) for name, (line, made) in sorted(_KNOWN.items())}

_warned = set()


class Names(object):
    """A module of TensorFlow, or a place where one was, with old names in it. What is no old name is TensorFlow's."""

    def __init__(self, module, path="tf"):
        self._module, self._path = module, path

    def __repr__(self):
        return "<%s with the names of old TensorFlow (tf1_hessian.compat)>" % self._path

    def __dir__(self):
        own = [name[len(self._path) + 1:].split(".")[0] for name in _KNOWN if name.startswith(self._path + ".")]
        return sorted(set(dir(self._module)) | set(own)) if self._module else sorted(set(own))

    def __getattr__(self, name):
        path = "%s.%s" % (self._path, name)
        found = None if self._module is None else getattr(self._module, name, None)
        if path in _KNOWN:
            return _old(path, found)
        if any(known.startswith(path + ".") for known in _KNOWN):
            return Names(found, path)
        if found is None and not hasattr(self._module, name):
            raise AttributeError(_unknown(path))
        return found


def _old(path, found):
    line, made = _KNOWN[path]
    if made is None:
        if found is not None and not path.startswith("tf.contrib"):
            return found
        raise AttributeError("%s is gone from TensorFlow. Write: %s" % (path, line))
    if path in _SINCE_CHANGED:
        return made(lambda: _warn(path, line))
    _warn(path, line)
    return made


# Names that TensorFlow still has, with another order of arguments: they warn where the old order is met.
_SINCE_CHANGED = ("tf.concat", "tf.split", "tf.nn.softmax_cross_entropy_with_logits",
                  "tf.nn.sparse_softmax_cross_entropy_with_logits", "tf.nn.sigmoid_cross_entropy_with_logits")


def _warn(path, line):
    """Once, about the line of the user's that called the function, or asked for the name, that calls this."""
    if path not in _warned:
        _warned.add(path)
        warnings.warn("%s is a name of old TensorFlow. Write: %s" % (path, line), DeprecationWarning, stacklevel=4)


def _unknown(path):
    near = [name for name in NAMES if name.split(".")[-1] == path.split(".")[-1] and name != path]
    if path.startswith("tf.contrib"):
        return ("%s: contrib is gone from TensorFlow, and tf1_hessian.compat knows nothing in its place%s. Its NAMES "
                "lists what it knows." % (path, "; %s was: %s" % (near[0], NAMES[near[0]].line) if near else ""))
    return "TensorFlow %s has no %s, and tf1_hessian.compat knows no replacement." % (tf.__version__, path)
