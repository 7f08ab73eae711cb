"""Functions of complex numbers against numpy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from against_numpy import assert_right, created


def sign_op(z):
    """What tf.sign makes in TF 1, and graphs from there hold; for complex numbers TF 2 makes other ops."""
    return created("Sign", [z], [z.dtype], T=z.dtype)[0]


@pytest.mark.parametrize("sign_of", [tf.sign, sign_op])
def test_the_sign_of_a_complex_number(sign_of):
    """It is z / |z|, of slope zero for real numbers alone."""
    x, y = np.array([0.3, -0.6, 1.2]), np.array([0.7, 0.4, -0.5])

    def build(x, y):
        sign = sign_of(tf.complex(x, y) ** 2)
        return [tf.real(sign), tf.imag(sign)]

    def value(x, y):
        square = (x + 1j * y) ** 2
        return [np.real(square / np.abs(square)), np.imag(square / np.abs(square))]

    assert_right(build, value, x, y)


def test_the_absolute_value_of_a_complex_number():
    """TF 1.13 differentiates it to the sign."""
    assert_right(lambda x, y: tf.abs(tf.complex(x, y)), lambda x, y: np.abs(x + 1j * y),
                 np.array([0.3, -0.6, 1.2]), np.array([0.7, 0.4, -0.5]))
