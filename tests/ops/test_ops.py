"""The table of ops: each Hessian against finite differences, each status and TensorFlow's own behaviour as claimed."""
import collections
import os

import make_ops
import pytest
from findings import TOLERANCES, finding_of
from op import VERSION
from table import ENTRIES, NEWEST, kinds_of, repair_line

HERE = [op for op in ENTRIES if op.is_here]
# Where the claims were measured. In between, TensorFlow learned one thing after the other.
MEASURED = VERSION == (1, 15) or VERSION >= NEWEST


@pytest.mark.parametrize("op", HERE, ids=[op.name for op in HERE])
def test_op(op):
    found = finding_of(op, ask_tensorflow=MEASURED)
    if op.status == "refused":
        assert found.refusal is not None
    else:
        assert found.refusal is None, found.refusal
        assert found.gradient_error < TOLERANCES[op.precision]
        assert found.hessian_error < TOLERANCES[op.precision]
    assert ("refused" in found.statuses) == (op.status == "refused"), found.notes
    if MEASURED:
        assert (found.statuses, found.tensorflow) == ({op.status}, op.tensorflow), found.notes
        assert found.warned or op.tensorflow != "wrong" or op.status == "refused"
        assert op.status != "repaired" or repair_line(op.repair) in found.notes, found.notes


def test_the_table_is_as_large_as_it_claims():
    """Enough types, few of them refused, no entry twice."""
    assert len(kinds_of(ENTRIES)) >= 120
    assert len(kinds_of(op for op in ENTRIES if "refused" in op.statuses)) <= 10
    assert collections.Counter(op.name for op in ENTRIES).most_common(1)[0][1] == 1
    assert len(HERE) > 0.9 * len(ENTRIES)


def test_the_page_is_what_the_table_gives():
    """docs/ops.md is made by docs/make_ops.py."""
    with open(os.path.join(os.path.dirname(make_ops.__file__), "ops.md"), encoding="utf-8") as page:
        assert page.read() == make_ops.page()
