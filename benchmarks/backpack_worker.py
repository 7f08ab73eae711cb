"""BackPACK's exact Hessian diagonal, one run for each line "run" on the standard input; started by diagonal.py.

Needs torch and backpack-for-pytorch. Layers are stored as TensorFlow has them: weights [inputs, outputs], kernels
[height, width, inputs, outputs]; diagonals are given back so.
"""
import sys

import numpy as np
import torch
from backpack import backpack, extend
from backpack.extensions import DiagHessian
from processes import serve


def as_torch(weight):
    """A weight of TensorFlow's layout in torch's."""
    order = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[weight.ndim]
    return torch.from_numpy(np.ascontiguousarray(weight.transpose(order)))


def as_tensorflow(diagonal):
    """The other way round."""
    order = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}[diagonal.ndim]
    return diagonal.numpy().transpose(order)


def dense_net(weights, activation):
    layers = []
    for weight in weights[::2]:
        layers += [torch.nn.Linear(*weight.shape), activation()]
    return torch.nn.Sequential(*layers[:-1])


def lenet():
    """As in diagonal.py; flattened in TensorFlow's order by the permuted columns of the first dense layer."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(6, 16, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(400, 120), torch.nn.ReLU(), torch.nn.Linear(120, 84), torch.nn.ReLU(), torch.nn.Linear(84, 10))


def flattened_rows(weight, back=False):
    """The rows of the dense layer behind Flatten: TensorFlow counts channels last, torch first."""
    order = np.arange(400).reshape(5, 5, 16).transpose(2, 0, 1).ravel()
    if not back:
        return weight[order]
    found = np.empty_like(weight)
    found[order] = weight
    return found


class Problem(object):
    def __init__(self, path, kind):
        stored = np.load(path)
        weights = [stored["arr_%d" % i] for i in range(len(stored.files) - 2)]
        self._is_image, x = kind == "lenet", stored["x"]
        if self._is_image:
            weights[4], x = flattened_rows(weights[4]), x.transpose(0, 3, 1, 2)
        net = lenet() if self._is_image else dense_net(weights, {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[kind])
        with torch.no_grad():
            for parameter, weight in zip(net.parameters(), weights):
                parameter.copy_(as_torch(weight))
        self._net, self._loss = extend(net), extend(torch.nn.CrossEntropyLoss())
        self._x = torch.from_numpy(np.ascontiguousarray(x))
        self._y = torch.from_numpy(stored["y"].astype(np.int64))

    def run(self):
        """Gradient and diagonal."""
        self._net.zero_grad()
        with backpack(DiagHessian()):
            self._loss(self._net(self._x), self._y).backward()

    def answer(self):
        """The diagonals in TensorFlow's layout."""
        found = [as_tensorflow(p.diag_h.detach()) for p in self._net.parameters()]
        if self._is_image:
            found[4] = flattened_rows(found[4], back=True)
        return found


def main(path, kind, threads):
    torch.set_num_threads(int(threads))
    problem = Problem(path, kind)
    serve(problem.run, problem.answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
