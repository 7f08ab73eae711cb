"""Maps and patterns: what the cells hold, where lines and names stand."""
import warnings

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from scipy import sparse

import tf1_hessian as th
from tf1_hessian import plots

D = tf.float64


def cells(ax, i=0):
    return np.ma.filled(ax.images[i].get_array().astype(float), np.nan)


def texts(axis):
    axis.figure.draw_without_rendering()
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.fixture(scope="module")
def hessian():
    """Of sources of 6 and 2 elements, with entries over many powers of ten."""
    random = np.random.RandomState(0)
    matrix = random.standard_normal([8, 8]) * 10.0 ** random.randint(-9, 4, [8, 8])
    matrix[3, 1] = 0
    return matrix + matrix.T


def blocks_of(matrix):
    w, b = slice(0, 6), slice(6, 8)
    return [[matrix[w, w].reshape(2, 3, 2, 3), matrix[w, b].reshape(2, 3, 2)],
            [matrix[b, w].reshape(2, 2, 3), matrix[b, b]]]


@pytest.mark.parametrize("form", [
    lambda h: (h, {"w": 6, "b": 2}), lambda h: (blocks_of(h), ["w:0", "b:0"]),
    lambda h: (sparse.csr_matrix(h), [tf.zeros([2, 3], name="w"), tf.zeros([2], name="b")]),
    lambda h: ({"w": dict(zip("wb", blocks_of(h)[0])), "b": dict(zip("wb", blocks_of(h)[1]))}, None)])
def test_every_form_of_a_hessian_is_the_same_picture(hessian, form):
    _, ax = plots.hessian_map(*form(hessian), scale="linear")
    np.testing.assert_array_equal(cells(ax), hessian)
    assert texts(ax.xaxis) == texts(ax.yaxis) == ["w", "b"]
    assert list(ax.get_yticks()) == [2.5, 6.5]
    assert [line.get_ydata()[0] for line in ax.lines[::2]] == [5.5]
    assert ax.get_title() == "Hessian, 8 elements"


def test_what_evaluate_gives_is_drawn():
    w, b = tf.placeholder(D, [2, 3], name="w"), tf.placeholder(D, [2], name="b")
    loss = tf.reduce_sum(w ** 3) + tf.reduce_sum(b * b * tf.reduce_sum(w, 1))
    plan = th.plan(loss, [w, b], "full", flat=True)
    with tf.Session():
        blocks, matrix = th.evaluate([th.hessian(loss, [w, b]), plan], {w: np.ones([2, 3]), b: [1.0, 2.0]})
    by_blocks, by_matrix = plots.hessian_map(blocks, [w, b])[1], plots.hessian_map(matrix, plan.sources)[1]
    np.testing.assert_array_equal(cells(by_blocks), matrix)
    np.testing.assert_array_equal(cells(by_matrix), matrix)
    assert texts(by_matrix.yaxis) == ["w", "b"]


def test_a_hessian_of_one_source_of_two_axes():
    matrix = np.arange(36.0).reshape(6, 6)
    _, ax = plots.hessian_map(matrix.reshape(2, 3, 2, 3), ["w"])
    np.testing.assert_array_equal(cells(ax), matrix)
    assert texts(ax.yaxis) == ["w"]


def test_signs_are_three_colours(hessian):
    _, ax = plots.hessian_map(hessian, scale="signs")
    np.testing.assert_array_equal(cells(ax), np.sign(hessian))
    colours = [tuple(ax.images[0].cmap(ax.images[0].norm(v))) for v in (-1, 0, 1)]
    assert len(set(colours)) == 3 and colours[1][:3] == (1, 1, 1)


def test_log_magnitudes_are_symmetric_in_the_sign_and_keep_six_powers_of_ten(hessian):
    _, ax = plots.hessian_map(hessian)
    norm = ax.images[0].norm
    largest = np.abs(hessian).max()
    assert largest <= norm.vmax == -norm.vmin <= 10 * largest
    assert norm.linthresh >= largest * 1e-7
    np.testing.assert_allclose(np.ma.getdata(norm([-largest, 0, largest])).mean(), 0.5)
    shades = np.asarray(norm(10.0 ** np.arange(-2, 3)))
    assert (np.diff(shades) > 0.02).all()


