"""Wrong sparsity, each of which a test of this folder notices: (what, file, text, what it becomes, tests)."""

__all__ = ["MUTATIONS"]

_DETECTION = "tests/sparsity/test_detection.py::"
_MISSED = _DETECTION + "test_no_entry_is_missed[%s-v1]"
_COLORING = "tests/sparsity/test_coloring.py::"
_SPARSE = "tests/sparsity/test_sparse_hessians.py::"

MUTATIONS = [
    ("miss what bends alone", "sparsity/rules/view.py", "return alone, pairs", "return [], pairs", [_MISSED % "chain"]),
    ("miss what bends together", "sparsity/rules/view.py", "return alone, pairs", "return alone, []",
     [_MISSED % "broadcast"]),
    ("follow one branch of a mask", "sparsity/rules/elementwise.py", "sizes) for p in view.live}",
     "sizes) for p in view.live[:1 if view.op.type.startswith('Select') else None]}", [_MISSED % "masked"]),
    ("take a source's value for constant", "sparsity/constants.py", "if key(here) in self._sources or not",
     "if not", [_DETECTION + "test_a_source_that_is_computed"]),
    ("let constants that were relied on be fed", "sparsity/constants.py", "each.graph.prevent_feeding(each)", "pass",
     [_DETECTION + "test_what_was_relied_on_is_not_fed_any_more"]),
    ("know nothing of what a conditional reads", "sparsity/rules/general.py",
     "[Square(together, None, None)]", "[]", [_MISSED % "conditional"]),
    ("see one window of a convolution", "sparsity/rules/windows.py", "range(w) for w in window]",
     "range(1) for w in window]", [_MISSED % "convolution"]),
    ("let paths of four have two colours", "sparsity/coloring.py", "(alike > 1) & (mirror.data > 1)",
     "(alike > 1) & (mirror.data > 10)", [_COLORING + "test_refused"]),
    ("forget hubs of stars", "sparsity/greedy.py", "else hubs[w]", "else 0",
     [_COLORING + "test_valid_by_the_definitions"]),
    ("read entries off where others are", "sparsity/recovery.py", "np.where(upper, colors[high]",
     "np.where(upper | True, colors[high]", [_SPARSE + "test_numbers[sparse product]", _SPARSE + "test_numbers[rows]",
                                             _SPARSE + "test_numbers[grid]", _SPARSE + "test_numbers[factors]"]),
    ("believe every pattern", "colored.py", "if off[places[0]] > allowed", "if False and off[places[0]] > allowed",
     ["tests/sparsity/test_sparse_checks.py::test_a_missing_entry_is_caught"]),
    ("believe every pattern of a diagonal", "colored.py",
     "list(exact), list(scales)]", "list(claimed), list(scales)]",
     ["tests/sparsity/test_sparse_checks.py::test_a_missing_entry_of_a_diagonal_is_caught"]),
    ("let copies follow each other", "separated.py", "size, options, tensors, parts)", "size, options, (), parts)",
     ["tests/sparsity/test_copies.py::test_elements_that_are_read_as_they_are_too"]),
]
