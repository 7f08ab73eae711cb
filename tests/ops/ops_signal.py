"""Fourier transforms."""
import tensorflow.compat.v1 as tf
from op import Op, parts, pieces

__all__ = ["OPS"]


def _spectrum(x, shape):
    """A complex tensor from two pieces of x."""
    return tf.complex(*pieces(x, shape, shape))


def _complex(function, shape):
    return lambda x: parts(function(_spectrum(x, shape)))


OPS = [
    Op("FFT", _complex(tf.signal.fft, (2, 3)), shape=(12,)),
    Op("FFT2D", _complex(tf.signal.fft2d, (2, 3)), shape=(12,)),
    Op("RFFT", lambda x: parts(tf.signal.rfft(x, [4])), precision="float32", case="padded"),
    Op("IRFFT", lambda x: tf.signal.irfft(_spectrum(x, (2, 3))), shape=(12,), precision="float32"),
    Op("RFFT3D", lambda x: parts(tf.signal.rfft3d(pieces(x, (2, 2, 3))[0])), "repaired", "refused", shape=(12,),
       precision="float32"),
]