@pytest.mark.parametrize("size", [1e-280, 1e-200, 1e200, 1e300])
def test_magnitudes_near_the_ends_of_float64(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of other libraries among themselves
        figure, ax = plots.hessian_map(np.diag([size, -size]))
        figure.draw_without_rendering()
    assert ax.images[0].norm.vmax >= size and ax.images[0].norm.linthresh > 0


def test_the_bar_of_logarithms_names_powers_of_both_signs():
    figure, ax = plots.hessian_map(np.diag([1e-3, -1e3]))
    labels = texts(figure.axes[1].yaxis)
    assert labels[0] == "$-10^{3}$" and labels[-1] == "$10^{3}$" and "0" in labels


@pytest.mark.parametrize("make", [np.array, sparse.coo_matrix])
def test_a_large_matrix_shows_the_largest_entry_of_each_cell(make):
    matrix = np.zeros([1300, 1300])
    matrix[1299, 3], matrix[1298, 3], matrix[700, 700] = -5, 4, 2
    _, ax = plots.hessian_map(make(matrix), scale="linear")
    assert cells(ax).shape == (500, 500)
    assert (cells(ax)[499, 1], cells(ax)[269, 269]) == (-5, 2)
    assert np.count_nonzero(cells(ax)) == 2
    assert ax.get_xlabel() == "column (a cell shows the largest of about 2.6 x 2.6 entries)"
    assert tuple(ax.images[0].get_extent()) == (-0.5, 1299.5, 1299.5, -0.5)


def test_every_entry_lies_in_the_cell_of_its_form():
    """Dense and sparse matrices are cut into cells in two ways, which must agree."""
    random = np.random.RandomState(1)
    matrix = random.standard_normal([733, 733]) * (random.random_sample([733, 733]) < 0.01)
    dense, scattered = plots.hessian_map(matrix)[1], plots.hessian_map(sparse.csr_matrix(matrix))[1]
    np.testing.assert_array_equal(cells(dense), cells(scattered))


def test_hundreds_of_sources_have_some_names_and_no_lines():
    _, ax = plots.hessian_map(np.eye(400), {"layer_%d/kernel" % i: 2 for i in range(200)})
    assert not ax.lines and 10 < len(texts(ax.yaxis)) < 25
    assert ax.get_ylabel() == "row; %d of 200 sources named" % len(texts(ax.yaxis))


@pytest.mark.parametrize("scale", ["log", "linear", "signs"])
def test_all_zero_is_said(scale):
    figure, ax = plots.hessian_map(np.zeros([3, 3]), scale=scale)
    assert [t.get_text() for t in ax.texts] == ["all entries are zero"]
    figure.draw_without_rendering()


@pytest.mark.parametrize("wrong, names, sentence", [
    (np.ones([2, 3]), None, "square"), (np.ones([0, 0]), None, "square"), (np.ones(4), None, "square"),
    (np.eye(3), {"a": 2}, "do not tell the sizes"), (np.eye(3), ["a", "b"], "do not tell the sizes"),
    ([[np.eye(2), np.ones([2, 3])], [np.ones([3, 2])]], None, "expected blocks"),
    ([[np.eye(2)]], ["a", "b"], "for 1 source"), (np.eye(2) * np.nan, None, "NaN"), (np.eye(2) * 1j, None, "real"),
    (sparse.csr_matrix([[np.inf]]), None, "NaN or infinite"), ([[np.eye(2) * np.nan]], None, "block 0, 0")])
def test_what_is_no_hessian_is_refused(wrong, names, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.hessian_map(wrong, names)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="'signs'|signs"):
        plots.hessian_map(np.eye(2), scale="logarithmic")


# --- patterns

def chain(n):
    return sparse.coo_matrix(np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1)


def test_entries_take_the_group_of_their_column():
    pattern = th.SparsityPattern(chain(7))
    coloring = th.Coloring.of(pattern)
    figure, ax = plots.sparsity(pattern, coloring)
    expected = np.where(chain(7).toarray(), coloring.colors[None, :], np.nan)
    np.testing.assert_array_equal(cells(ax), expected)
    assert ax.get_title() == "19 entries of 7 x 7 (39 %), columns in 3 groups"
    assert texts(figure.axes[1].yaxis) == ["0", "1", "2"]
    assert len({ax.images[0].cmap(ax.images[0].norm(i)) for i in range(3)}) == 3


def test_a_pattern_alone_and_an_empty_one():
    figure, ax = plots.sparsity(chain(4).toarray())
    assert ax.get_title() == "10 entries of 4 x 4 (62 %)" and len(figure.axes) == 1
    np.testing.assert_array_equal(np.isfinite(cells(ax)), chain(4).toarray())
    _, ax = plots.sparsity(np.zeros([3, 3]))
    assert ax.texts[0].get_text() == "no entry can be other than zero"


def test_many_groups_go_from_dark_to_light():
    figure, ax = plots.sparsity(np.ones([12, 12]), np.arange(12))
    assert ax.images[0].get_cmap().name == "viridis" and ax.images[0].get_clim() == (-0.5, 11.5)


def test_cells_of_several_groups_are_told_from_those_of_one():
    groups = np.zeros(1000, int)
    groups[1::2] = 1
    pattern = sparse.eye(1000).tolil()
    pattern[0, 900] = pattern[900, 0] = 1
    figure, ax = plots.sparsity(pattern, groups)
    one, several = np.isfinite(cells(ax)), np.isfinite(cells(ax, 1))
    np.testing.assert_array_equal(several, np.eye(500, dtype=bool))
    assert one.sum() == 2 and one[0, 450] and one[450, 0]
    assert figure.axes[1].get_ylabel() == "group of the column (grey: several groups)"


@pytest.mark.parametrize("wrong", [[0, 1], [0, 1, -1], [0.0, 1, 2], "abc"])
def test_groups_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match="a whole number from 0 up for each of the 3 columns"):
        plots.sparsity(np.eye(3), wrong)
