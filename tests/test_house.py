"""The rules of the house that a machine can check: who imports whom, sizes, docstrings, an import without effects."""
import ast
import glob
import os
import re
import subprocess
import sys

import mutate

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = "tf1_hessian"

FLOOR = {"errors", "_compat"}
EXACT = FLOOR | {"graph", "derivatives", "structure", "sparsity"}
INNER = EXACT | {"colored", "problem", "separated", "plan", "runners", "estimators"}
MAY_IMPORT = {
    "errors": set(),
    "_compat": set(),
    "leaves": FLOOR,
    "graph": FLOOR,
    "derivatives": FLOOR | {"graph"},
    "structure": FLOOR | {"graph", "derivatives"},
    "sparsity": FLOOR | {"graph"},
    "problem": FLOOR | {"graph", "derivatives"},
    "separated": EXACT | {"problem"},
    "colored": EXACT | {"problem", "separated"},
    "by_element": EXACT | {"problem"},
    "planner": EXACT | {"by_element", "colored", "problem"},
    "recording": EXACT,
    "memory": FLOOR,
    "limits": FLOOR | {"graph", "memory"},
    "plan": EXACT | {"limits", "memory", "planner", "problem", "recording"},
    "runners": FLOOR | {"graph.built", "graph.compiled", "graph.control_flow", "graph.effects", "graph.scratch",
                        "graph.sources", "graph.upstream"},
    "estimators": FLOOR | {"runners"},
    "rows": EXACT | {"limits", "memory", "problem", "recording"},
    "api": INNER | {"rows"},
    "direct": EXACT | {"problem", "recording"},
    "diagnosis": INNER,
    PACKAGE: INNER | {"api", "diagnosis", "direct", "rows"},
}
EDGES = {"__main__", "bridge", "cli", "compat", "hooks", "models", "optimize", "plots", "streams", "tensorboard",
         "testing", "tf2"}
# Libraries that only an edge may need.
OPTIONAL = {"matplotlib", "tqdm"}
# Calls that change more than the caller's graph; compat.py is the edge that says so.
GLOBAL_CALLS = ("disable_", "enable_", "set_random_seed", "reset_default_graph", "RegisterGradient", "set_verbosity")

# Prints what of the process an import of the package changed.
IMPORT = """
import logging, os, sys
import numpy as np
import tensorflow.compat.v1 as tf

def state():
    switches = ("executing_eagerly", "resource_variables_enabled", "control_flow_v2_enabled")
    loggers = [logging.getLogger(), logging.getLogger("tensorflow")]
    graph = tf.get_default_graph()
    return {
        "switches": [getattr(tf, name)() for name in switches if hasattr(tf, name)],
        "dimensions": type(tf.TensorShape([3])[0]).__name__,
        "graph": [op.name for op in graph.get_operations()] + graph.get_all_collection_keys() + [graph.seed],
        "logging": [tf.logging.get_verbosity()] + [log.filters + log.handlers for log in loggers],
        "numpy": (np.get_printoptions(), np.geterr()),
        "environment": dict(os.environ),
        "optional": sorted({"matplotlib", "tqdm"} & set(sys.modules)),
    }

before = state()
import tf1_hessian
after = state()
print([name for name in sorted(before) if before[name] != after[name]])
"""


def python_files(*tops):
    """The Python files of the project below some folders, as paths from its root."""
    found = []
    for top in tops:
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith(".py")]
    return sorted(found)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def module_name(path):
    parts = path[:-len(".py")].split(os.sep)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): ast.parse(text(path), path) for path in python_files(PACKAGE)}
FILES = python_files(PACKAGE, "tests", "legacy_examples", "benchmarks") + ["noxfile.py", "setup.py"]


def imports(tree):
    """(module, name or None) of each import: `from a import b` is module a.b where there is one, else name b of a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "line %d: a relative import" % node.lineno
            for alias in node.names:
                inner = "%s.%s" % (node.module, alias.name)
                yield (inner, None) if inner in MODULES else (node.module, alias.name)


def imported(name):
    """Every module that a module of the package imports, wherever in it."""
    return {module for module, _ in imports(MODULES[name])}


def is_ours(module):
    return module.split(".")[0] == PACKAGE


def room(module):
    """The folder or file right below the package."""
    return (module.split(".") + [module])[1]


def is_edge(name):
    return room(name) in EDGES


def may_import(own, module):
    """Whether a room may import a module: of its own, of a room below, or a single module that the table names."""
    return room(module) == own or bool({room(module), module[len(PACKAGE) + 1:]} & MAY_IMPORT.get(own, set()))


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def last_line(node):
    """Where a node ends; Python 3.7 knows only where its parts begin."""
    return max(getattr(n, "end_lineno", None) or getattr(n, "lineno", 0) for n in ast.walk(node))


def body_lines(function):
    """The lines of a function below its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return last_line(function) - body[0].lineno + 1 if body else 0


