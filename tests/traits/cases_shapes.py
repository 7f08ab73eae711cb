"""Ops that join, cut, repeat and pad."""
import numpy as np
from case import Case, Fed, S, numbers, positive

__all__ = ["CASES"]


def _strided(at, expected, name="", shape=(4, 3, 2), fed=None, **masks):
    """at: (begin, end, stride) of each entry; fed: the static shape."""
    begin, end, strides = np.array(at).T
    masks = {mask + "_mask": value for mask, value in masks.items()}
    array = numbers(*shape) if fed is None else Fed(numbers(*shape), fed)
    return Case("StridedSlice", [array, begin, end, strides], {0: expected}, name=name, **masks)


def _strided_back(at, shape, slice_shape, expected, name, fed=False, **masks):
    begin, end, strides = np.array(at).T
    masks = {mask + "_mask": value for mask, value in masks.items()}
    shape = Fed(np.array(shape), [len(shape)]) if fed else np.array(shape)
    return Case("StridedSliceGrad", [shape, begin, end, strides, numbers(*slice_shape)], {4: expected}, name=name,
                **masks)


ALL = (0, 0, 1)
CASES = [
    _strided([ALL, (1, 3, 1)], [0, S, 2], "a part", begin=1, end=1),
    _strided([ALL, (1, 2, 1)], [0, S, 1], "one of them", begin=1, end=1, shrink_axis=2),
    _strided([(0, 1, 1)], [S, 0, 1], "the first", shrink_axis=1),
    _strided([(-1, 0, 1)], [S, 0, 1], "the last", shrink_axis=1),
    _strided([(0, 4, 1), (0, 3, 1)], [0, 1, 2], "whole by numbers"),
    _strided([(0, 9, 1), (-3, 3, 1)], [0, S, 2], "beyond the end, and from behind"),
    _strided([(0, 4, 1), (0, 3, 1)], [S, 1, 2], "whole by numbers, unknown rows", fed=[None, 3, 2]),
    _strided([ALL, (0, -1, 1)], [0, S, 2], "all but the last", begin=1, end=1),
    _strided([(0, 0, -1), ALL], [S, 1, 2], "backwards", begin=3, end=3),
    _strided([(0, 0, 2), ALL], [S, 1, 2], "every other", begin=3, end=3),
    _strided([ALL, ALL, ALL], [1, 2, 3], "a new axis", new_axis=1, begin=7, end=7),
    _strided([ALL, ALL, ALL], [0, 2, 3], "a new axis inside", new_axis=2, begin=7, end=7),
    _strided([(0, 0, 1), (0, 1, 1)], [0, 1, S], "an ellipsis", ellipsis=1, shrink_axis=2),
    _strided([(0, 0, 1), ALL], [0, 1, 2], "an ellipsis, a new axis", ellipsis=1, new_axis=2),
    _strided([(0, 1, 1), (0, 0, 1), ALL, ALL], [S, 0, 2], "all masks", shrink_axis=1, ellipsis=2, new_axis=4, begin=8,
             end=8),
    _strided([ALL, ALL, ALL, (1, 2, 1)], [0, 1, S], "an empty ellipsis", ellipsis=4, begin=3, end=3, shrink_axis=8),
    _strided([ALL, (0, 1, 1)], [0, S, 1], "unknown rows", fed=[None, 3, 2], begin=1, end=1, shrink_axis=2),
    _strided([ALL, ALL], [0, 1, 2], "unknown sizes", fed=[None, None, None], begin=3, end=3),
    _strided_back([ALL, (0, 1, 1)], (4, 3, 2), (4, 2), [0, 2], "one of them", begin=1, end=1, shrink_axis=2),
    _strided_back([ALL, (1, 3, 1)], (4, 3, 2), (4, 2, 2), [0, S, 2], "a part", begin=1, end=1),
    _strided_back([ALL, ALL, ALL], (4, 3), (4, 1, 3), [0, S, 1], "a new axis", new_axis=2, begin=7, end=7),
    _strided_back([(0, 0, 1), (0, 1, 1)], (4, 3, 2), (4, 3), [0, 1], "an ellipsis", ellipsis=1, shrink_axis=2),
    _strided_back([(0, 4, 1), (0, 3, 2)], (4, 3), (4, 2), [0, S], "whole by numbers"),
    _strided_back([(0, 4, 1), ALL], (4, 3), (4, 3), [S, 1], "unknown sizes", fed=True, begin=2, end=2),
    Case("StridedSlice", [numbers(4, 3), Fed([0, 1], [2]), np.array([4, 3]), np.array([1, 1])], {0: [0, S]},
         name="an unknown begin", begin_mask=1),
    Case("StridedSlice", [numbers(4, 3), np.array([0, 0]), Fed([4, 2], [2]), np.array([1, 1])], {0: [S, S]},
         name="an unknown end"),
    Case("StridedSlice", [numbers(4, 3), np.array([0]), np.array([4]), Fed([1], [1])], {0: [S, S]},
         name="unknown strides"),
    Case("Slice", [numbers(4, 3), np.array([0, 1]), np.array([-1, 2])], {0: [0, S]}),
    Case("Slice", [Fed(numbers(4, 3), [None, 3]), np.array([0, 0]), np.array([-1, 3])], {0: [0, 1]},
         name="unknown rows"),
    Case("Slice", [Fed(numbers(4, 3), [None, 3]), np.array([0, 0]), np.array([4, 2])], {0: [S, S]},
         name="rows that need not be all"),
    Case("Slice", [numbers(4, 3), Fed([1, 0], [2]), np.array([3, 3])], {0: [S, 1]}, name="an unknown begin"),
    Case("Pad", [numbers(4, 3), np.array([[0, 0], [1, 2]])], {0: [0, S]}),
    Case("Pad", [numbers(4, 3), np.array([[0, 0], [0, 2]])], {0: [0, S]}, name="behind"),
    Case("Pad", [numbers(4, 3), Fed([[0, 0], [1, 2]], [2, 2])], {0: [S, S]}, name="unknown paddings"),
    Case("PadV2", [numbers(4, 3), np.array([[0, 0], [1, 2]]), np.array(0.3)], {0: [0, S], 2: []}),
    Case("MirrorPad", [numbers(4, 3), np.array([[0, 0], [1, 2]])], {0: [0, S]}, mode="REFLECT"),
    Case("MirrorPad", [numbers(4, 3), np.array([[0, 1], [0, 0]])], {0: [S, 1]}, name="symmetric", mode="SYMMETRIC"),
    Case("MirrorPadGrad", [numbers(4, 6), np.array([[0, 0], [1, 2]])], {0: [0, S]}, mode="REFLECT"),
    Case("Tile", [numbers(4, 3), np.array([1, 2])], {0: [0, (1, 2, 1)]}),
    Case("Tile", [Fed(numbers(4, 3), [None, 3]), np.array([3, 1])], {0: [(0, 3, 1), 1]}, name="unknown rows"),
    Case("Tile", [numbers(4, 3), Fed([1, 2], [2])], {0: [S, S]}, name="unknown multiples"),
    Case("Concat", [np.array(1), [numbers(4, 3), positive(4, 2)]], {1: [0, S], 2: [0, S]},
         together={((1, 0), (2, 0)): 0}),
    Case("Concat", [np.array(-1), [numbers(4, 3, 2), positive(4, 3, 2)]], {1: [0, 1, S], 2: [0, 1, S]},
         name="from behind", together={((1, 0), (2, 0)): 0, ((1, 2), (2, 2)): S}),
    Case("ConcatV2", [[numbers(4, 3), positive(4, 3)], np.array(-1)], {0: [0, S], 1: [0, S]},
         together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): S}),
    Case("ConcatV2", [[numbers(3, 3), positive(3, 3)], np.array(0)], {0: [S, 1], 1: [S, 1]}, name="crossed",
         together={((0, 1), (1, 0)): S, ((0, 1), (1, 1)): 1}),
    Case("ConcatV2", [[numbers(4, 3), positive(4, 3)], Fed(1, [])], {0: [S, S], 1: [S, S]}, name="an unknown axis"),
    Case("Pack", [[numbers(4, 3), positive(4, 3)]], {0: [1, 2], 1: [1, 2]}, together={((0, 0), (1, 0)): 1}),
    Case("Pack", [[numbers(4, 3), positive(4, 3)]], {0: [0, 2], 1: [0, 2]}, name="inside", axis=1,
         together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): 2}),
    Case("Pack", [[numbers(3, 3), positive(3, 3)]], {0: [0, 1], 1: [0, 1]}, name="behind", axis=-1,
         together={((0, 0), (1, 0)): 0, ((0, 0), (1, 1)): S}),
    Case("Split", [np.array(1), numbers(4, 6)], {1: [0, S]}, num_split=2),
    Case("Split", [np.array(-2), numbers(4, 3)], {1: [S, 1]}, name="from behind", num_split=2),
    Case("Split", [Fed(1, []), numbers(4, 6)], {1: [S, S]}, name="an unknown axis", num_split=2),
    Case("SplitV", [numbers(4, 6), np.array([2, 4]), np.array(1)], {0: [0, S]}, num_split=2),
    Case("SplitV", [numbers(4, 3), np.array([3, 1]), np.array(-2)], {0: [S, 1]}, name="from behind", num_split=2),
    Case("Unpack", [numbers(4, 3, 2)], {0: [0, S, 1]}, num=3, axis=1),
    Case("Unpack", [numbers(4, 3)], {0: [0, S]}, name="from behind", num=3, axis=-1),
    Case("Unpack", [Fed(numbers(4, 3), None)], {0: [S, S]}, name="an unknown rank", num=3, axis=1),
]
