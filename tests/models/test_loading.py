"""th.load_model: what TF 1.15 and this TensorFlow wrote is read, and what can't be is refused with the way out."""
import functools
import importlib
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from on_disk import CHECKPOINT, SAVED_MODEL, cubic, eager_model, frozen, save, switched_off, truncated

import tf1_hessian as th

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
X = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
DIAGONAL = 6 * np.array([1.0, -2.0, 0.5]) * X.mean(0)


def flat_hessian(model, arrays, **options):
    with model:
        found = th.hessian(model.loss, list(model.sources.values()), flat=True, **options)
        return th.evaluate([model.loss, found], model.feeds(arrays))


@pytest.mark.parametrize("path", [CHECKPOINT + ".meta", CHECKPOINT + ".index", os.path.dirname(CHECKPOINT)])
def test_what_a_checkpoint_may_be_called(path):
    with th.load_model(path) as model:
        assert (model.path, model.checkpoint, model.loss) == (CHECKPOINT + ".meta", CHECKPOINT, None)


def test_a_checkpoint_of_tf_1_15(truth):
    model = th.load_model(CHECKPOINT, "loss")
    assert list(model.sources) == ["hidden/kernel", "hidden/bias", "output/kernel"]
    assert model.written_by == "1.15.5" and model.checkpoint == CHECKPOINT
    loss, found = flat_hessian(model, {"x": truth["x"], "y:0": truth["y"]}, precision="float64")
    np.testing.assert_allclose(loss, truth["net_loss"], rtol=1e-6)
    np.testing.assert_allclose(found, truth["net_hessian"], atol=1e-8)


def test_a_saved_model_of_tf_1_15(truth):
    model = th.load_model(SAVED_MODEL, "loss", ["coefficients", "intercept:0"])
    assert model.loss.name == "nll:0" and list(model.sources) == ["coefficients", "intercept:0"]
    loss, found = flat_hessian(model, {"features": truth["x"], "counts": truth["counts"]})
    np.testing.assert_allclose(loss, truth["nll"], rtol=1e-12)
    np.testing.assert_allclose(found, truth["nll_hessian"], atol=1e-8)


def diagonal(model):
    with model:
        return th.evaluate(th.hessian_diag(model.loss, model.sources), model.feeds({"x": X}))


def test_a_checkpoint_of_this_version_and_another_checkpoint(tmp_path):
    prefix = save(tmp_path)
    np.testing.assert_allclose(diagonal(th.load_model(prefix, "loss:0"))["w"], DIAGONAL)

    def doubled():
        return tf.assign(tf.get_variable("w", initializer=2 * np.array([1.0, -2.0, 0.5]), use_resource=True), [1, 1, 1])

    (tmp_path / "other").mkdir()
    other = save(tmp_path / "other", doubled)
    for given in (other, other + ".index", str(tmp_path / "other")):
        found = diagonal(th.load_model(prefix, "loss", "w", checkpoint=given))
        np.testing.assert_allclose(found["w"], 2 * DIAGONAL)


def test_a_frozen_graph(tmp_path):
    path = frozen(tmp_path)
    np.testing.assert_allclose(diagonal(th.load_model(path, "loss", ["w"]))["w"], DIAGONAL)
    with pytest.raises(ValueError, match="(?s)no trainable variable.*sources=.*'w'"):
        th.load_model(path, "loss")


@pytest.mark.parametrize("version, since", [("1.15.5", (1, 13)), ("2.21.0", (2, 11))])
def test_a_saved_model_of_eager_code(version, since):
    """Its loss is inside functions, and no collection tells what is trainable. Old TensorFlow lacks ops of new ones."""
    if VERSION < since:
        with pytest.raises(ValueError, match="which TensorFlow %s does not have|can't read it" % tf.__version__):
            th.load_model(eager_model(version), "loss")
        return
    model = th.load_model(eager_model(version), "loss")
    assert len(model.sources) == 1
    np.testing.assert_allclose(list(diagonal(model).values())[0], DIAGONAL)


def test_it_is_one_line_and_a_context(tmp_path):
    model = th.load_model(save(tmp_path), "loss")
    assert "\n" not in repr(model)
    for part in ("MetaGraph", "loss=loss:0", "1 source of 3 elements", "x float64 [None, 3]"):
        assert part in repr(model)
    with model as entered:
        assert entered is model
        assert tf.get_default_graph() is model.graph and tf.get_default_session() is model.session
        with model:
            pass
        assert model.session.run("w/Read/ReadVariableOp:0").tolist() == [1.0, -2.0, 0.5]
    with pytest.raises(RuntimeError, match="closed"):
        model.session.run("w/Read/ReadVariableOp:0")


