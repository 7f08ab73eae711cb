"""th.tf2: Python losses, eager tensors and variables."""
import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf
from net import DIAGONAL, HESSIAN, WEIGHTS, B, N, W, X, Y, close, given, loss
from truths import flat, slopes

import tf1_hessian as th
from tf1_hessian import _compat

ROWS = np.random.RandomState(1).randn(5, 3)


def test_variables_and_tensors():
    close(flat(th.tf2.hessian_diag(loss, WEIGHTS)), DIAGONAL)
    close(flat(th.tf2.hessian_diag(loss, tuple(WEIGHTS), args=(X, Y))), DIAGONAL)
    tensors = [w.numpy() for w in WEIGHTS]
    close(flat(th.tf2.hessian_diag(given, tensors, args=(X, Y))), DIAGONAL)
    close(th.tf2.hessian_diag(lambda w: given(w, *tensors[1:]), tf.constant(tensors[0])), DIAGONAL[:12].reshape(3, 4))
    found = th.tf2.hessian_diag(lambda d, c: c * tf.reduce_sum(d["a"] ** 3 * d["b"]), {"a": X, "b": X + 5}, args=(2.0,))
    close(found["a"], 12 * X * (X + 5))
    assert np.count_nonzero(found["b"]) == 0


def test_matrices_and_products():
    close(th.tf2.hessian(loss, WEIGHTS, flat=True), HESSIAN)
    close(th.tf2.hessian(given, [w.numpy() for w in WEIGHTS])[0][2], HESSIAN[:12, 16:].reshape(3, 4, 4, 2))
    seed = np.random.RandomState(0).randn(N)
    parts = [np.reshape(p, v.shape) for p, v in zip(np.split(seed, [12, 16]), WEIGHTS)]
    close(flat(th.tf2.hvp(loss, WEIGHTS, parts)), HESSIAN.dot(seed))
    close(flat(th.tf2.hvp(given, [w.numpy() for w in WEIGHTS], parts)), HESSIAN.dot(seed))


def test_rows():
    """Right, and traced for any number of rows once a second number has come."""
    traces = []

    def score(x):
        traces.append(x.shape.as_list())
        return tf.reduce_sum(tf.sin(x) * [1.0, 2.0, 3.0], 1)

    diagonal = -np.sin(ROWS) * [1, 2, 3]
    blocks = diagonal[:, :, None] * np.eye(3)
    for call, expected in ((th.tf2.laplacian, diagonal.sum(1)), (th.tf2.batch_hessian_diag, diagonal),
                           (th.tf2.batch_hessian, blocks)):
        traces[:] = []
        for rows in (slice(None), slice(3), slice(2)):
            close(call(score, ROWS[rows]), expected[rows])
        assert len(traces) == 2 and traces[1] == [None, 3], call


def test_a_function_is_traced_once_for_a_signature():
    traces = []

    def counted(x, y, scale=1.0, power=2):
        traces.append(x.shape)
        return scale * tf.reduce_mean((tf.matmul(tf.tanh(tf.matmul(x, W)), WEIGHTS[2]) - y) ** power)

    def asked(*args):
        return th.tf2.hessian_diag(counted, W, args=args)

    first = asked(X, Y)
    asked(X + 1, Y)
    assert len(traces) == 1
    half = asked(X[:3], Y[:3]), asked(X[3:], Y[3:])
    assert len(traces) == 2 and traces[1].as_list() == [None, 3]
    close((3 * half[0] + 4 * half[1]) / 7, first)
    close(asked(X, Y), first)
    assert len(traces) == 2
    close(asked(X, Y, tf.constant(2.0, tf.float64)), 2 * first)
    close(asked(X, Y, tf.constant(3.0, tf.float64)), 3 * first)
    assert len(traces) == 3
    asked(X, Y, tf.constant(1.0, tf.float64), 4)
    th.tf2.hessian_diag(counted, W, args=(X, Y), engine="loop")
    th.tf2.hessian_diag(counted, WEIGHTS[2], args=(X, Y))
    assert len(traces) == 6


def test_functions_and_variables_are_let_go():
    def once():
        w = tf.Variable([1.0, 2.0])

        def cubes():
            return tf.reduce_sum(w ** 3)

        close(th.tf2.hessian_diag(cubes, w), [6, 12])
        return weakref.ref(w), weakref.ref(cubes)

    found = once()
    gc.collect()
    assert [f() for f in found] == [None, None]


