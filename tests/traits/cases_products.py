"""Products that contract axes."""
import numpy as np
from case import Case, Fed, S, X, numbers, positive

__all__ = ["CASES"]

EQUATIONS = [
    # equation, shapes, states of both factors, states where both depend
    ("ij,jk->ik", (4, 3), (3, 2), [0, S], [S, 1], {((0, 1), (1, 0)): S}),
    ("btd,de->bte", (2, 4, 3), (3, 2), [0, 1, S], [S, 2], {((0, 2), (1, 0)): S, ((0, 0), (1, 1)): X}),
    ("btd,bsd->bts", (2, 4, 3), (2, 3, 3), [0, 1, S], [0, 2, S], {((0, 0), (1, 0)): 0, ((0, 2), (1, 2)): S}),
    ("bi,bi->b", (4, 3), (4, 3), [0, S], [0, S], {((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): S}),
    ("bi,bi->", (4, 3), (4, 3), [S, S], [S, S], {((0, 0), (1, 0)): S, ((0, 1), (1, 1)): S}),
    ("i,j->ji", (4,), (3,), [1], [0], {}),
    ("i,j->ij", (3,), (3,), [0], [1], {((0, 0), (1, 0)): X}),
    ("ii,ij->ij", (3, 3), (3, 4), [S, S], [0, 1], {((0, 0), (1, 0)): X}),
    ("ij,ij->iji", (3, 4), (3, 4), [S, 1], [S, 1], {((0, 1), (1, 1)): 1}),
    ("...d,de->...e", (2, 4, 3), (3, 4), [0, 1, S], [S, 2], {((0, 1), (1, 1)): X}),
    ("b...,b...->...b", (3, 4), (3, 4), [1, 0], [1, 0], {((0, 0), (1, 0)): 1, ((0, 1), (1, 1)): 0}),
    ("...i,...i->...", (2, 4, 3), (4, 3), [0, 1, S], [0 + 1, S], {((0, 1), (1, 0)): 1, ((0, 2), (1, 1)): S}),
    ("...i,...i->...", (4, 3), (1, 3), [0, S], [S, S], {((0, 1), (1, 1)): S}),
]


def _both(kind, scale=1, **flags):
    """[4, 3] times [3, 2], each stored as the flags say."""
    first, second = flags.values() if flags else (False, False)
    a, w = numbers(4, 3) * scale, positive(3, 2)
    kept, meets = ((0, 0 + first), (1, 1 - second)), ((0, 1 - first), (1, 0 + second))
    return Case(kind, [a.T if first else a, w.T if second else w],
                {0: [S, 0] if first else [0, S], 1: [1, S] if second else [S, 1]}, "one",
                ", ".join(n for n, v in flags.items() if v), together={meets: S} if kept else None, **flags)


CASES = [_both("MatMul", transpose_a=a, transpose_b=b) for a in (False, True) for b in (False, True)]
CASES += [
    Case("MatMul", [numbers(4, 4), positive(4, 4)], {0: [0, S], 1: [S, 1]}, "one", "square", together={
        ((0, 0), (1, 0)): X, ((0, 0), (1, 1)): X, ((0, 1), (1, 0)): S, ((0, 1), (1, 1)): X}),
    Case("MatMul", [Fed(numbers(4, 3), [None, None]), Fed(positive(3, 2), [None, None])], {0: [0, S], 1: [S, 1]}, "one",
         "unknown sizes", together={((0, 1), (1, 0)): S}),
    Case("MatMul", [Fed(numbers(4, 3), None), positive(3, 2)], {0: [S, S], 1: [S, 1]}, "one", "an unknown rank"),
    Case("MatMul", [numbers(4, 3) + 0.5j, positive(3, 2) - 1j], {0: [0, S], 1: [S, 1]}, "one", "complex"),
    Case("SparseMatMul", [numbers(4, 3, kind=np.float32), positive(3, 2, kind=np.float32)], {0: [0, S], 1: [S, 1]},
         "one", together={((0, 1), (1, 0)): S}),
    Case("SparseMatMul", [numbers(3, 4, kind=np.float32), positive(2, 3, kind=np.float32)], {0: [S, 0], 1: [1, S]},
         "one", "transposed", transpose_a=True, transpose_b=True),
]
for _kind in ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
    _more = {"Tout": np.float64} if _kind == "BatchMatMulV3" else {}
    CASES += [
        Case(_kind, [numbers(2, 4, 3), positive(2, 3, 4)], {0: [0, 1, S], 1: [0, S, 2]}, "one", together={
            ((0, 0), (1, 0)): 0, ((0, 2), (1, 1)): S, ((0, 1), (1, 2)): X}, **_more),
        Case(_kind, [numbers(2, 3, 4), positive(2, 4, 3)], {0: [0, S, 1], 1: [0, 2, S]}, "one", "adjoint",
             adj_x=True, adj_y=True, together={((0, 0), (1, 0)): 0, ((0, 1), (1, 2)): S}, **_more),
        Case(_kind, [numbers(4, 2, 3), positive(4, 2, 3)], {0: [0, 1, S], 1: [0, 2, S]}, "one", "scores",
             adj_y=True, together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): X, ((0, 2), (1, 2)): S}, **_more),
        Case(_kind, [Fed(numbers(2, 4, 3), [None, 4, 3]), Fed(positive(2, 3, 4), [None, 3, 4])],
             {0: [0, 1, S], 1: [0, S, 2]}, "one", "unknown rows", together={((0, 0), (1, 0)): 0},
             requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]}, **_more),
    ]
