"""Small matrices by row between the points of layers: second derivatives of the loss, and how inputs follow points."""
import collections

import numpy as np

from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.columns import stacked, together
from tf1_hessian.derivatives.gradients import backprop
from tf1_hessian.graph.scratch import key
from tf1_hessian.structure.layers import points_of

__all__ = ["RowBlocks", "columns_of_layers", "inputs_of_layers", "points_and_widths", "pulled_back"]


def columns_of_layers(flow, layers):
    """(columns of products at the points, seeds pulled back from the inputs) that the blocks take."""
    both = points_and_widths(layers), inputs_of_layers(flow, layers)
    return tuple(sum(width for _, width in found) for found in both)


def points_and_widths(layers):
    """[(point, its width)], each once."""
    return [(p.tensor, p.sizes[1]) for p in points_of(layers)]


def inputs_of_layers(flow, layers):
    """[(inputs of a layer that hang on a point, their width)], each once."""
    found, points = collections.OrderedDict(), points_of(layers)
    for layer in layers:
        if layer.inputs is not None and any(flow.depends(layer.inputs, p.tensor) for p in points):
            found[key(layer.inputs)] = layer.inputs, layer.width
    return list(found.values())


def pulled_back(targets, shaped, points, unit):
    """A unit seed over the columns of all `shaped` [(tensor, width)], ones along the rows, pulled back from the targets
    of their shapes (None for zero) to points.
    """
    parts = zip(targets, shaped, tf.split(unit, [width for _, width in shaped]))
    seeds = [(target, tf.zeros_like(t) + part) for target, (t, _), part in parts if target is not None]
    return backprop([target for target, _ in seeds], points, [seed for _, seed in seeds])


class RowBlocks(object):
    """Laid in the scratch graph, for layers whose rows stay apart: seeds have ones along the rows."""

    def __init__(self, flow, loss, layers):
        self._points, self._inputs = points_and_widths(layers), inputs_of_layers(flow, layers)
        tensors = [t for t, _ in self._points]
        self._slopes = dict(zip(map(key, tensors), backprop([loss], tensors)))
        self._second = self._columns([self._slopes[key(t)] for t in tensors], self._points)
        self._first = self._columns([t for t, _ in self._inputs], self._inputs)

    def slope(self, point):
        """dL/dz [rows, m] at a point, or None for zero."""
        return self._slopes[key(point.tensor)]

    def second(self, point, other):
        """d2L/dz dz' by row: [m, rows, m'], or None for zero."""
        return self._second.get((key(point.tensor), key(other.tensor)))

    def first(self, inputs, point):
        """d inputs/dz by row: [p, rows, m], or None for zero."""
        return None if inputs is None else self._first.get((key(inputs), key(point.tensor)))

    def _columns(self, targets, shaped):
        """Seeds on each of some targets in turn, pulled back to all points: {(start, point): [columns, rows, m]}."""
        ends, points = np.cumsum([0] + [width for _, width in shaped]), [t for t, _ in self._points]
        if all(t is None for t in targets):
            return {}

        units = tf.eye(int(ends[-1]), dtype=shaped[0][0].dtype)  # TF 1.13's pfor knows no OneHot

        def column(i):
            return pulled_back(targets, shaped, points, tf.gather(units, i))

        try:
            found = together(lambda: stacked(column, int(ends[-1])))
        except errors.NotVectorized as refusal:
            raise ValueError("the columns of layers can't be laid together: %s" % refusal) from refusal
        return {(key(t), key(point)): columns[ends[k]:ends[k + 1]] for k, (t, _) in enumerate(shaped)
                for point, columns in zip(points, found) if columns is not None}
