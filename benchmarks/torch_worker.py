"""The full Hessian of a dense net by torch.func.hessian, one run for each line "run"; started by full.py. Needs torch.

One flat vector, float32, not compiled: torch.compile does not follow forward over reverse derivatives.
"""
import sys

import numpy as np
import torch
from dense_nets import logits_of, pieces
from processes import THREADS, serve


def loss_of(vector, sizes, x, labels, act):
    """Softmax cross entropy of a dense net whose weights lie one after the other in a vector."""
    z = logits_of([piece.reshape(shape) for piece, shape in pieces(vector, sizes)], x, act)
    return -torch.mean(torch.sum(labels * torch.log_softmax(z, 1), 1))


def main(path, act):
    torch.set_num_threads(THREADS)
    stored = np.load(path)
    sizes, function = [int(s) for s in stored["sizes"]], {"tanh": torch.tanh, "relu": torch.relu}[act]
    vector, x, labels = [torch.from_numpy(stored[name]) for name in ("vector", "x", "labels")]
    hessian = torch.func.hessian(lambda v: loss_of(v, sizes, x, labels, function))
    serve(lambda: hessian(vector), lambda: [hessian(vector).numpy()])


if __name__ == "__main__":
    main(*sys.argv[1:])
