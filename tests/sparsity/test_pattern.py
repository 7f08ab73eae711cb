"""Patterns: what they are made of, what is refused, and how they are kept."""
import numpy as np
import pytest
from scipy import sparse

from tf1_hessian.sparsity.pattern import SparsityPattern

BAND = np.array([[1.0, 2.0, 0.0], [2.0, 0.0, 5.0], [0.0, 5.0, 0.0]])


def test_of_arrays_matrices_and_pairs():
    """A stored zero of a sparse matrix is an entry: whoever stores it says that it may become something else."""
    stored = sparse.csr_matrix(([1.0, 0.0, 0.0, 5.0, 5.0], [0, 1, 0, 2, 1], [0, 2, 4, 5]), shape=(3, 3))
    pairs = SparsityPattern.from_pairs([0, 0, 2, 2], [0, 1, 1, 1], 3)
    assert SparsityPattern(BAND) == SparsityPattern(stored) == pairs == SparsityPattern(pairs)
    assert (pairs.n, pairs.nnz, len(pairs)) == (3, 5, 3) and pairs.density == pytest.approx(5 / 9)
    assert pairs.rows.tolist() == [0, 0, 1, 1, 2] and pairs.cols.tolist() == [0, 1, 0, 2, 1]
    assert pairs != SparsityPattern(np.eye(3)) and hash(pairs) == hash(SparsityPattern(BAND))


def test_to_scipy_is_the_callers_own():
    pattern = SparsityPattern(BAND)
    taken = pattern.to_scipy()
    taken.data[:] = False
    taken.indices[:] = 0
    assert np.array_equal(pattern.to_scipy().toarray(), BAND != 0)


def test_adjacency_has_no_diagonal():
    assert np.array_equal(SparsityPattern(BAND).adjacency().toarray(), (BAND != 0) & ~np.eye(3, dtype=bool))


def test_union_and_contains():
    pattern, diagonal = SparsityPattern(BAND), SparsityPattern(np.eye(3))
    assert np.array_equal((pattern | diagonal).to_scipy().toarray(), (BAND != 0) | np.eye(3, dtype=bool))
    assert (pattern | diagonal).contains(diagonal) and not pattern.contains(diagonal)


def test_kept_in_a_file(tmp_path):
    random = np.random.RandomState(0).rand(30, 30) > 0.9
    pattern = SparsityPattern(random | random.T)
    pattern.save(str(tmp_path / "pattern.npz"))
    assert SparsityPattern.load(str(tmp_path / "pattern.npz")) == pattern
    np.savez(str(tmp_path / "else.npz"), a=np.zeros(3))
    with pytest.raises(ValueError, match=r"a file that SparsityPattern.save wrote; it holds \['a'\]"):
        SparsityPattern.load(str(tmp_path / "else.npz"))


def test_a_picture():
    """4 rows and 2 columns of dots a character: a matrix of 4 by 4 is two of them."""
    pattern = SparsityPattern(np.eye(4))
    assert str(pattern).splitlines() == ["SparsityPattern(n=4, nnz=4, density=0.25)", "\u2811\u2884"]
    assert str(SparsityPattern(np.zeros([0, 0]))) == "SparsityPattern(n=0, nnz=0, density=0)"
    large = str(SparsityPattern(sparse.eye(10 ** 5).tocsr())).splitlines()
    assert len(large) == 33 and {len(line) for line in large[1:]} == {64}


@pytest.mark.parametrize("entries, sentence", [
    (np.zeros([3, 4]), r"pattern=\[3, 4\] is not possible; expected a square matrix"),
    (np.zeros(3), r"expected a scipy.sparse matrix or an array \[n, n\]"),
    (np.array([[0, 1], [0, 0]]), r"pattern='entry \(0, 1\) without \(1, 0\)' .* SparsityPattern\(p \+ p.T\)"),
])
def test_refused(entries, sentence):
    with pytest.raises(ValueError, match=sentence):
        SparsityPattern(entries)


@pytest.mark.parametrize("rows, cols, sentence", [
    ([0, 3], [0, 0], "rows=3 is not possible; expected indices from 0 to 2"),
    ([0], [-1], "cols=-1 is not possible"),
    ([0.0], [1], "expected whole numbers"),
    ([0, 1], [1], "expected as many as rows, 2"),
])
def test_pairs_refused(rows, cols, sentence):
    with pytest.raises(ValueError, match=sentence):
        SparsityPattern.from_pairs(rows, cols, 3)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="expected 3, as the other has"):
        SparsityPattern(np.eye(3)) | SparsityPattern(np.eye(2))
