"""Edits the package at random, and shows which edits no test notices.

    nox -s coverage -- --cov-context test
    python tests/mutate_at_random.py [--edits 50] [--seed 0] [--under runners/] [--tests 60] [--only 17]

The first line leaves in .coverage which test reaches which line. An edit turns one comparison, sign, condition or
number into another, in a copy of the project, on a line that tests reach; of these some are run, chosen at random. What
they don't notice is listed: an edit that changes no result, or a test that is missing. Then the exit code is 1.
"""
import argparse
import collections
import io
import keyword
import os
import random
import sys
import tokenize

import coverage

import mutate

PACKAGE = os.path.join(mutate.ROOT, "tf1_hessian")
SWAPPED = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "+", "//": "*",
    "/": "*", "+=": "-=", "-=": "+=", "and": "or", "or": "and", "True": "False", "False": "True", "any": "all",
    "all": "any", "min": "max", "max": "min", "is": "is not", "in": "not in", "if": "if not", "elif": "elif not",
}
# These run the package in processes of their own, whose lines are counted for no test: they come last for each edit.
APART = ["tests/test_compat.py", "tests/test_parity.py", "tests/test_tf2.py"]
# Lines of these are written for people, or say what is imported.
LEFT = ("errors.py", "__init__.py", "refusals.py")

Edit = collections.namedtuple("Edit", "path line column old new")


def files(under):
    """The files of the package, relative to it, that are edited."""
    for folder, _, names in sorted(os.walk(PACKAGE)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), PACKAGE).replace(os.sep, "/")
            if name.endswith(".py") and name not in LEFT and path.startswith(under):
                yield path


def text_of(path):
    with io.open(os.path.join(PACKAGE, path), encoding="utf-8") as file:
        return file.read()


def edits_of(path):
    """What can be edited in a file."""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text_of(path)).readline) if t.type != tokenize.NL]
    for before, token, after in zip(tokens, tokens[1:], tokens[2:]):
        if token.type == tokenize.NUMBER and token.string.isdigit():
            yield Edit(path, token.start[0], token.start[1], token.string, str(int(token.string) + 1))
        elif token.string in SWAPPED and _is_meant(before, token, after):
            yield Edit(path, token.start[0], token.start[1], token.string, SWAPPED[token.string])


def _is_meant(before, token, after):
    """Whether a word or sign is what it seems: a star may open arguments, `in` belongs to `for`, `is` to `is not`."""
    if token.type == tokenize.OP:
        is_value = before.type in (tokenize.NAME, tokenize.NUMBER) and not keyword.iskeyword(before.string)
        return is_value or before.string in (")", "]")
    if token.string in ("in", "is"):
        return before.string != "not" and after.string != "not" and " for " not in token.line
    return token.type == tokenize.NAME and (token.string not in ("any", "all", "min", "max") or after.string == "(")


def edited(edit):
    """The file's text with the edit in it."""
    lines = text_of(edit.path).splitlines(True)
    line = lines[edit.line - 1]
    lines[edit.line - 1] = line[:edit.column] + edit.new + line[edit.column + len(edit.old):]
    return "".join(lines)


def reached_edits(data, path):
    """[(what can be edited on a line of a file, the tests that reach it, as pytest takes them)]."""
    contexts = data.contexts_by_lineno(os.path.join(PACKAGE, path))
    tests = {line: sorted({c.split("|")[0] for c in reached if "|run" in c}) for line, reached in contexts.items()}
    return [(edit, tests[edit.line]) for edit in edits_of(path) if tests.get(edit.line)]


def sample(data, under, count, seed):
    """[(an edit, the tests that reach it)], files by turns so that large ones do not have them all."""
    chance = random.Random(seed)
    waiting = {path: reached_edits(data, path) for path in files(under)}
    found = []
    while len(found) < count and any(waiting.values()):
        path = chance.choice(sorted(p for p in waiting if waiting[p]))
        found.append(waiting[path].pop(chance.randrange(len(waiting[path]))))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--under", default="", help="what paths in the package start with")
    parser.add_argument("--tests", type=int, default=60, help="so many tests at most for an edit")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of edits of the sample")
    options = parser.parse_args()
    data = coverage.CoverageData(os.path.join(mutate.ROOT, ".coverage"))
    data.read()
    chosen = sample(data, options.under, options.edits, options.seed)
    left = []
    for number, (edit, tests) in enumerate(chosen):
        if options.only and number not in options.only:
            continue
        some = random.Random(options.seed).sample(tests, min(options.tests, len(tests))) + APART
        is_noticed, said = mutate.verdict(*mutate.run(some, (edit.path, edited(edit))))
        left += [] if is_noticed else [number]
        print("%d %s:%d %s -> %s, %d tests: %s" % (
            number, edit.path, edit.line, edit.old, edit.new, len(some), " ".join(said.split())[:200]), flush=True)
    print("%d edits, %d not noticed: %s" % (len(options.only or chosen), len(left), left))
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
