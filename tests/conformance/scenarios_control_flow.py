"""tf.cond and tf.case as Switch and Merge (v1) and as functional Ifs (v2), in any process; calls of functions."""
import functools
import itertools

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import function

from forms import FORMS, built_as
from scenario import Case, constant, numbers, register, scenario, variable


def _flags(count):
    """Placeholders of conditions, and a feed for each way they can be."""
    flags = [tf.placeholder(tf.bool, []) for _ in range(count)]
    return flags + [[dict(zip(flags, values)) for values in itertools.product([True, False], repeat=count)]]


def for_each_form(**options):
    """Registers a build function once for each form; `v2` holds the options of that form alone."""
    only_v2 = options.pop("v2", {})

    def decorate(build):
        for form in FORMS:
            def built(dtype, form=form):
                with built_as(form):
                    return build(dtype)

            special = dict(only_v2 if form == "v2" else {}, within=functools.partial(built_as, form))
            register("%s_%s" % (build.__name__, form), built, **dict(options, **special))
        return build

    return decorate


@for_each_form()
def cond(dtype):
    flag, feeds = _flags(1)
    x, y = variable("x", numbers(1, 2), dtype), variable("y", numbers(2, 2), dtype)
    chosen = tf.cond(flag, lambda: tf.exp(x) * y, lambda: tf.sin(x * y))
    return Case(tf.reduce_sum(tf.square(chosen)), [x, y], feeds)


@for_each_form()
def cond_nested(dtype):
    outer, inner, feeds = _flags(2)
    x = variable("x", numbers(1, 2, 1), dtype)
    chosen = tf.cond(
        outer, lambda: tf.cond(inner, lambda: tf.exp(x), lambda: tf.square(x)) * tf.sin(x), lambda: x ** 3)
    return Case(tf.exp(tf.reduce_mean(chosen)), x, feeds)


def _reads_inside(use_resource, dtype):
    """A variable that only a branch reads, and a constant made in it."""
    flag, feeds = _flags(1)
    x = variable("x", numbers(1, 2), dtype, use_resource=use_resource)
    w = variable("w", numbers(2, 2, 1), dtype, use_resource=use_resource)
    hidden = tf.tanh(x)[tf.newaxis]
    chosen = tf.cond(flag, lambda: tf.matmul(hidden, w) * constant([[0.5]], dtype), lambda: hidden[:, :1])
    return Case(tf.reduce_sum(tf.exp(chosen)), [x, w], feeds)


@for_each_form()
def cond_reads_ref_inside(dtype):
    return _reads_inside(False, dtype)


@for_each_form(since=(1, 14))  # TF 1.13 has the same fault as for an imported one
def cond_reads_resource_inside(dtype):
    return _reads_inside(True, dtype)


@for_each_form()
def cond_several_outputs(dtype):
    """One output is an integer, one is linear in one branch, all meet again."""
    flag, feeds = _flags(1)
    x = variable("x", numbers(1, 3), dtype)
    a, b, _ = tf.cond(
        flag, lambda: (tf.exp(x), tf.reduce_sum(x), tf.constant(1)), lambda: (x, tf.sin(x[0]), tf.constant(2)))
    return Case(tf.reduce_sum(tf.square(a)) * b, x, feeds)


@for_each_form()
def cond_on_the_source(dtype):
    x = variable("x", numbers(1, 3), dtype)
    total = tf.reduce_sum(tf.square(x))
    return Case(tf.cond(total > 0.1, lambda: total * tf.exp(x[0]), lambda: tf.constant(0, dtype)), x)


@for_each_form()
def case(dtype):
    x, which = variable("x", numbers(1, 2), dtype), tf.placeholder(tf.int32, [])
    cases = [(tf.equal(which, 0), lambda: tf.sin(x)), (tf.equal(which, 1), lambda: tf.exp(x))]
    chosen = tf.case(cases, default=lambda: tf.square(x))
    return Case(tf.square(tf.reduce_sum(chosen)), [x], [{which: 0}, {which: 1}, {which: 2}])


def _dropped_closed(x, kept):
    """The loss is sum(exp(sum(a * kept * x))) with a dropout mask `kept`, scaled; a and kept are [2, 4]."""
    scaled = numbers(3, 2, 4) * kept
    return scaled.T @ np.diag(np.exp(scaled @ x)) @ scaled


# A functional conditional keeps its draws to itself: derivatives would belong to another mask.
_REFUSED_DRAW = {"refused": "RandomUniform"}


