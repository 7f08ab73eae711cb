"""Diagonals, source by source."""
import numpy as np
from matplotlib.lines import Line2D

from tf1_hessian.plots.figures import BLUE, GREY, ORANGE, UNITS, axes_for, state, tick_names
from tf1_hessian.plots.values import entry_name, named, number, shortened, told_apart

__all__ = ["curvature_by_layer", "top_curvatures"]

# Layers that each have their name and counts beside them.
_MOST_NAMED = 25
_MOST_BARS_NAMED = 50
# An axis over more powers of ten shows nothing of where the values lie.
_MOST_DECADES = 16


def curvature_by_layer(diagonals, names=None, *, ax=None):
    """How large the entries of a Hessian diagonal are in each source, on a log axis: (figure, axes).

    diagonals: {name: array}, or a list with names= (texts or variables). For each source a line from the smallest to
    the largest size, a bar between the quartiles and a dot at the median, for positive and for negative entries apart;
    zeros are counted in the label. Sizes more than 16 powers of ten below the largest lie outside, and the title counts
    them.
    """
    layers = [(name, np.ravel(values)) for name, values in named(diagonals, names, "curvature_by_layer")]
    count = len(layers)
    figure, ax = axes_for(ax, min(9.0, max(3.0, 1.6 + 0.42 * count)))
    bar = max(1.0, min(7.0, 160.0 / count))
    for is_negative, colour, shift in ((False, BLUE, -0.16), (True, ORANGE, 0.16)):
        _draw_sizes(ax, [np.abs(v[v < 0 if is_negative else v > 0]) for _, v in layers], colour, shift, bar)
    values = np.concatenate([v for _, v in layers])
    hidden = _scale_sizes(ax, np.abs(values[values != 0]))
    _name_layers(ax, layers)
    _draw_key(ax, values, bar, [i for i, (_, v) in enumerate(layers) if not v.any()])
    ax.set_title("Curvature by layer: %s, %d negative, %d zero%s" % (
        number(values.size, "entry"), np.sum(values < 0), np.sum(values == 0),
        ", %d too small to show" % hidden if hidden else ""))
    return figure, ax


