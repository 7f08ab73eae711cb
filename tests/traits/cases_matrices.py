"""Ops on matrices by batch."""
import numpy as np
from case import Case, Fed, S, X, numbers, positive

__all__ = ["CASES"]

EYE = np.eye(3)
# Far from singular, with eigenvalues and pivots far from each other.
GENERAL = numbers(4, 3, 3) / 2 + np.diag([3.0, 5.0, 8.0])
DEFINITE = np.matmul(GENERAL, np.swapaxes(GENERAL, 1, 2)) / 4 + EYE
LOWER = np.tril(GENERAL)
BATCH, NOTHING = [0, X, X], [X, X, X]
FREE = np.array(0.0)


def _diagonals(version):
    """MatrixDiag and its kin, whose later versions take which diagonal it is and how large the matrix is."""
    end = [FREE] if version else []
    size = [np.array(-1), np.array(-1)] if version else []
    which = [[np.array(0)], [np.array([-1, 0])]] if version else [[]]
    rest = {len(which[0] + size) + 1: []} if version else {}
    part = {len(which[0]) + 1: []} if version else {}
    cases = [
        Case("MatrixDiag" + version, [numbers(4, 3)] + which[0] + size + end, {**{0: [0, S]}, **rest}),
        Case("MatrixDiag" + version, [numbers(2, 4, 3)] + which[0] + size + end, {**{0: [0, 1, S]}, **rest},
             name="of rank 3"),
        Case("MatrixDiagPart" + version, [numbers(4, 3, 2)] + which[0] + end, {**{0: [0, S, S]}, **part}),
        Case("MatrixDiagPart" + version, [numbers(3, 4)] + which[0] + end, {**{0: [S, S]}, **part}, name="of rank 2"),
        Case("MatrixSetDiag" + version, [numbers(4, 3, 2), positive(4, 2)] + which[0], {0: [0, S, S], 1: [0, S]},
             together={((0, 0), (1, 0)): 0, ((0, 2), (1, 1)): S}),
    ]
    if version:
        cases += [
            Case("MatrixDiag" + version, [numbers(4, 2, 3)] + which[1] + size + end, {**{0: [S, S, S]}, **rest},
                 name="two diagonals"),
            Case("MatrixDiagPart" + version, [numbers(4, 3, 3)] + which[1] + end, {**{0: [S, S, S]}, **part},
                 name="two diagonals"),
            Case("MatrixSetDiag" + version, [numbers(4, 3, 3), positive(4, 2, 3)] + which[1],
                 {0: [0, S, S], 1: [0, S, S]}, name="two diagonals", together={((0, 0), (1, 0)): 0}),
        ]
    return cases


CASES = [Case(kind, [GENERAL], {0: BATCH}, False)
         for kind in ("LogMatrixDeterminant", "Lu", "MatrixDeterminant", "MatrixInverse", "Qr", "Svd")]
CASES += [Case(kind, [DEFINITE], {0: BATCH}, False) for kind in ("Cholesky", "MatrixSquareRoot", "SelfAdjointEigV2")]
CASES += [Case(kind, [GENERAL, numbers(4, 3, 2)], {0: BATCH, 1: [0, S, 2]}, [1],
               together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): X})
          for kind in ("MatrixSolve", "MatrixTriangularSolve")]
CASES += [
    Case("MatrixSolve", [GENERAL[0], numbers(3, 3)], {0: [X, X], 1: [S, 1]}, [1], "one matrix",
         together={((0, 1), (1, 1)): X}),
    Case("MatrixSolve", [GENERAL, numbers(4, 3, 2)], {0: BATCH, 1: [0, S, 2]}, [1], "adjoint", adjoint=True),
    Case("MatrixSolve", [Fed(GENERAL, [None, 3, 3]), Fed(numbers(4, 3, 2), [None, 3, 2])], {0: BATCH, 1: [0, S, 2]},
         [1], "unknown rows", requires={(0, 0): [((0, 0), 0)], (1, 0): [((1, 0), 0)]},
         together={((0, 0), (1, 0)): 0}),
    Case("MatrixInverse", [Fed(GENERAL, None)], {0: NOTHING}, False, "an unknown rank"),
    Case("CholeskyGrad", [np.linalg.cholesky(DEFINITE), numbers(4, 3, 3)], {0: BATCH, 1: BATCH}, False,
         together={((0, 0), (1, 0)): 0}),
    Case("BandedTriangularSolve", [positive(4, 2, 3), numbers(4, 3, 2)], {0: BATCH, 1: [0, S, 2]}, [1],
         together={((0, 0), (1, 0)): 0}),
    Case("MatrixBandPart", [numbers(4, 3, 3), np.array(1), np.array(0)], {0: [0, 1, 2]}),
    Case("Cross", [numbers(4, 3), positive(4, 3)], {0: [0, S], 1: [0, S]}, "one",
         together={((0, 0), (1, 0)): 0, ((0, 1), (1, 1)): X}),
]
for _version in ("", "V2", "V3"):
    CASES += _diagonals(_version)
# Matrices that serve a whole batch: not in every version.
BROADCAST = [
    Case("MatrixTriangularSolve", [LOWER[0], numbers(4, 3, 2)], {0: [X, X], 1: [0, S, 2]}, [1], "one matrix"),
    Case("MatrixTriangularSolve", [LOWER, numbers(3, 2)], {0: BATCH, 1: [S, 2]}, [1], "one right side"),
    Case("MatrixTriangularSolve", [LOWER, numbers(1, 3, 2)], {0: BATCH, 1: [S, S, 2]}, [1], "one row of right sides"),
]
