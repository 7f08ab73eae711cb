"""Tests that need a process of their own: for eager execution, or for switches that an import turns."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run_apart(folder, *arguments):
    """The end of what pytest says of the files case_*.py in a folder of the tests."""
    folder = os.path.join(HERE, folder)
    asked = ["-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "-o", "python_files=case_*.py", folder]
    return run(asked + list(arguments), folder)


def run(arguments, *folders):
    """What Python says with some arguments, both streams; the package and some folders can be imported."""
    root = os.path.dirname(HERE)
    env = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONPATH=os.pathsep.join((root,) + folders))
    done = subprocess.run([sys.executable, "-W", "ignore"] + arguments, env=env, cwd=root, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode()[-6000:]


def all_passed(said):
    """Whether pytest says so."""
    return " passed" in said and "failed" not in said and "error" not in said
