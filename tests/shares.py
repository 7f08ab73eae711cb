"""Long tables in parts, so that the suite stays short: each TensorFlow of the matrix (noxfile.py) runs its own share,
and all of each table for TF1_HESSIAN_WHOLE=1. What one in two runs, TF 1.15 and the newest TF run between them.
TF1_HESSIAN_PART=2 runs a half of that, of all tests: a look at many versions in an hour or so.
"""
import itertools
import os
import zlib

import tensorflow.compat.v1 as tf

__all__ = ["IS_WHOLE", "in_the_share", "share"]

_PART = int(os.environ.get("TF1_HESSIAN_PART", "1"))
IS_WHOLE = os.environ.get("TF1_HESSIAN_WHOLE", "0") != "0"
# Neighbours in this list run different shares; a version that is not here runs that of the newest.
_VERSIONS = ["newest", "1.15", "1.13", "1.14", "2.4", "2.8", "2.11", "2.15", "2.16", "2.18"]
_VERSION = ".".join(tf.__version__.split(".")[:2])
_PLACE = _VERSIONS.index(_VERSION) if _VERSION in _VERSIONS else 0

# By the start of a test's name: one of how many is run. The longest start counts.
_ONE_IN = {
    "tests/cli/": 4,
    "tests/conformance/test_conformance.py::test_auto": 4,
    "tests/conformance/test_conformance.py::test_the_truths": 2,
    "tests/conformance/test_third_derivatives.py": 4,
    "tests/hooks/": 2,
    "tests/ops/test_ops.py::test_op": 8,
    "tests/optimize/": 2,
    "tests/plots/": 2,
    "tests/repairs/": 4,
    "tests/rows/": 4,
    "tests/rows/test_rows.py::test_every_engine_and_quantity": 8,
    "tests/rows/test_rows.py::test_results_are_differentiated_again": 4,
    "tests/runners/": 2,
    "tests/sparsity/": 4,
    "tests/sparsity/test_copies.py::test_numbers": 6,
    "tests/sparsity/test_detection.py::test_no_entry_is_missed": 6,
    "tests/sparsity/test_rules.py": 4,
    "tests/sparsity/test_sparse_hessians.py::test_numbers": 4,
    "tests/structure/": 4,
    "tests/structure/test_layers.py::test_layers": 6,
    "tests/structure/test_per_example.py::test_each_example": 6,
    "tests/structure/test_random_nets.py::test_ten_nets": 5,
    "tests/test_arrays.py": 2,
    "tests/test_benchmarks.py::test_small_races_are_right": 2,
    "tests/test_check.py::test_right_results_pass": 3,
    "tests/test_devices.py": 2,
    "tests/test_differentiated_again.py": 2,
    "tests/test_docs.py::test_page_runs_and_prints_what_it_shows[docs": 2,
    "tests/test_gallery.py": 4,
    "tests/test_hessians.py": 4,
    "tests/test_hygiene.py": 2,
    "tests/test_legacy_examples.py": 2,
    "tests/test_loops.py": 2,
    "tests/test_mixed_blocks.py": 2,
    "tests/test_plan.py": 2,
    "tests/test_precision.py": 2,
    "tests/test_precision.py::test_a_float32_model_in_double": 4,
    "tests/test_properties.py::test_every_op_of_the_set": 4,
    "tests/test_random_graphs.py": 2,
    "tests/test_random_graphs.py::test_ten_programs": 10,
    "tests/test_sources.py": 2,
    "tests/traits/": 4,
}
# Of these, one of how many for each value of a parameter, and one at least.
_ONE_IN_FOR_EACH = {"tests/conformance/test_conformance.py::test_hessian_or_diagonal": (8, "name")}


def share(cases, one_in, name=str):
    """One in so many of some cases, and one at least; all of them for TF1_HESSIAN_WHOLE=1.

    A case's name tells which versions take it, so that it does not matter which others there are in a version.
    """
    cases = list(cases)
    if IS_WHOLE or not cases:
        return cases
    due = [case for case in cases if (zlib.crc32(name(case).encode("utf-8")) - _PLACE) % one_in == 0]
    return due or [cases[_PLACE % len(cases)]]


def in_the_share(items):
    """The set of the pytest items of the share."""
    kept = set()
    for (_, one_in), group in itertools.groupby(sorted(items, key=_group_of), _group_of):
        kept.update(share(group, one_in * _PART, lambda item: item.nodeid))
    return kept


def _group_of(item):
    """((start, value), one_in) of an item."""
    for start, (one_in, parameter) in _ONE_IN_FOR_EACH.items():
        if item.nodeid.startswith(start):
            return (start, item.callspec.params[parameter]), one_in
    starts = [start for start in _ONE_IN if item.nodeid.startswith(start)]
    longest = max(starts, key=len) if starts else ""
    return (longest, ""), _ONE_IN.get(longest, 1)
