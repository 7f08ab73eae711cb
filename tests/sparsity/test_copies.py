"""Partial separability: Hessians over gathered copies of the elements, summed up."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from functions import FUNCTIONS, N, points

import tf1_hessian as th
from tf1_hessian import colored

NAMES = sorted(set(FUNCTIONS) - {"conditional", "loop"})
EDGES = np.array([(i, j) for i in range(12) for j in range(i) if (7 * i + 3 * j) % 4 != 0])


@pytest.fixture
def always(monkeypatch):
    """Copies are differentiated wherever there are any, whatever that costs."""
    monkeypatch.setattr(colored, "_FEW_COLORS", 0)
    monkeypatch.setattr(colored, "_WORTH_COPYING", 1e9)


def springs(x, stiffness=3.0):
    """sum over edges of k / 2 (|x_i - x_j| - 1)^2, in the plane."""
    apart = tf.gather(x, EDGES[:, 0]) - tf.gather(x, EDGES[:, 1])
    return tf.reduce_sum(stiffness / 2 * tf.square(tf.sqrt(tf.reduce_sum(tf.square(apart), 1)) - 1))


def hessian_of_springs(places, stiffness=3.0):
    found = np.zeros([12, 2, 12, 2])
    for i, j in EDGES:
        apart = places[i] - places[j]
        length = np.linalg.norm(apart)
        along = np.outer(apart, apart) / length ** 2
        block = stiffness * (along + (1 - 1 / length) * (np.eye(2) - along))
        for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
            found[a, :, b] += sign * block
    return found.reshape(24, 24)


@pytest.mark.parametrize("use_resource", [None, False, True])
def test_pairs_take_as_many_columns_as_a_term_has_elements(use_resource):
    places = np.random.RandomState(0).randn(12, 2)
    if use_resource is None:
        x = tf.placeholder(tf.float64, [12, 2])
        feed = {x: places}
    else:
        x, feed = tf.get_variable("x", initializer=places, use_resource=use_resource), {}
    hessian = th.sparse_hessian(springs(x), x)
    plan = th.plan(springs(x), x, "sparse")
    assert (hessian.columns, plan.cost.columns) == (4, 4) and hessian.coloring.number > 8
    assert "copies of 24 elements, Coloring(star, 4 colours" in str(plan)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = th.evaluate(hessian, feed)
    truth = hessian_of_springs(places)
    assert np.allclose(found.toarray(), truth, rtol=0, atol=1e-12 * np.abs(truth).max())
    assert (found != found.T).nnz == 0


def test_pattern_and_colouring_of_copies_are_reused():
    """They are those of the elements: given again, columns are of the elements."""
    x = tf.placeholder(tf.float64, [12, 2])
    first = th.sparse_hessian(springs(x), x)
    again = th.sparse_hessian(springs(x), x, pattern=first.pattern, coloring=first.coloring)
    assert again.columns == first.coloring.number
    assert first.pattern == th.hessian_sparsity(springs(x), x)
    with tf.Session():
        one, other = th.evaluate([first, again], {x: np.random.RandomState(1).randn(12, 2)})
    assert np.allclose(one.toarray(), other.toarray(), rtol=0, atol=1e-11)


def test_elements_that_are_read_as_they_are_too():
    """x itself, a part of it, and the copies: none of them is held to follow another."""
    x = tf.placeholder(tf.float64, [12, 2])
    loss = springs(x) + tf.reduce_sum(x ** 4) + tf.reduce_sum(x[:, 0] * x[:, 1] ** 2)
    places = np.random.RandomState(0).randn(12, 2)
    hessian = th.sparse_hessian(loss, x)
    assert hessian.columns < hessian.coloring.number / 2
    with tf.Session():
        found = th.evaluate(hessian, {x: places}).toarray()
    truth = hessian_of_springs(places) + np.diag(12 * places.ravel() ** 2)
    for i, (a, b) in enumerate(places):
        truth[2 * i + 1, 2 * i + 1] += 2 * a
        truth[2 * i, 2 * i + 1] += 2 * b
        truth[2 * i + 1, 2 * i] += 2 * b
    assert np.allclose(found, truth, rtol=0, atol=1e-12 * np.abs(truth).max())


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name, always):
    x = tf.placeholder(tf.float64, [N])
    loss = tf.reduce_sum(FUNCTIONS[name](x))
    asked = [th.sparse_hessian(loss, x), th.hessian(loss, x, engine="loop"),
             th.hessian_diag(loss, x, engine="colored")]
    with tf.Session():
        for point in points(count=2):
            found, truth, diagonal = th.evaluate(asked, {x: point})
            assert np.allclose(diagonal, np.diag(truth), rtol=0, atol=1e-12 * max(1, np.max(np.abs(truth))))
            assert np.allclose(found.toarray(), truth, rtol=0, atol=1e-12 * max(1, np.max(np.abs(truth))))


def test_several_sources_and_parts(always):
    """A table in two parts, looked up, times a vector."""
    with tf.variable_scope("parts", partitioner=lambda **_: [2, 1]):
        table = tf.get_variable("table", [5, 2], tf.float64, tf.random_normal_initializer(seed=1))
    vector = tf.get_variable("vector", initializer=np.array([0.3, -0.4]))
    rows = tf.gather(tf.convert_to_tensor(table), [4, 0, 4])
    loss = tf.reduce_sum(tf.sin(rows * vector) * rows[::-1])
    asked = [th.sparse_hessian(loss, [table, vector]), th.hessian(loss, [table, vector], flat=True, engine="loop"),
             th.hessian_diag(loss, [table, vector], engine="colored")]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, truth, diagonal = th.evaluate(asked)
    assert np.allclose(found.toarray(), truth, rtol=0, atol=1e-12)
    assert np.allclose(np.concatenate([np.ravel(d) for d in diagonal]), np.diag(truth), rtol=0, atol=1e-12)


def test_diagonals():
    """40 atoms in a plane, all of which meet: as many colours as coordinates, and four columns of copies."""
    edges = np.array([(i, j) for i in range(40) for j in range(i)])
    x = tf.placeholder(tf.float64, [40, 2])
    apart = tf.gather(x, edges[:, 0]) - tf.gather(x, edges[:, 1])
    loss = tf.reduce_sum(tf.reduce_sum(tf.square(apart), 1) ** 2)
    plan = th.plan(loss, x)
    assert (plan.engine, plan.cost.columns) == ("colored", 4)
    places = np.random.RandomState(0).randn(40, 2)
    with tf.Session():
        found = th.evaluate(plan, {x: places})
        assert plan.verify(feed_dict={x: places})
    between = places[:, None] - places[None]
    truth = (4 * np.square(between).sum(-1, keepdims=True) + 8 * np.square(between)).sum(1)
    assert np.allclose(found, truth)


def test_a_wrong_diagonal_of_copies_is_caught(monkeypatch, always):
    """The columns are of the copies, the check is of the elements: copies that are summed wrongly show."""
    x = tf.placeholder(tf.float64, [12, 2])
    entries = colored.copies_of

    def spoiled(*arguments):
        found = entries(*arguments)
        right = found.entries
        found.entries = lambda rows: right(rows) * np.linspace(1, 1.1, found.pattern.nnz)
        return found

    monkeypatch.setattr(colored, "copies_of", spoiled)
    found = [th.hessian_diag(springs(x), x, engine="colored"), th.sparse_hessian(springs(x), x)]
    for each in found:
        with tf.Session(), pytest.raises(th.VerificationError, match="the columns by colours give"):
            th.evaluate(each, {x: np.random.RandomState(0).randn(12, 2)})
