"""In which order the elements of a pattern get their colours; each order is a permutation of 0 .. n-1.

Source: Gebremedhin, Manne, Pothen, What color is your Jacobian?, SIAM Review 47 (2005), section 6.
"""
import heapq

import numpy as np

__all__ = ["ORDERS", "largest_first", "natural", "smallest_last"]


def natural(adjacency):
    """As the elements are counted."""
    return np.arange(adjacency.shape[0])


def largest_first(adjacency):
    """By falling degree; equal ones as they are counted."""
    return np.argsort(-np.diff(adjacency.indptr), kind="stable")


def smallest_last(adjacency):
    """The last is one of smallest degree, and so on backwards among those that are left.

    Each element has at most d neighbours before it, d the degeneracy of the graph, so that distance-1 colouring takes
    at most d + 1 colours.
    """
    starts, neighbours = adjacency.indptr.tolist(), adjacency.indices.tolist()
    degrees = np.diff(adjacency.indptr).tolist()
    waiting = [(d, v) for v, d in enumerate(degrees)]
    heapq.heapify(waiting)
    order = []
    while waiting:
        degree, v = heapq.heappop(waiting)
        if degree != degrees[v]:
            continue  # its degree has fallen since, or it is gone
        order.append(v)
        degrees[v] = -1
        for w in neighbours[starts[v]:starts[v + 1]]:
            if degrees[w] > 0:
                degrees[w] -= 1
                heapq.heappush(waiting, (degrees[w], w))
    return np.array(order[::-1], np.int64)


ORDERS = {"natural": natural, "largest-first": largest_first, "smallest-last": smallest_last}
