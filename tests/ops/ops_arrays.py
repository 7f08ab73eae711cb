"""Arrays: shapes, joining and cutting, reading and writing places."""
import tensorflow.compat.v1 as tf
from op import Op, created, pieces

__all__ = ["OPS"]

D = tf.float64


def _halves(x):
    return pieces(x, (2, 3), (2, 3))


def _diagonal_set(x):
    matrix, diagonal = pieces(x, (2, 3), (2,))
    return tf.matrix_set_diag(matrix, diagonal)


def _partitioned(x):
    first, second = tf.dynamic_partition(x, [1, 0], 2)
    return tf.concat([first, 2 * second], 0)


def _written_once(x):
    x, y = pieces(x, (2,), (3,))
    return tf.dynamic_stitch([[0, 3], [1, 2, 4]], [x, y])


def _written_twice(x):
    x, y = pieces(x, (2,), (3,))
    return tf.dynamic_stitch([[0, 3], [1, 2, 3]], [x, y])


def _scattered_update(x):
    x, rows = pieces(x, (3, 2), (2, 2))
    return tf.tensor_scatter_update(x, [[2], [0]], rows)


def _scattered_sum(function):
    return lambda x: function(pieces(x, (3, 2), (2, 2))[0], [[2], [2]], pieces(x, (3, 2), (2, 2))[1])


OPS = [
    Op("Identity", tf.identity),
    Op("Reshape", lambda x: tf.reshape(x, [3, 2])),
    Op("Slice", lambda x: tf.slice(x, [0, 1], [2, 2])),
    Op("StridedSlice", lambda x: x[:, ::-2]),
    Op("StridedSliceGrad", lambda x: tf.gradients(tf.reduce_sum(x[:, 1:] ** 3), x)[0],
       case="a loss that holds derivatives"),
    Op("Pad", lambda x: tf.pad(x, [[1, 0], [0, 2]])),
    Op("PadV2", lambda x: tf.pad(x[:, :2], [[1, 0], [0, 2]], constant_values=x[0, 2]), "repaired", "wrong",
       case="padding that is computed"),
    Op("MirrorPad", lambda x: tf.pad(x, [[1, 0], [0, 2]], mode="REFLECT")),
    Op("Pack", lambda x: tf.stack([x, x * x])),
    Op("ConcatV2", lambda x: tf.concat([x, x * x], 1)),
    Op("Split", lambda x: tf.split(x, 3, 1)[2]),
    Op("Squeeze", lambda x: tf.squeeze(pieces(x, (2, 1, 3))[0])),
    Op("ExpandDims", lambda x: tf.expand_dims(x, 1)),
    Op("Transpose", lambda x: tf.transpose(x)),
    Op("Tile", lambda x: tf.tile(x, [2, 2])),
    Op("Fill", lambda x: tf.fill([2, 2], x[0, 1])),
    Op("BroadcastTo", lambda x: tf.broadcast_to(x, [2, 2, 3])),
    Op("Gather", lambda x: tf.gather(x, [2, 0, 2], axis=1)),
    Op("GatherNd", lambda x: tf.gather_nd(x, [[1, 2], [0, 1], [1, 2]])),
    Op("GatherNd", lambda x: tf.gather_nd(x, tf.where(x > 0)), case="places that are computed"),
    Op("ScatterNd", lambda x: tf.scatter_nd([[3], [1], [3]], tf.transpose(x), [5, 2])),
    Op("TensorScatterUpdate", _scattered_update, shape=(10,)),
    Op("DynamicStitch", _written_once, "repaired", shape=(5,)),
    Op("DynamicStitch", _written_twice, "repaired", "wrong", shape=(5,), case="places written twice"),
    Op("DynamicPartition", _partitioned, "repaired/exact", repair="DynamicStitch"),
    Op("ReverseV2", lambda x: tf.reverse(x, [1])),
    Op("Select", lambda x: tf.where([True, False], *_halves(x)), shape=(12,)),
    Op("Cast", lambda x: tf.cast(x, D), precision="float32"),
    Op("CheckNumerics", lambda x: tf.check_numerics(x, "finite")),
    Op("Print", lambda x: tf.Print(x, [], first_n=0)),
    Op("PlaceholderWithDefault", lambda x: tf.placeholder_with_default(x, [2, 3])),
    Op("PreventGradient", lambda x: created("PreventGradient", [x], [D], T=D, message={"s": b"none"})[0],
       "refused", "refused", note="put there to forbid it"),
    Op("StopGradient", lambda x: tf.stop_gradient(tf.sign(x)) * x, "zero", case="by the user"),
    Op("OneHot", lambda x: tf.one_hot([0, 2], 3, on_value=x[0, 0], off_value=x[1, 1], dtype=D), "repaired", "wrong"),
    Op("LinSpace", lambda x: created("LinSpace", [x[0, 0], x[0, 1], 4], [D], T=D, Tidx=tf.int32)[0], "repaired",
       "wrong"),
    Op("Range", lambda x: tf.range(x[0, 0], 2.0, 1.1 + 0.2 * x[0, 1]), "repaired", "wrong"),
    Op("ParallelConcat", lambda x: tf.parallel_stack([x, x * x]), "repaired", "refused"),
    Op("MatrixDiag", tf.matrix_diag),
    Op("MatrixDiagPart", tf.matrix_diag_part),
    Op("MatrixSetDiag", _diagonal_set, shape=(8,)),
    Op("MatrixBandPart", lambda x: tf.matrix_band_part(x, 0, 1)),
    Op("SpaceToBatchND", lambda x: tf.space_to_batch_nd(
        pieces(x, (1, 2, 3, 1))[0], [2, 3], [[0, 0], [0, 0]])),
]
