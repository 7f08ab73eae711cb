"""th.parity: losses of TF 1.15, recorded there, against the same models in eager code; both sides in one process."""
import os

import numpy as np
import pytest
import tensorflow as tf

import tf1_hessian as th

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")
D = tf.float64
TIGHT, SINGLE = 1e-12, 2e-5


def variables(*shapes):
    return [tf.Variable(tf.zeros(shape, D), name="v%d" % i) for i, shape in enumerate(shapes)]


def tanh_net():
    """In Keras, whose weights are matched by name."""
    layers = [tf.keras.layers.Dense(4, "tanh", dtype="float64", name="hidden"),
              tf.keras.layers.Dense(3, dtype="float64", name="out")]
    model = tf.keras.Sequential(layers)
    model(np.zeros([1, 5]))
    return (lambda x, y: tf.reduce_mean((model(x) - y) ** 2)), model.trainable_variables


def relu_conv_net():
    layers = [tf.keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="conv"),
              tf.keras.layers.MaxPool2D(), tf.keras.layers.Flatten(), tf.keras.layers.Dense(3, name="dense")]
    model = tf.keras.Sequential(layers)
    model(np.zeros([1, 8, 6, 1], np.float32))

    def loss(x, y):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x)))

    return loss, model.trainable_variables


def embedding():
    table, weights, offset = held = variables([7, 3], [3, 1], [1])

    def loss(words, y):
        score = tf.matmul(tf.reduce_mean(tf.gather(table, words), 1), weights)[:, 0] + offset
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=score ** 2))

    return loss, held


def lstm():
    kernel, bias = held = variables([5, 12], [12])

    def loss(x, y):
        state = output = tf.zeros([4, 3], D)
        for step in tf.unstack(x, axis=1):
            i, j, f, o = tf.split(tf.matmul(tf.concat([step, output], 1), kernel) + bias, 4, 1)
            state = tf.sigmoid(f + 1.0) * state + tf.sigmoid(i) * tf.tanh(j)
            output = tf.sigmoid(o) * tf.tanh(state)
        return tf.reduce_mean((output - y) ** 2)

    return loss, held


def logistic_regression():
    slope, offset = held = variables([4], [])

    def loss(x, y):
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=tf.linalg.matvec(x, slope) + offset)
        return tf.reduce_sum(losses) + 0.025 * tf.reduce_sum(slope ** 2)

    return loss, held


def poisson_regression():
    slope, = held = variables([3, 1])

    def loss(x, y):
        score = tf.squeeze(tf.matmul(x, slope), 1)
        return tf.reduce_sum(tf.exp(score) - y * score)

    return loss, held