def test_a_load_and_a_refusal_change_nothing_else(tmp_path):
    prefix, before = save(tmp_path), switched_off()
    files = sorted(os.listdir(str(tmp_path)))
    th.load_model(prefix, "loss").close()
    with pytest.raises(ValueError):
        th.load_model(prefix, "lost")
    assert switched_off() == before and sorted(os.listdir(str(tmp_path))) == files


@pytest.mark.parametrize("loss, sources, told", [
    ("los", None, "Did you mean 'loss'"), ("loss:7", None, "No tensor or variable is called 'loss:7'"),
    ("loss", ["W"], "called 'W'"), ("loss", ["w", "w"], "each once"), ("loss", [], "at least one"),
    ("", None, "called ''"), ("x/../w", None, "called 'x/../w'")])
def test_names_that_do_not_exist(tmp_path, loss, sources, told):
    with pytest.raises(ValueError) as caught:
        th.load_model(save(tmp_path), loss, sources)
    assert told in str(caught.value)


def test_a_loss_that_is_no_real_number(tmp_path):
    def counted():
        tf.get_variable("v", initializer=1.0)
        return tf.constant(3, name="loss")

    with pytest.raises(ValueError, match="int32"):
        th.load_model(save(tmp_path, counted), "loss")
    with pytest.raises(TypeError, match="name of a tensor"):
        th.load_model(save(tmp_path, counted), 3)


def test_variables_that_no_checkpoint_holds(tmp_path):
    def two():
        a = tf.get_variable("a", initializer=1.0)
        b = tf.get_variable("b", initializer=1.0, use_resource=True)
        return tf.identity(a * b ** 2, name="loss")

    with pytest.raises(ValueError, match="reads 'b', and .*no value"):
        th.load_model(save(tmp_path, two, ["a"]), "loss")
    with pytest.raises(ValueError, match="reads 'a', and .*no value"):
        th.load_model(save(tmp_path, two, ["b"]), "loss")


def test_a_checkpoint_of_another_graph(tmp_path):
    (tmp_path / "other").mkdir()
    other = save(tmp_path / "other", lambda: tf.get_variable("v", initializer=1.0))
    with pytest.raises(ValueError, match="does not hold 'w'"):
        th.load_model(save(tmp_path), "loss", checkpoint=other)

    def wide():
        tf.get_variable("w", initializer=np.ones([4]), use_resource=True)

    other = save(tmp_path / "other", wide, name="wide")
    for use_resource, told in ((True, r"'w' has shape \[4\] .* and \[3\] in the graph"), (False, "can't be restored")):
        with pytest.raises(ValueError, match=told) as caught:
            th.load_model(save(tmp_path, functools.partial(cubic, use_resource)), "loss", checkpoint=other)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("end", [".meta", ".index", ".data-00000-of-00001"])
