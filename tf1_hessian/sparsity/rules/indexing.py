"""Ops that sum or compare elements by indices."""
import numpy as np

from tf1_hessian.sparsity.links import SAME, Group, Reach
from tf1_hessian.sparsity.rules.view import Cross, Local, Square, bends

__all__ = ["RULES"]


def _segments(view):
    """All elements of a segment meet in it, along the axes behind those of the ids.

    Mathematics: out[s, :] = sum (mean, product, extreme) of data[i, :] over ids[i] == s; negative ids count nowhere.
    Example: data [N, 3], ids [N]: out[s, c] depends on data[i, c] of the segment. Reads: ids; None where they are not
    known before running. Exact.
    """
    ids = view.value(1)
    if ids is None or view.live != [0]:
        return None
    inner = int(np.prod(view.sizes(0)[ids.ndim:], dtype=np.int64))
    count = view.out_count(0)
    before = np.where(ids.reshape(-1, 1) < 0, -1, ids.reshape(-1, 1).astype(np.int64) * inner + np.arange(inner))
    group = Group(before.ravel(), None, count)
    alone, _ = bends(view)
    return Local({(0, 0): group}, [Square({0: group}, None, 0)] if alone else [])


def _scattered(view):
    """Each update goes to its place, and adds up there with others, and with what it is put into.

    Mathematics: out[ids[k], :] += updates[k, :]. Example: indices [K, 1], updates [K, 3]. Reads: indices; None where
    they are not known before running. Exact for sums, else conservative: what is overwritten counts as well.
    """
    is_bare = view.op.type == "ScatterNd"
    where = view.value(0 if is_bare else 1)
    if where is None or bends(view) != ([], []):
        return None
    into, position = (None, 1) if is_bare else (0, 2)
    sizes = view.out_sizes(0)
    links = {}  # type: dict
    depth = where.shape[-1]
    inner = int(np.prod(sizes[depth:], dtype=np.int64))
    flat = np.zeros(int(np.prod(where.shape[:-1])), np.int64)
    for axis in range(depth):
        flat = flat * sizes[axis] + where[..., axis].ravel()
    if into in view.live:
        links[into, 0] = SAME
    if position in view.live:
        before = (flat[:, None] * inner + np.arange(inner)).ravel()
        links[position, 0] = Group(before, None, view.out_count(0))
    return Local(links, [])


def _sparse_product(view):
    """A row of the result depends on the rows of the dense factor that the sparse one has entries for.

    Mathematics: out[i, k] = sum over the entries (i, j) of a of a[i, j] b[j, k]. Example: one row of a with two
    entries: two elements of b. Reads: indices; None where they are not known before running. Exact.
    """
    indices = view.value(0)
    if indices is None:
        return None
    turned, dense_turned = view.op.get_attr("adjoint_a"), view.op.get_attr("adjoint_b")
    rows, cols = indices.astype(np.int64).T[::-1 if turned else 1]
    height, width = view.out_sizes(0)
    depth = view.sizes(3)[1 if dense_turned else 0]
    across = np.arange(width)
    out = (rows[:, None] * width + across).ravel()
    inside = (across * depth + cols[:, None] if dense_turned else cols[:, None] * width + across).ravel()
    entry = np.repeat(np.arange(len(rows)), width)
    links, terms = {}, []
    if 1 in view.live:
        links[1, 0] = Reach(out, entry, height * width)
    if 3 in view.live:
        links[3, 0] = Reach(out, inside, height * width)
    if view.live == [1, 3]:
        each = np.arange(entry.size)
        terms = [Cross((1, Reach(each, entry, entry.size)), (3, Reach(each, inside, entry.size)), out, 0)]
        terms = [t._replace(after=None, output=None) for t in terms]
    return Local(links, terms)


RULES = {"SparseTensorDenseMatMul": _sparse_product}
RULES.update({prefix + "Segment" + kind: _segments for prefix in ("", "Unsorted")
              for kind in ("Max", "Mean", "Min", "Prod", "Sum")})
RULES.update(dict.fromkeys((
    "ScatterNd", "ScatterNdNonAliasingAdd", "TensorScatterAdd", "TensorScatterMax", "TensorScatterMin",
    "TensorScatterSub", "TensorScatterUpdate"), _scattered))
