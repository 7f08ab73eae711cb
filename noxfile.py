"""The version matrix: `nox` runs the suite on each TensorFlow below, `nox -s lint` the linters, `nox -s docs` the site,
`nox -s package wheel` builds the package and uses it from its wheel, `nox -s coverage` tells which lines tests reach,
`nox -s legacy_keras` takes Keras 2 on the newest TensorFlow.

nox looks for each Python on PATH; with pyenv, name them: PYENV_VERSION=3.11.7:3.7.16:3.8.18:3.13.0 nox
"""
import glob
import os
import shutil

import nox

MATRIX = [
    ("3.7", "1.13.2"),
    ("3.7", "1.14.0"),
    ("3.7", "1.15.5"),
    ("3.7", "2.4.4"),
    ("3.8", "2.8.4"),
    ("3.9", "2.11.1"),
    ("3.11", "2.15.1"),
    ("3.11", "2.16.2"),
    ("3.11", "2.18.1"),
    ("3.11", "2.21.0"),
    ("3.13", "newest"),
]
# Where an installed wheel is tried: both ends of the range of Pythons, each with its own extra.
WHEELS = [("3.7", "tf1"), ("3.13", "tf-cpu")]
# All cases of the long tables, of which `make test` runs a share; TF1_HESSIAN_WHOLE=0 nox is content with one as well,
# TF1_HESSIAN_WHOLE=0 TF1_HESSIAN_PART=2 nox with half of one.
WHOLE = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF1_HESSIAN_WHOLE": os.environ.get("TF1_HESSIAN_WHOLE", "1")}

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True


def requirements(version):
    """What pip is asked for: TensorFlow in one version, with the pins that it needs where it needs any."""
    if version == "newest":
        return ["tensorflow-cpu"]
    # tensorflow-cpu starts with 2.1, but for a single release.
    package = "tensorflow" if version.startswith("1.") else "tensorflow-cpu"
    pins = os.path.join("constraints", "tf-%s.txt" % version)
    return ["%s==%s" % (package, version)] + (["-c", pins] if os.path.exists(pins) else [])


@nox.session
@nox.parametrize("python,tensorflow", [nox.param(p, v, id="tf-" + v) for p, v in MATRIX])
def tests(session, tensorflow):
    """The whole suite on one TensorFlow; arguments after -- go to pytest."""
    session.install("-qq", "-e", ".[dev]", *requirements(tensorflow))
    session.run("python", "-m", "pytest", *session.posargs, env=WHOLE)


@nox.session(python="3.11")
def legacy_keras(session):
    """The suite on the newest TensorFlow with Keras 2 in the place of Keras 3; arguments after -- go to pytest."""
    session.install("-qq", "-e", ".[dev,tf-cpu]", "tf-keras")
    session.run("python", "-m", "pytest", *session.posargs, env=dict(WHOLE, TF_USE_LEGACY_KERAS="1"))


@nox.session(venv_backend="none")
def lint(session):
    """`make lint`, which makes its own environment."""
    session.run("make", "lint", external=True)


@nox.session(venv_backend="none")
def docs(session):
    """`make docs`: the site, without a warning."""
    session.run("make", "docs", external=True)


@nox.session(python="3.11")
def package(session):
    """sdist and wheel in dist/, with what the index would say of them."""
    session.install("-qq", "build", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    session.run("python", "-m", "twine", "check", "--strict", *glob.glob("dist/*"))


@nox.session
@nox.parametrize("python,extra", [nox.param(p, e, id="python-" + p) for p, e in WHEELS])
def wheel(session, extra):
    """The wheel of `package` in an environment without the checkout: its interface, README's blocks, the command."""
    built, = glob.glob(os.path.abspath("dist/*.whl"))
    pins = ["-c", os.path.abspath("constraints/tf-1.15.5.txt")] if extra == "tf1" else []
    session.install("-qq", "%s[%s,plots,progress]" % (built, extra), "pytest", *pins)
    tests = os.path.abspath("tests")
    session.chdir(session.create_tmp())
    files = [os.path.join(tests, "test_public_api.py"), os.path.join(tests, "test_docs.py")]
    session.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", tests,
                "-k", "public_api or README", *files, env={"TF_CPP_MIN_LOG_LEVEL": "2"})
    session.run("tf1-hessian", "--help", silent=True)


@nox.session(python="3.11")
def coverage(session):
    """The lines of the package that the suite does not reach, on the newest TensorFlow."""
    session.install("-qq", "-e", ".[dev,tf-cpu]", "pytest-cov")
    session.run("python", "-m", "pytest", "-n", "2", "--cov", "tf1_hessian",
                "--cov-report", "term-missing:skip-covered", *session.posargs, env=WHOLE)