def top_curvatures(diagonals, k=20, names=None, *, ax=None):
    """The k weights of largest |H_ii| over all sources, as bars with `name[index]`: (figure, axes).

    diagonals and names as in `curvature_by_layer`. Negative entries have their own colour and go to the left. Of more
    than 50 bars some have their names and values.
    """
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
        raise ValueError("k=%r is not possible; expected a whole number from 1 up." % (k,))
    top, total = _largest(named(diagonals, names, "top_curvatures"), k)
    figure, ax = axes_for(ax, min(12.0, 1.6 + 0.24 * max(4, len(top))))
    values = np.array([value for _, value in top])
    places = np.arange(len(top))
    ax.barh(places, values, color=[ORANGE if v < 0 else BLUE for v in values], height=0.75)
    step = -(-len(top) // _MOST_BARS_NAMED)
    _write_values(ax, values, step)
    tick_names(ax.yaxis, places[::step], [shortened(name, 44) for name, _ in top[::step]], fontsize=9)
    ax.set_ylim(len(top) - 0.4, -0.6)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_xlabel("second derivative of the loss, $H_{ii}$ (%s)" % UNITS)
    ax.set_title("The %d largest of %s of the Hessian diagonal" % (len(top), number(total, "entry")))
    if not values.any():
        state(ax, "all entries are zero")
    return figure, ax


def _draw_sizes(ax, sizes, colour, shift, bar):
    """Range, quartiles and median of each array that is not empty."""
    rows = np.array([i for i, s in enumerate(sizes) if s.size], int)
    if not rows.size:
        return
    low, first, middle, third, high = np.array([np.percentile(sizes[i], [0, 25, 50, 75, 100]) for i in rows]).T
    ax.hlines(rows + shift, low, high, color=colour, linewidth=max(0.5, bar / 5))
    ax.hlines(rows + shift, first, third, color=colour, linewidth=bar)
    ax.plot(middle, rows + shift, "o", color="white", markeredgecolor="black", markeredgewidth=0.15 * bar ** 0.8,
            markersize=bar * 0.75)


def _scale_sizes(ax, sizes):
    """A log axis over the sizes; how many lie below it."""
    ax.set_xlabel("size of the second derivative of the loss, $|H_{ii}|$ (%s)" % UNITS)
    if not sizes.size:
        state(ax, "all entries are zero")
        ax.set_xticks([])
        return 0
    low = max(sizes.min(), sizes.max() * 10.0 ** -_MOST_DECADES)
    room = (sizes.max() / low) ** 0.03 * 1.2
    ax.set_xscale("log")
    ax.set_xlim(low / room, sizes.max() * room)
    ax.grid(axis="x", alpha=0.3)
    return int(np.sum(sizes < low))


def _name_layers(ax, layers):
    step = -(-len(layers) // 40) if len(layers) > _MOST_NAMED else 1
    rows = range(0, len(layers), step)
    names = told_apart([name for name, _ in layers])
    texts = [names[i] for i in rows]
    if len(layers) <= _MOST_NAMED:
        texts = ["%s\n%s" % (name, _counts(v)) for name, (_, v) in zip(names, layers)]
    ax.set_yticks(list(rows))
    ax.set_yticklabels(texts, fontsize=9 if step == 1 else 8)
    ax.set_ylim(len(layers) - 0.4, -0.6)
    if step > 1:
        ax.set_ylabel("%d layers, every %s named" % (len(layers), _ordinal(step)))


def _ordinal(i):
    return "%d%s" % (i, {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < i % 100 < 14 else i % 10, "th"))


def _counts(values):
    """`640: 12 negative, 3 zero`, or `32, all positive`."""
    found = [(int(c), word) for c, word in (
        (np.sum(values > 0), "positive"), (np.sum(values < 0), "negative"), (np.sum(values == 0), "zero")) if c]
    if not found:
        return "no entries"
    if len(found) == 1:
        return "{:,}, all {}".format(*found[0])
    return "{:,}: {}".format(values.size, ", ".join("%d %s" % f for f in found if f[1] != "positive"))


def _draw_key(ax, values, bar, flat):
    """What the colours and marks stand for; a cross at the left edge for a layer without a size."""
    shown = [(BLUE, "positive")] * bool((values > 0).any()) + [(ORANGE, "negative")] * bool((values < 0).any())
    keys = [Line2D([], [], color=colour, linewidth=bar, label=label) for colour, label in shown]
    if flat and values.any():
        ax.plot(np.full(len(flat), 0.01), flat, "x", color=GREY, markersize=5, transform=ax.get_yaxis_transform())
        keys.append(Line2D([], [], color=GREY, marker="x", linestyle="", label="all zero"))
    if keys:
        keys.append(Line2D([], [], color="none", marker="o", markerfacecolor="white", markeredgecolor="black",
                           label="median; bar: quartiles; line: all"))
        ax.legend(handles=keys, loc="upper right", bbox_to_anchor=(1, -0.62 * ax.figure.dpi / ax.bbox.height),
                  ncol=len(keys), fontsize=10, frameon=False, columnspacing=1.2, handlelength=1.5)


def _largest(layers, k):
    """([(name[index], value)] of the k largest sizes, the number of all)."""
    values = np.concatenate([np.ravel(v) for _, v in layers])
    if not values.size:
        raise ValueError("top_curvatures: expected at least one entry and got none.")
    ends = np.cumsum([v.size for _, v in layers])
    top = []
    for place in np.argsort(-np.abs(values), kind="stable")[:k]:
        layer = int(np.searchsorted(ends, place, side="right"))
        name, array = layers[layer]
        index = np.unravel_index(place - (ends[layer] - array.size), array.shape) if array.ndim else ()
        top.append((entry_name(name, index), values[place]))
    return top, values.size


def _write_values(ax, values, step):
    """Every so many values at the ends of their bars, with room for them."""
    for row, value in list(enumerate(values))[::step]:
        ax.annotate("%.3g" % value, (value, row), (-4 if value < 0 else 4, 0), textcoords="offset points", fontsize=9,
                    ha="right" if value < 0 else "left", va="center")
    low, high = min(0.0, values.min()), max(0.0, values.max())
    room = 0.15 * ((high - low) or 1.0)
    ax.set_xlim(low - room if low < 0 else 0.0, high + room if high > 0 or low == 0 else 0.0)