@for_each_form(closed=_dropped_closed, differences=False, v2=_REFUSED_DRAW)
def cond_with_dropout_inside(dtype):
    """The mask comes out of the cond beside the result, so that one call shows what the loss used."""
    training = tf.placeholder(tf.bool, [])
    x, a = variable("x", numbers(1, 4), dtype), constant(numbers(3, 2, 4), dtype)

    def dropped():
        kept = tf.nn.dropout(tf.ones([2, 4], dtype), rate=0.4)
        return a * kept * x, kept

    scaled, kept = tf.cond(training, dropped, lambda: (a * x, tf.ones([2, 4], dtype)))
    return Case(tf.reduce_sum(tf.exp(tf.reduce_sum(scaled, 1))), x, {training: True}, drawn=[kept])


@for_each_form(closed=lambda x, dropped: _dropped_closed(x, dropped / x), differences=False, v2=_REFUSED_DRAW)
def cond_with_dropout_of_the_source(dtype):
    training = tf.placeholder(tf.bool, [])
    x, a = variable("x", numbers(1, 4), dtype), constant(numbers(3, 2, 4), dtype)
    dropped = tf.cond(training, lambda: tf.nn.dropout(x, rate=0.4), lambda: tf.identity(x))
    return Case(tf.reduce_sum(tf.exp(tf.linalg.matvec(a, dropped))), x, {training: True}, drawn=[dropped])


if hasattr(tf, "function"):
    @scenario()
    def function_call(dtype):
        x, w = variable("x", numbers(1, 3), dtype), variable("w", numbers(2, 3), dtype, use_resource=True)

        @tf.function
        def score(a):
            return tf.reduce_sum(tf.exp(a * w))

        return Case(tf.square(score(tf.sin(x))), [x, w])


def _of_functions(dtype, make):
    """A function that calls another one, with several results of several types, one of them not used."""
    x, w = variable("x", numbers(1, 3), dtype), variable("w", numbers(2, 3), dtype, use_resource=True)

    @make(dtype, tf.int32)
    def inner(a, count):
        return tf.sin(a) * tf.cast(count, dtype), count, tf.exp(a)

    @make(dtype, dtype)
    def outer(a, b):
        return inner(a * b, 2)[0] + inner(b, 3)[2]

    return Case(tf.reduce_sum(tf.square(outer(tf.sin(x), w))), [x, w])


@scenario()
def defun(dtype):
    return _of_functions(dtype, function.Defun)


def _given_closed(x):
    """The rows of exp(x^2) whose gradient is said to be exp(x^2) x^3."""
    return np.diag(np.exp(x ** 2) * (x ** 6 + 3 * x ** 2))


@scenario(closed=_given_closed, differences=False)
def defun_with_a_gradient_in_python(dtype):
    x = variable("x", numbers(1, 3), dtype)

    @function.Defun(dtype, python_grad_func=lambda op, grad: grad * op.inputs[0] ** 3)
    def squared(a):
        return a * a

    return Case(tf.reduce_sum(tf.exp(squared(x))), x)


@scenario(closed=_given_closed, differences=False)
def defun_with_a_gradient_that_is_a_defun(dtype):
    x = variable("x", numbers(1, 3), dtype)

    @function.Defun(dtype, dtype)
    def cubed(a, grad):
        return grad * a ** 3

    @function.Defun(dtype, grad_func=cubed)
    def squared(a):
        return a * a

    return Case(tf.reduce_sum(tf.exp(squared(x))), x)


@scenario(refused="RandomUniform")
def defun_that_draws(dtype):
    x = variable("x", numbers(1, 3), dtype)

    @function.Defun(dtype)
    def noisy(a):
        return tf.exp(a * tf.random_uniform([3], dtype=dtype))

    return Case(tf.reduce_sum(noisy(x)), x)


def _product_closed(x):
    """Of sin(exp(x) x^2)."""
    f, first, second = [np.exp(x) * p for p in (x ** 2, x ** 2 + 2 * x, x ** 2 + 4 * x + 2)]
    return np.diag(np.cos(f) * second - np.sin(f) * first ** 2)


@scenario(closed=_product_closed, differences=False)
def defun_in_a_loop(dtype):
    x, count = variable("x", numbers(1, 3), dtype), tf.placeholder_with_default(np.int32(2), [])

    @function.Defun(dtype, dtype)
    def product(a, b):
        return a * b

    def body(i, a):
        moved = product(a, x)
        moved.set_shape([3])
        return [i + 1, moved]

    result = tf.while_loop(lambda i, a: i < count, body, [0, tf.exp(x)])[1]
    return Case(tf.reduce_sum(tf.sin(result)), x)


if hasattr(tf, "switch_case"):
    @for_each_form()
    def switch_case(dtype):
        """Any other index takes the last branch."""
        x, which = variable("x", numbers(1, 2), dtype), tf.placeholder(tf.int32, [])
        w = variable("w", numbers(2, 2), dtype, use_resource=True)
        chosen = tf.switch_case(which, [lambda: tf.sin(x * w), lambda: tf.exp(x), lambda: tf.square(x) * w])
        return Case(tf.square(tf.reduce_sum(chosen)), [x, w], [{which: k} for k in (0, 1, 2, 7)])
