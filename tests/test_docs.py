"""What README.md and docs/ show is run: each page's Python blocks in one namespace, with the output that stands below.

A `text` block behind a `python` block is what it prints, or the error that it ends with. `...` stands for anything,
spaces don't count, and a number agrees to its last digit; a number behind `~` or in front of `ops` or `ms` is free,
since it differs between versions and machines; `?` in a shape of TF 1 is `None`. `tf1-hessian` in a `console` block
runs in the page's folder.
"""
import collections
import contextlib
import glob
import io
import os
import re
import shlex
import subprocess
import sys

import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from apart import program
from tf1_hessian import cli

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = sorted(os.path.relpath(path, ROOT) for pattern in ("README.md", "docs/*.md", "docs/*/*.md")
               for path in glob.glob(os.path.join(ROOT, pattern)) if "_build" not in path and "gallery" not in path)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(~?)(?<![\w.])(-?\d+(?:\.\d*)?(?:e[-+]?\d+)?)(?!\w)( ops| ms)?")
# A page that begins with this is for TF 2 alone, and runs in a process of its own, eagerly.
EAGER = "<!-- TensorFlow 2, eager -->"
# One that begins with this has a test of its own, with a process for each of its programs.
APART = "<!-- run by tests/"
IS_TF2 = not tf.VERSION.startswith("1.")
ERROR = re.compile(r"^[\w.]+(Error|Warning): ", re.MULTILINE)

Block = collections.namedtuple("Block", "language text line")


def text(page):
    with io.open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """The fenced blocks of a page, with the lines they start on."""
    whole = text(page)
    return [Block(m.group(1), m.group(2), whole.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(whole)]


def pattern_of(expected):
    """(a regular expression for an output, the numbers that its groups must agree with)"""
    pattern, numbers, at = "", [], 0
    for match in NUMBER.finditer(expected):
        pattern += _literal(expected[at:match.start(2)])
        is_free = bool(match.group(1) or match.group(3))
        pattern += r"(-?[\d.]+(?:e[-+]?\d+)?)"
        numbers.append(None if is_free else match.group(2))
        at = match.end(2)
    return pattern + _literal(expected[at:]), numbers


def _literal(piece):
    pieces = [r"\s*".join(re.escape(word) for word in re.findall(r"\w+|[^\w\s]", part)) for part in piece.split("...")]
    return r"\s*" + r"\s*.*?\s*".join(pieces) + r"\s*"


def tolerance(number):
    """One in the last digit that is shown, nothing for a whole number."""
    digits, _, exponent = number.partition("e")
    _, point, decimals = digits.partition(".")
    if not point and not exponent:
        return 0
    return 1.01 * 10.0 ** (int(exponent or 0) - len(decimals)) if decimals or exponent else 1e-6


def agree(expected, got):
    """Whether an output is what the page shows. Old pfor vectorises less, and plans tell."""
    if tf.VERSION.startswith("1.13."):
        got = re.sub(r"\n  because the columns at .* run one by one: No converter .*", "", got)
    pattern, numbers = pattern_of(expected.strip())
    got = re.sub(r"(?<=[(, ])\?(?=[,)])", "None", got.strip())
    match = re.match(pattern + r"\Z", got, re.DOTALL)
    return bool(match) and all(n is None or abs(float(g) - float(n)) <= tolerance(n)
                               for n, g in zip(numbers, match.groups()))


def run_python(block, page, namespace):
    """What a block prints, and the error that it ends with as one line."""
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, page, "exec")
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
    except Exception as error:
        return printed.getvalue(), "%s: %s" % (type(error).__name__, error), error
    return printed.getvalue(), "", None


def check_python(block, below, page, namespace):
    expected = below.text if below is not None and below.language == "text" else ""
    printed, said, error = run_python(block, page, namespace)
    if error is not None and not ERROR.search(expected):
        raise error
    assert agree(expected, printed + said), "%s, line %d, printed\n%s" % (page, block.line, printed + said)


def check_console(block, page, is_first):
    """Runs what calls the package, and compares its output; other commands install or start things."""
    for command, expected in re.findall(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        words = shlex.split(command.replace("\\\n", " "))
        if words[0] == "tf1-hessian":
            printed = (run_process if is_first else run_here)(words[1:])
            is_first = False
            assert agree(expected, printed), "%s, line %d: %s printed\n%s" % (page, block.line, command, printed)


def run_process(arguments):
    """What the command line prints, started as a person does."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")]))
    del env["TF_CPP_MIN_LOG_LEVEL"]
    command = [sys.executable, "-W", "ignore", os.path.join(ROOT, "tf1_hessian_command.py")] + arguments
    return subprocess.run(command, env=env, timeout=300, universal_newlines=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def run_here(arguments):
    """The same without another start of TensorFlow."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        cli.main(arguments)
    return printed.getvalue()


def check_page(page):
    """Runs the blocks of a page in one namespace, in the working directory."""
    namespace, found = {"__name__": "__main__"}, blocks(page)
    is_first = True
    for block, below in zip(found, found[1:] + [None]):
        if block.language == "python":
            check_python(block, below, page, namespace)
        elif block.language == "console":
            check_console(block, page, is_first)
            is_first = False


def is_shown(page):
    """Whether there is anything to run, on this TensorFlow."""
    shows = bool({b.language for b in blocks(page)} & {"python", "console"})
    return shows and APART not in text(page) and (IS_TF2 or EAGER not in text(page))


@pytest.mark.parametrize("page", [page for page in PAGES if is_shown(page)])
def test_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if EAGER not in text(page):
        check_page(page)
        return
    code = "import sys; sys.path[:0] = %r; import test_docs; test_docs.check_page(%r)" % (
        [os.path.join(ROOT, "tests"), ROOT], page)
    ended = program(["-c", code], tmp_path)
    assert ended.code == 0, ended.err


def test_links_between_pages_lead_somewhere():
    broken = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text(page))
              if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), target))]
    assert not broken


def test_reference_has_every_public_name():
    listed = re.findall(r"^\.\. auto\w+:: (?:tf1_hessian\.)?(\w+)$", text("docs/reference/api.md"), re.MULTILINE)
    assert not set(th.__all__) - set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("expected, got", [
    ("[-2. -2.  2.]", "[-2. -2.  2.0000000001]"), ("a ... 3 b", "a 1 2\n 3  b"),
    ("~4.6 gradients, 229 ops", "~5 gradients, 1 ops"),
    ("error 1.2e-10", "error 1.3e-10"), ("w1:0 float64 (3, 4)", "w1:0   float64 (3, 4)"),
])
def test_outputs_that_agree(expected, got):
    assert agree(expected, got)


@pytest.mark.parametrize("expected, got", [
    ("[-2. -2. 2.]", "[-2. -2. 2.1]"), ("23 columns", "24 columns"), ("", "something"), ("float64", "float32"),
    ("w:0", "w_1:0"), ("0.123", "0.125"), ("a ... b", "a b c"), ("error 1.2e-10", "error 1.2e-09"),
])
def test_outputs_that_differ(expected, got):
    assert not agree(expected, got)


@pytest.mark.parametrize("block, below", [("1 / 0\n", "ValueError: x\n"), ("print(3)\n", "4\n"), ("print(3)\n", None)])
def test_a_page_that_shows_something_else_is_noticed(block, below):
    below = below and Block("text", below, 5)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        check_python(Block("python", block, 1), below, "page.md", {})
