"""The pattern of a Hessian, read off the graph element by element: which source elements meet in a non-linear op.

Forward along the path each tensor's elements get the set of source elements that they depend on; an op that is not
linear adds the pairs of what it brings together. Masks, indices and branches count as if they could be anything, unless
the graph alone decides them: the pattern holds at every point, not at one. Mathematics, section 6. Source: Walther,
Computing sparse Hessians with automatic differentiation, ACM TOMS 34 (2008).
"""
import time

import numpy as np

from tf1_hessian import _compat
from tf1_hessian.graph.dimensions import dimensions_of
from tf1_hessian.graph.scratch import key
from tf1_hessian.sparsity import refusals
from tf1_hessian.sparsity.constants import Constants
from tf1_hessian.sparsity.links import Pick, Sets, united
from tf1_hessian.sparsity.pairs import Pairs
from tf1_hessian.sparsity.rules import Cross, View, is_copying, local

__all__ = ["copied", "detect"]


def detect(flow, sources, given=None, max_seconds=None, most=None):
    """The SparsityPattern of the Hessian over sources, of the sum of what the Flow leads to.

    given: {tensor: array} of tensors that are fed with indices. Raises ValueError where a size on the path is not
    known, where the pattern is dense and large, where more than `most` elements all meet, or where it takes longer than
    max_seconds.
    """
    constants = Constants(flow.path.anchors, given or {})
    try:
        return _Detection(flow, sources, constants, max_seconds).pattern(most)
    finally:
        constants.close()


def copied(flow, sources, max_seconds=None):
    """The tensors that only copy elements of sources, and that something else reads: [(tensor, places)], places[k] the
    source element that element k is, or -1 where it is none. The loss depends on the sources through these alone.
    """
    constants = Constants(flow.path.anchors, {})
    try:
        return _Detection(flow, sources, constants, max_seconds).copied()
    finally:
        constants.close()


class _Detection(object):
    """One walk along a flow: `views` and `locals` of its ops, `wanted` the masks of elements that reach the end."""

    def __init__(self, flow, sources, constants, max_seconds):
        self._flow, self._sources, self._constants = flow, sources, constants
        self._max_seconds, self._began = max_seconds, time.time()
        self._n = sum(s.size for s in sources)
        self._sizes = {key(a): _compat.dimensions(shape) for s in sources for a, shape in zip(s.anchors, s.shapes)}

    def pattern(self, most):
        """The pairs that meet."""
        steps = [self._step(op) for op in self._flow.ops]
        wanted = self._wanted(steps)
        bending = self._bending(steps)
        pairs, sets = Pairs(self._n, most), self._of_sources()
        anchors = set(sets)
        for view, found in steps:
            self._check_time()
            for term in found.terms:
                self._meet(pairs, sets, view, term, wanted)
            for output in view.outputs:
                tensor = view.op.outputs[output]
                if key(tensor) in bending and key(tensor) not in anchors:
                    sets[key(tensor)] = self._ahead(sets, view, found, output).only(wanted[key(tensor)])
        return pairs.pattern()

    def copied(self):
        """As the function says."""
        places = {name: sets.ids - 1 + int(sets.table.indices[0]) for name, sets in self._of_sources().items()}
        read = {key(t): t for t in self._flow.path.targets}
        for op in self._flow.ops:
            view, found = self._step(op)
            if not (is_copying(op) and all(isinstance(link, Pick) for link in found.links.values())):
                read.update((key(view.inputs[p]), view.inputs[p]) for p in view.live)
                continue
            for output in view.outputs:
                parts = [link.taken(places[key(view.inputs[p])]) for (p, o), link in found.links.items()
                         if o == output and key(view.inputs[p]) in places]
                if len(parts) == len(view.live):
                    places[key(op.outputs[output])] = np.max(parts, 0)
                else:
                    read.update((key(view.inputs[p]), view.inputs[p]) for p in view.live)
        return [(tensor, places[name]) for name, tensor in read.items() if name in places]

    def _of_sources(self):
        """The Sets of the anchors: a part of a partitioned variable lies along one axis of the whole."""
        sets, before = {}, 0
        for source in self._sources:
            numbers = np.arange(before, before + source.size).reshape(source.shape.as_list())
            whole = Sets.of_source(before, source.size, self._n)
            for anchor, part in zip(source.anchors, source.split(numbers)):
                sets[key(anchor)] = Sets(part.ravel() - before + 1, whole.table)
            before += source.size
        return sets

    def _size_of(self, tensor):
        if key(tensor) not in self._sizes:
            sizes = dimensions_of(tensor)
            if sizes is None or None in sizes:
                raise refusals.unknown_size_on_path(tensor)
            self._sizes[key(tensor)] = sizes
        return self._sizes[key(tensor)]

    def _step(self, op):
        """(the View of an op, its Local)"""
        self._check_time()
        reads = self._flow.path.reads[op]
        is_whole = [key(t) for t in reads] == [key(t) for t in op.inputs]
        live = [p for p, t in enumerate(reads) if self._flow.is_live(t)]
        outputs = [o for o, t in enumerate(op.outputs) if self._flow.is_live(t)]
        view = View(op, reads, live, outputs, self._size_of, self._constants)
        return view, local(view, is_whole)

    def _wanted(self, steps):
        """{tensor: which of its elements the end depends on}."""
        wanted = {key(t): np.ones(self._count(t), bool) for t in self._flow.path.targets}
        for view, found in reversed(steps):
            for (position, output), link in found.links.items():
                after = wanted.get(key(view.op.outputs[output]))
                tensor = view.inputs[position]
                mask = wanted.setdefault(key(tensor), np.zeros(self._count(tensor), bool))
                if after is not None:
                    mask |= link.back(after, mask.size)
            for output in view.outputs:
                tensor = view.op.outputs[output]
                wanted.setdefault(key(tensor), np.zeros(self._count(tensor), bool))
        return wanted

    def _count(self, tensor):
        return int(np.prod(self._size_of(tensor), dtype=np.int64))

    def _bending(self, steps):
        """The tensors from which something that is not linear follows."""
        found = set()
        for view, at in reversed(steps):
            if at.terms or any(key(view.op.outputs[o]) in found for o in view.outputs):
                found.update(key(view.inputs[p]) for p in view.live)
        return found

    def _ahead(self, sets, view, found, output):
        links = [(p, link) for (p, o), link in sorted(found.links.items(), key=lambda item: item[0]) if o == output]
        count = view.out_count(output)
        parts = [link.ahead(sets[key(view.inputs[p])]) for p, link in links]
        return united(parts) if parts else Sets(np.zeros(count, np.int64), Sets.of_source(0, 0, self._n).table)

    def _meet(self, pairs, sets, view, term, wanted):
        def seen(position, link):
            return link.ahead(sets[key(view.inputs[position])])

        if isinstance(term, Cross):
            one, other = (seen(*end) for end in (term.one, term.other))
            pairs.cross(one, other, self._mask(view, term, wanted, one.ids.size), view.op)
        else:
            both = united([seen(*end) for end in sorted(term.links.items())])
            pairs.square(both, self._mask(view, term, wanted, both.ids.size), view.op)

    @staticmethod
    def _mask(view, term, wanted, count):
        """Which terms the end depends on."""
        if term.output is None:
            return np.ones(count, bool)
        mask = wanted[key(view.op.outputs[term.output])]
        if term.after is None:
            return mask
        found = np.zeros(count, bool)
        found[term.after[mask]] = True
        return found

    def _check_time(self):
        if self._max_seconds is not None and time.time() - self._began > self._max_seconds:
            raise refusals.too_slow_to_detect(self._max_seconds)
