"""Breaks the package, one edit at a time, in a copy, and shows the test that notices: python tests/mutate.py [words]

Each mutation is (what, file, text, what it becomes, tests). All tests pass without it; it is caught when a test fails
with it. A test file that can't be imported, or a name or a module that is missing, catches nothing. The words choose
mutations by name. The exit code is 1 unless all are caught.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from sparsity.mutations import MUTATIONS as OF_SPARSITY
from traits.mutations import MUTATIONS as OF_TRAITS

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFORMANCE = "tests/conformance/test_conformance.py::test_hessian_or_diagonal"
FACTS = "tests/test_tensorflow_facts.py::"
REFUSALS = "tests/test_refusals.py::test_every_call_refuses_and_leaves_the_graph"

NETS = "tests/structure/test_nets.py::test_the_diagonal_and_the_plan"

MUTATIONS = [
    ("drop the repair of products at zeros", "derivatives/repairs/products.py",
     '"Cumprod": _cumprod,', "", [FACTS + "test_a_product_with_zeros_among_its_factors"]),
    ("drop the repair of cross-entropy with computed labels", "derivatives/repairs/losses.py",
     '"SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,', "",
     [FACTS + "test_labels_of_a_cross_entropy_that_depend_on_x"]),
    ("drop the repair of soft sign", "derivatives/repairs/activations.py",
     '"SoftsignGrad"', '"SoftsignGone"', ["tests/repairs/test_activations.py::test_activation[softsign]"]),
    ("take every stopped mean for the user's", "derivatives/repairs/moments.py",
     'if op.type != "StopGradient" or', 'if True or op.type != "StopGradient" or',
     [FACTS + "test_the_variance_of_moments"]),
    ("take None for zero", "derivatives/gradients.py",
     'raise errors.lost(op, self._path.describe(op), "its gradient for input %d is None" % index)', "return None",
     [REFUSALS + "[betainc_shape]"]),
    ("copy what is random", "graph/paths.py",
     "base.is_floating or base.is_complex or base in", "True or base in",
     ["tests/test_rewrite.py::test_branches_depend_on_the_old_tensor_when_only_shapes_and_flags_do"]),
    ("let go of a read of a variable", "graph/emission.py",
     '"ResourceGather": _make_gather,', "", [CONFORMANCE + "[embedding_lookup_in_resource-slices-float64]"]),
    ("copy custom gradients with their closures", "_compat/functions.py",
     'return mark.startswith("CustomGradient-") and not', 'return False and not',
     ["tests/test_rewrite.py::test_a_copy_of_a_custom_gradient_has_the_value_and_refuses_the_derivative"]),
    ("stop at the first source", "derivatives/products.py",
     "for parts, source, vector in zip(gradient, sources, vectors)",
     "for parts, source, vector in list(zip(gradient, sources, vectors))[:1]",
     ["tests/test_sources.py::test_duplicates_each_have_the_whole_answer"]),
    ("lose the last chunk", "derivatives/columns.py",
     "chunks = -(-count // self.size)", "chunks = count // self.size",
     ["tests/test_plan.py::test_every_chunk_size_gives_the_same_numbers[5]"]),
    ("let columns wait for what TensorFlow waits for", "graph/emission.py",
     'getattr(op.graph, "keeps_order", False)', 'True',
     ["tests/test_plan.py::test_what_does_not_depend_on_the_column_is_computed_once"]),
    ("lay blocks without transposing", "problem.py",
     "block = tf.transpose(laid[c, r])", "block = tf.reshape(laid[c, r], [row.size, col.size])",
     ["tests/test_plan.py::test_full_and_diag_are_right[loop]"]),
    ("split parts of a variable along the first axis", "_compat/core.py",
     "return axes[0] if axes else 0", "return 0", ["tests/test_sources.py::test_partitioned_variables[True-1-3]"]),
    ("take user gradients for symmetric", "graph/regions.py",
     "return any(control_flow.carries_functions(op) or", "return False and any(control_flow.carries_functions(op) or",
     ["tests/test_mixed_blocks.py::test_rows_of_a_hessian_that_is_not_symmetric"]),
    ("let curvature pass by an inner cut", "structure/axes.py",
     "elif not _is_flat(op, positions) and any(", "elif False and any(",
     ["tests/structure/test_pitfalls.py::test_pitfalls"]),
    ("take results of ours for readers of a mean", "derivatives/repairs/moments.py",
     "elif column_loop(reader) is None:", "else:",
     ["tests/repairs/test_normalization.py::test_moments_whose_mean_a_loop_of_ours_reads_by_itself"]),
    ("forget that an input follows an earlier layer", "structure/blocks.py",
     "follows = rows.first(a.inputs, b.point)", "follows = None",
     ["tests/structure/test_blocks.py::test_the_matrix[tied]"]),
    ("take rows apart one by one", "structure/layers.py",
     "starts = {key(point.tensor): Carried(0) for point in points}",
     "starts = {key(point.tensor): Carried(0) for point in points[:1]}",
     ["tests/structure/test_blocks.py::test_the_matrix[reversed_rows]"]),
    ("turn no block of a transposed weight", "structure/layers.py",
     "tuple(stored), is_turned != piece.is_turned)", "tuple(stored), False)",
     ["tests/structure/test_blocks.py::test_the_matrix[tied]"]),
    ("count an input that follows its cell once", "structure/tied.py",
     "tf.matmul(one_hot, 2 * tf.reduce_sum(", "tf.matmul(one_hot, tf.reduce_sum(",
     ["tests/structure/test_tied.py::test_the_diagonal"]),
    ("leave out pairs of a weight and its transpose", "structure/tied.py",
     "for other in self._sides:", "for other in [side]:", ["tests/structure/test_tied.py::test_the_diagonal"]),
    ("run a loop one iteration less", "derivatives/while_loops.py",
     "lambda index, *_: index < count", "lambda index, *_: index < count - 1",
     ["tests/test_precision.py::test_a_float32_model_in_double[data_dependent_loop]"]),
    ("forget what a loop adds to its invariants", "derivatives/while_loops.py",
     "return [index + 1] + found[:split - 1] + [tf.add_n([t, found[i]])",
     "return [index + 1] + found[:split - 1] + [tf.add_n([t, 0 * found[i]])",
     ["tests/test_precision.py::test_a_float32_model_in_double[data_dependent_loop]"]),
    ("take the other branch", "graph/control_flow.py",
     'body = _compat.function_graph(op, "then_branch" if taken else "else_branch", skipped=1)',
     'body = _compat.function_graph(op, "else_branch" if taken else "then_branch", skipped=1)',
     [CONFORMANCE + "[cond_v2-loop-float64]"]),
    ("hold nothing constant", "derivatives/gradients.py",
     "None if key(o) in self._stopped else self._arrived(o)", "self._arrived(o)",
     ["tests/test_gradients.py::test_stop_gradients_hold_tensors_constant"]),
    ("keep casts to single precision", "graph/precision.py",
     'if op.type == "Cast" and', 'if False and',
     ["tests/test_precision.py::test_a_float32_model_in_double[double_between]"]),
    ("take the sign of complex numbers for flat", "derivatives/zeros.py",
     'if op.type == "Sign" and', 'if False and',
     ["tests/repairs/test_complex_numbers.py::test_the_sign_of_a_complex_number"]),
    ("forget that a power is complex", "derivatives/repairs/special.py",
     "tf.conj(slope) if x.dtype.is_complex else slope", "slope", ["tests/ops/test_ops.py::test_op[Pow: complex base]"]),
    ("overlook a second handle of a variable", "problem.py",
     "if op is not owner:", "if False:",
     ["tests/test_refused_questions.py::test_the_question_is_refused_and_the_graph_left[two_handles_of_one_storage]"]),
    ("leave ops behind after a refusal", "graph/scratch.py",
     "with self.as_default(), tf.control_dependencies(None)",
     "with self.outer_graph.as_default(), tf.control_dependencies(None)", [REFUSALS + "[betainc_shape]"]),
    ("check against half of the slope", "testing.py",
     "/ 12\n", "/ 24\n", ["tests/test_check.py::test_right_results_pass[hessian-dtype0]"]),
    ("take what is added for slopes", "structure/spreading.py",
     "others = {key(op.inputs[i]): tf.zeros_like(op.inputs[i]) for i in terms}", "pass",
     ["tests/structure/test_nets.py::test_single_precision"]),
    ("take slopes for ones", "structure/spreading.py", "and op.type in _SHIFTS and many == 1", "and many == 1",
     [NETS + "[normalized_groups]"]),
    ("forget to square the slopes", "structure/grouped.py",
     "diagonal = diagonal * tf.square(known)", "diagonal = diagonal * known", [NETS + "[batch_norm_inference]"]),
    ("swap the factors of an Einsum", "structure/contractions.py",
     "(letters[1 - position], letters[position], letters[2])", "(letters[0], letters[1], letters[2])",
     ["tests/structure/test_nets.py::test_the_diagonal_and_the_plan[mixer]"]),
    ("swap channels and their multiples", "structure/contractions.py",
     'list("qdm"), list("nyxdm")', 'list("qdm"), list("nyxmd")', [NETS + "[depthwise_strided]"]),
    ("count rows along the first axis", "structure/grouped.py",
     "for axis in rows for letter", "for axis in range(len(rows)) for letter",
     [NETS + "[time_first]"]),
    ("read a transposed convolution without its patches", "structure/patches.py",
     "return convolved(image, identity, strides, padding, dilations=dilations)",
     "return convolved(image, identity[::-1], strides, padding, dilations=dilations)", [NETS + "[transposed_tanh]"]),
]
EVERY = MUTATIONS + OF_TRAITS + OF_SPARSITY
# Failures of the edit itself, which say nothing about the test; the library hands on those of gradient functions.
CLUMSY = re.compile(r"\b(Import|ModuleNotFound|Name|Syntax|Indentation)Error\b")


def copied(folder):
    """A copy of the project, without what earlier runs left."""
    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, universal_newlines=True).splitlines()
    for name in files:
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(ROOT, name), target)


def edited(path, text, becomes):
    """The text of a file of the package with one edit; it must apply in one place."""
    with open(os.path.join(ROOT, "tf1_hessian", path), encoding="utf-8") as file:
        before = file.read()
    if before.count(text) != 1:
        raise SystemExit("'%s' is %d times in %s: the mutation must follow the code" % (
            text, before.count(text), path))
    return before.replace(text, becomes)


def run(tests, edit=None):
    """(pytest's exit code, its text) for tests of a copy of the project; edit: (a file of the package, its text)."""
    with tempfile.TemporaryDirectory() as folder:
        copied(folder)
        if edit is not None:
            with open(os.path.join(folder, "tf1_hessian", edit[0]), "w", encoding="utf-8") as file:
                file.write(edit[1])
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short"] + tests
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(
            os.environ, PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2", COLUMNS="250"))
    return done.returncode, done.stdout.decode("utf-8", "replace")


def verdict(code, text):
    """(whether a test noticed, the test, its line and what it said; or what happened in its place).

    An ERROR with the name of a test is the library's in what the test sets up; one of a module names no test.
    """
    test = re.search(r"^(?:FAILED|ERROR) (.*?\.py::.*?)(?: - |$)", text, re.MULTILINE)
    said = " ".join(" ".join(re.findall(r"^E +(.*)$", text, re.MULTILINE)).split())
    if code == 1 and test is not None and not CLUMSY.search(said):
        lines = re.findall(r"^tests/\S+: in .*\n +(.*)$", text, re.MULTILINE)
        return True, "\n".join(["", test.group(1)] + lines[-1:] + [said[:150]])
    return False, "NOT NOTICED" if code == 0 else "NOT RUN: pytest ended with %d\n%s" % (code, text[-2000:])


def main(words):
    """Applies the mutations whose names hold any of the words, or all; returns the exit code."""
    chosen = [m for m in EVERY if not words or any(word in m[0] for word in words)]
    edits = [(path, edited(path, text, becomes)) for _, path, text, becomes, _ in chosen]
    began, caught = time.time(), 0
    code, text = run(sorted({test for m in chosen for test in m[-1]}))
    print("Without mutations: %s" % text.strip().splitlines()[-1], flush=True)
    if code:
        raise SystemExit(text)
    for mutation, edit in zip(chosen, edits):
        noticed, said = verdict(*run(mutation[-1], edit))
        caught += noticed
        print("%s: %s" % (mutation[0], said.replace("\n", "\n    ")), flush=True)
    print("%d mutations, %d caught, %d not; %.0f s" % (
        len(chosen), caught, len(chosen) - caught, time.time() - began))
    return int(caught < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
