"""A checkpoint goes on with the same computation alone, told apart by names, attributes, constants and variables."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tf1_hessian.runners import fingerprints

D = tf.float64
NUMBERS = np.array([[1.0, 2.0], [3.0, 4.0]])


def product(a):
    return tf.matmul(a, a)


def transposed(a):
    return tf.matmul(a, a, transpose_b=True)


def scaled(a):
    return tf.matmul(a, a + 0.5)


def conditional(shift):
    def made(a):
        return tf.cond(a[0, 0] > 0, lambda: a + shift, lambda: a - shift)

    return made


def stopped(build, path, name="a"):
    """The value of a graph of its own, over two batches; None where it stops after the first, for the first time."""
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.placeholder(D, [2, 2], name)
        value = tf.reduce_sum(build(a)[0], name="value")

        def feeds():
            yield {a: NUMBERS}
            if not going_on:
                raise KeyError("stop")
            yield {a: 2 * NUMBERS}

        going_on = path.exists()
        try:
            return th.stream(value, feeds(), session, checkpoint=str(path))
        except KeyError:
            return None


@pytest.mark.parametrize("build, other", [
    (product, transposed), (product, scaled), (conditional(1.0), conditional(2.0))])
def test_a_loss_that_was_changed_is_another_problem(tmp_path, build, other):
    """Of the same names, shapes and dtypes: an attribute, a constant, a constant inside a branch."""
    path = tmp_path / "kept.npz"
    stopped(build, path)
    before = path.read_bytes()
    with pytest.raises(th.CheckpointError, match="graph"):
        stopped(other, path)
    assert path.read_bytes() == before
    assert np.isfinite(stopped(build, path))


def test_a_value_by_its_name_is_told_apart_too(graph, tmp_path):
    """Variables above a tensor that is asked for by its name count as well."""
    path = str(tmp_path / "kept.npz")
    w = tf.get_variable("w", initializer=np.array(1.0), use_resource=True)
    x = tf.placeholder(D, [])
    tf.multiply(w, x, name="value")

    def broken():
        yield {x: 1.0}
        raise KeyError("stop")

    with tf.Session() as session:
        session.run(w.initializer)
        with pytest.raises(KeyError):
            th.stream("value:0", broken(), session, checkpoint=path)
        session.run(w.assign(5.0))
        with pytest.raises(th.CheckpointError, match="values of the variables"):
            th.stream("value:0", [{x: 1.0}] * 2, session, checkpoint=path)


def test_reading_the_variables_runs_nothing_else(graph):
    """A read that waits for an assignment is not the one to take."""
    w = tf.get_variable("w", initializer=np.array(1.0), use_resource=True)
    with tf.control_dependencies([w.assign_add(1.0)]), tf.name_scope("a"):
        later = w.read_value()
    with tf.Session() as session:
        session.run(w.initializer)
        marks = [fingerprints.state_mark([later.op], session) for _ in range(2)]
        assert marks[0] == marks[1] and session.run(w) == 1.0


def test_variables_without_a_value_that_feeds_replace(graph, tmp_path):
    read = tf.identity(tf.get_variable("w", [2], D, use_resource=True))
    with tf.Session() as session:
        found = th.stream(tf.reduce_sum(read ** 2), [{read: [1.0, 2.0]}], session, checkpoint=str(tmp_path / "kept"))
    assert found == 5.0
