"""Curves: a spectrum, and what pruning costs."""
import numpy as np
from scipy import stats

from tf1_hessian.plots.figures import BLUE, CYCLE, GREY, UNITS, axes_for, state
from tf1_hessian.plots.values import number, real, shortened

__all__ = ["pruning_curve", "spectrum"]

# Standard errors to each side of an estimated density.
_BAND = 2
# Powers of ten below the largest density that are shown.
_DECADES = 6
_MARKERS = "osD^vP*"


def spectrum(values, *, exact=None, scale="log", ax=None):
    """The spectrum of a Hessian: (figure, axes).

    values: an estimated density, as a SpectralDensity, (grid, density) or (grid, density, standard_error): a line, and
    a band of two standard errors to each side; or eigenvalues [n], as a histogram and a mark for each. exact:
    eigenvalues to draw below an estimate: as bells of a SpectralDensity's width, else as a histogram. scale: of the
    density, "log" or "linear".
    """
    if scale not in ("log", "linear"):
        raise ValueError("scale=%r is not possible; expected 'log' or 'linear'." % (scale,))
    density = _density(values)
    if density is None and exact is not None:
        raise ValueError("spectrum: exact= stands below an estimated density, and values are eigenvalues themselves.")
    eigenvalues = _eigenvalues(values if density is None else exact)
    figure, ax = axes_for(ax)
    tops = []
    if eigenvalues is not None:
        bells = None if density is None or not hasattr(values, "width") else (density[0], float(values.width))
        tops.append(_draw_eigenvalues(ax, eigenvalues, bells))
    if density is not None:
        tops.append(_draw_density(ax, *density))
    ax.set_yscale(scale)
    ax.set_ylim(max(tops) * 10.0 ** -_DECADES if scale == "log" else 0, max(tops) * (2 if scale == "log" else 1.08))
    ax.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_xlabel("eigenvalue of the Hessian (%s)" % UNITS)
    ax.set_ylabel("density of eigenvalues (weight$^2$ / loss)")
    ax.set_title("Spectrum of the Hessian" + ("" if eigenvalues is None else ": " + _facts(eigenvalues)))
    ax.grid(alpha=0.3)
    ax.legend(fontsize=10)
    return figure, ax


def pruning_curve(fractions, curves, *, ylabel, scale="linear", ax=None):
    """What deleting weights costs, a line for each way to choose them: (figure, axes).

    fractions: of weights deleted, 0 to 1, [m]. curves: {label: values}, values [m], or [runs, m] for the mean of
    several runs and a band between the smallest and the largest. ylabel: what the values are, with its unit. scale: of
    the values; what is not above zero lies below a log axis.
    """
    if scale not in ("log", "linear"):
        raise ValueError("scale=%r is not possible; expected 'log' or 'linear'." % (scale,))
    fractions = real(fractions, "pruning_curve: fractions")
    if fractions.ndim != 1 or not fractions.size or fractions.min() < 0 or fractions.max() > 1:
        raise ValueError("pruning_curve: fractions=%s are not possible; expected a vector of numbers from 0 to 1." % (
            fractions,))
    curves = [(str(label), _runs(label, values, fractions.size)) for label, values in curves.items()]
    if not curves:
        raise ValueError("pruning_curve: expected at least one curve and got none.")
    figure, ax = axes_for(ax)
    for i, (label, runs) in enumerate(curves):
        style = {"color": CYCLE[i % len(CYCLE)], "marker": _MARKERS[i % len(_MARKERS)], "markersize": 5}
        if len(runs) > 1:
            ax.fill_between(100 * fractions, runs.min(0), runs.max(0), color=style["color"], alpha=0.18, linewidth=0)
        ax.plot(100 * fractions, runs.mean(0), label=_label(label), **style)
    if scale == "log" and max(runs.max() for _, runs in curves) <= 0:
        state(ax, "no value is above zero")
    else:
        ax.set_yscale(scale)
    ax.set_xlabel("weights deleted (%)")
    ax.set_ylabel(ylabel)
    most = max(len(runs) for _, runs in curves)
    ax.set_title("Pruning" + (": mean and range of %d runs" % most if most > 1 else ""))
    ax.grid(alpha=0.3)
    ax.legend(fontsize=10)
    return figure, ax


