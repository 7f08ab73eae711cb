"""Any registered op by itself, from its definition alone, alike in all versions of TensorFlow."""
import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.framework import op_def_pb2

try:
    from tensorflow.python.client import pywrap_tf_session as c_api
except ImportError:
    from tensorflow.python import pywrap_tensorflow as c_api

__all__ = ["DEFINITIONS", "op_of"]


def _definitions():
    found = op_def_pb2.OpList()
    found.ParseFromString(bytes(c_api.TF_GetBuffer(c_api.TF_GetAllOpList())))
    return {definition.name: definition for definition in found.op}


# {op type: OpDef} of the installed TensorFlow.
DEFINITIONS = _definitions()


def op_of(kind, inputs, attributes):
    """An op; inputs: one tensor an argument, or a list of tensors where an argument is a list."""
    definition, known = DEFINITIONS[kind], {}
    for name, value in attributes.items():
        known[name] = _attribute(next(a for a in definition.attr if a.name == name), value)
    flat = []
    for argument, given in zip(definition.input_arg, inputs):
        given = given if isinstance(given, list) else [given]
        flat += given
        types = [t.dtype.base_dtype.as_datatype_enum for t in given]
        if argument.number_attr:
            known[argument.number_attr] = tf.AttrValue(i=len(given))
        if argument.type_list_attr:
            known[argument.type_list_attr] = tf.AttrValue(list=tf.AttrValue.ListValue(type=types))
        if argument.type_attr:
            known[argument.type_attr] = tf.AttrValue(type=types[0])
    for attribute in definition.attr:
        if attribute.name not in known and attribute.HasField("default_value"):
            known[attribute.name] = attribute.default_value
    types = [t for argument in definition.output_arg for t in _types(argument, known)]
    return tf.get_default_graph().create_op(kind, flat, types, attrs=known, op_def=definition)


def _types(argument, known):
    """The dtypes of the tensors of one output argument."""
    if argument.type_list_attr:
        return [tf.as_dtype(t) for t in known[argument.type_list_attr].list.type]
    one = tf.as_dtype(argument.type or known[argument.type_attr].type)
    return [one] * (known[argument.number_attr].i if argument.number_attr else 1)


def _attribute(definition, value):
    """An AttrValue of a plain Python value."""
    if definition.type.startswith("list("):
        field = {"list(int)": "i", "list(float)": "f", "list(type)": "type"}[definition.type]
        return tf.AttrValue(list=tf.AttrValue.ListValue(**{field: value}))
    if definition.type == "string":
        return tf.AttrValue(s=value.encode("utf-8"))
    if definition.type == "type":
        return tf.AttrValue(type=tf.as_dtype(value).as_datatype_enum)
    if definition.type == "shape":
        return tf.AttrValue(shape=tf.TensorShape(value).as_proto())
    field = {"int": "i", "float": "f", "bool": "b"}[definition.type]
    return tf.AttrValue(**{field: np.asarray(value).item()})
