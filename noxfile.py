"""The version matrix: `nox` runs the suite on each TensorFlow below, `nox -s lint` the linters, `nox -s docs` the site.

nox looks for each Python on PATH; with pyenv, name them: PYENV_VERSION=3.11.7:3.7.16:3.8.18:3.13.0 nox
"""
import os

import nox

MATRIX = [
    ("3.7", "1.13.2"),
    ("3.7", "1.15.5"),
    ("3.7", "2.4.4"),
    ("3.8", "2.8.4"),
    ("3.11", "2.15.1"),
    ("3.11", "2.21.0"),
    ("3.13", "newest"),
]

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
    """The suite on one TensorFlow; arguments after -- go to pytest."""
    session.install("-qq", "-e", ".[dev]", *requirements(tensorflow))
    session.run("python", "-m", "pytest", *session.posargs, env={"TF_CPP_MIN_LOG_LEVEL": "2"})


@nox.session(venv_backend="none")
def lint(session):
    """`make lint`, which makes its own environment."""
    session.run("make", "lint", external=True)


@nox.session(venv_backend="none")
def docs(session):
    """`make docs`: the site, without a warning."""
    session.run("make", "docs", external=True)