def test_methods_branches_and_functions_of_tensorflow():
    class Model(object):
        def __init__(self):
            self.w, self.traces = tf.Variable([1.0, 2.0]), 0

        def loss(self, x):
            self.traces += 1
            if tf.reduce_sum(x) > 0:
                return tf.reduce_sum(self.w ** 3)
            else:
                return tf.reduce_sum(self.w ** 4)

    model = Model()
    for _ in range(2):
        close(th.tf2.hessian_diag(model.loss, model.w, args=(tf.ones([2]),)), [6, 12])
        close(th.tf2.hessian_diag(model.loss, model.w, args=(-tf.ones([2]),)), [12, 48])
    assert model.traces == 1
    close(flat(th.tf2.hessian_diag(tf.function(loss), WEIGHTS)), DIAGONAL)


def test_the_third_derivative_by_tapes():
    def total():
        return tf.reduce_sum(th.tf2.hessian_diag(loss, W))

    for function in (total, tf.function(total)):
        with tf.GradientTape() as tape:
            value = function()
        close(tape.gradient(value, W), slopes(total, W), 1e-6)
    w = tf.constant([0.5, -2.0])
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = tf.reduce_sum(th.tf2.hessian_diag(lambda w: tf.reduce_sum(w ** 4), w))
    close(tape.gradient(value, w), 24 * w.numpy())


def test_random_numbers_are_drawn_once_a_call():
    """w^3 with half of the elements dropped: 6 w / keep^3 or 0, and its check sees the same draw."""
    w = tf.Variable(np.linspace(1, 2, 50))

    def dropped():
        return tf.reduce_sum(tf.nn.dropout(w, rate=0.5) ** 3)

    found = [th.tf2.hessian_diag(dropped, w, engine="structured", verify="always").numpy() for _ in range(2)]
    for each in found:
        kept = each != 0
        assert 0 < kept.sum() < 50
        close(each[kept], 48 * w.numpy()[kept])
    assert np.any(found[0] != found[1])


def test_xla():
    if not _compat.XLA_KEEPS_NAN:
        with pytest.raises(ValueError, match="NaN"):
            th.tf2.hessian_diag(loss, WEIGHTS, jit_compile=True)
        return
    close(flat(th.tf2.hessian_diag(loss, WEIGHTS, jit_compile=True)), DIAGONAL)
    close(flat(th.tf2.hessian_diag(loss, WEIGHTS, jit=True)), DIAGONAL)

    def in_xla():
        context = tf.compat.v1.get_default_graph()._get_control_flow_context()
        return (2.0 if type(context).__name__.startswith("XLA") else 1.0) * tf.reduce_sum(W ** 2)

    close(th.tf2.hessian_diag(in_xla, W, jit_compile=True, verify="never"), np.full((3, 4), 4))


def test_the_model_of_keras():
    model = tf.keras.Sequential([tf.keras.layers.Dense(4, activation="tanh"), tf.keras.layers.Dense(2)])

    def error(x, y):
        return tf.reduce_mean((model(x, training=True) - y) ** 2)

    with pytest.raises(ValueError, match="built or called|first called"):  # by Keras itself to 2.8
        th.tf2.hessian_diag(error, model.trainable_variables, args=(X, Y))
    model(X.astype(np.float32))
    for variable, value in zip(model.trainable_variables, [*WEIGHTS, tf.zeros([2])]):
        variable.assign(tf.cast(value, tf.float32))
    args = X.astype(np.float32), Y.astype(np.float32)
    found = th.tf2.hessian_diag(error, model.trainable_variables, args=args)
    np.testing.assert_allclose(flat(found)[:N], DIAGONAL, rtol=1e-4, atol=1e-6)
    found = th.tf2.hessian_diag(error, model.trainable_variables, args=args, precision="float64")
    rounded = [tf.cast(tf.cast(v, tf.float32), tf.float64) for v in [*WEIGHTS, X, Y]]
    close(flat(found)[:N], flat(th.tf2.hessian_diag(given, rounded[:3], args=rounded[3:])), 1e-10)


def test_plans():
    plan = th.tf2.plan(loss, WEIGHTS)
    assert (plan.engine, plan.n) == ("structured", N) and "columns of products" in str(plan)
    with pytest.raises(RuntimeError, match="finalized"):
        plan.build()
    assert th.tf2.plan(lambda x: tf.reduce_sum(x ** 2, 1), X, "laplacian").n == 3


