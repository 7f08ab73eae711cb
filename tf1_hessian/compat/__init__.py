"""Old TensorFlow code on the TensorFlow of today: `from tf1_hessian.compat import tf` in the place of
`import tensorflow as tf`.

Importing this module switches eager execution off, and makes the sizes in shapes tf.Dimension again (`.value`), for the
whole process: what TensorFlow 1 did. No other module of this package switches anything. It must come before anything is
computed eagerly. Control flow stays as TensorFlow has it by default, functional on TF 2, which has second derivatives.

tf: tensorflow.compat.v1, with names from before TensorFlow 1.0 and from contrib that code with Hessians uses, in their
old order of arguments. Each warns once (DeprecationWarning) with the line to write today, which NAMES lists: {old name:
OldName(line, runs)}; where `runs` is false, there is nothing to call, and an AttributeError gives the line.
"""
from tf1_hessian._compat import tf as _tensorflow
from tf1_hessian.compat.names import NAMES, Names, OldName

__all__ = ["NAMES", "Names", "OldName", "tf"]

_tensorflow.disable_eager_execution()
_tensorflow.disable_v2_tensorshape()

tf = Names(_tensorflow)
