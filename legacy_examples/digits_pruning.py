"""Optimal Brain Damage on scikit-learn's digits: which weights can a trained network lose?

A 64-32-10 network is trained in a Session; the exact Hessian diagonal of all its weights comes from one session call.
Weights are deleted by saliency H_ii w_i**2 / 2, the rise of the loss that the diagonal predicts (LeCun, Denker and
Solla, Optimal Brain Damage, 1990), or by magnitude, without training afterwards. The prediction assumes a minimum, so
training goes on until the gradient is small. Prints a table and saves two pictures.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from matplotlib.figure import Figure
from pruning import BLUE, CLASSES, ORANGE, PIXELS, WEIGHT_DECAY, dense, draw_pruning, flat, parse_arguments, race, save

tf.disable_eager_execution()

HIDDEN = 32


def network(images):
    """(logits, variables)"""
    hidden, first = dense("hidden", images, PIXELS, HIDDEN, seed=1)
    logits, second = dense("output", tf.tanh(hidden), HIDDEN, CLASSES, seed=2)
    return logits, first + second


def draw_layer(axes, variable, diagonal, bins):
    """A histogram of |H_ii|; negative entries in their own colour, zeros only counted."""
    negative = diagonal < 0
    share = np.full(diagonal.size, 100.0 / diagonal.size)
    axes.hist([diagonal[~negative], -diagonal[negative]], bins, weights=[share[~negative], share[negative]],
              color=[BLUE, ORANGE], label=["positive", "negative, by size"], stacked=True)
    axes.axvline(np.median(np.abs(diagonal)), color="k", label="median")
    if variable.shape.ndims == 2:
        axes.axvline(WEIGHT_DECAY, color="k", linestyle=":", label="from the weight decay alone")
    axes.set_xscale("log")
    axes.set_ylabel("entries (%)", fontsize=11)
    axes.set_title("%s %s: %d entries, %d negative, %d zero" % (
        variable.op.name, variable.shape, diagonal.size, negative.sum(), np.sum(diagonal == 0)), fontsize=11)
    axes.grid(alpha=0.3)


def draw_diagonal(model, trained, path):
    """A histogram for each variable, on one log axis."""
    sizes = np.abs(flat(trained.diagonal))
    bins = np.geomspace(0.9 * sizes[sizes > 0].min(), 1.1 * sizes.max(), 45)
    figure = Figure(figsize=(7.2, 8.2), dpi=150)
    rows = figure.subplots(len(model.weights), 1, sharex=True)
    for axes, variable, diagonal in zip(rows, model.weights, trained.diagonal):
        draw_layer(axes, variable, np.ravel(diagonal), bins)
    rows[0].legend(fontsize=10, loc="upper right")
    rows[-1].set_xlabel("size of the second derivative of the loss, $|H_{ii}|$", fontsize=12)
    figure.suptitle("The exact Hessian diagonal by layer", fontsize=13)
    save(figure, path)


def main():
    arguments = parse_arguments(__doc__.splitlines()[0])
    networks, steps = (2, 300) if arguments.quick else (5, 1500)
    model, trained, obd, magnitude = race(network, networks, steps)
    draw_pruning(obd, magnitude, "64-32-10 network", os.path.join(arguments.output, "digits_pruning.png"))
    draw_diagonal(model, trained, os.path.join(arguments.output, "digits_diagonal.png"))


if __name__ == "__main__":
    main()
