"""Every refusal: the right error, a text that helps, and a graph that is as it was, op for op, and still runs."""
import collections
import re

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from untouched import assert_refused, assert_runs

D = tf.float64
VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
OLD, NEW = {"until": (2, 0)}, {"since": (2, 0)}

Refusal = collections.namedtuple("Refusal", "build error op_type")
REFUSALS = collections.OrderedDict()


def has_v1_loops():
    """Whether tf.while_loop makes frames of v1 control flow here."""
    return not getattr(tf, "control_flow_v2_enabled", lambda: False)()


def refused(error, op_type, since=(1, 0), until=(99, 0), needs_v1_loops=False):
    """Registers a build of (loss, x) whose second derivative is refused at an op of one of the types."""
    def decorate(build):
        if since <= VERSION < until and (has_v1_loops() or not needs_v1_loops):
            REFUSALS[build.__name__] = Refusal(build, error, op_type.split("|"))
        return build

    return decorate


def given(*shape, **options):
    return tf.placeholder(options.get("dtype", D), shape, name="x")


# --- ops that lose a dependence in silence, and ops that have no second derivative

@refused(th.LostDerivativeError, "DrawBoundingBoxes|DrawBoundingBoxesV2")
def drawn_boxes():
    x = given(1, 4, 4, 3, dtype=tf.float32)
    return tf.reduce_sum(tf.image.draw_bounding_boxes(x, np.float32([[[0, 0, 1, 1]]])) ** 2), x


@refused(th.LostDerivativeError, "CTCBeamSearchDecoder")
def beam_search():
    x = given(4, 1, 3, dtype=tf.float32)
    return tf.reduce_sum(tf.nn.ctc_beam_search_decoder(x, [4])[1]), x


@refused(th.LostDerivativeError, "CropAndResize")
def boxes_of_nearest_pixels():
    """TF hands out the gradient of another interpolation."""
    x = given(1, 4, dtype=tf.float32)
    crops = tf.image.crop_and_resize(tf.ones([1, 4, 4, 1]), x, [0], [2, 2], method="nearest")
    return tf.reduce_sum(crops ** 2), x


@refused(th.LostDerivativeError, "Betainc")
def betainc_shape():
    x = given(3)
    return tf.reduce_sum(tf.betainc(x, tf.ones([3], D), tf.constant([0.1, 0.5, 0.9], D))) + tf.reduce_sum(x ** 2), x


@refused(LookupError, "PyFunc")
def python_function():
    x = given(3)
    return tf.reduce_sum(tf.py_func(lambda a: a ** 2, [x], D)), x


@refused(LookupError, "PyFuncStateless")
def stateless_python_function_beside_another_term():
    x = given(3)
    found = tf.py_func(lambda a: a ** 2, [x], D, stateful=False)
    return tf.reduce_sum(found) + tf.reduce_sum(x ** 2), x


@tf.RegisterGradient("TestThatFails")
def gradient_that_fails(op, grad):
    raise TypeError("no such thing")


@refused(LookupError, "Sin")
def gradient_function_that_fails():
    x = given(2)
    with x.graph.gradient_override_map({"Sin": "TestThatFails"}):
        return tf.reduce_sum(tf.sin(x)), x


@refused(th.NoSecondDerivativeError, "RandomGamma")
def random_gamma_shape():
    x = given(3)
    return tf.reduce_sum(tf.random_gamma([2], x, dtype=D)), x


@refused(th.NoSecondDerivativeError, "ListDiff")
def difference_of_sets():
    x = given(3)
    return tf.reduce_sum(tf.setdiff1d(x, [1.0, 2.0])[0] ** 2), x


@refused(th.NoSecondDerivativeError, "IdentityN")
def copied_custom_gradient():
    x = given(3)

    @tf.custom_gradient
    def doubled(a):
        return a ** 2, lambda g: 4 * g * a

    return th.rewrite(tf.reduce_sum(doubled(x)), {x: tf.sin(x)}), x


# --- loops, side effects

def looped(body, first):
    count = tf.placeholder_with_default(3, [])
    return tf.while_loop(lambda i, a: i < count, lambda i, a: [i + 1, body(a)], [0, first])[1]


@refused(th.NoSecondDerivativeError, "RandomUniform")
def draw_inside_a_loop():
    x = given(3)
    return tf.reduce_sum(looped(lambda a: a * x * tf.random_uniform([3], dtype=D), x)), x


@refused(th.LostDerivativeError, "Betainc")
def op_without_a_gradient_inside_a_loop():
    x = given(3)
    return tf.reduce_sum(looped(lambda a: tf.betainc(a, a, x), x)), x


@refused(th.NoSecondDerivativeError, "TensorArrayConcatV3", needs_v1_loops=True)
def parts_joined_after_a_loop():
    x, count = given(3), tf.placeholder_with_default(3, [])
    _, parts = tf.while_loop(lambda i, _: i < count, lambda i, ta: [i + 1, ta.write(i, x * x)],
                             [0, tf.TensorArray(D, 3)])
    return tf.reduce_sum(parts.concat() ** 2), x


