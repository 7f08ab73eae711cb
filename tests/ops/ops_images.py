"""Images: resizing, crops and warps, colours, patches."""
import tensorflow.compat.v1 as tf
from op import Op, created, pieces

__all__ = ["OPS"]

OFFSETS = [[0.1, -0.2]]


def _image(x, *shape):
    return pieces(x, shape or (1, 2, 3, 1))[0]


def _resized(function):
    return lambda x: function(_image(x), [3, 5])


def _cropped(x):
    image, boxes = pieces(x, (1, 3, 4, 1), (1, 4))
    return tf.image.crop_and_resize(image, [[0.1, 0.05, 0.8, 0.9]] + 0.02 * boxes, [0], [2, 3])


def _translated(x):
    return created("ScaleAndTranslate", [_image(x), [3, 4], tf.constant([1.3, 1.1]), tf.constant([0.2, -0.3])],
                   [tf.float32], T=tf.float32, kernel_type={"s": b"lanczos3"}, antialias={"b": True})[0]


def _projected(x):
    image, moves = pieces(x, (1, 3, 4, 1), (1, 8))
    return created("ImageProjectiveTransformV3", [
        image, [[0.9, 0.1, 0.2, -0.05, 1.1, 0.15, 0.01, -0.02]] + 0.01 * moves, [2, 3], tf.constant(0.0)],
        [tf.float32], dtype=tf.float32, interpolation={"s": b"BILINEAR"}, fill_mode={"s": b"CONSTANT"})[0]


def _colour(x):
    """Three channels apart from each other, between 0 and 1."""
    return 0.5 + 0.4 * _image(x, 1, 1, 2, 3)


OPS = [
    Op("ResizeBilinear", _resized(tf.image.resize_bilinear), "repaired", "refused/wrong", precision="float32",
       repair="ResizeBilinearGrad"),
    Op("ResizeNearestNeighbor", _resized(tf.image.resize_nearest_neighbor), "repaired", "refused",
       repair="ResizeNearestNeighborGrad"),
    Op("ResizeBicubic", _resized(tf.image.resize_bicubic), "repaired", "refused", precision="float32",
       repair="ResizeBicubicGrad"),
    Op("ResizeArea", _resized(tf.image.resize_area), "repaired", "refused", precision="float32"),
    Op("ScaleAndTranslate", _translated, "repaired", "refused", precision="float32", since=(1, 14),
       repair="ScaleAndTranslateGrad"),
    Op("CropAndResize", _cropped, "repaired", "refused", shape=(16,), precision="float32", case="image and boxes"),
    Op("ExtractGlimpse", lambda x: tf.image.extract_glimpse(_image(x, 1, 4, 4, 1), [2, 3], OFFSETS), "repaired",
       "wrong", shape=(16,),
       precision="float32"),
    Op("ImageProjectiveTransform", _projected, "repaired", "wrong", shape=(20,), precision="float32", since=(2, 4)),
    Op("ExtractImagePatches", lambda x: tf.extract_image_patches(
        _image(x, 1, 3, 4, 1), [1, 2, 2, 1], [1, 1, 2, 1], [1, 1, 1, 1], "SAME"), shape=(12,)),
    Op("SpaceToDepth", lambda x: tf.space_to_depth(_image(x, 1, 2, 4, 1), 2), shape=(8,)),
    Op("DepthToSpace", lambda x: tf.depth_to_space(_image(x, 1, 1, 2, 4), 2), shape=(8,)),
    Op("AdjustContrastv2", lambda x: tf.image.adjust_contrast(_image(x, 1, 2, 2, 2), 1.7), "repaired", "refused",
       shape=(8,),
       precision="float32"),
    Op("AdjustHue", lambda x: tf.image.adjust_hue(_colour(x), 0.2), "repaired", "refused", precision="float32"),
    Op("RGBToHSV", lambda x: tf.image.rgb_to_hsv(_colour(x)), "repaired", "refused/right"),
    Op("HSVToRGB", lambda x: tf.image.hsv_to_rgb(_colour(x)), "repaired", "wrong"),
]
