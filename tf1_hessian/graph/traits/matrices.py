"""Traits of ops on matrices by batch: inverses, factors, diagonals."""
from tf1_hessian.graph.traits.states import Trait, elementary, only, placed, within

__all__ = ["TRAITS"]


def _matrices(question):
    """Each matrix of a batch by itself: all axes but the last two stay apart.

    Mathematics: out[b] = f(a[b], ...). Example: the inverses of [N, 3, 3] carried on 0: 0 on 0.
    Reads: ranks. Exact for batches; within a matrix nothing is followed. Several inputs must carry the same axis.
    """
    ranks = [question.rank_of(p) for p in question.positions]
    if None in ranks:
        return None
    return placed(question, {p: {a: a for a in range(rank - 2)} for p, rank in zip(question.positions, ranks)})


def _solver(question):
    """Batch axes stay apart, and the columns of the right side.

    Mathematics: matrix[b] @ out[b, :, k] = rhs[b, :, k]. Example: rhs [N, 3, K] carried on 2: carried on 2; with
    a matrix [N, 3, 3] that is carried on 0 as well: 0 on 0.
    Reads: shapes; batch axes are broadcast by some versions, where unknown sizes are required to be the result's.
    Exact but for rows of the matrix and broadcast axes, which are not followed.
    """
    if question.rank is None or None in [question.rank_of(p) for p in question.positions]:
        return None
    places, pairs = {}, []
    for position in question.positions:
        axis, moved = question.states[position].axis, question.rank - question.rank_of(position)
        places[position] = {a: a + moved for a in range(question.rank_of(position) - 2)}
        if axis in places[position]:
            pairs.append((position, axis, axis + moved))
    if question.positions == [1]:
        places[1][question.rank_of(1) - 1] = question.rank - 1
    state = placed(question, places)
    return state if state is not None and question.are_kept(pairs) else None


def _diagonal(question):
    """All axes but the diagonal's stay apart.

    Mathematics: out[b, i, i] = a[b, i], and back. Example: [N, 3] to [N, 3, 3]: 0 on 0; and back.
    Reads: ranks. Exact; several diagonals at once are not followed.
    """
    ranks = question.rank_of(0), question.rank
    if question.positions != [0] or None in ranks or ranks[0] == ranks[1]:
        return None
    return question.states[0] if question.states[0].axis < min(ranks) - 1 else None


def _set_diagonal(question):
    """All axes but the last two of the matrices stay apart, in the matrices and in the diagonals.

    Mathematics: out[b] is a[b] but out[b, i, i] = d[b, i]. Example: a [N, 3, 4] and d [N, 3], both carried on 0: 0 on
    0. Reads: the rank. Exact.
    """
    batch = {} if question.rank is None else {a: a for a in range(question.rank - 2)}
    return placed(question, {0: batch, 1: batch})


def _crossed(question):
    """All axes but the last stay apart.

    Mathematics: out[i] = a[i] x b[i], vectors of three. Example: a and b [N, 3], both carried on 0: 0 on 0.
    Reads: the rank. Exact.
    """
    kept = {} if question.rank is None else {a: a for a in range(question.rank - 1)}
    return placed(question, {0: kept, 1: kept})


_FUNCTIONS = ("Cholesky", "CholeskyGrad", "LogMatrixDeterminant", "Lu", "MatrixDeterminant", "MatrixInverse",
              "MatrixSquareRoot", "Qr", "SelfAdjointEigV2", "Svd")
_SOLVERS = ("BandedTriangularSolve", "MatrixSolve", "MatrixTriangularSolve")
_DIAGONALS = ("MatrixDiag", "MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3", "MatrixDiagV2", "MatrixDiagV3")

TRAITS = {name: Trait(False, _matrices) for name in _FUNCTIONS}
TRAITS.update({name: Trait(only(1), _solver) for name in _SOLVERS})
TRAITS.update({name: Trait(True, _diagonal) for name in _DIAGONALS})
TRAITS.update({name: Trait(within(0, 1), _set_diagonal)
               for name in ("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")})
TRAITS["Cross"] = Trait(only(), _crossed)
# A mask over each matrix.
TRAITS["MatrixBandPart"] = Trait(True, elementary)
