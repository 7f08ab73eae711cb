"""What the filter of a convolution sees at each place."""
from tf1_hessian._compat import tf
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.structure.costs import elements

__all__ = ["patches", "patches_by_channel"]

# Up to this size patches are taken by a convolution, which costs its square, but little else.
_SMALL_PATCH = 32


def patches(op, image):
    """[N, places ..., entries of a patch] of an image, as the filter of a convolution sees it, or that of a transposed
    one, of which the image is the result. tf.extract_image_patches takes ten times as long.
    """
    kernel = dimensions_of(op.inputs[1])[:-1]
    size, padding = elements(kernel), op.get_attr("padding").decode("utf-8")
    strides, dilations = list(op.get_attr("strides")), list(op.get_attr("dilations"))
    if len(kernel) == 4 or size <= _SMALL_PATCH:
        identity = tf.reshape(tf.eye(size, dtype=image.dtype), kernel + [size])
        convolved = tf.nn.conv3d if len(kernel) == 4 else tf.nn.conv2d
        return convolved(image, identity, strides, padding, dilations=dilations)
    high, wide, _ = kernel
    sizes = dimensions_of(image)
    if None in sizes[1:] or strides + dilations != [1] * 8:
        return tf.extract_image_patches(image, [1, high, wide, 1], strides, dilations, padding)
    if padding == "SAME":
        image = tf.pad(image, [[0, 0], [(high - 1) // 2, high // 2], [(wide - 1) // 2, wide // 2], [0, 0]])
    tall, broad = (dimensions_of(image)[axis] - reach + 1 for axis, reach in ((1, high), (2, wide)))
    return tf.concat([image[:, i:i + tall, j:j + broad] for i in range(high) for j in range(wide)], 3)


def patches_by_channel(op, image):
    """[N, places ..., entries of a patch, channels], as the filter of a depthwise convolution sees it."""
    high, wide, deep, _ = dimensions_of(op.inputs[1])
    found = tf.extract_image_patches(image, [1, high, wide, 1], op.get_attr("strides"), _dilations(op),
                                     op.get_attr("padding").decode("utf-8"))
    return tf.reshape(found, tf.concat([tf.shape(found)[:3], [high * wide, deep]], 0))


def _dilations(op):
    return op.get_attr("dilations") if "dilations" in op.node_def.attr else [1, 1, 1, 1]
