"""What the examples with pictures share: colours that all can tell apart, where pictures go, how they are saved."""
import argparse
import os

from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0b62a4", "#d95f02", "#1b9e77"


def parser(description):
    """Of the command line, with --output."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--output", default=os.path.join(here, "output"), help="the folder for the pictures")
    return found


def panels(columns, title, width=8.0, height=4.2):
    """(figure, axes): panels side by side below a title."""
    figure = Figure(figsize=(width, height), dpi=150, constrained_layout=True)
    axes = figure.subplots(1, columns)
    for each in [axes] if columns == 1 else axes:
        each.grid(alpha=0.3)
    figure.suptitle(title, fontsize=12)
    return figure, axes


def save(figure, path):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    figure.savefig(path)
    here = os.path.join(os.getcwd(), "")
    print("saved %s" % (path[len(here):] if path.startswith(here) else path))
