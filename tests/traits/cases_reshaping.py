"""Ops that only give elements other places on the axes."""
import numpy as np
from case import Case, Fed, S, numbers

__all__ = ["CASES"]


def _reshape(shape, to, expected, name="", fed=None, **options):
    array = numbers(*shape) if fed is None else Fed(numbers(*shape), None if fed == "unknown" else fed)
    return Case("Reshape", [array, np.array(to, np.int32)], {0: expected}, name=name, **options)


BLOCK = np.array([2, 2])
NONE = np.zeros((2, 2), np.int32)
CASES = [
    # [N, T, D] to [N * T, D], and back, and on.
    _reshape((4, 3, 2), [12, 2], [(0, 1, 3), (0, 4, 1), 1], "rows merged"),
    _reshape((12, 2), [4, 3, 2], [S, 2], "rows split"),
    _reshape((4, 3, 2), [4, 6], [0, (1, 1, 2), (1, 3, 1)], "features merged"),
    _reshape((4, 6), [4, 3, 2], [0, S], "features split"),
    _reshape((4, 3, 2), [24], [(0, 1, 6), (0, 4, 2), (0, 12, 1)], "all merged"),
    _reshape((4, 3, 2), [2, 2, 3, 2], [S, 2, 3], "the first axis split"),
    _reshape((4, 3), [3, 4], [S, S], "no common axis"),
    _reshape((4, 3), [2, 6], [S, (1, 2, 1)], "half merged"),
    _reshape((3, 4), [6, 2], [(0, 1, 2), S], "half moved over"),
    _reshape((4, 1, 3), [4, 3, 1], [0, (0, 4, 1), 1], "ones moved"),
    _reshape((4, 3), [1, 4, 1, 3, 1], [1, 3], "ones added"),
    _reshape((4, 3), [-1], [(0, 1, 3), (0, 4, 1)], "flat"),
    _reshape((4, 3), [12, 1], [(0, 1, 3), (0, 4, 1)], "a column"),
    _reshape((4, 3, 2), [-1, 2], [(0, 1, 3), (0, None, 1), 1], "unknown rows merged", [None, 3, 2]),
    _reshape((12, 2), [-1, 3, 2], [S, 2], "unknown rows split", [None, 2]),
    _reshape((4, 3, 2), [-1, 6], [0, (1, 1, 2), (1, 3, 1)], "features of unknown rows merged", [None, 3, 2]),
    _reshape((4, 6), [-1, 3, 2], [0, S], "features of unknown rows split", [None, 6]),
    _reshape((4, 3, 2), [-1], [(0, 1, 6), (0, None, 2), (0, None, 1)], "unknown rows, all merged", [None, 3, 2]),
    _reshape((4, 3, 2), [-1, 2], [S, (0, None, 1), 1], "unknown sizes merged", [None, None, 2]),
    _reshape((4, 3, 2), [4, -1], [0, (1, 1, 2), (1, None, 1)], "unknown steps merged", [4, None, 2]),
    _reshape((4, 3, 2), [4, 3, -1], [0, 1, 2], "unknown features kept", [4, 3, None]),
    Case("Reshape", [Fed(numbers(4, 3, 2), [4, None, 2]), Fed([4, 3, 2], [3])], {0: [S, S, S]},
         name="to unknown sizes"),
    Case("Reshape", [Fed(numbers(4, 3, 2), [None, None, 2]), Fed([3, 4, 2], [3])], {0: [S, S, 2]},
         name="to other unknown sizes", requires={(0, 2): [((0, 0), 0), ((0, 1), 1)]}, refused=[(0, 2)]),
    _reshape((4, 3), [-1, 1, 3], [0, 2], "unknown rows, a new axis", [None, 3]),
    _reshape((4, 1), [-1], [0, (0, None, 1)], "unknown rows, a column", [None, 1]),
    _reshape((4, 3), [3, -1], [S, S], "unknown rows, no common axis", [None, 3]),
    _reshape((4, 3), [2, 6], [S, S], "an unknown rank", "unknown"),
    Case("Reshape", [Fed(numbers(4, 3, 2), [None, None, 2]), Fed([4, 3, 2], [3])], {0: [S, S, 2]},
         name="to sizes that are all unknown", requires={(0, 2): [((0, 0), 0), ((0, 1), 1)]}),
    Case("ExpandDims", [numbers(4, 3), np.array(1)], {0: [0, 2]}),
    Case("ExpandDims", [numbers(4, 3), np.array(-1)], {0: [0, 1]}, name="behind"),
    Case("ExpandDims", [Fed(numbers(4, 3), [None, None]), np.array([0])], {0: [1, 2]}, name="in front, unknown sizes"),
    Case("ExpandDims", [numbers(4, 3), Fed(1, [])], {0: [S, S]}, name="an unknown axis"),
    Case("Squeeze", [numbers(4, 1, 3)], {0: [0, S, 1]}),
    Case("Squeeze", [numbers(1, 4, 1, 3)], {0: [S, 0, 1, 2]}, name="one of two",
         squeeze_dims=[-4]),
    Case("Squeeze", [Fed(numbers(4, 1, 3), [None, 1, None])], {0: [0, S, 1]}, name="unknown sizes", squeeze_dims=[1]),
    Case("Squeeze", [Fed(numbers(4, 1, 3), [None, 1, 3])], {0: [S, S, S]}, name="unknown axes"),
    Case("Transpose", [numbers(4, 3, 2), np.array([2, 0, 1])], {0: [1, 2, 0]}),
    Case("Transpose", [Fed(numbers(4, 3), [None, 3]), np.array([1, 0])], {0: [1, 0]}, name="unknown rows"),
    Case("Transpose", [numbers(4, 3), Fed([1, 0], [2])], {0: [S, S]}, name="an unknown order"),
    Case("ConjugateTranspose", [numbers(4, 3), np.array([1, 0])], {0: [1, 0]}),
    Case("SpaceToBatchND", [numbers(3, 4, 6, 2), BLOCK, NONE], {0: [(0, 4, 1), S, S, 3]}),
    Case("SpaceToBatchND", [numbers(3, 4, 2), np.array([2]), np.array([[1, 1]])], {0: [(0, 2, 1), S, 2]},
         name="one axis, padded"),
    Case("SpaceToBatchND", [numbers(3, 4, 2), Fed([2], [1]), np.array([[0, 0]])], {0: [S] * 3},
         name="an unknown block"),
    Case("BatchToSpaceND", [numbers(8, 2, 3, 2), BLOCK, NONE], {0: [S, S, S, 3]}),
    Case("SpaceToBatch", [numbers(3, 4, 2, 2), NONE], {0: [(0, 4, 1), S, S, 3]}, block_size=2),
    Case("BatchToSpace", [numbers(8, 2, 1, 2), NONE], {0: [S, S, S, 3]}, block_size=2),
]
