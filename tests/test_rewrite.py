"""th.rewrite and th.rewrite_on_slices: the loss once more, on other tensors, with everything else shared."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th

D = tf.float64
START = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
OTHER = START[::-1] * 2


def evaluated(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return th.evaluate(fetches, feed, session)


def made_by(call):
    graph = tf.get_default_graph()
    before = len(graph.get_operations())
    return call(), graph.get_operations()[before:]


def variable(use_resource, value=START, **options):
    return tf.get_variable("x", initializer=np.array(value), use_resource=use_resource, **options)


# --- what can be replaced

def test_a_tensor():
    x = tf.placeholder(D, START.shape)
    new = tf.placeholder(D, START.shape)
    rewritten = th.rewrite(tf.reduce_sum(x ** 3), {x: new})
    np.testing.assert_allclose(evaluated(rewritten, {new: OTHER}), (OTHER ** 3).sum())


def test_an_interior_tensor_by_name():
    z = tf.placeholder(D, [3])
    tf.sin(z, name="inside")
    loss = tf.reduce_sum(tf.get_default_graph().get_tensor_by_name("inside:0") ** 2 + z)
    rewritten = th.rewrite(loss, {"inside:0": np.array([1.0, 2.0, 3.0])})
    np.testing.assert_allclose(evaluated(rewritten, {z: [0.5, 0.5, 0.5]}), 14 + 1.5)


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_variable_at_every_read(use_resource):
    x = variable(use_resource)
    flag = tf.placeholder(tf.bool, [])
    loss = (tf.reduce_sum(x ** 2) + tf.reduce_sum(tf.nn.embedding_lookup(x, [1, 1])) + tf.reduce_sum(x.read_value())
            + tf.cond(flag, lambda: tf.reduce_sum(x ** 3), lambda: tf.reduce_sum(tf.exp(x))))
    rewritten = th.rewrite(loss, {x: OTHER})
    base = (OTHER ** 2).sum() + 2 * OTHER[1].sum() + OTHER.sum()
    for taken, last in ((True, (OTHER ** 3).sum()), (False, np.exp(OTHER).sum())):
        np.testing.assert_allclose(evaluated(rewritten, {flag: taken}), base + last)


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_partitioned_variable(use_resource):
    x = tf.get_variable("x", START.shape, D, tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2, 1),
                        use_resource=use_resource)
    rewritten = th.rewrite(tf.reduce_sum(tf.convert_to_tensor(x) ** 3), {x: OTHER})
    np.testing.assert_allclose(evaluated(rewritten), (OTHER ** 3).sum())


def test_several_at_once_as_pairs_or_as_a_dict():
    x, y = variable(True), tf.placeholder(D, [3])
    loss = tf.reduce_sum(x * y)
    new = np.array([1.0, 2.0, 3.0])
    for replacements in ({x: OTHER, y: new}, [(x, OTHER), (y, new)]):
        np.testing.assert_allclose(evaluated(th.rewrite(loss, replacements)), (OTHER * new).sum())


def test_a_loss_that_is_no_scalar_keeps_its_shape():
    x = tf.placeholder(D, [2, 3])
    rewritten = th.rewrite(x ** 2, {x: OTHER})
    assert rewritten.shape.as_list() == [2, 3]
    np.testing.assert_allclose(evaluated(rewritten), OTHER ** 2)


def test_a_compatible_shape_is_enough():
    x = tf.placeholder(D, [None, 3])
    np.testing.assert_allclose(evaluated(th.rewrite(tf.reduce_sum(x ** 2), {x: np.ones((5, 3))})), 15)


def test_the_original_is_as_it_was():
    x = variable(True)
    loss = tf.reduce_sum(x ** 3)
    rewritten = th.rewrite(loss, {x: OTHER})
    old, new = evaluated([loss, rewritten])
    np.testing.assert_allclose([old, new], [(START ** 3).sum(), (OTHER ** 3).sum()])


# --- only the floating-point path is copied

def test_only_ops_on_the_path_are_made_anew():
    x, z = tf.placeholder(D, [3]), tf.placeholder(D, [3])
    beside = tf.exp(z)
    loss = tf.reduce_sum(tf.sin(x) * beside) + tf.reduce_sum(beside)
    _, made = made_by(lambda: th.rewrite(loss, {x: tf.zeros([3], D)}))
    kinds = collections.Counter(op.type for op in made)
    assert kinds["Sin"] == 1 and kinds["Exp"] == 0 and kinds["Placeholder"] == 0 and kinds["Sum"] == 1


def test_masks_draws_and_batches_are_shared():
    x = tf.placeholder(D, [4])
    batch = tf.cast(tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 100)).get_next(), D)
    loss = tf.reduce_sum(tf.nn.dropout(x, rate=0.5) * tf.random_uniform([4], dtype=D)) * batch
    rewritten, made = made_by(lambda: th.rewrite(loss, {x: 3 * x}))
    assert [op.type for op in made if "Random" in op.type or "Iterator" in op.type] == []
    with tf.Session() as session:
        for _ in range(3):
            old, new = session.run([loss, rewritten], {x: [1.0, 2.0, 3.0, 4.0]})
            np.testing.assert_allclose(new, 3 * old)


def test_branches_depend_on_the_old_tensor_when_only_shapes_and_flags_do():
    """A predicate is no floating-point edge: it is shared, not decided again."""
    x = tf.placeholder(D, [2])
    loss = tf.cond(x[0] > 0, lambda: tf.reduce_sum(x ** 2), lambda: tf.reduce_sum(x))
    rewritten = th.rewrite(loss, {x: np.array([-3.0, 1.0])})
    np.testing.assert_allclose(evaluated(rewritten, {x: [1.0, 1.0]}), 10)
    np.testing.assert_allclose(evaluated(rewritten, {x: [-1.0, 1.0]}), -2)


def test_a_graph_that_is_rewritten_can_be_differentiated():
    x = tf.placeholder(D, [3])
    new = tf.constant([1.0, 2.0, 3.0], D)
    rewritten = th.rewrite(tf.reduce_sum(x ** 3), {x: new})
    np.testing.assert_allclose(evaluated(tf.gradients(rewritten, new)[0]), [3, 12, 27])
    np.testing.assert_allclose(evaluated(th.hessian_diag(rewritten, new)), [6, 12, 18])
    assert tf.gradients(rewritten, x)[0] is None


# --- custom gradients: a copy's closure would hold the original's tensors

@tf.custom_gradient
def tripled(a):
    inside = tf.exp(a)
    return inside, lambda g: g * inside * 3.0


def test_a_copy_of_a_custom_gradient_has_the_value_and_refuses_the_derivative():
    x, new = tf.placeholder(D, [2]), tf.constant([0.1, 0.2], D)
    rewritten = th.rewrite(tf.reduce_sum(tripled(x)), {x: new})
    np.testing.assert_allclose(evaluated(rewritten), np.exp([0.1, 0.2]).sum())
    with pytest.raises(LookupError):
        tf.gradients(rewritten, new)
    with pytest.raises(LookupError) as caught:
        th.hessian(rewritten, new)
    assert "custom gradient" in str(caught.value)


def naive_copy(op, replacement):
    """One op made again on another tensor, with all its attributes."""
    inputs = [replacement if t.op.type == "Placeholder" else t for t in op.inputs]
    attributes = {k: v for k, v in op.node_def.attr.items() if k != "_class"}
    dtypes = [t.dtype for t in op.outputs]
    return tf.get_default_graph().create_op(op.type, inputs, dtypes, attrs=attributes, op_def=op.op_def)


def test_a_copied_custom_gradient_uses_the_tensors_of_the_original():
    x, other = tf.placeholder(D, []), tf.constant(2.0, D)
    y = tripled(x)
    assert y.op.type == "IdentityN"
    naive = naive_copy(y.op, other).outputs[0]
    wrong = evaluated(tf.gradients(naive, other)[0], {x: 0.0})
    np.testing.assert_allclose(wrong, 3.0)  # 3 exp(0) of the original; its own would be 3 exp(2)
    with pytest.raises(LookupError):
        tf.gradients(th.rewrite(y, {x: other}), other)
    np.testing.assert_allclose(evaluated(th.hessian(y, x), {x: 2.0}), 3 * np.exp(2.0))


def test_a_custom_gradient_is_lost_with_the_meta_graph(tmp_path):
    with tf.Graph().as_default():
        x = tf.placeholder(D, [2], name="x")
        tf.reduce_sum(tripled(x), name="loss")
        tf.train.export_meta_graph(str(tmp_path / "model.meta"))
    text = (tmp_path / "model.meta").read_bytes()
    (tmp_path / "other.meta").write_bytes(text.replace(b"CustomGradient-", b"CustomGradient_"))
    tf.train.import_meta_graph(str(tmp_path / "other.meta"))
    graph = tf.get_default_graph()
    with pytest.raises(LookupError):
        tf.gradients(graph.get_tensor_by_name("loss:0"), graph.get_tensor_by_name("x:0"))
    with pytest.raises(LookupError) as caught:
        th.hessian("loss", "x")
    assert "custom gradient" in str(caught.value)


def test_slices_of_a_custom_gradient_refuse_the_derivative():
    x = tf.placeholder(D, [2])
    rewritten = th.rewrite_on_slices(tf.reduce_sum(tripled(x)), x)
    with pytest.raises(LookupError):
        tf.gradients(rewritten.loss, list(rewritten.slices))


def test_an_override_by_name_is_kept_on_copies(graph):
    x, new = tf.placeholder(D, [3]), tf.constant([0.4, 1.6, 2.2], D)
    with graph.gradient_override_map({"Tanh": "TestHalved"}):
        loss = tf.reduce_sum(tf.tanh(x))
    np.testing.assert_allclose(evaluated(tf.gradients(th.rewrite(loss, {x: new}), new)[0]), np.full(3, 0.5))


@tf.RegisterGradient("TestHalved")
def halved(op, grad):
    return grad * 0.5


# --- slices

def test_slices_of_the_root_function():
    """d2L/dx_i2 by plain tf.gradients, the root question's own way."""
    x = tf.placeholder(D, [3])
    loss = tf.reduce_prod(x ** 2 - 3 * x + 1)
    rewritten = th.rewrite_on_slices(loss, x)
    first = tf.gradients(rewritten.loss, list(rewritten.slices))
    second = [tf.gradients(g, s)[0] for g, s in zip(first, rewritten.slices)]
    rows = tf.gradients(tf.gradients(loss, x)[0], x)[0]
    assert [s.shape.as_list() for s in first + second] == [[]] * 6
    found = evaluated([rewritten, first, second, rows, tf.gradients(loss, x)[0]], {x: [1.0, 2.0, 0.0]})
    assert found[0]["stacked"].tolist() == found[0]["slices"] == [1.0, 2.0, 0.0]
    np.testing.assert_allclose(found[0]["loss"], 1.0)
    np.testing.assert_allclose(found[1], found[4])
    np.testing.assert_allclose(found[2], [-2, -2, 2])
    np.testing.assert_allclose(found[3], [-6, 0, 2])


