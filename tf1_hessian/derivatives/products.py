"""Products of the Hessian with vectors."""
from tf1_hessian.derivatives.gradients import Options, backprop
from tf1_hessian.graph.sources import anchors_of

__all__ = ["gradients_of", "product"]


def gradients_of(losses, sources, options=Options(), weights=None, stopped=()):
    """d(sum of losses)/dx as one list for each source: a tensor or None for each of its anchors.

    weights: what each element of the losses counts, one tensor for each. stopped: tensors held constant.
    """
    return _by_source(backprop(losses, anchors_of(sources), weights, stopped, options), sources)


def product(gradient, sources, vectors, targets, options=Options(), stopped=()):
    """`d(sum of gradient . vectors)/dt` for each target: the rows of the Hessian over `sources`, weighted and added up.

    gradient: the lists that gradients_of gave for `sources`. vectors: tensors of the sources' shapes, held constant by
    grad_ys=, never by a StopGradient op: the product may be differentiated again (mathematics, section 2).
    """
    pairs = [(g, v) for parts, source, vector in zip(gradient, sources, vectors)
             for g, v in zip(parts, source.split(vector)) if g is not None]
    if not pairs:
        return [None] * len(targets)
    found = backprop([g for g, _ in pairs], anchors_of(targets), [v for _, v in pairs], stopped, options)
    return [t.join(parts) for t, parts in zip(targets, _by_source(found, targets))]


def _by_source(tensors, sources):
    tensors = iter(tensors)
    return [[next(tensors) for _ in s.anchors] for s in sources]
