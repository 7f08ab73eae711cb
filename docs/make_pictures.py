"""Makes docs/images: python docs/make_pictures.py. The pictures of how-to pages are those that their code saves."""
import os
import shutil
import sys
import tempfile

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
sys.path[:0] = [_ROOT] + [os.path.join(_ROOT, folder) for folder in ("tests", "legacy_examples")]

import matplotlib.figure  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402
from digits_pruning import network  # noqa: E402
from pruning import PERCENTS, race  # noqa: E402

import tf1_hessian as th  # noqa: E402
from test_docs import blocks, run_python  # noqa: E402

_IMAGES = os.path.join(_HERE, "images")
_OF_PAGES = [("docs/how-to/pictures.md", "hessian.png"), ("docs/how-to/pictures.md", "sparsity.png"),
             ("docs/how-to/spectrum.md", "spectrum.png")]
# Of what legacy_examples/pruning.py deletes: where the loss rises by more than rounding, and is of any use.
_SHOWN = range(2, 9)


def first_screen():
    """README's picture: five nets pruned by the diagonal and by magnitude, and the diagonal by layer."""
    model, trained, obd, magnitude = race(network, 5, 1500)
    figure = matplotlib.figure.Figure(figsize=(10.5, 4.0), dpi=90)
    left, right = figure.subplots(1, 2)
    fractions = np.array(PERCENTS)[_SHOWN] / 100.0
    rises = {"by the exact diagonal": obd[:, _SHOWN, 1], "by magnitude": magnitude[:, _SHOWN, 1]}
    th.plots.pruning_curve(fractions, rises, ylabel="rise of the loss (nats per image)", scale="log", ax=left)
    left.set_title("Deleting weights of a digits net", fontsize=11)
    th.plots.curvature_by_layer(trained.diagonal, model.weights, ax=right)
    right.set_title("All 2,410 entries of its Hessian diagonal", fontsize=11)
    figure.tight_layout()
    figure.savefig(os.path.join(_IMAGES, "pruning.png"))


def of_pages():
    """Runs the pages and takes the pictures that they show."""
    for page in sorted({page for page, _ in _OF_PAGES}):
        os.chdir(tempfile.mkdtemp())
        namespace = {"__name__": "__main__"}
        with tf.Graph().as_default():
            for block in blocks(page):
                if block.language == "python":
                    run_python(block, page, namespace)
        for name in [name for of, name in _OF_PAGES if of == page]:
            shutil.copy(name, os.path.join(_IMAGES, name))


if __name__ == "__main__":
    os.makedirs(_IMAGES, exist_ok=True)
    of_pages()
    first_screen()
