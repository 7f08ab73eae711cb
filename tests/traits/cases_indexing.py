"""Ops that pick, place or group elements by indices."""
import numpy as np
import tensorflow.compat.v1 as tf
from case import Case, Fed, S, X, numbers, positive

__all__ = ["CASES"]

IDS = np.array([[1, 0, 2], [2, 2, 1]])
UNSORTED = np.array([2, 0, 2, 1])
SORTED = np.array([0, 0, 1, 2])
PAIRS = np.array([[0, 1], [2, 0], [2, 1]])
PLACES = np.array([[4], [0], [4]])


def _unsorted(kind, linear=True):
    """Ids of rank 1, and of rank 2."""
    along = S if linear else X
    return [Case(kind, [positive(4, 3, 2), UNSORTED, np.array(3)], {0: [along, 1, 2]}, linear),
            Case(kind, [positive(2, 3, 4), IDS, np.array(3)], {0: [along, along, 1]}, linear, "ids of rank 2"),
            Case(kind, [positive(4, 3), Fed(UNSORTED, None), np.array(3)], {0: [along] * 2}, linear, "unknown ids")]


def _scattered(kind):
    """Rows, and pairs of indices: a tensor and the updates of it."""
    return [Case(kind, [numbers(5, 4), PLACES[:2], positive(2, 4) / 9], {0: [S, 1], 2: [S, 1]},
                 together={((0, 1), (2, 1)): 1}),
            Case(kind, [numbers(3, 2, 4), PAIRS, positive(3, 4) / 9], {0: [S, S, 2], 2: [S, 2]}, name="pairs",
                 together={((0, 2), (2, 1)): 2}),
            Case(kind, [numbers(3, 2, 4), Fed(PAIRS, [3, None]), positive(3, 4) / 9], {0: [S] * 3, 2: [S] * 2},
                 name="unknown indices")]


CASES = [
    Case("Gather", [numbers(4, 6), IDS], {0: [S, 2]}),
    Case("GatherV2", [numbers(4, 6), IDS, np.array(0)], {0: [S, 2]}),
    Case("GatherV2", [numbers(4, 3, 6), IDS, np.array(-2)], {0: [0, S, 3]}, name="the middle axis"),
    Case("GatherV2", [numbers(4, 3), np.array(2), np.array(1)], {0: [0, S]}, name="one of them"),
    Case("GatherV2", [numbers(4, 6), IDS, Fed(0, [])], {0: [S, S]}, name="an unknown axis"),
    Case("GatherV2", [numbers(4, 6), Fed(IDS, None), np.array(0)], {0: [S, S]}, name="unknown ids"),
    Case("GatherV2", [Fed(numbers(4, 6), [None, None]), Fed(IDS, [None, 3]), np.array(0)], {0: [S, 2]},
         name="unknown sizes"),
    Case("GatherNd", [numbers(3, 2, 4), PAIRS], {0: [S, S, 1]}),
    Case("GatherNd", [numbers(3, 2, 4), PAIRS[:, None, :1]], {0: [S, 2, 3]}, name="indices of rank 3"),
    Case("GatherNd", [numbers(3, 2, 4), Fed(PAIRS, [3, None])], {0: [S] * 3}, name="unknown indices"),
    Case("ResourceGather", [numbers(4, 6), IDS], {0: [S, 2]}, variable=True, dtype=tf.float64),
    Case("ResourceGatherNd", [numbers(3, 2, 4), PAIRS], {0: [S, S, 1]}, variable=True, dtype=tf.float64),
    Case("DynamicPartition", [numbers(4, 3), np.array([1, 0, 1, 1])], {0: [S, 1]}, num_partitions=2),
    Case("DynamicPartition", [numbers(2, 3, 4), IDS % 2], {0: [S, S, 1]}, name="ids of rank 2", num_partitions=2),
    Case("ReverseSequence", [numbers(3, 4, 2), np.array([2, 4, 1])], {0: [0, S, 2]}, seq_dim=1, batch_dim=0),
    Case("ReverseSequence", [numbers(4, 3, 2), np.array([2, 4, 1])], {0: [S, 1, 2]}, name="steps first", seq_dim=0,
         batch_dim=1),
    Case("Roll", [numbers(4, 3, 2), np.array([1]), np.array([1])], {0: [0, S, 2]}),
    Case("Roll", [numbers(4, 3, 2), np.array([1, 2]), np.array([0, -1])], {0: [S, 1, S]}, name="two axes"),
    Case("Roll", [numbers(4, 3), np.array(1), Fed(1, [])], {0: [S, S]}, name="an unknown axis"),
    Case("ScatterNd", [PLACES, numbers(3, 4), np.array([5, 4])], {1: [S, 1]}),
    Case("ScatterNd", [PAIRS, numbers(3, 4), np.array([3, 2, 4])], {1: [S, 2]}, name="pairs"),
    Case("ScatterNd", [PLACES[:, None], numbers(3, 1, 4), np.array([5, 4])], {1: [S, S, 1]}, name="indices of rank 3"),
    Case("SegmentProd", [positive(4, 3), SORTED], {0: [X, 1]}, False),
    Case("SparseTensorDenseMatMul", [PAIRS, numbers(3), np.array([3, 2]), positive(2, 4)], {1: [S], 3: [S, 1]}, "one"),
    Case("SparseTensorDenseMatMul", [PAIRS, numbers(3), np.array([3, 2]), positive(4, 3)], {1: [S], 3: [1, S]}, "one",
         "adjoint", adjoint_a=True, adjoint_b=True, together={((1, 0), (3, 1)): X}),
    Case("TopKV2", [numbers(4, 3, 6), np.array(2)], {0: [0, 1, S]}),
    Case("TopKV2", [Fed(numbers(4, 6), None), np.array(2)], {0: [S, S]}, name="an unknown rank"),
    Case("Diag", [numbers(4)], {0: [S]}),
    Case("DiagPart", [numbers(4, 4)], {0: [S, S]}),
    Case("Fill", [np.array([4, 3]), np.array(0.7)], {1: []}),
    Case("SparseToDense", [PLACES[:2][::-1], np.array([5]), numbers(2), np.array(0.3)], {2: [S], 3: []}),
]
for _kind in ("DynamicStitch", "ParallelDynamicStitch"):
    CASES += [
        Case(_kind, [[np.array([0, 3]), np.array([[1], [2]])], [numbers(2, 4), positive(2, 1, 4)]],
             {2: [S, 1], 3: [S, S, 1]}, together={((2, 1), (3, 2)): 1, ((2, 0), (3, 0)): S}),
        Case(_kind, [[Fed([0, 2], None), np.array([1])], [numbers(2, 4), positive(1, 4)]], {2: [S, S], 3: [S, 1]},
             name="unknown ids"),
    ]