def public(node):
    """The public functions and classes of a module, and the public methods of such classes."""
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                for method in public(child):
                    yield method


def exported(tree):
    """The names in `__all__`, or None where a module has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return None


def bound(tree):
    """The names that a module defines, assigns or imports."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    names |= {k.value if hasattr(k, "value") else k.s for n in tree.body if isinstance(n, ast.Assign)
              and getattr(n.targets[0], "id", "") == "_AT_THE_EDGE" for k in n.value.keys}
    return names | {(alias.asname or alias.name) for n in ast.walk(tree)
                    if isinstance(n, (ast.Import, ast.ImportFrom)) for alias in n.names}


def test_imports_run_downward():
    wrong = ["%s imports %s" % (name, module) for name in MODULES if not is_edge(name)
             for module in imported(name) if is_ours(module) and not may_import(room(name), module)]
    assert not wrong


def test_every_room_has_a_rule():
    assert not {room(name) for name in MODULES} - set(MAY_IMPORT) - EDGES


def test_no_import_cycle():
    waiting = {name: imported(name) & set(MODULES) - {name} for name in MODULES}
    while waiting:
        free = [name for name, needs in waiting.items() if not needs & set(waiting)]
        assert free, "a cycle among %s" % sorted(waiting)
        for name in free:
            del waiting[name]


def test_one_door_to_tensorflow():
    doors = [name for name in MODULES if any(m.split(".")[0] == "tensorflow" for m in imported(name))]
    assert {room(name) for name in doors} == {"_compat"}


def test_optional_libraries_stay_in_edges():
    wrong = [(name, m) for name in MODULES for m in imported(name) if m.split(".")[0] in OPTIONAL and not is_edge(name)]
    assert not wrong


def test_private_names_stay_private():
    wrong = [(name, module, n) for name, tree in MODULES.items() for module, n in imports(tree)
             if is_ours(module) and n and n.startswith("_") and n != "__version__"]
    wrong += [(name, n.value.id, n.attr) for name, tree in MODULES.items() for n in ast.walk(tree)
              if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.attr.startswith("_")
              and n.value.id in {m.split(".")[-1] for m in imported(name) if is_ours(m)}]
    assert not wrong


def test_public_names_have_docstrings():
    missing = [(name, getattr(node, "name", "")) for name, tree in MODULES.items()
               for node in [tree] + list(public(tree)) if not ast.get_docstring(node)]
    assert not missing


def test_public_modules_say_so():
    """`__all__` stands in every module that has public functions or classes, and all of it exists."""
    wrong = [name for name, tree in MODULES.items() if exported(tree) is None and list(public(tree))]
    wrong += [(name, n) for name, tree in MODULES.items() for n in exported(tree) or () if n not in bound(tree)]
    assert not wrong


def test_nothing_global_is_switched():
    wrong = [(name, n.attr) for name, tree in MODULES.items() for n in ast.walk(tree)
             if isinstance(n, ast.Attribute) and n.attr.startswith(GLOBAL_CALLS) and room(name) != "compat"]
    assert not wrong


def test_files_stay_small():
    assert not [path for path in FILES if text(path).count("\n") >= 300]


def test_bodies_stay_small():
    bodies = [(path, f.name, body_lines(f)) for path in FILES for f in functions(ast.parse(text(path)))]
    assert not [body for body in bodies if body[-1] > 40]


def test_contributing_names_what_there_is():
    """Its files and folders, below the root, the package or `derivatives/`, and its classes' methods."""
    named = set(re.findall("`([^` ]+)`", text("CONTRIBUTING.md")))
    files = {n for n in named if n.endswith((".py", "/"))}
    above = [ROOT, os.path.join(ROOT, PACKAGE), os.path.join(ROOT, PACKAGE, "derivatives")]
    missing = {f for f in files if not any(glob.glob(os.path.join(folder, f)) for folder in above)}
    methods = {n for n in named if re.match(r"_?[A-Z]\w+\.\w+$", n)}
    there = {"%s.%s" % (c.name, f.name) for tree in MODULES.values() for c in ast.walk(tree)
             if isinstance(c, ast.ClassDef) for f in functions(c)}
    assert files and methods and not missing and methods <= there, (missing, methods - there)


def test_each_mutation_applies_in_one_place():
    unchanged = [what for what, path, before, after, _ in mutate.EVERY
                 if mutate.edited(path, before, after) == text(os.path.join(PACKAGE, path))]
    assert not unchanged


def test_import_changes_nothing():
    env = dict(os.environ, PYTHONPATH=ROOT, TF_CPP_MIN_LOG_LEVEL="2")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", IMPORT], env=env, stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == "[]"
