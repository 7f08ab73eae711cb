"""Optimal Brain Damage on scikit-learn's digits: which weights can a trained network lose?

A 64-32-10 network is trained in a Session; the exact Hessian diagonal of all its weights comes from one session call.
Weights are deleted by saliency H_ii w_i**2 / 2, the rise of the loss that the diagonal predicts (LeCun, Denker and
Solla, Optimal Brain Damage, 1990), or by magnitude, without training afterwards. The prediction assumes a minimum, so
training goes on until the gradient is small. Prints a table and saves two pictures.
"""
import os

import tensorflow.compat.v1 as tf
from matplotlib.figure import Figure
from pruning import CLASSES, PIXELS, WEIGHT_DECAY, dense, draw_pruning, parse_arguments, race, save

import tf1_hessian as th

tf.disable_eager_execution()

HIDDEN = 32


def network(images):
    """(logits, variables)"""
    hidden, first = dense("hidden", images, PIXELS, HIDDEN, seed=1)
    logits, second = dense("output", tf.tanh(hidden), HIDDEN, CLASSES, seed=2)
    return logits, first + second


def draw_diagonal(model, trained, path):
    """How large the entries of each layer are, and what the weight decay alone would give."""
    figure = Figure(figsize=(8.0, 4.2), dpi=150, constrained_layout=True)
    axes = th.plots.curvature_by_layer(trained.diagonal, model.weights, ax=figure.subplots())[1]
    axes.axvline(WEIGHT_DECAY, color="k", linestyle=":")
    axes.text(WEIGHT_DECAY, -0.5, " weight decay alone", fontsize=9, va="top")
    save(figure, path)


def main():
    arguments = parse_arguments(__doc__.splitlines()[0])
    networks, steps = (2, 300) if arguments.quick else (5, 1500)
    model, trained, obd, magnitude = race(network, networks, steps)
    draw_pruning(obd, magnitude, "64-32-10 network", os.path.join(arguments.output, "digits_pruning.png"))
    draw_diagonal(model, trained, os.path.join(arguments.output, "digits_diagonal.png"))


if __name__ == "__main__":
    main()