def physics_informed_net():
    w1, b1, w2 = held = variables([1, 5], [5], [5, 1])

    def loss(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                u = tf.matmul(tf.tanh(tf.matmul(x, w1) + b1), w2)
            slope = tape.gradient(u, x)
        return tf.reduce_mean((outer.gradient(slope, x) + tf.sin(x)) ** 2)

    return lambda x: loss(tf.convert_to_tensor(x)), held


KINDS = [(tanh_net, TIGHT), (relu_conv_net, SINGLE), (embedding, TIGHT), (lstm, TIGHT), (logistic_regression, TIGHT),
         (poisson_regression, TIGHT), (physics_informed_net, 1e-11)]


@pytest.mark.parametrize("kind, rtol", KINDS)
def test_tensorflow_1_15_and_this_one_agree(kind, rtol):
    fn, held = kind()
    before = [np.array(v) for v in held]
    found = th.parity(os.path.join(RECORDED, kind.__name__ + ".npz"), (fn, held), rtol=rtol)
    assert found.ok, found
    assert found.made_by[0] == "1.15.5" and len(found.rows) == 1 + 4 * len(held)
    if kind in (tanh_net, relu_conv_net):
        assert {how for _, _, how in found.pairs} == {"name"}, found.pairs
    for v, value in zip(held, before):
        np.testing.assert_array_equal(v, value)


class Both(object):
    """sum(a^3 x) + sum(b^2) in a graph, and in eager code."""

    def __init__(self):
        with tf.Graph().as_default() as graph:
            self.x = tf.compat.v1.placeholder(D, [2], name="x")
            self.old = [tf.compat.v1.get_variable("a", initializer=np.array([1.0, 2.0])),
                        tf.compat.v1.get_variable("b", initializer=np.array([3.0, 4.0]))]
            self.loss = tf.reduce_sum(self.old[0] ** 3 * self.x) + tf.reduce_sum(self.old[1] ** 2)
            self.session = tf.compat.v1.Session(graph=graph)
            self.session.run(tf.compat.v1.global_variables_initializer())
        self.a, self.b = tf.Variable([0.0, 0.0], dtype=D, name="a"), tf.Variable([0.0, 0.0], dtype=D, name="b")
        self.feeds = {self.x: np.array([0.5, -1.0])}

    def side(self):
        return self.loss, self.old, self.session

    def new(self, x):
        return tf.reduce_sum(self.a ** 3 * x) + tf.reduce_sum(self.b ** 2)

    def wrong(self, x):
        return tf.reduce_sum(self.a ** 3 * x) + tf.reduce_sum(self.b ** 2 + 1e-3 * self.b[0] ** 4)


@pytest.fixture
def both():
    made = Both()
    yield made
    made.session.close()


def test_both_sides_in_one_process(both):
    found = th.parity(both.side(), (both.new, [both.b, both.a]), both.feeds)
    assert found.ok and found.first is None and str(found).startswith("Equal, at ")
    assert [p[:2] for p in found.pairs] == [("a:0", "a:0"), ("b:0", "b:0")]
    diagonal = [row for row in found.rows if row.kind == "diagonal"]
    np.testing.assert_allclose([diagonal[0].session, diagonal[1].session], [3.0, 2.0])
    assert not both.a.numpy().any()
    th.parity(both.side(), (both.new, [both.b, both.a]), both.feeds, keep_weights=True)
    np.testing.assert_array_equal(both.a, [1, 2])


def test_the_first_difference_is_named(both):
    found = th.parity(both.side(), (both.wrong, [both.a, both.b]), both.feeds, products=1)
    assert not found.ok and found.first.kind == "loss"
    same_loss = lambda x: both.wrong(x) - tf.stop_gradient(both.wrong(x) - both.new(x))  # noqa: E731
    found = th.parity(both.side(), (same_loss, [both.a, both.b]), both.feeds, products=1)
    assert (found.first.kind, found.first.name, found.first.index) == ("gradient", "b:0", (0,))
    np.testing.assert_allclose(found.first.tf2 - found.first.session, 2 * 4e-3 * 27)
    text = str(found)
    assert text.startswith("First difference: gradient of 'b:0' at [0], 6 and 6.216") and "! diagonal   b:0" in text
    assert [row.name for row in found.rows if not row.ok] == ["b:0"] * 3
    assert th.parity(both.side(), (same_loss, [both.a, both.b]), both.feeds, rtol=1.0).ok


def test_not_a_number_is_never_equal(both):
    found = th.parity(both.side(), (lambda x: both.new(x) + 0 * tf.sqrt(both.b[0] - both.b[0]), [both.a, both.b]),
                      both.feeds)
    assert not found.ok and found.first.difference == np.inf


def test_weights_are_matched_as_told_or_by_shape(both):
    c, d = tf.Variable([0.0, 0.0], dtype=D, name="c"), tf.Variable([0.0, 0.0], dtype=D, name="d")
    crossed = lambda x: tf.reduce_sum(d ** 3 * x) + tf.reduce_sum(c ** 2)  # noqa: E731
    assert not th.parity(both.side(), (crossed, [c, d]), both.feeds).ok
    found = th.parity(both.side(), (crossed, [c, d]), both.feeds, names={"a": d, "b:0": "c"})
    assert found.ok and {p[2] for p in found.pairs} == {"given"}
    found = th.parity(both.side(), (crossed, [d, c]), both.feeds)
    assert found.ok and {p[2] for p in found.pairs} == {"shape"}
    with pytest.raises(ValueError, match="names="):
        th.parity(both.side(), (crossed, [c]), both.feeds)
    with pytest.raises(ValueError, match="No new variable of shape"):
        th.parity(both.side(), (crossed, [c, tf.Variable(1.0, dtype=D)]), both.feeds)
    with pytest.raises(ValueError, match="Nothing on the session's side"):
        th.parity(both.side(), (crossed, [c, d, both.a]), both.feeds)
    with pytest.raises(ValueError, match="names="):
        th.parity(both.side(), (crossed, [c, d]), both.feeds, names={"nobody": c})


def test_arguments_of_the_new_loss(both):
    half = lambda x, y: tf.reduce_sum(both.a ** 3 * (x + y)) + tf.reduce_sum(both.b ** 2)  # noqa: E731
    x = both.feeds[both.x] / 2
    assert th.parity(both.side(), (half, [both.a, both.b], (x, x)), both.feeds).ok


def test_weights_come_back_when_anything_raises(both):
    both.a.assign([7.0, 8.0])
    with pytest.raises(ZeroDivisionError):
        th.parity(both.side(), (lambda x: 1 / 0, [both.a, both.b]), both.feeds)
    np.testing.assert_array_equal(both.a, [7, 8])


@pytest.mark.parametrize("side, new, text", [
    (None, (len, []), "session_side"), ((1, 2, 3, 4), (len, []), "session_side"), ("x.npz", 3, "tf2_side")])
def test_refusals(side, new, text):
    with pytest.raises(ValueError, match=text):
        th.parity(side, new, feeds={})
