"""Loops, conditionals, functions, gradients of the user's own, and what TensorFlow can't see into."""
import tensorflow.compat.v1 as tf
from op import Op

__all__ = ["OPS"]

D = tf.float64


def _repeated(x, count):
    return tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, tf.sin(a) * x], [0, x])[1]


def _counted_at_run_time(x):
    return _repeated(x, tf.placeholder_with_default(3, []))


def _scanned(x):
    return tf.scan(lambda a, row: tf.sin(a) * row, x, tf.ones([3], D))


def _folded(x):
    return tf.foldl(lambda a, row: tf.sin(a) * row, x, tf.ones([3], D))


def _mapped(x):
    return tf.map_fn(lambda row: row * tf.reduce_sum(row), x)


def _collected(x):
    """Rows written to a TensorArray by a loop."""
    array = tf.TensorArray(D, 3)
    array = tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1, a.write(i, tf.cast(i, D) * x[0] * x[1])], [0, array])
    return array[1].stack()


def _chosen(x):
    return tf.cond(tf.reduce_sum(x) > -9, lambda: x ** 3, lambda: x)


def _of_cases(x):
    return tf.case([(x[0, 0] > 9, lambda: x), (x[0, 0] > -9, lambda: x ** 3)], default=lambda: tf.sin(x))


def _chosen_in_a_loop(x):
    def body(i, a):
        return [i + 1, tf.cond(tf.equal(i, 1), lambda: a * a * x, lambda: tf.sin(a))]

    return tf.while_loop(lambda i, a: i < 3, body, [0, x])[1]


def _slope_of_a_loop(x):
    return tf.gradients(tf.reduce_sum(_repeated(x, 3)), x)[0]


def _function(x):
    return tf.function(lambda a: tf.sin(a) * a)(x)


def _defined(x):
    from tensorflow.python.framework import function

    @function.Defun(D, func_name="Wave")
    def wave(a):
        return tf.sin(a) * a

    return wave(x)


def _customized(x):
    @tf.custom_gradient
    def clipped(a):
        return tf.tanh(a), lambda g: g * (1 - tf.tanh(a) ** 2)

    return clipped(x)


def _read_by_python(x):
    found = tf.py_func(lambda a: a ** 2, [x], D)
    found.set_shape(x.shape)
    return found


def _overridden(x):
    with tf.get_default_graph().gradient_override_map({"Tanh": "Tanh"}):
        return tf.tanh(x)


def _forms(name, build, v1="Exit", v2="While", **options):
    """One entry for v1 control flow, on which TensorFlow gives up, and one for functional control flow."""
    theirs = options.pop("tensorflow", ("refused", "right"))
    return [Op(kind, build, "lifted", tensorflow, case="%s, %s control flow" % (name, form), form=form, **options)
            for form, kind, tensorflow in zip(("v1", "v2"), (v1, v2), theirs)]


_ARRAYS = {"v1": "TensorArrayGather"}
_CONDS = {"v1": "Merge", "v2": "If"}
_LISTS = [
    _forms("counted loop", lambda x: _repeated(x, 3), shape=(3,))[:1],
    _forms("loop counted at run time", _counted_at_run_time, shape=(3,)),
    _forms("tf.scan", _scanned, **_ARRAYS),
    _forms("tf.foldl", _folded)[:1],
    _forms("tf.map_fn", _mapped, **_ARRAYS)[:1],
    _forms("TensorArray", _collected, **_ARRAYS)[:1],
    _forms("conditional in a loop", _chosen_in_a_loop, shape=(3,))[:1],
    _forms("tf.cond", _chosen, tensorflow=("right", "right"), **_CONDS),
    _forms("tf.case", _of_cases, tensorflow=("right",), **_CONDS),
]
OPS = [op for group in _LISTS for op in group] + [
    Op("StackPop", _slope_of_a_loop, "refused", "refused", form="v1", shape=(3,),
       case="a loss that holds the gradient of a v1 loop", note="its stacks hide what the gradient depends on"),
    Op("While", _slope_of_a_loop, "lifted", form="v2", shape=(3,),
       case="a loss that holds the gradient of a v2 loop"),
    Op("PartitionedCall", _function, "lifted", since=(1, 14), case="tf.function"),
    Op("Wave", _defined, "lifted", "refused", case="Defun"),
    Op("IdentityN", _customized, "custom", case="tf.custom_gradient"),
    Op("Tanh", _overridden, "custom", case="gradient_override_map"),
    Op("PyFunc", _read_by_python, "refused", "wrong", note="Python code, into which a graph can't see"),
]
