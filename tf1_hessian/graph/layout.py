"""Where each source's elements sit in the flat vector of length n, and how results return to the structure of xs."""
from tf1_hessian import _compat, errors

__all__ = ["Layout"]


class Layout(object):
    """The order of the sources in the flat vector: list order, C order inside. Raises where a size is unknown."""

    def __init__(self, xs, sources):
        self.xs, self.sources = xs, tuple(sources)
        for source in self.sources:
            if source.size is None:
                raise errors.unknown_size(source.name, source.shape)
        self.sizes = [s.size for s in self.sources]
        self.n = sum(self.sizes)

    def __str__(self):
        return "Layout(n=%d: %s)" % (self.n, ", ".join("%s %s" % (s.name, s.shape) for s in self.sources))

    @property
    def is_single(self):
        """Whether xs is one source, not a structure of them."""
        return not _compat.is_structure(self.xs)

    def pack(self, values):
        """A flat list, one value a source, in the structure of xs."""
        return _compat.pack_sequence(self.xs, list(values))
