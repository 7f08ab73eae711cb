"""The public interface is what tf1_hessian/__init__.pyi declares: names, parameters, defaults, fields, base classes."""
import ast
import inspect
import os

import pytest

import tf1_hessian as th

DECLARED = ast.parse(open(os.path.join(os.path.dirname(th.__file__), "__init__.pyi"), encoding="utf-8").read())
FUNCTIONS = {node.name: node for node in DECLARED.body if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in DECLARED.body if isinstance(node, ast.ClassDef)}
MODULES = {
    "plots": {
        "curvature_by_layer": "(diagonals, names=None, *, ax=None)",
        "hessian_map": "(hessian, names=None, *, scale='log', ax=None)",
        "pruning_curve": "(fractions, curves, *, ylabel, scale='linear', ax=None)",
        "sparsity": "(pattern, coloring=None, *, ax=None)",
        "spectrum": "(values, *, exact=None, scale='log', ax=None)",
        "top_curvatures": "(diagonals, k=20, names=None, *, ax=None)",
    },
    "tensorboard": {
        "summaries": "(values, tag='hessian')",
        "write": "(where, values, step, tag='hessian')",
    },
    "tf2": {
        "batch_hessian": "(fn, x, *, args=(), jit_compile=False, **options)",
        "batch_hessian_diag": "(fn, x, *, args=(), jit_compile=False, **options)",
        "hessian": "(fn, xs, *, args=(), jit_compile=False, **options)",
        "hessian_diag": "(fn, xs, *, args=(), jit_compile=False, **options)",
        "hvp": "(fn, xs, vectors, *, args=(), jit_compile=False, **options)",
        "laplacian": "(fn, x, *, args=(), jit_compile=False, **options)",
        "plan": "(fn, xs, quantity='diag', *, args=(), **options)",
        "stream": "(fn, xs, batches, quantity='diag', *, weight=None, reduce='mean', progress=None, checkpoint=None, "
                  "every=None, **options)",
    },
}


def declared_parameters(function):
    """(name, kind, default) of each parameter, with the kinds of inspect; defaults are literals."""
    given = function.args
    missing = [inspect.Parameter.empty] * (len(given.args) - len(given.defaults))
    defaults = missing + [ast.literal_eval(d) for d in given.defaults]
    found = [(a.arg, "POSITIONAL_OR_KEYWORD", d) for a, d in zip(given.args, defaults)]
    if given.vararg:
        found.append((given.vararg.arg, "VAR_POSITIONAL", inspect.Parameter.empty))
    found += [(a.arg, "KEYWORD_ONLY", inspect.Parameter.empty if d is None else ast.literal_eval(d))
              for a, d in zip(given.kwonlyargs, given.kw_defaults)]
    return found + ([(given.kwarg.arg, "VAR_KEYWORD", inspect.Parameter.empty)] if given.kwarg else [])


def parameters(function):
    found = inspect.signature(function, follow_wrapped=True).parameters.values()
    return [(p.name, p.kind.name, p.default) for p in found]


def public(owner):
    return {name for name in vars(owner) if not name.startswith("_")}


def is_declared(node, name):
    return any(isinstance(base, ast.Name) and base.id == name for base in node.bases)


def test_every_public_name_is_declared():
    assert set(th.__all__) == set(FUNCTIONS) | set(CLASSES) | {"tf2"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_calls(name):
    assert parameters(getattr(th, name)) == declared_parameters(FUNCTIONS[name])


@pytest.mark.parametrize("name", sorted(n for n, node in CLASSES.items() if not n.endswith("Error")))
def test_classes(name):
    node, found = CLASSES[name], getattr(th, name)
    methods = {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}
    fields = [f.target.id for f in node.body if isinstance(f, ast.AnnAssign)]
    if is_declared(node, "NamedTuple"):
        assert fields == list(found._fields)
        fields = []
    assert public(found) - set(getattr(found, "_fields", ())) == (
        {m for m in methods if not m.startswith("_")} | hooks_of(name))
    for name, method in methods.items():
        member = inspect.getattr_static(found, name)
        if isinstance(member, property):
            assert [ast.dump(d) for d in method.decorator_list] == [ast.dump(ast.Name("property", ast.Load()))]
            continue
        member = getattr(member, "__func__", member)
        assert parameters(member) == declared_parameters(method), name


def hooks_of(name):
    """What TensorFlow's session calls of a hook, which no user does."""
    return {"begin", "after_create_session", "before_run", "after_run", "end"} if name == "HessianHook" else set()


@pytest.mark.parametrize("name", sorted(n for n in CLASSES if n.endswith("Error")))
def test_errors(name):
    base, = CLASSES[name].bases
    assert [b.__name__ for b in getattr(th, name).__bases__] == [base.id]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules(module):
    found = getattr(th, module)
    assert {name: str(inspect.signature(getattr(found, name))) for name in found.__all__} == MODULES[module]


def test_the_package_says_that_it_is_typed():
    assert os.path.exists(os.path.join(os.path.dirname(th.__file__), "py.typed"))