@refused(th.NoSecondDerivativeError, "TensorArrayScatterV3", needs_v1_loops=True)
def elements_of_unknown_number_out_of_order():
    x, count = given(3), tf.placeholder_with_default(3, [])
    kept = tf.boolean_mask(x, tf.placeholder_with_default([True] * 3, [3]))
    array = tf.TensorArray(D, 3, dynamic_size=True, element_shape=[]).scatter([2, 0, 1], kept)
    return tf.while_loop(lambda i, _: i < count, lambda i, a: [i + 1, a * array.read(i)], [0, tf.ones([], D)])[1], x


@refused(th.NoSecondDerivativeError, "StackPopV2", needs_v1_loops=True)
def gradients_of_a_loop_plus_an_l2_term():
    """TF's second derivative of it is 34 % off, without an error."""
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0]), use_resource=True)
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1, a * x], [0, tf.ones([2], D)])[1]
    return tf.reduce_sum(tf.gradients(tf.reduce_sum(y), x)[0] ** 2) + tf.reduce_sum(x ** 2), x


@refused(th.NoSecondDerivativeError, "AssignAdd")
def assigned_reference():
    x = tf.get_variable("x", initializer=np.array([1.0, 2.0]), use_resource=False)
    return tf.reduce_sum(tf.assign_add(x, [1.0, 1.0]) ** 2), x


@refused(th.NoSecondDerivativeError, "Assign")
def assigned_source():
    x = given(2)
    target = tf.get_variable("target", initializer=np.array([1.0, 2.0]), use_resource=False)
    return tf.reduce_sum(tf.assign(target, x) ** 2), x


WAY_OUT = re.compile(r"tf\.[a-z]\w+|Draw or read|Move it out|Give the rows|Use (stack|TensorArray)")


def _calls(loss, x):
    ones = np.ones(x.shape.as_list(), x.dtype.base_dtype.as_numpy_dtype)
    yield lambda: th.hessian_diag(loss, x)
    yield lambda: th.hessian(loss, x)
    yield lambda: th.hessians(loss, x)
    yield lambda: th.hvp(loss, x, ones)
    yield lambda: th.plan(loss, x)
    yield lambda: th.hessian(loss, x, engine="slices")
    yield lambda: th.hessian(loss, x, engine="vectorized")


@pytest.mark.parametrize("name", REFUSALS)
def test_every_call_refuses_and_leaves_the_graph(name):
    refusal = REFUSALS[name]
    loss, x = refusal.build()
    for call in _calls(loss, x):
        text = assert_refused(refusal.error, call, loss.graph)
        assert any("(op type: %s)" % kind in text for kind in refusal.op_type), text
        assert WAY_OUT.search(text), "no way out: " + text
    assert_runs(loss)


def _path(text):
    return re.search(r"a source to the loss: (.*?[^.])\. [A-Z]", text).group(1).split(" -> ")


# Inside a loop only the way through the body is known.
WITHOUT_PATH = ["draw_inside_a_loop", "elements_of_unknown_number_out_of_order",
                "gradients_of_a_loop_plus_an_l2_term", "op_without_a_gradient_inside_a_loop",
                "parts_joined_after_a_loop"]


@pytest.mark.parametrize("name", [n for n in REFUSALS if n not in WITHOUT_PATH])
def test_the_text_shows_the_path_from_x_through_the_op(name):
    loss, x = REFUSALS[name].build()
    text = assert_refused(LookupError, lambda: th.hessian(loss, x), loss.graph)
    steps = _path(text)
    assert steps[0] == x.op.name and len(steps) > 1
    if not any(step.endswith("more ...") for step in steps):
        assert re.search("operation '(.*?)'", text).group(1) in steps


def test_the_path_names_no_op_that_the_user_does_not_have():
    loss, x = betainc_shape()
    text = assert_refused(LookupError, lambda: th.hessian(loss, x), loss.graph)
    names = {op.name for op in loss.graph.get_operations()}
    assert [s for s in _path(text) if s not in names and "Betainc" not in s] == []


def test_both_errors_are_lookup_errors_as_tensorflow_raises_them():
    assert issubclass(th.LostDerivativeError, LookupError)
    assert issubclass(th.NoSecondDerivativeError, LookupError)


@pytest.mark.parametrize("build", [drawn_boxes, beam_search, betainc_shape])
def test_gradients_refuse_what_is_lost_at_first_order(build):
    loss, x = build()
    assert_refused(th.LostDerivativeError, lambda: th.gradients(loss, x), loss.graph)
    assert_runs(loss)


@pytest.mark.parametrize("build", [python_function, assigned_source])
def test_rewrites_refuse_to_copy_a_side_effect(build):
    loss, x = build()
    for call in (lambda: th.rewrite(loss, {x: np.zeros(x.shape.as_list())}), lambda: th.rewrite_on_slices(loss, x)):
        text = assert_refused(LookupError, call, loss.graph)
        assert x.op.name in text
    assert_runs(loss)


def test_stop_gradient_is_a_way_out_that_works():
    x = given(3)
    held = tf.stop_gradient(tf.py_func(lambda a: np.abs(a), [x], D, stateful=False))
    found = th.hessian_diag(tf.reduce_sum(held * x ** 2), x)
    with tf.Session() as session:
        assert np.allclose(session.run(found, {x: [1.0, 3.0, -1.0]}), [2.0, 6.0, 2.0])
