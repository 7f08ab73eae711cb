"""Greedy colouring, one element after the other, the first colour that fits. Sets of colours are bits of whole numbers.

Times at n = 1e6 on the 5-point grid: docs/sparse.md.
"""
import numpy as np

__all__ = ["distance1_colors", "star_colors"]


def distance1_colors(adjacency, order):
    """Colours such that no two neighbours have the same."""
    starts, neighbours = adjacency.indptr.tolist(), adjacency.indices.tolist()
    bits = [0] * adjacency.shape[0]
    for v in order.tolist():
        taken = 0
        for w in neighbours[starts[v]:starts[v + 1]]:
            taken |= bits[w]
        bits[v] = ~taken & (taken + 1)
    return _numbers(bits)


def star_colors(adjacency, order):
    """Colours such that neighbours differ, and each path of four elements has three colours or more.

    For the element v a colour c is taken where a path of four would have two colours: x-w-v-w' with w, w' alike and x
    of colour c, or v-w-x-y with w, y alike and x of colour c.
    Source: Gebremedhin, Tarafdar, Manne, Pothen, New acyclic and star coloring algorithms, SIAM J. Sci. Comput. 29
    (2007); here each element knows the colours around it (near), those it has twice around it (twice), and the colours
    of neighbours that have its own colour twice around them (hubs).
    """
    n = adjacency.shape[0]
    starts, neighbours = adjacency.indptr.tolist(), adjacency.indices.tolist()
    bits, near, twice, hubs = [0] * n, [0] * n, [0] * n, [0] * n
    for v in order.tolist():
        around = neighbours[starts[v]:starts[v + 1]]
        taken, double = near[v], twice[v]
        for w in around:
            if bits[w]:
                taken |= near[w] if bits[w] & double else hubs[w]
        bit = ~taken & (taken + 1)
        bits[v] = bit
        own_hubs = 0
        for x in around:
            if near[x] & bit:
                own_hubs |= bits[x]
                if not twice[x] & bit:
                    twice[x] |= bit
                    for w in neighbours[starts[x]:starts[x + 1]]:
                        if bits[w] == bit:
                            hubs[w] |= bits[x]
            else:
                near[x] |= bit
            if bits[x] & double:
                hubs[x] |= bit
        hubs[v] |= own_hubs
    return _numbers(bits)


def _numbers(bits):
    known = {b: b.bit_length() - 1 for b in set(bits)}
    return np.fromiter((known[b] for b in bits), np.int32, len(bits))
