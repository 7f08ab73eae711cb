"""Which elements of one tensor depend on which of another: links, and sets of source elements that go along them."""
import collections

import numpy as np
from scipy import sparse

__all__ = ["SAME", "Group", "Pick", "Reach", "Sets", "united"]


class Sets(collections.namedtuple("Sets", "ids table")):
    """For each element of a tensor, in C order, the source elements that it depends on: row ids[k] of `table`, a
    boolean csr_matrix [sets, n] whose row 0 is empty. Elements that depend alike share a row.
    """

    __slots__ = ()

    @classmethod
    def of_source(cls, start, size, n):
        """Each of `size` elements depends on itself, the elements start .. start + size - 1 of n."""
        starts = np.concatenate([[0], np.arange(size + 1)])
        table = sparse.csr_matrix((np.ones(size, bool), np.arange(start, start + size), starts), shape=(size + 1, n))
        return cls(np.arange(1, size + 1), table)

    def only(self, mask):
        """The sets of the elements in the mask; empty ones else."""
        return self if mask.all() else Sets(np.where(mask, self.ids, 0), self.table)

    def used(self, mask=None):
        """The different sets, of the elements in a mask, none of them empty: numbers of rows."""
        is_used = np.zeros(self.table.shape[0], bool)
        is_used[self.ids if mask is None else self.ids[mask]] = True
        is_used[0] = False
        return np.flatnonzero(is_used)


class Pick(object):
    """Element k depends on the element index[k] of the other tensor alone, on none where that is -1.

    index None: element by element.
    """

    def __init__(self, index=None):
        self.index = index

    def ahead(self, sets):
        """What the elements depend on, by what those of the other tensor do."""
        if self.index is None:
            return sets
        return Sets(np.where(self.index < 0, 0, sets.ids[self.index]), sets.table)

    def taken(self, places):
        """What the elements are copies of, by what those of the other tensor are; -1 for none."""
        return places if self.index is None else np.where(self.index < 0, -1, places[self.index])

    def back(self, mask, size):
        """The elements of the other tensor, of `size` elements, that those in the mask depend on, as a mask."""
        if self.index is None:
            return mask
        found = np.zeros(size, bool)
        found[self.index[mask & (self.index >= 0)]] = True
        return found


SAME = Pick()


class Group(object):
    """Element k depends on all elements j of the other tensor with before[j] == after[k], numbers 0 .. count-1.

    before: -1 for those that nothing depends on. after None: the elements are the groups.
    """

    def __init__(self, before, after, count):
        self.before, self.after, self.count = before, after, count

    def ahead(self, sets):
        """As in Pick."""
        kept = self.before >= 0
        return _gathered(self.before[kept], sets.ids[kept], self.count, sets.table, self.after)

    def back(self, mask, size):
        """As in Pick."""
        wanted = mask
        if self.after is not None:
            wanted = np.zeros(self.count, bool)
            wanted[self.after[mask]] = True
        return (self.before >= 0) & wanted[self.before]


class Reach(object):
    """Element rows[k] of `count` depends on the element cols[k] of the other tensor, for all k."""

    def __init__(self, rows, cols, count):
        self.rows, self.cols, self.count = rows, cols, count

    def ahead(self, sets):
        """As in Pick."""
        return _gathered(self.rows, sets.ids[self.cols], self.count, sets.table, None)

    def back(self, mask, size):
        """As in Pick."""
        found = np.zeros(size, bool)
        found[self.cols[mask[self.rows]]] = True
        return found


def _gathered(groups, ids, count, table, after):
    """The Sets whose row g + 1 is the union of the rows ids[k] with groups[k] == g."""
    keys = np.unique(groups.astype(np.int64) * table.shape[0] + ids)
    groups, ids = np.divmod(keys, table.shape[0])
    adding = sparse.csr_matrix((np.ones(keys.size, bool), (groups + 1, ids)), shape=(count + 1, table.shape[0]))
    return Sets((np.arange(count) if after is None else after) + 1, adding.dot(table))


def united(several):
    """The Sets of elements that depend on what each of several Sets says."""
    found = several[0]
    for other in several[1:]:
        found = _united(found, other)
    return found


def _united(one, other):
    if one.table is other.table and np.array_equal(one.ids, other.ids):
        return one
    keys, ids = np.unique(one.ids.astype(np.int64) * other.table.shape[0] + other.ids, return_inverse=True)
    ids, (mine, theirs) = ids.ravel(), np.divmod(keys, other.table.shape[0])
    table = one.table[mine] + other.table[theirs]
    if keys.size and keys[0] == 0:
        return Sets(ids, table)
    empty = sparse.csr_matrix((1, table.shape[1]), dtype=bool)
    return Sets(ids + 1, sparse.vstack([empty, table], format="csr"))
