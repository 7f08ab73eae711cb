"""Model.feeds: arrays by name become a feed_dict that fits, or a sentence that says what does not."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from on_disk import SAVED_MODEL, save

import tf1_hessian as th


def many_kinds():
    """A loss that needs placeholders of several kinds; `d` has a default, `other` is not needed."""
    x, i = tf.placeholder(tf.float32, [None, 3], "in/x"), tf.placeholder(tf.int32, [None], "i")
    d, flag = tf.placeholder_with_default(2.0, [], "d"), tf.placeholder(tf.bool, [], "flag")
    text = tf.placeholder(tf.string, [], "text")
    tf.placeholder(tf.float32, [], "other")
    w = tf.get_variable("w", initializer=[1.0, 2.0, 3.0])
    length = tf.cast(tf.strings.length(text), tf.float32)
    both = tf.multiply(tf.gather(x, i), w, name="both")
    return tf.identity(tf.reduce_sum(both ** 2) * d * tf.cast(flag, tf.float32) + length, name="loss")


X = np.arange(6.0).reshape(2, 3)
GOOD = {"in/x": X, "i:0": [0, 1], "flag": True, "text": "abc"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with th.load_model(save(tmp_path_factory.mktemp("feeds"), many_kinds), "loss") as loaded:
        yield loaded


def test_they_are_fed_in_the_dtypes_of_the_model(model):
    feed = model.feeds(GOOD)
    assert {name: value.dtype for name, value in feed.items() if name != "text:0"} == {
        "in/x:0": np.float32, "i:0": np.int32, "flag:0": np.bool_}
    found = th.evaluate(th.hessian_diag(model.loss, model.sources), feed, model.session)
    np.testing.assert_allclose(found["w"], 4 * (X ** 2).sum(0))


def test_a_tensor_that_is_given_needs_nothing_above_it(model):
    feed = model.feeds({"both": X, "flag": True, "text": "a"})
    assert model.session.run(model.loss, feed) == 2 * (X ** 2).sum() + 1
    assert model.feeds({"loss": np.float64(3)}) == {"loss:0": 3}


@pytest.mark.parametrize("changed, told", [
    ({"in/x": None}, r"needs 'in/x' \(float32 \[None, 3\]\)"),
    ({"in/x": None, "i:0": None}, r"needs 'in/x' .*'i' \(int32 \[None\]\)"),
    ({"in/y": X}, "nothing to feed that is called 'in/y'.*'in/x'"),
    ({"in/x": X.T}, r"'in/x' has shape \[3, 2\], and the model takes \[None, 3\]"),
    ({"i:0": [0.0, 1.0]}, "'i:0' has dtype float64, and the model takes int32"),
    ({"i:0": np.array([0, 2 ** 40])}, "numbers that do not fit into int32"),
    ({"in/x": X * 1e300}, "numbers that do not fit into float32"),
    ({"in/x": X * 1j}, "complex128, and the model takes float32"),
    ({"in/x": X + [np.nan, 0, 0]}, r"'in/x' has NaN at 2 of its 6 places, first at \[0, 0\]"),
    ({"flag": 1}, "takes bool"), ({"text": 3.0}, "takes text"), ({"in/x": "three"}, r"has shape \[\]"),
    ({"in/x:0": X}, "fed twice"), ({3: X}, "name of a tensor")])
def test_what_does_not_fit(model, changed, told):
    arrays = {k: v for k, v in dict(GOOD, **{k: v for k, v in changed.items() if isinstance(k, str)}).items()
              if v is not None}
    arrays.update({k: v for k, v in changed.items() if not isinstance(k, str)})
    with pytest.raises((ValueError, TypeError), match=told):
        model.feeds(arrays)


def test_nan_where_it_is_meant(model):
    assert np.isnan(model.feeds(dict(GOOD, **{"in/x": X * np.nan}), allow_nan=True)["in/x:0"]).all()


def test_infinity_stays(model):
    assert np.isinf(model.feeds(dict(GOOD, **{"in/x": X + np.inf}))["in/x:0"]).all()


def test_names_of_signatures():
    with th.load_model(SAVED_MODEL, "loss", ["intercept"]) as model:
        assert sorted(model.feeds({"features": np.ones([2, 3]), "counts": [1, 2]})) == ["counts:0", "x:0"]
        with pytest.raises(ValueError, match="fed twice"):
            model.feeds({"features": np.ones([2, 3]), "x": np.ones([2, 3]), "counts": [1, 2]})


def test_a_name_that_means_two_tensors(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [], "x"), tf.placeholder(tf.float32, [], "y")
        loss = tf.get_variable("w", initializer=2.0) * x * y
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, str(tmp_path / "m"), {"x": y, "y": x}, {"loss": loss})
    with th.load_model(str(tmp_path / "m"), "loss") as model:
        with pytest.raises(ValueError, match="may be one of 'x:0', 'y:0'"):
            model.feeds({"x": 1.0, "y": 2.0})
        assert model.feeds({"x:0": 1.0, "y:0": 2.0}) == {"x:0": 1, "y:0": 2}


def test_files(model, tmp_path):
    path = str(tmp_path / "a.npz")
    np.savez(path, **GOOD)
    assert sorted(model.feeds(path)) == ["flag:0", "i:0", "in/x:0", "text:0"]
    with open(path, "rb") as file:
        content = file.read()

    def refused(told, content=None, save=None):
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        with pytest.raises((ValueError, FileNotFoundError), match=told) as caught:
            model.feeds(path)
        assert "a.np" in str(caught.value) and "\n" not in str(caught.value)

    for share in (0.0, 0.1, 0.5, 0.9):
        refused("can't be read as an .npz", content[:int(len(content) * share)])
    refused("can't be read as an .npz", b"text")
    middle = len(content) // 3
    refused("can't be read as an .npz", content[:middle] + bytes(b ^ 255 for b in content[middle:2 * middle])
            + content[2 * middle:])
    np.savez(path, **dict(GOOD, x=np.array([{}, 1], object)))
    refused("array of objects")
    with open(path, "wb") as file:
        np.save(file, X)
    refused("one array without a name")
    (tmp_path / "a.npz").unlink()
    refused("no file")
