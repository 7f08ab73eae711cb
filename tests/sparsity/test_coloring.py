"""Colourings: valid by the definitions, as few colours as published, and refused where they are not valid."""
import itertools

import numpy as np
import pytest
from grids import arrow, band, factorization, grid, scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1_hessian.sparsity.coloring import Coloring
from tf1_hessian.sparsity.orders import ORDERS, smallest_last
from tf1_hessian.sparsity.pattern import SparsityPattern

try:
    import casadi
except ImportError:
    casadi = None


def is_star(matrix, colors):
    """By the definition: neighbours differ, and no path of four different elements has two colours."""
    n = len(colors)
    near = [[w for w in range(n) if matrix[v, w] and w != v] for v in range(n)]
    if any(colors[v] == colors[w] for v in range(n) for w in near[v]):
        return False
    return not any(colors[a] == colors[c] and colors[b] == colors[d] for a in range(n) for b in near[a]
                   for c in near[b] if c != a for d in near[c] if d not in (a, b))


def recovers(matrix, colors, kind):
    """By the purpose: each entry asked for is alone in its row among the columns of one colour, in H or in H^T."""
    alone = [[sum(matrix[i, k] for k in range(len(colors)) if colors[k] == colors[j]) == 1 for j in range(len(colors))]
             for i in range(len(colors))]
    entries = [(i, j) for i, j in zip(*np.nonzero(matrix)) if kind == "star" or i == j]
    return all(alone[i][j] or alone[j][i] for i, j in entries)


PATTERNS = {
    "band": band(13, 2), "grid": grid(4, 5), "corners": grid(3, 5, corners=True), "cube": grid(3, 2, 4),
    "arrow": arrow(9), "factorization": factorization(3, 4, 2), "scattered": scattered(20, 0.1, 0),
    "dense": SparsityPattern(np.ones([5, 5])), "diagonal": SparsityPattern(np.eye(6)),
    "empty": SparsityPattern(np.zeros([4, 4])), "apart": SparsityPattern(np.kron(np.eye(3), np.ones([4, 4]))),
}


@pytest.mark.parametrize("order", ["auto"] + sorted(ORDERS))
@pytest.mark.parametrize("kind", ["distance1", "star"])
@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_valid_by_the_definitions(name, kind, order):
    pattern = PATTERNS[name]
    matrix = pattern.to_scipy().toarray()
    coloring = Coloring.of(pattern, kind, order)
    full = matrix | np.eye(pattern.n, dtype=bool)
    assert recovers(full, coloring.colors, kind)
    assert kind == "distance1" or is_star(matrix, coloring.colors)
    assert coloring.lower_bound <= coloring.number == len(set(coloring.colors.tolist())) == len(coloring)


@pytest.mark.parametrize("kind", ["distance1", "star"])
@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 8), seed=st.integers(0, 10 ** 6), data=st.data())
def test_given_colours_are_judged_by_the_definition(kind, n, seed, data):
    pattern = scattered(n, 0.25, seed)
    matrix = pattern.to_scipy().toarray()
    colors = data.draw(st.lists(st.integers(0, min(n, 3)), min_size=n, max_size=n))
    is_right = is_star(matrix, colors) if kind == "star" else not any(
        colors[v] == colors[w] for v, w in zip(*np.nonzero(matrix)) if v != w)
    try:
        found = Coloring(pattern, colors, kind)
    except ValueError as refusal:
        assert not is_right and "of one colour" in str(refusal)
    else:
        assert is_right and found.is_valid_for(pattern) and found.number >= found.lower_bound


def fewest(matrix, kind):
    """The least number of colours there is, by trying all."""
    n = len(matrix)
    for number in range(1, n + 1):
        for colors in itertools.product(range(number), repeat=n):
            if recovers(matrix, colors, "distance1") and (kind == "distance1" or is_star(matrix, colors)):
                return number
    return 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["distance1", "star"])
def test_no_colouring_undercuts_the_lower_bound(kind, seed):
    pattern = scattered(6, 0.1 + 0.05 * seed, seed)
    least = fewest(pattern.to_scipy().toarray(), kind)
    coloring = Coloring.of(pattern, kind)
    assert coloring.lower_bound <= least <= coloring.number <= least + 1


@pytest.mark.parametrize("pattern, shape, diagonal, full", [
    (band(40, 1), None, 2, 3), (band(40, 2), None, 3, 5), (band(40, 4), None, 5, 9),
    (grid(9, 11), (9, 11), 2, 5), (grid(9, 11), None, 2, 5),
    (grid(9, 11, corners=True), (9, 11), 4, 9),
    (grid(6, 7, 8), (6, 7, 8), 2, 7), (grid(6, 7, 8), None, 2, 7),
    (arrow(30), None, 2, 2), (factorization(6, 8, 3), None, 6, None),
    (SparsityPattern(np.eye(30)), None, 1, 1), (SparsityPattern(np.ones([7, 7])), None, 7, 7),
])
def test_published_numbers_of_colours(pattern, shape, diagonal, full):
    """Bands b: b + 1 and 2 b + 1 (Coleman and More 1984); grids: 5, 9 and 7 (Fertin, Raspaud, Reed 2004)."""
    assert Coloring.of(pattern, "distance1", shape=shape).number == diagonal
    assert full is None or Coloring.of(pattern, "star", shape=shape).number == full


@pytest.mark.skipif(casadi is None, reason="CasADi is not installed")
@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"empty"}))
def test_about_as_few_as_casadi(name):
    """Greedy colours depend on the order; one more at times."""
    pattern = PATTERNS[name]
    theirs = casadi.Sparsity.triplet(pattern.n, pattern.n, pattern.rows.tolist(), pattern.cols.tolist())
    assert Coloring.of(pattern).number <= theirs.star_coloring2().size2() + 1


def test_smallest_last_takes_leaves_last():
    assert 0 in smallest_last(arrow(5).adjacency()).tolist()[:2]
    assert sorted(smallest_last(grid(5, 6).adjacency()).tolist()) == list(range(30))


def test_large_patterns_are_coloured():
    """The order does not matter to the colours of a lattice, and a shuffled chain is still a bipartite graph."""
    assert Coloring.of(grid(300, 200), shape=(300, 200)).number == 5
    order = np.random.RandomState(0).permutation(5000)
    chain = SparsityPattern.from_pairs(order[:-1], order[1:], 5000)
    assert Coloring.of(chain, "distance1").number == 2 and Coloring.of(chain).number <= 4


def test_printed():
    assert str(Coloring.of(band(9, 1))) == (
        "Coloring(star, 3 colours for 9 columns, at least 2 needed; a lattice on 9)")


@pytest.mark.parametrize("call, sentence", [
    (lambda: Coloring(band(3, 1), [0, 0, 1]), r"\(0, 1\) of one colour"),
    (lambda: Coloring(band(4, 1), [0, 1, 0, 1]), "of one colour' is not possible; expected a star colouring"),
    (lambda: Coloring(band(3, 1), [0, 1]), "for each of the 3 elements"),
    (lambda: Coloring(band(3, 1), [0.0, 1.0, 2.0]), "a whole number from 0 up"),
    (lambda: Coloring(band(3, 1), [0, 1, 2], "acyclic"), "expected one of distance1, star"),
    (lambda: Coloring.of(band(3, 1), order="incidence"), "expected one of auto, natural"),
])
def test_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
