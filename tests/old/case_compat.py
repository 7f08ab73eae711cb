"""tf1_hessian.compat: names of old TensorFlow. In a process of its own: its import switches eager mode off."""
import warnings

import numpy as np
import pytest

from tf1_hessian.compat import NAMES, names, tf

A, B = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12.0).reshape(2, 3)
COMPLEX = np.array([3 + 4j])
SQUARE = np.array([[4.0, 1.0], [1.0, 3.0]])


def softmax(x):
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


LABELS = np.array([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
VALUES = {
    "tf.pack": (lambda: tf.pack([A, B]), np.stack([A, B])),
    "tf.unpack": (lambda: tf.unpack(A)[1], A[1]),
    "tf.concat": (lambda: tf.concat(0, [A, B]), np.concatenate([A, B])),
    "tf.split": (lambda: tf.split(1, 3, A)[2], A[:, 2:]),
    "tf.mul": (lambda: tf.mul(A, B), A * B),
    "tf.sub": (lambda: tf.sub(A, B), A - B),
    "tf.neg": (lambda: tf.neg(A), -A),
    "tf.inv": (lambda: tf.inv(B), 1 / B),
    "tf.complex_abs": (lambda: tf.complex_abs(COMPLEX), [5.0]),
    "tf.select": (lambda: tf.select([True, False], A, B), np.stack([A[0], B[1]])),
    "tf.listdiff": (lambda: tf.listdiff([1, 2, 3], [2])[0], [1, 3]),
    "tf.batch_matmul": (lambda: tf.batch_matmul(A[None], B[None], adj_y=True), A.dot(B.T)[None]),
    "tf.batch_cholesky": (lambda: tf.batch_cholesky(SQUARE), np.linalg.cholesky(SQUARE)),
    "tf.batch_cholesky_solve": (lambda: tf.batch_cholesky_solve(np.eye(2) * 2, SQUARE), SQUARE / 4),
    "tf.batch_fft": (lambda: tf.batch_fft(COMPLEX), COMPLEX),
    "tf.batch_ifft": (lambda: tf.batch_ifft(COMPLEX), COMPLEX),
    "tf.batch_matrix_band_part": (lambda: tf.batch_matrix_band_part(SQUARE, 0, 0), np.diag([4.0, 3.0])),
    "tf.batch_matrix_determinant": (lambda: tf.batch_matrix_determinant(SQUARE), 11.0),
    "tf.batch_matrix_diag": (lambda: tf.batch_matrix_diag([1.0, 2.0]), np.diag([1.0, 2.0])),
    "tf.batch_matrix_diag_part": (lambda: tf.batch_matrix_diag_part(SQUARE), [4.0, 3.0]),
    "tf.batch_matrix_inverse": (lambda: tf.batch_matrix_inverse(SQUARE), np.linalg.inv(SQUARE)),
    "tf.batch_matrix_solve": (lambda: tf.batch_matrix_solve(SQUARE, A), np.linalg.solve(SQUARE, A)),
    "tf.batch_matrix_transpose": (lambda: tf.batch_matrix_transpose(A), A.T),
    "tf.batch_matrix_triangular_solve": (lambda: tf.batch_matrix_triangular_solve(np.eye(2) * 2, A), A / 2),
    "tf.batch_self_adjoint_eig": (lambda: tf.batch_self_adjoint_eig(SQUARE)[0], np.linalg.eigvalsh(SQUARE)),
    "tf.nn.softmax_cross_entropy_with_logits": (
        lambda: tf.nn.softmax_cross_entropy_with_logits(A, LABELS), -(LABELS * np.log(softmax(A))).sum(1)),
    "tf.nn.sparse_softmax_cross_entropy_with_logits": (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(A, [1, 2]), -np.log(softmax(A)[[0, 1], [1, 2]])),
    "tf.nn.sigmoid_cross_entropy_with_logits": (
        lambda: tf.nn.sigmoid_cross_entropy_with_logits(A, targets=LABELS), np.log1p(np.exp(A)) - A * LABELS),
    "tf.contrib.layers.l1_regularizer": (lambda: tf.contrib.layers.l1_regularizer(2.0)(-A), 30.0),
    "tf.contrib.layers.l2_regularizer": (lambda: tf.contrib.layers.l2_regularizer(2.0)(A), 55.0),
    "tf.contrib.layers.apply_regularization": (lambda: tf.contrib.layers.apply_regularization(
        tf.contrib.layers.l2_regularizer(1.0), [tf.constant(A), tf.constant(B)]), (np.arange(12) ** 2).sum() / 2),
}


@pytest.fixture(autouse=True)
def graph():
    names._warned.clear()
    with tf.Graph().as_default():
        yield


def evaluated(fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_old_names_compute_what_they_did_and_warn_once_with_the_new_line(name):
    make, expected = VALUES[name]
    with pytest.warns(DeprecationWarning) as caught:
        found = make()
    own = [w for w in caught if str(w.message).startswith(name + " is a name of old")]
    assert len(own) == 1 and own[0].filename == __file__ and NAMES[name].line in str(own[0].message)
    np.testing.assert_allclose(evaluated(found), expected, rtol=1e-6)
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        make()
    assert not [w for w in again if "name of old" in str(w.message)]


def test_today_s_order_of_arguments_passes_in_silence():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [tf.concat([A, B], 0), tf.concat(axis=1, values=[A, B]), tf.split(A, 3, axis=1)[1],
                 tf.nn.softmax_cross_entropy_with_logits(labels=LABELS, logits=A), tf.reduce_sum(A, 1),
                 tf.nn.relu(A), tf.train.GradientDescentOptimizer(0.1).get_name()]
    assert not [w for w in caught if "name of old" in str(w.message)]
    assert found[-1] == "GradientDescent"
    np.testing.assert_allclose(evaluated(found[1]), np.concatenate([A, B], 1))


def test_keywords_of_old_orders():
    found = evaluated([tf.concat(concat_dim=1, values=[A, B]), tf.split(split_dim=1, num_split=3, value=A)[0]])
    np.testing.assert_allclose(found[0], np.concatenate([A, B], 1))
    np.testing.assert_allclose(found[1], A[:, :1])


def test_variables_scopes_and_initializers():
    v = tf.get_variable("v", [300, 500], initializer=tf.contrib.layers.xavier_initializer())
    g = tf.get_variable("g", [300, 500], initializer=tf.contrib.layers.xavier_initializer_conv2d(uniform=False))
    s = tf.get_variable("s", [300, 500], initializer=tf.contrib.layers.variance_scaling_initializer())
    assert [x.op.name for x in tf.all_variables()] == ["v", "g", "s"]
    with tf.op_scope([A], "outer"), tf.variable_op_scope([A], "inner"):
        assert tf.get_variable("u", [1]).op.name == "inner/u" and tf.mul(A, A).op.name.startswith("outer")
    with tf.Session() as session:
        session.run([tf.initialize_all_variables(), tf.initialize_local_variables()])
        session.run(tf.initialize_variables([v]))
        v, g, s = session.run([v, g, s])
    edge = np.sqrt(6 / 800.0)
    assert 0.99 * edge < np.abs(v).max() <= edge
    np.testing.assert_allclose([v.std(), g.std(), s.std()], np.sqrt([2 / 800.0, 2 / 800.0, 2 / 300.0]), rtol=0.02)


def test_summaries(tmp_path):
    tf.scalar_summary("loss", 3.0)
    tf.histogram_summary("w", A)
    tf.image_summary("picture", np.zeros([1, 2, 2, 1], np.float32))
    writer = tf.train.SummaryWriter(str(tmp_path))
    text = evaluated([tf.merge_all_summaries(), tf.merge_summary([tf.scalar_summary("other", 1.0)])])
    writer.add_summary(text[0], 1)
    writer.close()
    tags = {v.tag for event in tf.train.summary_iterator(str(next(tmp_path.iterdir()))) for v in event.summary.value}
    assert {"loss", "w"} <= tags and any(t.startswith("picture") for t in tags)


def test_the_optimizer_of_contrib():
    w = tf.get_variable("w", initializer=[3.0, -2.0])
    loss = tf.reduce_sum((w - [1.0, 2.0]) ** 2)
    steps, losses = [], []
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(loss, var_to_bounds={w: (-np.inf, [0.5, 5.0])}, tol=1e-9)
    with tf.Session() as session:
        session.run(tf.initialize_all_variables())
        optimizer.minimize(session, fetches=[loss], step_callback=steps.append, loss_callback=losses.append)
        np.testing.assert_allclose(session.run(w), [0.5, 2.0], atol=1e-5)
    assert steps and losses and abs(losses[-1] - 0.25) < 1e-5
    with pytest.raises(ValueError, match="constraints="):
        tf.contrib.opt.ScipyOptimizerInterface(loss, inequalities=[loss])


@pytest.mark.parametrize("path, text", [
    ("contrib.slim", "tf_slim"), ("contrib.layers.fully_connected", "tf.matmul"), ("contrib.no_such_thing", "NAMES"),
    ("nn.seq2seq", "Python loop"), ("no_such_thing", "knows no replacement"), ("models", "numpy")])
def test_what_is_gone_says_what_to_write(path, text):
    found = tf
    with pytest.raises(AttributeError, match=text):
        for part in path.split("."):
            found = getattr(found, part)


def test_the_table_and_the_module():
    assert not tf.executing_eagerly() and tf.TensorShape([3])[0].value == 3
    assert NAMES["tf.pack"] == ("tf.stack(values, axis)", True) and not NAMES["tf.contrib.slim"].runs
    assert "pack" in dir(tf) and "Session" in dir(tf) and "layers" in dir(tf.contrib) and "old" in repr(tf)
    tried = set(VALUES) | {"tf." + n for n in (
        "all_variables", "op_scope", "variable_op_scope", "scalar_summary", "histogram_summary", "image_summary",
        "merge_summary", "merge_all_summaries", "train.SummaryWriter", "initialize_all_variables",
        "initialize_variables", "initialize_local_variables", "contrib.layers.xavier_initializer",
        "contrib.layers.xavier_initializer_conv2d", "contrib.layers.variance_scaling_initializer",
        "contrib.opt.ScipyOptimizerInterface")}
    assert {name for name, old in NAMES.items() if old.runs} == tried
