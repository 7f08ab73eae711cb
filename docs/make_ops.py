"""Writes docs/ops.md from the table in tests/ops: python docs/make_ops.py"""
import collections
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
sys.path[:0] = [os.path.join(_ROOT, "tests", "ops"), os.path.join(_ROOT, "tests"), _ROOT]

from table import ENTRIES, FAMILIES, NEWEST, kinds_of, repair_line  # noqa: E402

__all__ = ["page"]

_HEAD = """# Ops, one by one

What becomes of %(kinds)d op types in a second derivative, here and in TensorFlow alone. `docs/make_ops.py` writes this
page from the table in `tests/ops`. The tests there compare each gradient and each Hessian with finite differences, in a
loss that is not linear in the op, on every TensorFlow they run on. What TensorFlow alone does is asserted on 1.15, on
%(newest)s and on what comes later, so that a change is noticed.

| here | means | entries |
|---|---|---|
%(statuses)s

| TensorFlow alone | means | on 1.15 | on %(newest)s |
|---|---|---|---|
%(behaviours)s

An op that is not listed is treated in the same way: TensorFlow's own gradient functions, audited, or a refusal that
names it. `th.diagnose(loss, xs)` tells which, for a graph. Versions of an op (`BatchMatMulV2`) are listed as one.
"""

_STATUSES = collections.OrderedDict([
    ("exact", "TensorFlow's own gradient functions, taken twice, are right"),
    ("repaired", "TensorFlow's are missing or wrong; how it is mended is in the last column"),
    ("lifted", "a loop, conditional or function, made anew in a form that can be differentiated twice"),
    ("zero", "the derivative is zero by definition"),
    ("custom", "the gradient is the user's own"),
    ("refused", "a LookupError that names the op, before anything is built"),
])
_BEHAVIOURS = collections.OrderedDict([
    ("right", "`tf.hessians` gives the right number"),
    ("wrong", "it gives a wrong number, or NaN, and no error"),
    ("refused", "it raises"),
    ("absent", "the version has no such op"),
])


def page():
    """The text of docs/ops.md."""
    return "\n".join([_introduction()] + [_section(title, ops) for title, ops in FAMILIES.items()])


def _introduction():
    statuses = ["| %s | %s | %d |" % (name, meaning, sum(op.statuses[1] == name for op in ENTRIES))
                for name, meaning in _STATUSES.items()]
    behaviours = ["| %s | %s | %d | %d |" % ((name, meaning) + tuple(
        sum(op.behaviours[i] == name for op in ENTRIES) for i in range(2))) for name, meaning in _BEHAVIOURS.items()]
    return _HEAD % {"kinds": len(kinds_of(ENTRIES)), "newest": "%d.%d" % NEWEST, "statuses": "\n".join(statuses),
                    "behaviours": "\n".join(behaviours)}


def _section(title, ops):
    lines = ["## %s" % title.rstrip("."), "",
             "| op | here | TF 1.15 alone | TF %d.%d alone | how, or why not |" % NEWEST, "|---|---|---|---|---|"]
    return "\n".join(lines + [_row(op) for op in ops] + [""])


def _row(op):
    name = "`%s`%s" % (op.type, ", %s" % op.case if op.case else "")
    here = sorted(set(op.statuses) - {"absent"})
    if len(here) > 1:
        here = ["%s on 1.15, %s on %d.%d" % (op.statuses + NEWEST)]
    how = repair_line(op.repair) if op.repair else op.note
    return "| %s | %s | %s | %s | %s |" % (name, here[0], op.behaviours[0], op.behaviours[1], how.replace("|", "\\|"))


if __name__ == "__main__":
    with open(os.path.join(_HERE, "ops.md"), "w", encoding="utf-8") as file:
        file.write(page())
