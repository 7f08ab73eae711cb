"""A check of results against finite differences, for tests and for users."""
import collections

import numpy as np

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives.products import gradients_of
from tf1_hessian.graph import built
from tf1_hessian.graph.emission import Emission
from tf1_hessian.graph.precision import in_double
from tf1_hessian.graph.scratch import Scratch, key
from tf1_hessian.graph.slices import replace
from tf1_hessian.graph.sources import anchors_of
from tf1_hessian.runners.evaluate import evaluate

__all__ = ["Check", "check"]

# d/dt at 0 from the values at -2, -1, 1, 2 steps; and from -1 and 1 alone, to see how much the steps matter.
_STEPS = (-2, -1, 1, 2)
_FIVE_POINTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12
_THREE_POINTS = np.array([0.0, -0.5, 0.5, 0.0])
_DIRECTIONS = 3


class Check(collections.namedtuple("Check", "error bound scale directions")):
    """What `check` found. error: the largest deviation from the finite differences; bound: what those can't tell apart;
    scale: the largest derivative among them; directions: how many were tried. `ok` is the verdict.
    """

    __slots__ = ()

    @property
    def ok(self):
        """Whether the deviation is explained by the error of the finite differences."""
        return bool(self.error <= self.bound)

    def __str__(self):
        verdict = "agrees with" if self.ok else "DIFFERS from"
        return "Check: the result %s finite differences of the gradient: error %.2g, bound %.2g, entries up to %.3g" % (
            verdict, self.error, self.bound, self.scale)


def check(result, session=None, feed_dict=None, seed=0):
    """Compares a Hessian or its diagonal with finite differences of the first gradient: a Check, `.ok` is the verdict.

    result: a HessianPlan, or what `th.hessian`, `th.hessian_diag` or `th.sparse_hessian` gave, or a tensor of it.
    Random directions for a matrix, random elements for a diagonal; everything in one session call, so that random ops
    and iterators are drawn once. The loss is emitted anew in float64 on moved sources: variables are not touched. The
    bound is the sum of what rounding, of the result and of the differences, and the fourth derivative can do. Raises
    ValueError for a tensor that is no result of this library, and for a custom gradient on the path of a loss that is
    not in float64.
    """
    record = _record_of(result)
    lines = _lines(record, np.random.RandomState(seed))
    scratch = Scratch(record.graph)
    with scratch.as_default():
        losses, sources, narrow = in_double(record.losses, record.sources)
        eps = np.finfo(np.float32 if narrow else np.float64).eps
        step = float(eps) ** 0.2
        slopes = [_moved_gradient(losses, sources, line * k * step) for line in lines for k in _STEPS]
    with record.graph.as_default(), tf.name_scope("check"):
        slopes = Emission.of_scratch(scratch).emit(slopes)
    found, slopes = evaluate([record.tensors, slopes], feed_dict, session)
    slopes = np.reshape(slopes, [len(lines), len(_STEPS), record.n])
    return _compared(record, found, lines, slopes, step, eps)


def _record_of(result):
    result = result.build() if hasattr(result, "build") else result
    tensors = _compat.flatten(result.as_fetches() if hasattr(result, "as_fetches") else result)
    record = built.record_of(tensors[0]) if tensors else None
    if record is None or record.is_mixed:
        raise errors.bad_option("result", result, "a HessianPlan, or what th.hessian or th.hessian_diag "
                                "returned: no mixed block, and nothing per example")
    return record


def _lines(record, random):
    """Unit vectors: elements for a diagonal, directions inside one source for its block, else any directions."""
    if record.quantity == "diag":
        return [np.eye(1, record.n, i)[0] for i in random.permutation(record.n)[:_DIRECTIONS]]
    lines = random.standard_normal([_DIRECTIONS, record.n])
    if record.quantity == "blocks":
        owner = np.repeat(np.arange(len(record.sources)), [s.size for s in record.sources])
        lines *= owner == random.randint(len(record.sources), size=[_DIRECTIONS, 1])
    return list(lines / np.linalg.norm(lines, axis=1, keepdims=True))


def _moved_gradient(losses, sources, way):
    """The flat gradient with the sources moved by a flat vector."""
    ends = np.cumsum([s.size for s in sources])[:-1]
    parts = [tf.constant(np.reshape(p, s.shape.as_list())) for p, s in zip(np.split(way, ends), sources)]
    moved = [s.anchored_at([v + p for v, p in zip(s.values(), s.split(part))], s.dtype)
             for s, part in zip(sources, parts)]
    anchors = anchors_of(sources)
    losses = replace(losses, anchors, {key(a): m for a, m in zip(anchors, anchors_of(moved))})
    found = [s.join(parts) for s, parts in zip(moved, gradients_of(losses, moved))]
    return tf.concat([tf.reshape(s.zeros() if g is None else g, [-1]) for s, g in zip(moved, found)], 0)


def _compared(record, found, lines, slopes, step, eps):
    """The Check of slopes [lines, steps, n], which have a relative error of about `eps`."""
    eps_found = np.finfo(_compat.flatten(found)[0].dtype).eps
    true, coarse = (np.einsum("k,dkn->dn", w, slopes) / step for w in (_FIVE_POINTS, _THREE_POINTS))
    got = np.stack([_product(record, found, line) for line in lines])
    told = np.ones_like(got, bool) if record.quantity in ("full", "sparse") else np.stack(lines) != 0
    scale = float(np.max(np.abs(true[told])))
    largest = np.max(np.abs(slopes))
    rounding = 50 * (eps * largest / step + eps_found * (largest + scale))
    cut_off = step * np.max(np.abs(true - coarse)[told])
    return Check(float(np.max(np.abs(got - true)[told])), float(rounding + cut_off), scale, len(lines))


def _product(record, found, line):
    """What was found times a line."""
    if record.quantity == "sparse":
        return found.astype(np.float64).dot(line)
    leaves = [np.asarray(f, np.float64) for f in _compat.flatten(found)]
    if record.quantity == "diag":
        return np.concatenate([np.ravel(f) for f in leaves]) * line
    if len(leaves) == 1:
        return leaves[0].reshape(record.n, record.n).dot(line)
    sizes = [s.size for s in record.sources]
    parts = np.split(line, np.cumsum(sizes)[:-1])
    if record.quantity == "blocks":
        return np.concatenate([f.reshape(r, r).dot(v) for f, r, v in zip(leaves, sizes, parts)])
    blocks = iter(leaves)
    return np.concatenate([sum(next(blocks).reshape(r, c).dot(v) for c, v in zip(sizes, parts)) for r in sizes])
