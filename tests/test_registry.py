"""Every op type of the installed TensorFlow that a path could meet, made by itself and put to the library.

Nothing here knows derivatives: it is asserted that each type gets an answer, and that a type for which TensorFlow has
no gradient, or that it calls not differentiable, is refused unless the library has a rule of its own for it.
"""
import collections

import tensorflow.compat.v1 as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.framework import ops

import tf1_hessian as th
from shares import IS_WHOLE, share

try:
    from tensorflow.python.client import pywrap_tf_session as c_api
except ImportError:
    from tensorflow.python import pywrap_tensorflow as c_api

VERSION = tuple(int(part) for part in tf.__version__.split(".")[:2])
# The types without a gradient in some TensorFlow whose derivative the library gives: by a rule of its own, or zero.
KNOWN = frozenset([
    "AddV2", "AdjustContrastv2", "AdjustHue", "AdjustSaturation", "CropAndResizeGradBoxes", "CropAndResizeGradImage",
    "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput", "Dilation2DBackpropFilter",
    "Dilation2DBackpropInput", "EuclideanNorm", "ExtractGlimpse", "ExtractGlimpseV2",
    "FakeQuantWithMinMaxArgsGradient", "FakeQuantWithMinMaxVarsGradient",
    "FakeQuantWithMinMaxVarsPerChannelGradient", "FractionalAvgPoolGrad", "FractionalMaxPoolGrad", "GRUBlockCell",
    "HSVToRGB", "IgammaGradA", "IRFFT3D", "LinSpace", "LRNGrad", "LSTMBlockCell", "Lu", "MatrixLogarithm",
    "MaxPoolGradGradV2", "MaxPoolGradWithArgmax", "OneHot", "OnesLike", "Range", "ResizeArea", "ResizeBicubicGrad",
    "ResizeBilinearGrad", "ResizeNearestNeighborGrad", "RFFT3D", "RGBToHSV", "SegmentProd", "SoftsignGrad",
    "SparseAddGrad", "SparseConcat", "SparseSegmentMeanGrad", "SparseSegmentMeanGradV2", "SparseSegmentSqrtNGrad",
    "SparseSegmentSqrtNGradV2", "SparseSegmentSumGrad", "SparseSegmentSumGradV2", "SparseSplit", "SparseToDense",
    "StopGradient", "TruncateMod", "ZerosLike",
])
_REAL = (tf.float32, tf.float64, tf.float16, tf.complex64)
# What is asked of control flow and calls is their bodies; scenarios of their own hold these.
_WITH_BODIES = ("Case", "For", "If", "PartitionedCall", "RemoteCall", "StatefulPartitionedCall", "StatelessCase",
                "StatelessIf", "StatelessWhile", "SymbolicGradient", "While")
# Attributes for which no value can be guessed.
_UNKNOWN = ("func", "list(shape)", "list(string)")
# Made by compilers, with shapes that mean nothing before they run.
_OF_COMPILERS = ("DTensor", "Tpu", "TPU", "Xla")


def definitions():
    """The OpDefs of all registered op types."""
    found = op_def_pb2.OpList()
    found.ParseFromString(bytes(c_api.TF_GetBuffer(c_api.TF_GetAllOpList())))
    return sorted(found.op, key=lambda op: op.name)


def may_be_real(argument, definition):
    """Whether an argument can be a tensor that carries a derivative."""
    if argument.type:
        return tf.as_dtype(argument.type) in _REAL
    attribute = next(a for a in definition.attr if a.name == (argument.type_attr or argument.type_list_attr))
    allowed = attribute.allowed_values.list.type
    return not allowed or any(tf.as_dtype(t) in _REAL for t in allowed)


def carry_derivatives():
    return [d for d in definitions() if d.name not in _WITH_BODIES and not d.name.startswith(_OF_COMPILERS)
            and not any(a.type in _UNKNOWN and not a.HasField("default_value") for a in d.attr)
            and any(may_be_real(a, d) for a in d.input_arg) and any(may_be_real(a, d) for a in d.output_arg)]


