"""Ops by type name: the public API of TF 1.13 has no name for each of them."""
from tf1_hessian._compat import tf

__all__ = ["like"]


def like(op, kind, inputs, dtype, **changed):
    """The one output, of a dtype, of a new op of type `kind` with the attributes of `op`; T is the first input's.

    For the adjoint of a linear op: ResizeBilinear and ResizeBilinearGrad, say, have the same attributes. changed:
    attributes that are strings and differ; None leaves one out.
    """
    attributes = {name: value for name, value in op.node_def.attr.items() if not name.startswith("_")}
    attributes["T"] = tf.AttrValue(type=inputs[0].dtype.base_dtype.as_datatype_enum)
    for name, text in changed.items():
        attributes.pop(name, None)
        if text is not None:
            attributes[name] = tf.AttrValue(s=text)
    return tf.get_default_graph().create_op(kind, inputs, [dtype], attrs=attributes).outputs[0]
