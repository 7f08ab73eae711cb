"""What a rule is shown of an op, and what it answers: links and terms."""
import collections

import numpy as np

from tf1_hessian.graph.traits import is_linear

__all__ = ["Cross", "Local", "Square", "View", "bends"]

Local = collections.namedtuple("Local", "links terms")
Local.__doc__ = """What an op does to its elements. links: {(position, output): link from an input that depends to an
output}. terms: where it is not linear, Squares and Crosses."""

Square = collections.namedtuple("Square", "links after output")
Square.__doc__ = """For each term, all pairs of what it depends on through any of the links {position: link}. Element k
of the output takes part in term after[k]; after None: in term k; output None: all terms count."""

Cross = collections.namedtuple("Cross", "one other after output")
Cross.__doc__ = """For each term, the pairs of what it depends on through one link and through another, each a pair
(position, link); after and output as in Square."""


class View(object):
    """An op as a rule sees it. inputs: what it reads; live, outputs: the inputs and outputs that a derivative flows
    through, by position; sizes(position), out_sizes(output): lists of ints.
    """

    def __init__(self, op, inputs, live, outputs, sizes, constants):
        self.op, self.inputs, self.live, self.outputs = op, inputs, live, outputs
        self._sizes, self._constants = sizes, constants

    def sizes(self, position):
        """The sizes of an input; those of its value for a variable's handle."""
        return self._sizes(self.inputs[position])

    def out_sizes(self, output):
        """The sizes of an output."""
        return self._sizes(self.op.outputs[output])

    def count(self, position):
        """The number of elements of an input."""
        return int(np.prod(self.sizes(position), dtype=np.int64))

    def out_count(self, output):
        """The number of elements of an output."""
        return int(np.prod(self.out_sizes(output), dtype=np.int64))

    def value(self, position):
        """The value of an input where the graph alone decides it, or None."""
        return self._constants.value(self.inputs[position])

    def run(self, arrays, moved):
        """The op's outputs on other inputs."""
        return self._constants.run(self.op, arrays, moved)


def bends(view):
    """([positions in which an op is not linear], [pairs of positions in which it is not linear together])."""
    live = view.live
    if is_linear(view.op, live):
        return [], []
    alone = [p for p in live if not is_linear(view.op, [p])]
    pairs = [(p, q) for i, p in enumerate(live) for q in live[i + 1:] if not is_linear(view.op, [p, q])]
    return alone, pairs