@pytest.mark.parametrize("use_resource", [False, True])
def test_slices_of_a_variable(use_resource):
    x = variable(use_resource)
    rewritten = th.rewrite_on_slices(tf.reduce_sum(x ** 3) + tf.reduce_sum(x.read_value()) ** 2, x)
    assert len(rewritten.slices) == 6 and rewritten.stacked.shape.as_list() == [2, 3]
    found, stacked = evaluated([tf.gradients(rewritten.loss, list(rewritten.slices)), rewritten.stacked])
    np.testing.assert_allclose(found, (3 * START ** 2 + 2 * START.sum()).ravel())
    np.testing.assert_allclose(stacked, START)


def test_slices_of_a_partitioned_variable_and_of_a_scalar():
    x = tf.get_variable("parts", [3, 2], D, tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2, 1))
    rewritten = th.rewrite_on_slices(tf.reduce_sum(tf.convert_to_tensor(x) ** 3), x)
    assert rewritten.stacked.shape.as_list() == [3, 2] and len(rewritten.slices) == 6
    np.testing.assert_allclose(evaluated(tf.gradients(rewritten.loss, list(rewritten.slices))), np.full(6, 3.0))
    y = tf.placeholder(D, [])
    rewritten = th.rewrite_on_slices(y ** 3, y)
    assert len(rewritten.slices) == 1
    assert evaluated(tf.gradients(rewritten.loss, rewritten.slices[0])[0], {y: 2.0}) == 12.0


def test_a_slice_rewrite_prints_what_it_is():
    x = tf.placeholder(D, [2, 3])
    text = str(th.rewrite_on_slices(tf.reduce_sum(x ** 3), x))
    assert "6 slices" in text and "(2, 3)" in text
