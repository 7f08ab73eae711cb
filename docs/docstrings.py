"""Docstrings as reStructuredText: they are plain text, an option's name at the start of what is said about it."""
import inspect
import re

__all__ = ["rst", "to_rst"]

_SPECIAL = re.compile(r"[\\*|]|(?<=\w)_(?=\W|$)")
_CODE, _STRESS = re.compile(r"`[^`]+`"), re.compile(r"\*\*\w[^*]*\*\*")
_APART = re.compile(r"(`[^`]+`|\*\*\w[^*]*\*\*)")


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
    text = _escaped(" ".join(text.split()))
    if not options:
        return text
    names = "|".join(re.escape(o) for o in options)
    # `name:`, `name, other:` and `name=value:` open what is said about an option.
    option = r"((?:%s)(?:, (?:%s))*(?:=[^\s:]+)?):\s" % (names, names)
    pieces = re.split(r"(?:^|(?<=[.;] ))(?=%s)" % option.replace("((?:", "(?:(?:", 1), text)
    return "\n\n".join(_listed(piece, re.match(option, piece)) for piece in pieces if piece)


def _listed(piece, option):
    """A list entry for what is said about an option; what is said of the result after it stands by itself."""
    if not option:
        return piece.strip()
    about, _, result = re.sub(r" (?=(?:Returns|Raises) )", "\0", piece[option.end():], count=1).partition("\0")
    return "- **%s**: %s" % (option.group(1), about.strip()) + ("\n\n" + result if result else "")


def _escaped(text):
    """Backticks as code, stars that stress as they are, other marks of reStructuredText as text."""
    return "".join("``%s``" % p.strip("`") if _CODE.match(p) else p if _STRESS.match(p) else _SPECIAL.sub(
        lambda m: "\\" + m.group(0), p) for p in _APART.split(text))
