"""Docstrings as reStructuredText: they are plain text, with names of options at the start of what is said about them."""
import inspect
import re

__all__ = ["rst", "to_rst"]

_SPECIAL = re.compile(r"([\\*|])|(?<=\w)(_)(?=\W|$)")
_CODE = re.compile(r"(`[^`]+`)")


def to_rst(app, what, name, obj, options, lines):
    """Sphinx's hook: replaces the lines of a docstring."""
    lines[:] = rst("\n".join(lines), _options_of(obj)).split("\n")


def _options_of(obj):
    try:
        return list(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return list(getattr(obj, "_fields", ()))


def rst(text, options=()):
    """The docstring with its backticks as code, its options in bold, its indented parts as they are."""
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return "\n\n".join(_paragraph(p, options) for p in paragraphs) + "\n"


def _paragraph(text, options):
    if all(line.startswith("    ") for line in text.split("\n")):
        return "::\n\n" + text
    pieces = [_code(p) if _CODE.match(p) else _prose(p, options) for p in _CODE.split(text)]
    return "".join(pieces)


def _code(piece):
    return "``%s``" % piece.strip("`")


def _prose(piece, options):
    piece = _SPECIAL.sub(lambda m: "\\" + (m.group(1) or m.group(2)), piece)
    if not options:
        return piece
    names = "|".join(re.escape(o) for o in options)
    # `name:` and `name="value":` open what is said about an option; `name=value` elsewhere is code.
    piece = re.sub(r"(?:(?<=^)|(?<=\n)|(?<=[.;] ))((?:%s)(?:, (?:%s))*)(?==?[^\s:]*:\s)" % (names, names), r"**\1**", piece)
    return re.sub(r"\*\*(\w+)\*\*(=[^\s:]+)", r"**\1\2**", piece)
