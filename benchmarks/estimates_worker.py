"""Products with the Hessian of a dense net, and estimates from them, by curvlinops; started by estimates.py.

Needs torch and curvlinops-for-pytorch. A run is one product with as many vectors at once as are asked for.
"""
import sys

import numpy as np
import torch
from curvlinops import HessianLinearOperator, hutchinson_diag, hutchinson_trace, xdiag, xtrace
from processes import THREADS, serve

METHODS = {"diag hutchinson": hutchinson_diag, "diag xdiag": xdiag,
           "trace hutchinson": hutchinson_trace, "trace xtrace": xtrace}


def net_of(vector, sizes, act):
    """A dense net with the weights of a vector."""
    layers, at = [], 0
    for a, b in zip(sizes, sizes[1:]):
        layer, at = torch.nn.Linear(a, b), at + (a + 1) * b
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(vector[at - (a + 1) * b:at - b].reshape(a, b).T.copy()))
            layer.bias.copy_(torch.from_numpy(vector[at - b:at]))
        layers += [layer, act()]
    return torch.nn.Sequential(*layers[:-1])


def places_of(sizes):
    """Where the elements of torch's vector stand in ours: it has weights [outputs, inputs]."""
    found, at = [], 0
    for a, b in zip(sizes, sizes[1:]):
        found += [at + np.arange(a * b).reshape(a, b).T.ravel(), at + a * b + np.arange(b)]
        at += (a + 1) * b
    return np.concatenate(found)


def estimated(matrix, stored):
    """{method: estimates by count of products and seed}, from a matrix in place of the operator."""
    for name in stored["methods"]:
        found = []
        for count in stored["counts"]:
            for seed in stored["seeds"]:
                torch.manual_seed(int(seed))
                found.append(METHODS[str(name)](matrix, int(count)).numpy())
        yield np.reshape(found, (len(stored["counts"]), len(stored["seeds"]), -1))


def main(path, vectors):
    torch.set_num_threads(THREADS)
    stored = np.load(path)
    sizes = [int(s) for s in stored["sizes"]]
    net = net_of(stored["vector"], sizes, torch.nn.Tanh)
    batch = torch.from_numpy(stored["x"]), torch.from_numpy(stored["labels"].argmax(1))
    operator = HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), list(net.parameters()), [batch])
    drawn = torch.randn([operator.shape[1], int(vectors)])

    def answer():
        n, places = operator.shape[1], places_of(sizes)
        matrix = (operator @ torch.eye(n)).double()
        inverse = np.argsort(places)
        return [matrix.numpy()[np.ix_(inverse, inverse)]] + [
            part[:, :, inverse] if part.shape[-1] == n else part for part in estimated(matrix, stored)]

    serve(lambda: operator @ drawn, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
