"""The leaves of a structure of numpy values and their names."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tf1_hessian.leaves import leaves, name_of, numbers


def test_keys_and_places_are_joined():
    a, b = np.ones(2), np.float64(3)
    assert leaves({"x": {"w:0": a}, "y": [b, (a, {})]}, "top") == [("top/x/w", a), ("top/y/0", b), ("top/y/1/0", a)]
    assert leaves(a) == [("", a)] and leaves([a]) == [("0", a)] and leaves([]) == []


def test_lists_of_pythons_numbers_are_arrays_and_of_numpys_are_none():
    assert leaves({"w": [1.0, [2, True]]}) == [("w", [1.0, [2, True]])]
    assert [n for n, _ in leaves({"w": [np.float64(1), np.float64(2)]})] == ["w/0", "w/1"]


def test_what_is_a_leaf_can_be_told():
    assert leaves([("a", "b")], is_leaf=lambda v: isinstance(v, tuple)) == [("0", ("a", "b"))]


def test_variables_have_their_names():
    assert name_of(tf.get_variable("scope/w", [2])) == "scope/w"
    assert (name_of("w:0"), name_of("w:1"), name_of(3)) == ("w", "w:1", "3")


def test_numbers_are_float64():
    assert numbers(np.array([1, 2], tf.bfloat16.as_numpy_dtype), "v").tolist() == [1, 2]
    assert numbers(np.array([3], np.int32), "v").dtype == np.float64
    assert np.isnan(numbers(float("nan"), "v"))


@pytest.mark.parametrize("wrong", ["text", [[1.0], [1.0, 2.0]], None, [None], object(), np.array(["2020"], "M8")])
def test_what_is_no_array_of_numbers_is_refused(wrong):
    with pytest.raises(TypeError, match="v: expected an array of numbers and got"):
        numbers(wrong, "v")


def test_tensors_and_complex_numbers_are_refused_with_the_way_out():
    with pytest.raises(TypeError, match="th.evaluate gives them"):
        numbers(tf.get_variable("v", [2]), "v")
    with pytest.raises(ValueError, match="expected real numbers and got complex64; take"):
        numbers(np.array([1j], np.complex64), "v")
