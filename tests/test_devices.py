"""devices=: columns shared by devices of one machine, or by the tasks of a cluster, in one session call."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from tests.cluster import free_ports, started, task_of_its_own
from tests.untouched import assert_refused

D = tf.float64
CPUS = ["/cpu:1", "/cpu:2"]
START = np.linspace(-0.7, 1.1, 7)


def local():
    return tf.Session(config=tf.ConfigProto(device_count={"CPU": 3}))


def dense_loss(x):
    """Every element meets every other: n columns, and nothing cheaper."""
    return tf.reduce_sum(tf.sin(x)) ** 3


def hessian_of_dense(x):
    s = np.sin(x).sum()
    return 6 * s * np.outer(np.cos(x), np.cos(x)) - 3 * s ** 2 * np.diag(np.sin(x))


def chain_loss(x):
    """Neighbours meet."""
    return tf.reduce_sum(x[1:] ** 2 * x[:-1] ** 3)


def hessian_of_chain(x):
    a, b = x[:-1], x[1:]
    cross = 6 * a ** 2 * b
    return np.diag(np.append(6 * a * b ** 2, 0) + np.append(0, 2 * a ** 3)) + np.diag(cross, 1) + np.diag(cross, -1)


def traced(session, tensors, feed_dict=None):
    """(values, {(job, task, device): how many ops of a Hessian ran there}), from the RunMetadata of one call."""
    told, ran = tf.RunMetadata(), collections.Counter()
    values = session.run(tensors, feed_dict, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), told)
    for of_device in told.step_stats.dev_stats:
        if "/host" not in of_device.device:
            spec = tf.DeviceSpec.from_string(of_device.device)
            ran[spec.job, spec.task, spec.device_index] += sum(
                "hessian" in node.node_name and not node.node_name.startswith("_") for node in of_device.node_stats)
    return values, ran


@pytest.mark.parametrize("engine, chunk_size", [
    ("vectorized", None), ("vectorized", 2), ("loop", None), ("slices", None)])
def test_columns_run_on_all_devices_and_give_the_same(engine, chunk_size):
    x = tf.get_variable("x", initializer=START, use_resource=True)
    loss = dense_loss(x)
    shared = th.plan(loss, x, "full", engine=engine, chunk_size=chunk_size, devices=CPUS)
    alone = th.hessian(loss, x, engine=engine, chunk_size=chunk_size)
    with local() as session:
        session.run(x.initializer)
        (found, same), ran = traced(session, [shared.build(), alone])
    np.testing.assert_allclose(found, hessian_of_dense(START), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found, same, rtol=1e-15, atol=1e-15)
    assert ran["localhost", 0, 1] > 5 and ran["localhost", 0, 2] > 5
    assert str(shared).count("on /device:CPU:1") == str(shared).count("on /device:CPU:2") == 1


@pytest.mark.parametrize("n", [11, 60])
def test_colours_are_shared(n):
    start = np.linspace(-0.7, 1.1, n)
    x = tf.get_variable("x", initializer=start)
    loss = chain_loss(x)
    diagonal = th.plan(loss, x, engine="colored", devices=CPUS)
    sparse = th.plan(loss, x, "sparse", devices=CPUS)
    with local() as session:
        session.run(x.initializer)
        _, ran = traced(session, diagonal.tensors())
        found, entries = th.evaluate([diagonal, sparse])
    np.testing.assert_allclose(found, np.diag(hessian_of_chain(start)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(entries.toarray(), hessian_of_chain(start), rtol=1e-12, atol=1e-12)
    assert ran["localhost", 0, 1] and ran["localhost", 0, 2]
    assert "are shared (1 on /device:CPU:1, 1 on /device:CPU:2)" in str(diagonal)


def test_many_colours_are_shared_in_chunks():
    x = tf.get_variable("x", initializer=START)
    plan = th.plan(dense_loss(x) + tf.reduce_sum(tf.exp(x)), x, engine="colored", chunk_size=3, devices=CPUS)
    with local() as session:
        session.run(x.initializer)
        _, ran = traced(session, plan.tensors())
        np.testing.assert_allclose(th.evaluate(plan), np.diag(hessian_of_dense(START)) + np.exp(START), rtol=1e-12)
    assert "(3 on /device:CPU:1, 4 on /device:CPU:2)" in str(plan)
    assert ran["localhost", 0, 1] and ran["localhost", 0, 2]


def test_structured_columns_stay_together_and_the_plan_says_so():
    w = tf.get_variable("w", initializer=np.linspace(-1, 1, 12).reshape(4, 3))
    given = np.linspace(0.2, 1, 8).reshape(2, 4)
    plan = th.plan(tf.reduce_sum(tf.exp(tf.matmul(given, w))), w, devices=CPUS)
    with local() as session:
        session.run(w.initializer)
        _, ran = traced(session, plan.tensors())
        found, value = th.evaluate([plan, w])
    np.testing.assert_allclose(found, np.matmul(given.T ** 2, np.exp(given.dot(value))), rtol=1e-12)
    assert plan.engine == "structured" and "stay together on /device:CPU:1" in str(plan)
    assert ran["localhost", 0, 1] and not ran["localhost", 0, 2]


def test_random_draws_are_shared():
    """A mask of its own on each device would give columns of several losses, and no symmetric matrix."""
    x = tf.get_variable("x", initializer=START, use_resource=True)
    mask = tf.random_uniform([7], 0.5, 1.5, dtype=D)
    full = th.hessian(tf.reduce_sum(mask * tf.sin(x)) ** 2, x, engine="vectorized", devices=CPUS)
    with local() as session:
        session.run(x.initializer)
        found, drawn = session.run([full, mask])
    s, c = drawn * np.sin(START), drawn * np.cos(START)
    np.testing.assert_allclose(found, 2 * np.outer(c, c) - 2 * s.sum() * np.diag(s), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("precision, is_loop", [(None, True), ("float64", False)])
def test_a_model_placed_by_its_user(precision, is_loop):
    """Variables and the loss stay on their device; columns go where they were asked to go, copies of the path too."""
    with tf.device("/cpu:0"):
        x = tf.get_variable("x", initializer=START.astype(np.float32), use_resource=True)
        y = tf.scan(lambda a, b: a + tf.sin(b), x, tf.zeros([])) if is_loop else tf.cumsum(tf.sin(x))
        loss = tf.cond(tf.reduce_sum(x) > -100, lambda: y[-1] ** 3, lambda: tf.reduce_sum(x))
    full = th.hessian(loss, x, engine="loop", precision=precision, devices=CPUS)
    with local() as session:
        session.run(x.initializer)
        found, ran = traced(session, full)
    np.testing.assert_allclose(found, hessian_of_dense(START.astype(np.float32).astype(float)),
                               atol=1e-3 if precision is None else 1e-9)
    assert min(ran["localhost", 0, 1], ran["localhost", 0, 2]) > 2 * ran["localhost", 0, 0]


def test_fewer_columns_than_devices():
    x = tf.get_variable("x", initializer=START[:2])
    full = th.hessian(dense_loss(x), x, engine="loop", devices=["/cpu:%d" % i for i in range(3)])
    with local() as session:
        session.run(x.initializer)
        np.testing.assert_allclose(session.run(full), hessian_of_dense(START[:2]), rtol=1e-12)


def test_the_same_question_is_built_once(graph):
    x = tf.placeholder(D, [5])
    loss = dense_loss(x)
    first = th.hessian(loss, x, devices=CPUS)
    before = len(graph.get_operations())
    assert th.hessian(loss, x, devices=("/device:CPU:1", "/device:CPU:2")) is first
    assert len(graph.get_operations()) == before
    assert th.hessian(loss, x, devices=CPUS[::-1]) is not first
    assert th.hessian(loss, x) is not first


@pytest.mark.parametrize("wrong, words", [
    ([], "list of different devices"), ("/cpu:0", "'workers'"), ([3], "list of different devices"),
    (["/cpu:0", "/device:CPU:0"], "each device once"), (["/job:worker/task:x"], "TensorFlow can read"),
    (["nonsense"], "nonsense"), ([""], "list of different devices"), ({"/cpu:0": 1}, "list of different devices"),
    ("workers", "sess.as_default()")])
def test_what_names_no_devices_is_refused(graph, wrong, words):
    x = tf.placeholder(D, [3])
    loss = dense_loss(x)
    for call in (th.hessian, th.hessian_diag, th.sparse_hessian, th.plan):
        said = assert_refused(ValueError, lambda: call(loss, x, devices=wrong), graph)  # noqa: B023
        assert "devices=" in said and words in said


def test_no_workers_in_a_session_of_one_machine(graph):
    x = tf.placeholder(D, [3])
    loss = dense_loss(x)
    with local():
        said = assert_refused(ValueError, lambda: th.hessian(loss, x, devices="workers"), graph)
    assert "localhost" in said and "job 'worker'" in said


def test_rows_take_no_devices(graph):
    x = tf.placeholder(D, [4, 3])
    losses = tf.reduce_sum(x ** 3, 1)
    said = assert_refused(ValueError, lambda: th.plan(losses, x, "laplacian", devices=CPUS), graph)
    assert "devices=" in said


# --- a cluster

@pytest.fixture(scope="module")
def cluster():
    return started(workers=2, servers=1)


@pytest.mark.parametrize("engine", ["vectorized", "loop", "colored"])
def test_two_workers_share_the_columns_of_variables_on_a_parameter_server(cluster, engine):
    with tf.device(tf.train.replica_device_setter(1, worker_device="/job:worker/task:0")):
        x = tf.get_variable("x", initializer=START, use_resource=True)
        y = tf.get_variable("y", initializer=START[:3], use_resource=False)
        loss = dense_loss(tf.concat([x, y], 0))
    with tf.Session(cluster) as session:
        session.run(tf.global_variables_initializer())
        plan = th.plan(loss, [x, y], engine=engine, devices="workers")
        found, ran = traced(session, plan.tensors())
        th.evaluate(plan)
    np.testing.assert_allclose(
        np.concatenate(found), np.diag(hessian_of_dense(np.append(START, START[:3]))), rtol=1e-12, atol=1e-12)
    assert ran["worker", 0, 0] and ran["worker", 1, 0] and {x.device, y.device} == {"/job:ps/task:0"}
    assert "on /job:worker/task:0" in str(plan) and "on /job:worker/task:1" in str(plan)


class Lost(object):
    """A session whose cluster has lost a task."""

    def run(self, *_, **__):
        raise tf.errors.UnavailableError(None, None, "Socket closed")


def test_a_lost_task_is_tensorflows_error_and_the_way_out(graph):
    with pytest.raises(tf.errors.UnavailableError) as caught:
        th.evaluate(tf.constant(1.0), session=Lost())
    assert all(word in str(caught.value) for word in ("Socket closed", "Start it again", "checkpoint="))


@pytest.mark.slow
def test_a_killed_task_is_an_error_and_the_stream_goes_on_once_it_is_back(tmp_path):
    addresses = free_ports(2)
    server = tf.train.Server(tf.train.ClusterSpec({"worker": addresses}), "worker", 0)
    config = tf.ConfigProto(operation_timeout_in_ms=30000)
    x, scale = tf.get_variable("x", initializer=START, use_resource=True), tf.placeholder(D, [])
    full = th.hessian(scale * dense_loss(x), x, devices=["/job:worker/task:%d" % i for i in range(2)])
    other = task_of_its_own(addresses, 1)

    def streamed(fall):
        with tf.Session(server.target, config=config) as session:
            session.run(x.initializer)
            return th.stream(full, fall(), checkpoint=str(tmp_path / "kept.npz"), every=1)

    def falling():
        for step in range(4):
            if step == 2:
                other.kill()
                other.wait()
            yield {scale: step + 0.5}

    with pytest.raises((tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)) as caught:
        streamed(falling)
    assert "Start it again" in str(caught.value)
    other, asked = task_of_its_own(addresses, 1), []
    try:
        found = streamed(lambda: [{scale: step + 0.5} for step in range(4) if asked.append(step) is None])
    finally:
        other.kill()
    np.testing.assert_allclose(found, 2 * hessian_of_dense(START), rtol=1e-12, atol=1e-12)
