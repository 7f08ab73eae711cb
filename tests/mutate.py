"""Breaks the package, one edit at a time, in a copy, and shows the test that notices: python tests/mutate.py [words]

Each mutation is (what, file, text, what it becomes, tests). It is caught when the tests fail with it; without it they
pass. The words choose mutations by name. The exit code is the number of those that nothing noticed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFORMANCE = "tests/conformance/test_conformance.py::test_hessian_and_diagonal"

MUTATIONS = [
    ("drop the repair of products at zeros", "derivatives/repairs/products.py",
     '"Cumprod": _cumprod,', "", ["tests/test_tensorflow_facts.py"]),
    ("drop the repair of cross-entropy with computed labels", "derivatives/repairs/losses.py",
     '"SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,', "", ["tests/test_tensorflow_facts.py"]),
    ("drop the repair of soft sign", "derivatives/repairs/activations.py",
     '"SoftsignGrad"', '"SoftsignGone"', ["tests/repairs/test_activations.py"]),
    ("take every stopped mean for the user's", "derivatives/repairs/moments.py",
     'if op.type != "StopGradient" or', 'if True or op.type != "StopGradient" or', ["tests/test_tensorflow_facts.py"]),
    ("take None for zero", "derivatives/gradients.py",
     'raise errors.lost(op, self._path.describe(op), "its gradient for input %d is None" % index)', "return None",
     ["tests/test_refusals.py"]),
    ("copy what is random", "graph/paths.py",
     "base.is_floating or base.is_complex or base in", "True or base in", ["tests/test_one_draw.py"]),
    ("let go of a read of a variable", "graph/emission.py",
     '"ResourceGather": _make_gather,', "", [CONFORMANCE + "[embedding_lookup_in_resource-slices-float64]",
                                             CONFORMANCE + "[gather_from_resource-slices-float64]"]),
    ("copy custom gradients with their closures", "_compat/functions.py",
     'return mark.startswith("CustomGradient-") and not', 'return False and not',
     ["tests/test_refusals.py", "tests/test_rewrite.py"]),
    ("stop at the first source", "derivatives/products.py",
     "for parts, source, vector in zip(gradient, sources, vectors)",
     "for parts, source, vector in list(zip(gradient, sources, vectors))[:1]", ["tests/test_hessians.py", CONFORMANCE]),
    ("lose the last chunk", "derivatives/columns.py",
     "chunks = -(-count // self.size)", "chunks = count // self.size",
     ["tests/test_plan.py", "tests/test_hessians.py"]),
    ("lay blocks without transposing", "problem.py",
     "block = tf.transpose(laid[c, r])", "block = tf.reshape(laid[c, r], [row.size, col.size])",
     [CONFORMANCE + "[dense_tanh-loop-float64]"]),
    ("split parts of a variable along the first axis", "_compat/core.py",
     "return axes[0] if axes else 0", "return 0", ["tests/test_sources.py", "tests/test_evaluate.py"]),
    ("take user gradients for symmetric", "graph/regions.py",
     "return any(control_flow.carries_functions(op) or", "return False and any(control_flow.carries_functions(op) or",
     [CONFORMANCE + "[custom_gradient-loop-float64]", "tests/test_gradients.py"]),
    ("run a loop one iteration less", "derivatives/while_loops.py",
     "lambda index, *_: index < count", "lambda index, *_: index < count - 1",
     [CONFORMANCE + "[loop_counted_at_run_time_v1-loop-float64]"]),
    ("forget what a loop adds to its invariants", "derivatives/while_loops.py",
     "return [index + 1] + found[:split - 1] + [tf.add_n([t, found[i]])",
     "return [index + 1] + found[:split - 1] + [tf.add_n([t, 0 * found[i]])",
     [CONFORMANCE + "[loop_counted_at_run_time_v1-loop-float64]"]),
    ("take the other branch", "graph/control_flow.py",
     'body = _compat.function_graph(op, "then_branch" if taken else "else_branch", skipped=1)',
     'body = _compat.function_graph(op, "else_branch" if taken else "then_branch", skipped=1)',
     [CONFORMANCE + "[cond_v2-loop-float64]", CONFORMANCE + "[cond_v1-loop-float64]"]),
    ("hold nothing constant", "derivatives/gradients.py",
     "None if key(o) in self._stopped else self._arrived(o)", "self._arrived(o)", ["tests/test_gradients.py"]),
    ("keep casts to single precision", "graph/precision.py",
     'if op.type == "Cast" and', 'if False and', ["tests/test_precision.py"]),
    ("take the sign of complex numbers for flat", "derivatives/zeros.py",
     'if op.type == "Sign" and', 'if False and', ["tests/repairs/test_complex_numbers.py"]),
    ("forget that a power is complex", "derivatives/repairs/special.py",
     "tf.conj(slope) if x.dtype.is_complex else slope", "slope", ["tests/ops", "-k", "Pow"]),
    ("overlook a second handle of a variable", "problem.py",
     "if op is not owner:", "if False:", ["tests/test_refused_questions.py", "-k", "two_handles"]),
    ("leave ops behind after a refusal", "graph/scratch.py",
     "with self.as_default(), tf.control_dependencies(None)",
     "with self.outer_graph.as_default(), tf.control_dependencies(None)",
     ["tests/test_refusals.py"]),
    ("check against half of the slope", "testing.py",
     "/ 12\n", "/ 24\n", ["tests/test_check.py"]),
]


def first_failure(folder, tests):
    """The first test that fails in a copy of the project, or None."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"] + tests
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(
        os.environ, PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2"))
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return found.group(1) if done.returncode else None


def copied(folder):
    """A copy of the package and its tests."""
    for name in ("tf1_hessian", "tests", "pyproject.toml"):
        source, target = os.path.join(ROOT, name), os.path.join(folder, name)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)


def mutated(folder, path, text, becomes):
    """Applies one edit in a copy; it must apply."""
    path = os.path.join(folder, "tf1_hessian", path)
    with open(path, encoding="utf-8") as file:
        before = file.read()
    if text not in before:
        raise SystemExit("'%s' is not in %s: the mutation must follow the code" % (text, path))
    with open(path, "w", encoding="utf-8") as file:
        file.write(before.replace(text, becomes, 1))


def main(words):
    """Applies the mutations whose names hold any of the words, or all; returns how many nothing noticed."""
    missed = 0
    for what, path, text, becomes, tests in MUTATIONS:
        if words and not any(word in what for word in words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            copied(folder)
            mutated(folder, path, text, becomes)
            found = first_failure(folder, tests)
        missed += found is None
        print("%-55s %s" % (what, "NOT NOTICED by %s" % " ".join(tests) if found is None else found), flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