def made(definition):
    """An op of the type on placeholders of unknown shape; raises where these attributes do not suit it."""
    attributes, types = {}, {}
    inputs = {a.type_attr or a.type_list_attr for a in definition.input_arg}
    for attribute in definition.attr:
        if attribute.HasField("default_value") and not (attribute.type == "type" and attribute.name in inputs):
            attributes[attribute.name] = attribute.default_value
            types[attribute.name] = [attribute.default_value.type]
            continue
        attributes[attribute.name], types[attribute.name] = value_for(attribute)
    tensors, dtypes = [], []
    for argument in definition.input_arg:
        for dtype in types_of(argument, attributes, types):
            tensors.append(tf.placeholder(dtype))
    for argument in definition.output_arg:
        dtypes += types_of(argument, attributes, types)
    return tf.get_default_graph().create_op(
        definition.name, tensors, dtypes, attrs=attributes, op_def=definition)


def value_for(attribute):
    """(an AttrValue, the types in it) that an op of unknown meaning might take."""
    allowed = list(attribute.allowed_values.list.type)
    dtype = tf.float32.as_datatype_enum
    dtype = dtype if not allowed or dtype in allowed else allowed[0]
    number = max(attribute.minimum, 2)
    values = {
        "type": {"type": dtype}, "list(type)": {"list": tf.AttrValue.ListValue(type=[dtype])},
        "int": {"i": number}, "float": {"f": 0.5}, "bool": {"b": False},
        "string": {"s": (list(attribute.allowed_values.list.s) or [b"SAME"])[0]},
        "list(int)": {"list": tf.AttrValue.ListValue(i=[1] * max(number, 4))},
        "list(float)": {"list": tf.AttrValue.ListValue(f=[0.5])}, "shape": {"shape": tf.TensorShape(None).as_proto()}}
    return tf.AttrValue(**values[attribute.type]), [dtype]


def types_of(argument, attributes, types):
    """The dtypes of the tensors of one argument."""
    if argument.type_list_attr:
        return [tf.as_dtype(t) for t in attributes[argument.type_list_attr].list.type]
    dtype = tf.as_dtype(argument.type or types[argument.type_attr][0])
    return [dtype] * (attributes[argument.number_attr].i if argument.number_attr else 1)


def answer(op):
    """What the library says about the gradient of an op, and about that of its gradient."""
    xs = [t for t in op.inputs if t.dtype in _REAL]
    ys = [t for t in op.outputs if t.dtype in _REAL]
    if not xs or not ys:
        return "not real"
    try:
        first = th.gradients(ys, xs)
    except LookupError:
        return "refused"
    try:
        th.gradients(first, xs)
    except ValueError as error:
        assert "does not depend" in str(error)
    except LookupError:
        return "once"
    return "twice"


def registered(name):
    """Whether TensorFlow has a gradient function, None for a type that is called not differentiable."""
    registry = getattr(ops, "gradient_registry", None) or ops._gradient_registry
    try:
        return registry.lookup(name) is not None or None
    except LookupError:
        return False


def answers_of(some):
    """{op type: the library's answer}, for those that can be made without knowing what they mean."""
    found = collections.OrderedDict()
    for definition in some:
        with tf.Graph().as_default():
            try:
                op = made(definition)
            except (ValueError, tf.errors.UnimplementedError):  # the attributes do not fit; an op of old graphs
                continue
            found[definition.name] = answer(op)
    return found


def test_every_type_gets_an_answer():
    """Any exception but a LookupError would have ended the scan.

    What TensorFlow does not differentiate is refused, but for the types of which this library knows the derivative: a
    type that joins is refused until it is known.
    """
    asked = share(carry_derivatives(), 8)
    answers, part = answers_of(asked), len(asked) / float(len(carry_derivatives()))
    counts = collections.Counter(answers.values())
    assert set(counts) <= {"not real", "refused", "once", "twice"}
    made_at_least = 400 if IS_WHOLE or VERSION >= (1, 14) else 380  # of all that TF 1.13 has, 411 can be made
    assert len(answers) > made_at_least * part and counts["twice"] > 200 * part and counts["refused"] > 100 * part
    given = {name for name, said in answers.items() if said in ("once", "twice") and not registered(name)}
    assert given <= KNOWN, given - KNOWN
    assert {"HSVToRGB", "LRNGrad", "ResizeNearestNeighborGrad", "StopGradient"} & {d.name for d in asked} <= given