@pytest.mark.parametrize("share", [0, 0.5, 0.97])
def test_truncated_files(tmp_path, end, share):
    prefix = save(tmp_path)
    truncated(prefix + end, share)
    with pytest.raises(ValueError, match="truncated") as caught:
        th.load_model(prefix, "loss")
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    prefix = save(tmp_path)
    with pytest.raises(FileNotFoundError, match="Did you mean 'm'"):
        th.load_model(prefix[:-1] + "mm", "loss")
    with pytest.raises(FileNotFoundError, match="no folder"):
        th.load_model(str(tmp_path / "no" / "where"), "loss")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        th.load_model(prefix, "loss", checkpoint=str(tmp_path / "n"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no model"):
        th.load_model(str(tmp_path / "empty"))
    os.remove(prefix + ".data-00000-of-00001")
    with pytest.raises(ValueError, match="can't be restored"):
        th.load_model(prefix, "loss")
    os.remove(prefix + ".index")
    with pytest.raises(FileNotFoundError, match="no checkpoint beside"):
        th.load_model(prefix, "loss")


def test_damaged_saved_models(tmp_path):
    folder = str(tmp_path / "m")
    shutil.copytree(SAVED_MODEL, folder)
    with pytest.raises(ValueError, match=r"tags \['train'\]; it has graphs with \[\['serve'\]\]"):
        th.load_model(folder, "loss", tags=["train"])
    with pytest.raises(ValueError, match="brings its variables"):
        th.load_model(folder, "loss", checkpoint="x")
    truncated(os.path.join(folder, "variables", "variables.data-00000-of-00001"))
    with pytest.raises(ValueError, match="can't be restored"):
        th.load_model(folder, "loss")
    truncated(os.path.join(folder, "saved_model.pb"))
    with pytest.raises(ValueError, match="truncated"):
        th.load_model(folder, "loss")


NOISE = np.random.RandomState(0).bytes(999)


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x00" * 99, NOISE], ids=["empty", "text", "zeros", "noise"])
def test_files_that_are_no_graph(tmp_path, content):
    path = tmp_path / "model.pb"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="can't be read as a GraphDef"):
        th.load_model(str(path), "loss")


def test_an_op_that_this_tensorflow_does_not_have(tmp_path):
    proto = tf.GraphDef()
    proto.node.add(name="loss", op="OpOfSomeLibrary")
    (tmp_path / "model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(ValueError, match="(?s)OpOfSomeLibrary.*load_op_library"):
        th.load_model(str(tmp_path / "model.pb"), "loss")


def with_custom_gradient():
    @tf.custom_gradient
    def tripled(x):
        return x ** 2, lambda g: 3 * g * x

    w = tf.get_variable("w", initializer=np.array([1.0, 2.0]), use_resource=True)
    return tf.reduce_sum(tripled(w), name="loss")


def test_a_custom_gradient_is_refused_and_never_taken_for_another(tmp_path):
    """Its number in the process that saved it may be that of another gradient in this one, here of the same process."""
    prefix = save(tmp_path, with_custom_gradient)
    with th.load_model(prefix, "loss") as model:
        with pytest.raises(LookupError) as caught:
            th.hessian_diag(model.loss, model.sources)
        assert "IdentityN" in str(caught.value) and "by its own code" in str(caught.value)
        found = th.diagnose(model.loss, model.sources)
        assert [op.type for op in found.refused] == ["IdentityN"] and "not saved" in found.refused[0].note


def test_a_python_function_is_never_taken_for_another(tmp_path):
    def called():
        w = tf.get_variable("w", initializer=np.array([1.0, 2.0]), use_resource=True)
        scale = tf.py_func(lambda: np.float64(3), [], tf.float64)
        scale.set_shape([])
        return tf.reduce_sum(scale * w ** 2, name="loss")

    with th.load_model(save(tmp_path, called), "loss") as model:
        diag = th.hessian_diag(model.loss, model.sources)
        with pytest.raises((tf.errors.OpError, ValueError), match="pyfunc_[0-9]+ of a saved model"):
            th.evaluate(diag)


def test_parts_of_a_partitioned_variable_are_one_source(tmp_path):
    def parted():
        w = tf.get_variable("w", [4, 2], tf.float64, tf.ones_initializer(), use_resource=True,
                            partitioner=tf.fixed_size_partitioner(2))
        scale = np.arange(8.0).reshape(4, 2)
        return tf.reduce_sum(scale * tf.convert_to_tensor(w) ** 3, name="loss")

    for sources in (None, ["w"]):
        with th.load_model(save(tmp_path, parted), "loss", sources) as model:
            found = th.evaluate(th.hessian_diag(model.loss, model.sources))
        assert list(found) == ["w"]
        np.testing.assert_allclose(found["w"], 6 * np.arange(8.0).reshape(4, 2))


def test_tables_are_filled_and_devices_forgotten(tmp_path):
    def looked_up():
        lookup = tf.lookup if hasattr(tf, "lookup") else importlib.import_module("tensorflow.contrib.lookup")
        kind = getattr(lookup, "StaticHashTable", None) or lookup.HashTable
        table = kind(lookup.KeyValueTensorInitializer(["a", "b"], [2.0, 5.0]), -1.0)
        with tf.device("/device:GPU:3"):
            w = tf.get_variable("w", initializer=3.0)
        return tf.multiply(table.lookup(tf.constant("b")), w ** 2, name="loss")

    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        looked_up()
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
    with th.load_model(prefix, "loss") as model:
        assert th.evaluate(th.hessian_diag(model.loss, model.sources)) == {"w": 10.0}


def test_frozen_graphs_have_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match="has no saver"):
        th.load_model(frozen(tmp_path, cubic), "loss", ["w"], checkpoint="m")
