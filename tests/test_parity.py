"""th.record and th.parity: the cases in tests/bridge, which need eager execution, and what a session alone can do."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from apart import all_passed, run_apart


def test_cases_with_eager_execution_on():
    if tf.__version__.startswith("1."):
        with pytest.raises(RuntimeError, match="eager execution is off here"):
            th.parity("no.npz", (len, []))
        return
    said = run_apart("bridge")
    assert all_passed(said), said


@pytest.fixture
def session(graph):
    with tf.Session() as made:
        yield made


def cubes():
    w, x = tf.get_variable("w", initializer=np.array([1.0, -2.0, 0.5])), tf.placeholder(tf.float64, [3], name="x")
    return tf.reduce_sum(w ** 3 * x, name="loss"), w, x


def test_a_record_holds_what_was_computed(session, tmp_path):
    _, w, x = cubes()
    session.run(w.initializer)
    path = str(tmp_path / "cubes.npz")
    assert th.record(path, "loss", [w], feeds={x: [1.0, 2.0, 3.0]}, products=3, seed=5) == path
    with np.load(path, allow_pickle=False) as found:
        weights = np.array([1.0, -2.0, 0.5])
        np.testing.assert_allclose(found["weights_0"], weights)
        np.testing.assert_allclose(found["loss"], (weights ** 3 * [1, 2, 3]).sum())
        np.testing.assert_allclose(found["gradient_0"], 3 * weights ** 2 * [1, 2, 3])
        np.testing.assert_allclose(found["diagonal_0"], 6 * weights * [1, 2, 3])
        np.testing.assert_allclose(found["products_2_0"], 6 * weights * [1, 2, 3] * found["vectors_2_0"])
        assert found["feed_0"].tolist() == [1, 2, 3] and "products_3_0" not in found.files


def test_what_is_refused_leaves_no_file(session, tmp_path):
    loss, w, x = cubes()
    session.run(w.initializer)
    path = tmp_path / "never.npz"
    for options, text in (({"products": -1}, "products=-1"), ({"products": True}, "products=True")):
        with pytest.raises(ValueError, match=text):
            th.record(str(path), loss, [w], feeds={x: np.ones(3)}, **options)
    with pytest.raises(tf.errors.InvalidArgumentError):
        th.record(str(path), loss, [w])
    assert not path.exists()
    with pytest.raises(OSError):
        th.record(str(tmp_path / "no" / "folder.npz"), loss, [w], feeds={x: np.ones(3)})


def test_without_a_session(graph):
    loss, w, _ = cubes()
    with pytest.raises(ValueError, match="no session was given"):
        th.record("never.npz", loss, [w])


def test_two_records(session, tmp_path):
    loss, w, x = cubes()
    session.run(w.initializer)
    paths = [str(tmp_path / name) for name in ("one.npz", "other.npz", "seed.npz")]
    th.record(paths[0], loss, [w], session, {x: np.ones(3)})
    th.record(paths[2], loss, [w], session, {x: np.ones(3)}, seed=1)
    session.run(tf.assign_add(w, [0, 0, 1e-6]))
    th.record(paths[1], loss, [w], session, {x: np.ones(3)})
    assert th.parity(paths[0], paths[0]).ok
    found = th.parity(paths[0], paths[1], rtol=1e-7)
    assert (found.first.kind, found.first.index) == ("weights", (2,)) and "in a session" in str(found)
    np.testing.assert_allclose(found.first.difference, 1e-6)
    with pytest.raises(ValueError, match="products and seed"):
        th.parity(paths[0], paths[2])
    with open(paths[1], "wb") as file:
        file.write(b"nothing")
    with pytest.raises(th.CheckpointError):
        th.parity(paths[0], paths[1])
