"""Questions that can't be meant: refused before the first op, with what was got, what was expected and the way out."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.ops import gen_resource_variable_ops

import tf1_hessian as th
from untouched import assert_refused, assert_runs

D = tf.float64
Question = collections.namedtuple("Question", "build error words")
QUESTIONS = collections.OrderedDict()


def question(error, *words):
    """Registers a build of (loss, calls); each call raises `error` with all the words in its text."""
    def decorate(build):
        QUESTIONS[build.__name__] = Question(build, error, words)
        return build

    return decorate


def given(*shape, **options):
    return tf.placeholder(options.get("dtype", D), shape, name=options.get("name", "x"))


def second_derivatives(loss, x):
    """The calls that need every element of x."""
    return [lambda: th.hessian(loss, x), lambda: th.hessian_diag(loss, x), lambda: th.hessians(loss, x),
            lambda: th.plan(loss, x), lambda: th.hessian(loss, x, engine="slices")]


def all_calls(loss, x, shape):
    ones = np.ones(shape)
    return second_derivatives(loss, x) + [
        lambda: th.hvp(loss, x, ones), lambda: th.rewrite(loss, [(x, ones)]), lambda: th.rewrite_on_slices(loss, x)]


# --- sources

@question(ValueError, "'x:0'", "int32", "floating-point")
def integer_source():
    x = given(3, dtype=tf.int32)
    loss = tf.reduce_sum(tf.cast(x, D) ** 2)
    return loss, all_calls(loss, x, [3]) + [lambda: th.gradients(loss, x)]


@question(ValueError, "'x:0'", "complex128", "real")
def complex_source():
    x = given(3, dtype=tf.complex128)
    loss = tf.reduce_sum(tf.abs(x) ** 2)
    return loss, second_derivatives(loss, x) + [lambda: th.hvp(loss, x, np.ones(3))]


@question(ValueError, "int64", "floating-point")
def integer_loss():
    x = given(3)
    loss = tf.cast(tf.reduce_sum(x), tf.int64, name="count")
    return loss, second_derivatives(loss, x)


@question(ValueError, "'elsewhere:0'", "graph")
def tensor_of_another_graph():
    with tf.Graph().as_default():
        x = given(3, name="elsewhere")
    loss = tf.reduce_sum(given(3) ** 2)
    return loss, all_calls(loss, x, [3]) + [lambda: th.gradients(loss, x)]


@question(ValueError, "'elsewhere:0'", "graph")
def variable_of_another_graph():
    with tf.Graph().as_default():
        x = tf.get_variable("elsewhere", initializer=np.ones(3), use_resource=True)
    loss = tf.reduce_sum(given(3) ** 2)
    return loss, all_calls(loss, x, [3])


@question(ValueError, "'y:0'", "does not depend", "pass the variable or the tensor that the loss was built from")
def no_path_at_all():
    y = given(3, name="y")
    loss = tf.reduce_sum(given(3) ** 2)
    return loss, all_calls(loss, y, [3])


@question(ValueError, "does not depend", "x[0]")
def slice_made_after_the_loss():
    x = given(3)
    loss = tf.reduce_sum(x ** 2)
    element = x[0]
    return loss, all_calls(loss, element, [])


@question(ValueError, "'y:0'", "'z:0'", "does not depend")
def no_path_from_any_of_several():
    y, z = given(3, name="y"), given(2, name="z")
    loss = tf.reduce_sum(given(3) ** 2)
    return loss, second_derivatives(loss, [y, z])


@question(ValueError, "does not depend")
def path_of_integers_only():
    x = given(3)
    loss = tf.cast(tf.reduce_sum(tf.cast(x, tf.int32)), D)
    return loss, all_calls(loss, x, [3])


@question(ValueError, "'x:0'", "size", "static shape", "th.hvp")
def unknown_size():
    x = given(None, 2)
    loss = tf.reduce_sum(x ** 2)
    return loss, second_derivatives(loss, x) + [lambda: th.rewrite_on_slices(loss, x)]


@question(ValueError, "size", "static shape")
def unknown_rank():
    x = tf.placeholder(D, name="x")
    loss = tf.reduce_sum(x ** 2)
    return loss, second_derivatives(loss, x)


@question(ValueError, "'layer/kernal", "Did you mean", "'layer/kernel'")
def misspelt_source():
    loss = tf.reduce_sum(given(2, name="layer/kernel") ** 2)
    return loss, all_calls(loss, "layer/kernal:0", [2]) + [lambda: th.gradients(loss, "layer/kernal")]


@question(ValueError, "'los'", "Did you mean", "'loss'")
def misspelt_loss():
    x = given(2)
    loss = tf.reduce_sum(x ** 2, name="loss")
    return loss, all_calls("los", x, [2]) + [lambda: th.gradients("los", x)]


@question(TypeError, "Expected a variable, a tensor, a name")
def wrong_type():
    loss = tf.reduce_sum(given(2) ** 2)
    wrong = [np.zeros(2), None, 1.5, loss.op]
    return loss, [lambda x=x: th.hessian(loss, x) for x in wrong] + [lambda: th.hessian_diag(loss, [None])]


@question((ValueError, TypeError))
def loss_that_is_no_tensor():
    x = given(2)
    return tf.reduce_sum(x ** 2), second_derivatives(3.0, x) + second_derivatives(None, x)


@question(ValueError, "does not depend")
def several_ys_without_a_path():
    x, y = given(2), given(2, name="y")
    ys = [tf.reduce_sum(x ** 2), tf.reduce_sum(x ** 3)]
    return ys[0], [lambda: th.hessians(ys, y)]


@question(ValueError, "is computed from", "two calls")
def source_computed_from_another():
    x = given(3)
    y = tf.square(x, name="y")
    loss = tf.reduce_sum(y * x)
    return loss, [lambda: th.hessian(loss, [x, y]), lambda: th.hessian(loss, [y, x], flat=True),
                  lambda: th.hessian(loss, x, other=y), lambda: th.plan(loss, [x, y], "full")]


# --- options and vectors

@question(ValueError, "engine='fast'", "auto", "slices", "loop", "vectorized")
def unknown_engine():
    x = given(2)
    loss = tf.reduce_sum(x ** 2)
    return loss, [lambda: th.hessian(loss, x, engine="fast"), lambda: th.hessian_diag(loss, x, engine="fast"),
                  lambda: th.plan(loss, x, engine="fast")]


@question(ValueError, "chunk_size", "whole number from 1")
def impossible_chunk():
    x = given(2)
    loss = tf.reduce_sum(x ** 2)
    return loss, [lambda c=c: th.hessian(loss, x, chunk_size=c) for c in (0, -1, 2.5, "8", True)]


@question(ValueError, "quantity='trace'", "diag", "full")
def unknown_quantity():
    x = given(2)
    loss = tf.reduce_sum(x ** 2)
    return loss, [lambda: th.plan(loss, x, "trace")]


@question(ValueError, "'w:0'", "'w_again'", "shared_name")
def two_handles_of_one_storage():
    """As after importing a graph twice: d2L/dw2 is that of the reads through both."""
    w = tf.get_variable("w", [2], D, use_resource=True)
    again = gen_resource_variable_ops.var_handle_op(dtype=D, shape=[2], shared_name="w", name="w_again")
    loss = tf.reduce_sum(w ** 2) * tf.reduce_sum(gen_resource_variable_ops.read_variable_op(again, D))
    return loss, second_derivatives(loss, w) + second_derivatives(loss, [w, again])


@question(ValueError, "structure")
def vectors_of_another_structure():
    x, y = given(2), given(3, name="y")
    loss = tf.reduce_sum(x ** 2) * tf.reduce_sum(y ** 2)
    one, three = np.ones(2), np.ones(3)
    return loss, [lambda v=v: th.hvp(loss, [x, y], v) for v in ([one], one, {"x": one, "y": three}, [one, [three]])]


@question(ValueError, "(3,)", "(2,)")
def vectors_of_another_shape():
    x = given(2)
    loss = tf.reduce_sum(x ** 2)
    vector = tf.ones(3, D)
    return loss, [lambda: th.hvp(loss, x, np.ones(3)), lambda: th.hvp(loss, x, vector),
                  lambda: th.rewrite(loss, {x: np.ones(3)})]


@question(ValueError, "float64")
def vectors_of_another_dtype():
    x = given(2)
    loss = tf.reduce_sum(x ** 2)
    vector = tf.ones(2, tf.float32)
    return loss, [lambda: th.hvp(loss, x, vector), lambda: th.rewrite(loss, {x: vector})]


@question((ValueError, TypeError))
def no_vector():
    x = given(2)
    loss = tf.reduce_sum(x ** 3)
    return loss, [lambda: th.hvp(loss, x, None), lambda: th.hvp(loss, [x], [None]), lambda: th.rewrite(loss, {x: None})]


@question(ValueError, "graph")
def vector_of_another_graph():
    x = given(2)
    loss = tf.reduce_sum(x ** 3)
    with tf.Graph().as_default():
        vector = tf.ones(2, D, name="elsewhere")
    y = x ** 2
    return loss, [lambda: th.hvp(loss, x, vector), lambda: th.rewrite(loss, {x: vector}),
                  lambda: th.gradients(y, x, grad_ys=[vector])]


@question(ValueError)
def grad_ys_that_do_not_fit_ys():
    """A pair too few must not drop a y in silence."""
    x = given(2)
    a, b = x ** 2, x ** 3
    one = np.ones(2)
    return b, [lambda v=v: th.gradients([a, b], x, grad_ys=v) for v in ([one], [one, one, one], [one, np.ones(3)])]


@question(ValueError, "none but for the full Hessian")
def options_of_the_full_hessian_alone():
    x, y = given(2), given(3)
    loss = tf.reduce_sum(x ** 3) * tf.reduce_sum(y ** 2)
    return loss, [lambda q=q, o=o: th.plan(loss, x, q, **o) for q in ("diag", "sparse")
                  for o in ({"flat": True}, {"other": y})]


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_question_is_refused_and_the_graph_left(name):
    asked = QUESTIONS[name]
    loss, calls = asked.build()
    for call in calls:
        text = assert_refused(asked.error, call, loss.graph)
        assert [w for w in asked.words if w not in text] == [], text
    assert_runs(loss)
