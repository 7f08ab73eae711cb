"""Segments: sums, products and extremes over groups of rows; sparse lookups."""
import tensorflow.compat.v1 as tf
from op import Op

__all__ = ["OPS"]

ROWS = {"shape": (4, 2)}
IDS = [0, 0, 1, 3]
UNSORTED = [2, 0, 2, -1]
ZEROS = [[0.0, 0.4], [0.0, 0.8], [0.6, 0.0], [-0.4, 0.7]]
LOOKUP = {"shape": (3, 2)}


def _looked_up(function, **options):
    return lambda x: function(x, [0, 2, 2, 1], [0, 0, 1, 1], **options)


OPS = [
    Op("SegmentSum", lambda x: tf.segment_sum(x, IDS), **ROWS),
    Op("SegmentMean", lambda x: tf.segment_mean(x, IDS), **ROWS),
    Op("SegmentMax", lambda x: tf.segment_max(x, IDS), **ROWS),
    Op("SegmentProd", lambda x: tf.segment_prod(x, IDS), "repaired", "refused/wrong", at=ZEROS,
       case="factors that are zero"),
    Op("UnsortedSegmentSum", lambda x: tf.unsorted_segment_sum(x, UNSORTED, 3), **ROWS),
    Op("UnsortedSegmentMax", lambda x: tf.unsorted_segment_max(x[:3], [1, 0, 1], 2), **ROWS),
    Op("UnsortedSegmentProd", lambda x: tf.math.unsorted_segment_prod(x, [1, 1, 0, 0], 2), "repaired", "wrong",
       at=ZEROS, case="factors that are zero"),
    Op("SparseSegmentSum", _looked_up(tf.sparse_segment_sum), "repaired", "right/refused", **LOOKUP),
    Op("SparseSegmentMean", _looked_up(tf.sparse_segment_mean), "repaired", "refused", **LOOKUP),
    Op("SparseSegmentSqrtN", _looked_up(tf.sparse_segment_sqrt_n), "repaired", "refused", **LOOKUP),
    Op("SparseSegmentSumWithNumSegments", _looked_up(tf.sparse_segment_sum, num_segments=3), "repaired",
       "right/refused", **LOOKUP),
]