def _label(label):
    """Mathematics stays as it is; an underscore at the start would hide the curve from the legend."""
    label = label if "$" in label else shortened(label, 48)
    return " " + label if label.startswith("_") else label


def _runs(label, values, size):
    values = real(values, "pruning_curve: '%s'" % label)
    if values.shape[-1:] != (size,) or values.ndim > 2 or not values.size:
        raise ValueError("pruning_curve: '%s' has the shape %s; expected [%d] or [runs, %d], a value for each fraction."
                         % (label, list(values.shape), size, size))
    return np.atleast_2d(values)


def _density(values):
    """(grid, density, standard error or None) of an estimate; None for eigenvalues."""
    if hasattr(values, "grid"):
        values = values.grid, values.density, values.standard_error
    if not any(np.ndim(v) for v in values):
        return None
    if len(values) not in (2, 3):
        raise ValueError("spectrum: expected eigenvalues [n], (grid, density) or (grid, density, standard_error), and "
                         "got %d arrays." % len(values))
    parts = [real(v, "spectrum: " + what) for v, what in zip(values, ("grid", "density", "standard_error"))]
    grid, density = parts[:2]
    if any(p.shape != grid.shape or p.ndim != 1 or not p.size for p in parts):
        raise ValueError("spectrum: grid, density and standard_error are of the shapes %s; expected vectors of one "
                         "length." % [list(p.shape) for p in parts])
    if density.max() <= 0:
        raise ValueError("spectrum: the density is nowhere above zero.")
    order = np.argsort(grid, kind="stable")
    return tuple(p[order] for p in parts) + (None,) * (3 - len(parts))


def _eigenvalues(values):
    if values is None:
        return None
    values = real(values, "spectrum: eigenvalues")
    if values.ndim != 1 or not values.size:
        raise ValueError("spectrum: eigenvalues have the shape %s; expected a vector [n]." % list(values.shape))
    return np.sort(values)


def _draw_eigenvalues(ax, eigenvalues, bells):
    """A histogram, or the sum of bells (grid, width); a mark for each on the axis. The largest density."""
    count = number(eigenvalues.size, "eigenvalue")
    if bells is None:
        bins = int(min(100, max(10, 2 * np.sqrt(eigenvalues.size))))
        label = "exact, %s in %d bins" % (count, bins)
        shares, _, _ = ax.hist(eigenvalues, bins, density=True, color="0.8", label=label)
    else:
        grid, width = bells
        shares = np.mean([stats.norm.pdf(grid, e, width) for e in eigenvalues], 0)
        ax.fill_between(grid, shares, color="0.8", linewidth=0, label="exact, %s, smoothed alike" % count)
    ax.plot(eigenvalues, np.full(eigenvalues.size, 0.02), "|", color="black", markersize=10, markeredgewidth=0.6,
            transform=ax.get_xaxis_transform(), label="each eigenvalue")
    return float(np.max(shares))


def _draw_density(ax, grid, density, error):
    """The estimate and its band; the largest density."""
    if error is not None:
        ax.fill_between(grid, np.maximum(density - _BAND * error, 0), density + _BAND * error, color=BLUE, alpha=0.25,
                        linewidth=0, label="%d standard errors to each side" % _BAND)
    ax.plot(grid, density, color=BLUE, label="estimate")
    return float(np.max(density if error is None else density + _BAND * error))


def _facts(eigenvalues):
    # What is left of a zero by rounding has no sign.
    rounding = np.finfo(np.float64).eps * eigenvalues.size * np.abs(eigenvalues).max()
    eigenvalues = np.where(np.abs(eigenvalues) > rounding, eigenvalues, 0.0)
    return "%.3g to %.3g, %d of %d negative" % (
        eigenvalues[0], eigenvalues[-1], np.sum(eigenvalues < 0), eigenvalues.size)
