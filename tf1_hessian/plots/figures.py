"""The look of all pictures: size, colours, ticks."""
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

__all__ = ["BLUE", "CYCLE", "DIVERGING", "GREY", "ORANGE", "UNITS", "axes_for", "spread", "state", "tick_names"]

# Okabe and Ito, Color universal design, 2008; their yellow is left out, which is hard to see on white.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#595959"
CYCLE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DIVERGING = LinearSegmentedColormap.from_list(
    "orange_white_blue", ["#7A3000", ORANGE, "#F5B98F", "#FFFFFF", "#92C5E8", BLUE, "#003A5C"])
UNITS = "loss / weight$^2$"

_WIDTH, _DPI = 8.0, 100


def axes_for(ax, height=5.0):
    """The given axes, or those of a new figure 800 pixels wide, which belongs to no window and no backend."""
    if ax is None:
        ax = Figure(figsize=(_WIDTH, height), dpi=_DPI, constrained_layout=True).add_subplot(111)
    elif not hasattr(ax, "set_xlabel"):
        raise TypeError("ax=%r: expected matplotlib axes, one of them." % (ax,))
    return ax.figure, ax


def spread(centres, sizes, gap):
    """Indices of names that can stand side by side: the largest first, none closer than `gap` to another."""
    kept = []
    for i in np.argsort(-np.asarray(sizes), kind="stable"):
        if all(abs(centres[i] - centres[k]) >= gap for k in kept):
            kept.append(int(i))
    return sorted(kept)


def tick_names(axis, places, names, **style):
    """Names instead of numbers on an axis."""
    axis.set_ticks(list(places))
    axis.set_ticklabels(list(names), **style)


def state(ax, sentence):
    """A sentence in the middle of a picture that has nothing else to show."""
    ax.text(0.5, 0.5, sentence, transform=ax.transAxes, ha="center", va="center", fontsize=12,
            bbox={"facecolor": "white", "edgecolor": GREY, "boxstyle": "round"})
