"""Eigenvalues: those of numpy, with residuals that hold."""
import numpy as np
import pytest
from matrices import SPECTRA, symmetric
from scipy import sparse
from scipy.sparse import linalg

import tf1_hessian as th
from tf1_hessian.estimators.lanczos import tridiagonal
from tf1_hessian.estimators.products import Products

ORDERS = {"LM": lambda v: v[np.argsort(-abs(v))][:4], "LA": lambda v: np.sort(v)[::-1][:4],
          "SA": lambda v: np.sort(v)[:4], "BE": lambda v: np.sort(np.append(np.sort(v)[:2], np.sort(v)[-2:])),
          "SM": lambda v: v[np.argsort(abs(v))][:4]}


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, linalg.aslinearoperator])
@pytest.mark.parametrize("which", sorted(ORDERS))
@pytest.mark.parametrize("n", [60, 20])
def test_those_of_numpy(which, kind, n):
    matrix = symmetric(SPECTRA["indefinite"][-n:])
    found = th.eigenvalues(kind(matrix), k=4, which=which)
    np.testing.assert_allclose(found.values, ORDERS[which](np.linalg.eigvalsh(matrix)), atol=1e-12)
    np.testing.assert_allclose(matrix.dot(found.vectors), found.vectors * found.values, atol=1e-9)
    assert found.errors.shape == (4,) and np.max(found.errors) < 1e-9
    assert str(found).startswith("Eigenpairs(%s: " % which) and "n=%d" % n in str(found)


def test_all_of_them():
    matrix = symmetric(SPECTRA["indefinite"])
    found = th.eigenvalues(matrix, k=60, which="SA")
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(matrix), atol=1e-12)


def test_errors_tell_how_far_an_eigenvalue_may_be():
    matrix = symmetric(SPECTRA["flat"])
    found = th.eigenvalues(matrix, k=3, tolerance=0.05)
    distances = np.abs(np.subtract.outer(found.values, np.linalg.eigvalsh(matrix))).min(1)
    assert (distances <= found.errors + 1e-14).all() and np.max(found.errors) > 1e-9
    np.testing.assert_allclose(found.errors, np.linalg.norm(
        matrix.dot(found.vectors) - found.vectors * found.values, axis=0), atol=1e-12)


def test_the_same_seed_the_same_numbers():
    matrix = symmetric(SPECTRA["flat"])
    one, other = (th.eigenvalues(matrix, k=2, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, other.vectors)


def test_too_few_iterations_are_told():
    with pytest.raises(linalg.ArpackNoConvergence):
        th.eigenvalues(symmetric(SPECTRA["flat"]), k=2, which="SM", max_iterations=1)


@pytest.mark.parametrize("matrix, options, error, told", [
    (np.eye(4), {"k": 5}, ValueError, "at most n=4"), (np.eye(4), {"k": 0}, ValueError, "from 1 up"),
    (np.eye(4), {"which": "XX"}, ValueError, "one of BE, LA, LM, SA, SM"),
    (np.triu(np.ones([5, 5])), {}, ValueError, "not symmetric"), (np.ones([3, 4]), {}, ValueError, "[3, 4]"),
    (1j * np.eye(3), {}, ValueError, "complex128"), ("w:0", {}, TypeError, "no xs"), (None, {}, TypeError, "no xs"),
    (np.full([5, 5], np.nan), {}, ArithmeticError, "not finite")])
def test_refusals(matrix, options, error, told):
    with pytest.raises(error) as caught:
        th.eigenvalues(matrix, **options)
    assert told in str(caught.value)


def test_a_lanczos_process_of_full_length_has_the_eigenvalues():
    matrix = symmetric(SPECTRA["decaying"])
    diagonal, beside = tridiagonal(Products(matrix), np.ones(60), 60)
    whole = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(whole)[-40:], np.sort(SPECTRA["decaying"])[-40:], rtol=1e-9)


def test_it_ends_where_the_space_ends():
    matrix = symmetric(np.repeat([1.0, 2.0, 5.0], 20))
    diagonal, beside = tridiagonal(Products(matrix), np.ones(60), 30)
    whole = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(whole), [1, 2, 5], rtol=1e-12)