def test_inside_a_tf_function_it_joins_the_graph():
    inside = tf.function(lambda x, y: th.tf2.hessian_diag(loss, WEIGHTS, args=(x, y)))
    close(flat(inside(tf.constant(X), tf.constant(Y))), DIAGONAL)
    planned = []
    tf.function(lambda: planned.append(th.tf2.plan(loss, WEIGHTS)))()
    assert planned[0].n == N


REFUSED = [
    (TypeError, "one kind at a time", lambda: th.tf2.hessian_diag(loss, [W, X])),
    (TypeError, "Expected a variable, a tensor", lambda: th.tf2.hessian_diag(loss, [W, "w:0"])),
    (TypeError, "Python function that returns the loss", lambda: th.tf2.hessian_diag(loss(), W)),
    (TypeError, "as the loss, and got None", lambda: th.tf2.hessian_diag(lambda: None, W)),
    (TypeError, "nonsense", lambda: th.tf2.hessian_diag(loss, W, nonsense=1)),
    (ValueError, "engine='none'", lambda: th.tf2.hessian_diag(loss, W, engine="none")),
    (ValueError, "does not depend on", lambda: th.tf2.hessian_diag(lambda: tf.constant(1.0), W)),
    (ValueError, "it is th.evaluate that times", lambda: th.tf2.hessian_diag(loss, W, jit="auto")),
    (ValueError, "jit_compile=2", lambda: th.tf2.hessian_diag(loss, W, jit_compile=2)),
    (ValueError, "args=3", lambda: th.tf2.hessian_diag(loss, W, args=3)),
    (ValueError, "structure of xs", lambda: th.tf2.hvp(loss, WEIGHTS, [X])),
    (th.NoSecondDerivativeError, "No gradient", lambda: th.tf2.hessian_diag(
        lambda: tf.reduce_sum(tf.numpy_function(np.sin, [W], tf.float64)), W)),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refusals(number):
    kind, text, call = REFUSED[number]
    with pytest.raises(kind, match=text):
        call()


def test_in_a_graph_it_says_what_to_call():
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="Call th.hvp on the loss tensor"):
        th.tf2.hvp(loss, W, X)


def test_streams(tmp_path):
    batches = [(X[:3], Y[:3]), (X[3:], Y[3:])]
    done = []
    found = th.tf2.stream(loss, WEIGHTS, batches, weight=lambda args: len(args[0]),
                          progress=lambda *step: done.append(step[:2]))
    close(flat(found), DIAGONAL)
    assert done == [(1, 2), (2, 2)]
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(3)
    found = th.tf2.stream(loss, B, data, "full", weight=lambda args: len(args[0]), reduce="sum", flat=True)
    close(found, 7 * HESSIAN[12:16, 12:16])
    blocks = th.tf2.stream(loss, [B, W], batches[:1], "full", engine="loop")
    assert [[b.shape for b in row] for row in blocks] == [[(4, 4), (4, 3, 4)], [(3, 4, 4), (3, 4, 3, 4)]]
    assert th.tf2.stream(loss, B, batches[:1], "full").shape == (4, 4)


def test_a_stream_goes_on_from_its_checkpoint(tmp_path):
    path, asked = str(tmp_path / "stream"), []

    def batches(most):
        for i in range(7):
            if i == most:
                raise KeyboardInterrupt
            yield X[i:i + 1], Y[i:i + 1]

    def counted(x, y):
        asked.append(1)
        return loss(x, y)

    with pytest.raises(KeyboardInterrupt):
        th.tf2.stream(counted, W, batches(4), checkpoint=path)
    whole = th.tf2.stream(counted, W, batches(7), checkpoint=path)
    close(whole, DIAGONAL[:12].reshape(3, 4))
    assert th.tf2.stream(counted, W, [], checkpoint=path).tolist() == whole.tolist()
    with pytest.raises(ValueError, match="names"):
        th.tf2.stream(counted, WEIGHTS, batches(7), checkpoint=path)


STREAMS = [
    ({"quantity": "batch"}, "quantity='batch'"), ({"weight": 3}, "weight=3"), ({"every": 3}, "checkpoint"),
    ({"reduce": "max"}, "reduce='max'"), ({"weight": lambda args: [1, 2]}, "weight")]


@pytest.mark.parametrize("options,text", STREAMS)
def test_streams_refuse(options, text):
    with pytest.raises(ValueError, match=text):
        th.tf2.stream(loss, W, [(X, Y)], **options)
    with pytest.raises(ValueError, match="no batch|No batch"):
        th.tf2.stream(loss, W, [])
