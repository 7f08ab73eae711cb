"""Diagonals by layer and the largest entries: the numbers behind the lines, bars and labels."""
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tf1_hessian import plots
from tf1_hessian.plots.figures import BLUE, ORANGE


def texts(axis):
    axis.figure.draw_without_rendering()
    return [label.get_text() for label in axis.get_ticklabels()]


def segments(ax, width):
    """Ends of the horizontal lines of one width, by collection."""
    return [[tuple(s[:, 0]) for s in c.get_segments()] for c in ax.collections if c.get_linewidth()[0] == width]


DIAGONALS = {"a/w:0": np.array([[1.0, 2, 3], [4, 5, -0.1]]), "b": np.array([0.0, 0, 10]), "c": np.zeros((2, 0)),
             "d": np.zeros(2)}


def test_lines_are_ranges_and_bars_quartiles_for_each_sign():
    figure, ax = plots.curvature_by_layer(DIAGONALS)
    assert figure is ax.figure and list(figure.get_size_inches())[0] * figure.dpi == 800
    lines, bars = segments(ax, 1.4), segments(ax, 7.0)
    np.testing.assert_allclose(lines[0], [(1, 5), (10, 10)])
    np.testing.assert_allclose(lines[1], [(0.1, 0.1)])
    np.testing.assert_allclose(bars[0], [(2, 4), (10, 10)])
    medians = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "o"]
    assert medians == [[3, 10], [0.1]]
    assert ax.get_xscale() == "log" and ax.get_xlim()[0] < 0.1 and ax.get_xlim()[1] > 10


def test_zeros_and_negatives_are_counted_and_named():
    _, ax = plots.curvature_by_layer(DIAGONALS)
    assert texts(ax.yaxis) == ["a/w\n6: 1 negative", "b\n3: 2 zero", "c\nno entries", "d\n2, all zero"]
    assert ax.get_title() == "Curvature by layer: 11 entries, 1 negative, 4 zero"
    assert "weight$^2$" in ax.get_xlabel()
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert crosses[0].get_ydata().tolist() == [2, 3]
    assert [t.get_text() for t in ax.get_legend().get_texts()][:3] == ["positive", "negative", "all zero"]


def test_hundreds_of_layers_have_some_names_and_one_height():
    figure, ax = plots.curvature_by_layer({"layer%d" % i: np.full(3, i + 1.0) for i in range(300)})
    assert len(texts(ax.yaxis)) <= 40 and texts(ax.yaxis)[1] == "layer8"
    assert ax.get_ylabel() == "300 layers, every 8th named"
    assert figure.get_figheight() == 9
    assert len(ax.collections[0].get_segments()) == 300


def test_sizes_far_below_the_largest_lie_outside_and_are_counted():
    _, ax = plots.curvature_by_layer({"w": [1e-300, 1e-3, 1.0]})
    assert 1e-20 < ax.get_xlim()[0] < 1e-16
    assert ax.get_title().endswith("0 zero, 1 too small to show")


def test_all_zero_is_said():
    _, ax = plots.curvature_by_layer([np.zeros(3)], ["w"])
    assert [t.get_text() for t in ax.texts] == ["all entries are zero"] and ax.get_legend() is None


def test_the_largest_are_named_by_index_and_coloured_by_sign():
    _, ax = plots.top_curvatures({"w": np.array([[1.0, -7, 3], [0, 5, 2]]), "s": np.array(6.0)}, 3)
    assert texts(ax.yaxis) == ["w[0, 1]", "s", "w[1, 1]"]
    assert [p.get_width() for p in ax.patches] == [-7, 6, 5]
    assert [t.get_text() for t in ax.texts] == ["-7", "6", "5"]
    assert [to_hex(p.get_facecolor()) for p in ax.patches] == [c.lower() for c in (ORANGE, BLUE, BLUE)]
    assert ax.get_title() == "The 3 largest of 7 entries of the Hessian diagonal"
    assert ax.get_xlim()[0] < -7 and ax.get_xlim()[1] > 6
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_fewer_entries_than_asked_for():
    _, ax = plots.top_curvatures([np.array([2.0, 1.0])])
    assert len(ax.patches) == 2 and ax.get_xlim()[0] == 0
    _, ax = plots.top_curvatures([np.array([-2.0, -1.0])])
    assert ax.get_xlim()[1] == 0
    _, ax = plots.top_curvatures([np.zeros(2)])
    assert ax.texts[-1].get_text() == "all entries are zero"


def test_of_many_bars_some_are_named():
    figure, ax = plots.top_curvatures({"w": np.arange(1.0, 131)}, 130)
    assert len(ax.patches) == 130 and texts(ax.yaxis)[:2] == ["w[129]", "w[126]"]
    assert [t.get_text() for t in ax.texts][:2] == ["130", "127"] and figure.get_figheight() == 12


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_a_number_of_entries_that_can_not_be_meant(k):
    with pytest.raises(ValueError, match="k="):
        plots.top_curvatures({"w": [1.0]}, k)


def test_nothing_to_show_is_refused():
    with pytest.raises(ValueError, match="at least one entry"):
        plots.top_curvatures({"w": np.zeros(0)})


@pytest.mark.parametrize("draw", [
    lambda ax: plots.curvature_by_layer({"w": [1.0, 2.0]}, ax=ax),
    lambda ax: plots.top_curvatures({"w": [1.0, 2.0]}, ax=ax),
    lambda ax: plots.hessian_map(np.eye(3), ax=ax),
    lambda ax: plots.sparsity(np.eye(3), [0, 1, 0], ax=ax),
    lambda ax: plots.spectrum([1.0, 2.0], ax=ax),
    lambda ax: plots.pruning_curve([0, 1], {"a": [1, 0]}, ylabel="y", ax=ax),
])
def test_axes_of_the_user_are_drawn_on(draw):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert draw(right) == (figure, right) and right.has_data() and not left.has_data()
    with pytest.raises(TypeError, match="expected matplotlib axes"):
        draw(figure)