for _kind in ("SegmentMax", "SegmentMean", "SegmentMin", "SegmentSum"):
    CASES += [Case(_kind, [numbers(4, 3, 2), SORTED], {0: [S, 1, 2]})]
for _kind in ("UnsortedSegmentMax", "UnsortedSegmentMin", "UnsortedSegmentSum"):
    CASES += _unsorted(_kind)
CASES += _unsorted("UnsortedSegmentProd", False)
for _kind in ("Mean", "SqrtN", "Sum"):
    CASES += [
        Case("SparseSegment" + _kind, [numbers(4, 3), UNSORTED, SORTED], {0: [S, 1]}),
        Case("SparseSegment" + _kind + "WithNumSegments", [numbers(4, 3), UNSORTED, SORTED, np.array(4)], {0: [S, 1]}),
        Case("SparseSegment" + _kind + "Grad", [numbers(3, 4), UNSORTED, SORTED, np.array(5)], {0: [S, 1]}),
    ]
for _kind in ("ScatterNdNonAliasingAdd", "TensorScatterAdd", "TensorScatterMax", "TensorScatterMin", "TensorScatterSub",
              "TensorScatterUpdate"):
    CASES += _scattered(_kind)
# Ids that differ along batch axes; the attribute is not in every version.
BATCHED = [
    Case("GatherV2", [numbers(2, 3, 4), IDS, np.array(1)], {0: [0, S, 2]}, name="batched", batch_dims=1),
    Case("GatherV2", [numbers(2, 3, 3, 4), IDS, np.array(2)], {0: [0, 1, S, 3]}, name="batched, an axis before",
         batch_dims=1),
    Case("GatherV2", [numbers(2, 3, 4), IDS, np.array(1)], {0: [0, S, 2]}, name="batched, counted from behind",
         batch_dims=-1),
    Case("ResourceGather", [numbers(2, 3, 4), IDS], {0: [0, S, 2]}, name="batched", variable=True, dtype=tf.float64,
         batch_dims=1),
]
# With an id for each element: fails in TF 1.15.
BATCHED_WHOLLY = [
    Case("GatherV2", [numbers(2, 3, 4), IDS, np.array(2)], {0: [0, 1, S]}, name="batched, no axis left", batch_dims=2),
]
