"""What was built in a graph, remembered with the graph: the same question asked twice adds nothing."""
import collections

from tf1_hessian import _compat
from tf1_hessian._compat import tf
from tf1_hessian.graph.scratch import key

__all__ = [
    "Checks", "Due", "Record", "has_smaller", "keep", "keep_smaller", "make_smaller", "record_of", "remembered",
    "smaller_of",
]

_MEMORY = "_tf1_hessian_built"
_RECORDS = "_tf1_hessian_records"
_SMALLER = "_tf1_hessian_smaller"

Record = collections.namedtuple("Record", "graph losses xs sources quantity n is_mixed tensors due")
Record.__doc__ = """What a result answers: enough to check it, without the plan and its scratch graph. due: the Due of a
result that checks itself, or None."""


class Checks(object):
    """Several checks as one."""

    def __init__(self, checks):
        self._checks = checks
        self.fetches = [c.fetches for c in checks]

    def judge(self, values):
        """What they find, one after the other."""
        return [found for check, each in zip(self._checks, values) for found in check.judge(each)]


class Due(object):
    """A check that is fetched along with a result: always, or the first time alone.

    check: has `fetches`, and `judge`, which raises if their values show an error.
    """

    def __init__(self, check, when):
        self._check, self._when, self._done = check, when, False

    @property
    def all_fetches(self):
        """What the check reads."""
        return self._check.fetches

    @property
    def fetches(self):
        """What is to be fetched along with a result now: nothing once it is done, if `when` is "first"."""
        return [] if self._done and self._when == "first" else self.all_fetches

    def judge(self, values):
        """What the check makes of the values, if there are any."""
        if values:
            found = self._check.judge(values)
            self._done = True
            return found
        return []


def remembered(graph, question, build):
    """The answer to a hashable question, built at most once a graph.

    Under control dependencies or inside a control-flow context new ops mean something else each time: no memory there.
    Nor while a GradientTape records, which knows nothing of what was built before.
    """
    if _compat.has_control_scope(graph) or _compat.is_recorded():
        return build()
    memory = _compat.kept_with(graph, _MEMORY)
    if question not in memory:
        memory[question] = build()
    return memory[question]


def keep(tensors, record):
    """Keeps with the graph what some tensors are the answer to."""
    _compat.kept_with(record.graph, _RECORDS).update((key(t), record) for t in tensors)


def record_of(tensor):
    """The Record of a tensor, or None."""
    graph = getattr(tensor, "graph", None)
    return None if graph is None else _compat.kept_with(graph, _RECORDS).get(key(tensor))


class _Smaller(object):
    """How to lay some tensors with fewer columns at once, and the tensors once that was done."""

    def __init__(self, plan):
        self._plan, self.tensors = plan, None

    def make(self):
        """Lays them, the first time."""
        self.tensors = self.tensors or self._plan().tensors()


def keep_smaller(tensors, plan):
    """Keeps with the graph how to lay the same tensors, in the same order, with fewer columns at once: the tensors() of
    what plan() gives."""
    smaller, memory = _Smaller(plan), _compat.kept_with(tensors[0].graph, _SMALLER)
    memory.update((key(t), (smaller, i)) for i, t in enumerate(tensors))


def _kept_smaller(tensor):
    is_tensor = isinstance(tensor, tf.Tensor)
    found = _compat.kept_with(tensor.graph, _SMALLER).get(key(tensor)) if is_tensor else None
    return found or (None, 0)


def has_smaller(tensor):
    """Whether a tensor can be laid with fewer columns at once."""
    return _kept_smaller(tensor)[0] is not None


def make_smaller(tensor):
    """Lays the tensor, and those made with it, with fewer columns at once."""
    _kept_smaller(tensor)[0].make()


def smaller_of(tensor):
    """What was laid in the place of a tensor, which may be itself."""
    smaller, index = _kept_smaller(tensor)
    return tensor if smaller is None or smaller.tensors is None else smaller_of(smaller.tensors[index])