for _kind in ("BatchMatMulV2", "BatchMatMulV3"):
    _more = {"Tout": np.float64} if _kind == "BatchMatMulV3" else {}
    CASES += [
        Case(_kind, [numbers(1, 4, 3), positive(2, 3, 2)], {0: [S, 1, S], 1: [0, S, 2]}, "one", "one for all", **_more),
        Case(_kind, [numbers(2, 4, 3), positive(3, 2)], {0: [0, 1, S], 1: [S, 2]}, "one", "a matrix for all",
             together={((0, 2), (1, 0)): S, ((0, 0), (1, 1)): X}, **_more),
    ]
CASES += [
    Case("Einsum", [[numbers(*first), positive(*second)]], {0: states, 1: others}, "one",
         "%s %d" % (equation, place), together=both, equation=equation)
    for place, (equation, first, second, states, others, both) in enumerate(EQUATIONS)]
CASES += [
    Case("Einsum", [[numbers(4, 3)]], {0: [1, 0]}, "one", "ij->ji", equation="ij->ji"),
    Case("Einsum", [[numbers(4, 3)]], {0: [S, 0]}, "one", "ij->j", equation="ij->j"),
    Case("Einsum", [[numbers(3, 3)]], {0: [S, S]}, "one", "a diagonal", equation="ii->i"),
    Case("Einsum", [[numbers(3, 3)]], {0: [S, S]}, "one", "a trace", equation="ii->"),
    Case("Einsum", [[numbers(3)]], {0: [S]}, "one", "onto a diagonal", equation="i->ii"),
    Case("Einsum", [[Fed(numbers(4, 3), None)]], {0: [1, 0]}, "one", "an unknown rank", equation="ij->ji"),
    Case("Einsum", [[Fed(numbers(4, 3), None)]], {0: [S, S]}, "one", "an unknown ellipsis", equation="...j->j..."),
    Case("Einsum", [[Fed(numbers(4, 3), [None, 3]), Fed(positive(4, 3), [None, 3])]], {0: [0, S], 1: [0, S]}, "one",
         "unknown rows, an ellipsis", equation="...d,...d->...", together={((0, 0), (1, 0)): 0},
         requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]}),
    Case("Einsum", [[Fed(numbers(4, 3), [None, 3]), Fed(positive(4, 3), [None, 3])]], {0: [0, S], 1: [0, S]}, "one",
         "unknown rows", equation="bd,bd->b", together={((0, 0), (1, 0)): 0}),
]
