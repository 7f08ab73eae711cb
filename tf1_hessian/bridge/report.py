"""What a comparison found, as a value that prints as a table."""
import collections

import numpy as np

__all__ = ["Parity", "Row", "compared"]

_RTOL = {"float64": 1e-9}
_RTOL_ELSE = 1e-4
# Of the largest value among all tensors of a kind, what counts in each: what cancels leaves rounding of that size.
_SHARE = 1e-3

Row = collections.namedtuple("Row", "kind name index session tf2 difference limit ok")
Row.__doc__ = """One tensor. index: where the two are furthest apart; session, tf2: the values there; limit: what the
difference may be."""


class Parity(collections.namedtuple("Parity", "rows pairs made_by side")):
    """What `th.parity` gives. rows: a Row for each tensor, in the order loss, gradient, diagonal, products. pairs:
    [(old name, new name, how it was found)]. made_by: the two TensorFlows. side: what the new one is, "eager" or
    "session"."""

    __slots__ = ()

    @property
    def ok(self):
        """Whether no tensor differs."""
        return self.first is None

    @property
    def first(self):
        """The first Row that differs, or None."""
        return next((row for row in self.rows if not row.ok), None)

    @property
    def largest(self):
        """The largest difference, as a share of what it may be."""
        return max(row.difference / row.limit if row.limit else float(not row.ok) for row in self.rows)

    def __str__(self):
        width = max(len(row.name) for row in self.rows)
        lines = ["%s: TensorFlow %s in a session, %s %s" % ((self._verdict(),) + self.made_by + (
            {"eager": "eager", "session": "in a session"}[self.side],))]
        lines += ["  %s is %s, by %s" % pair for pair in self.pairs]
        lines.append("  %-10s %-*s  %15s %15s  %10s  %10s" % (
            "", width, "", "old", "new", "difference", "allowed"))
        lines += ["%s %-10s %-*s  %15.8g %15.8g  %10.2e  %10.2e" % (
            " " if row.ok else "!", row.kind, width, row.name, row.session, row.tf2, row.difference, row.limit)
            for row in self.rows]
        return "\n".join(lines)

    def _verdict(self):
        first = self.first
        if first is None:
            return "Equal, at %.2g of what is allowed" % self.largest
        return "First difference: %s of '%s' at %s, %.8g and %.8g" % (
            first.kind, first.name, list(first.index), first.session, first.tf2)


def compared(old, new, pairs, rtol, side="eager"):
    """The Parity of two Numbers. ValueError where they are of other variables, or other vectors."""
    if side == "session":
        _check_alike(old, new)
    rtol = _RTOL.get(str(old.diagonal[0].dtype), _RTOL_ELSE) if rtol is None else rtol
    rows = _rows("weights", old.names, old.weights, new.weights, rtol) if side == "session" else []
    rows += _rows("loss", ["loss"], [old.loss], [new.loss], rtol)
    rows += _rows("gradient", old.names, old.gradient, new.gradient, rtol)
    rows += _rows("diagonal", old.names, old.diagonal, new.diagonal, rtol)
    for number, (one, other) in enumerate(zip(old.products, new.products)):
        rows += _rows("product %d" % number, old.names, one, other, rtol)
    named = [(name, new_name, how) for name, (new_name, how) in zip(old.names, pairs)]
    return Parity(tuple(rows), tuple(named), (old.made_by, new.made_by), side)


def _check_alike(old, new):
    def shapes(numbers):
        return [(n, w.shape) for n, w in zip(numbers.names, numbers.weights)], [
            [v.tolist() for v in part] for part in numbers.vectors]

    if shapes(old) != shapes(new):
        raise ValueError("The two records are of other variables or other products: %s and %s. Record both with the "
                         "same variables, products and seed." % (old.names, new.names))


def _rows(kind, names, old, new, rtol):
    old, new = [[np.asarray(a, np.float64) for a in part] for part in (old, new)]
    largest = max(np.max(np.abs(a), initial=0.0) for a in old)
    return [_row(kind, name, one, other, rtol, largest) for name, one, other in zip(names, old, new)]


def _row(kind, name, one, other, rtol, largest):
    off = np.where(np.isfinite(one) & np.isfinite(other), np.abs(one - other), np.inf)
    if not off.size:
        return Row(kind, name, (), 0.0, 0.0, 0.0, 0.0, True)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
    limit = float(rtol * max(np.max(np.abs(one)), _SHARE * largest))
    return Row(kind, name, index, float(one[index]), float(other[index]), float(off[index]), limit,
               bool(off[index] <= limit))
