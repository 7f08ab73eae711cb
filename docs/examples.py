"""The gallery: legacy_examples/*.py for sphinx-gallery, which wants a title, and the pictures that they save."""
import ast
import glob
import io
import os
import re
import shutil
import sys

import tensorflow
from docstrings import rst
from sphinx_gallery.scrapers import figure_rst

__all__ = ["CONFIGURATION", "adapt"]

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCE = os.path.join(os.path.dirname(_HERE), "legacy_examples")
_ADAPTED = os.path.join(_HERE, "_examples")
# Modules that programs share are no pages; pictures go beside the module or the program that saves them.
_SHARED = os.path.join(_ADAPTED, "shared")
_OUTPUTS = [os.path.join(folder, "output") for folder in (_ADAPTED, _SHARED)]
_HEADER = """Gallery
=======

Complete TF 1 programs of ``legacy_examples/``, as they run on TF 1.15 and on the newest one. What they print here and
the pictures come from the build of this site, with ``--quick`` where a program has it.

"""


def adapt(app=None):
    """Copies the programs into docs/_examples with a title above what their docstrings say."""
    os.makedirs(_SHARED, exist_ok=True)
    sys.path.append(_SHARED)
    _write(_ADAPTED, "GALLERY_HEADER.rst", _HEADER)
    for path in glob.glob(os.path.join(_SOURCE, "*.py")):
        name, text = os.path.basename(path), _read(path)
        _write(*((_ADAPTED, name, _titled(text)) if "__main__" in text else (_SHARED, name, text)))


def _read(path):
    with io.open(path, encoding="utf-8") as file:
        return file.read()


def _write(folder, name, text):
    """Only what is new: sphinx-gallery runs what has changed."""
    path = os.path.join(folder, name)
    if not os.path.exists(path) or _read(path) != text:
        with io.open(path, "w", encoding="utf-8") as file:
            file.write(text)


def _titled(source):
    whole = re.match(r'"""(.*?)"""', source, re.DOTALL)
    docstring = whole.group(1).strip()
    title = re.split(r": |\. |\.$", " ".join(docstring.split("\n\n")[0].split("\n")))[0]
    return 'r"""\n%s\n%s\n\n%s"""%s' % (title, "=" * len(title), rst(docstring), source[whole.end():])


def _arguments(gallery_conf, script_vars):
    """--quick for programs that have it, themselves or through the module that they share.

    sphinx-gallery takes the docstring and the file's name away from a program; here it gets both back.
    """
    source = _read(script_vars["src_file"])
    script_vars["example_globals"].update(__doc__=ast.get_docstring(ast.parse(source)),
                                          __file__=str(script_vars["src_file"]))
    shared = [n for n in re.findall(r"^from (\w+) import", source, re.MULTILINE)
              if os.path.exists(os.path.join(_SHARED, n + ".py"))]
    texts = [source] + [_read(os.path.join(_SHARED, n + ".py")) for n in shared]
    return ["--quick"] if any('"--quick"' in text for text in texts) else []


def _fresh(gallery_conf, name):
    """A fresh graph, and no pictures of the program before."""
    tensorflow.compat.v1.reset_default_graph()
    for folder in _OUTPUTS:
        shutil.rmtree(folder, ignore_errors=True)


def _pictures(block, block_vars, gallery_conf):
    """The pictures that the program has saved."""
    found, saved = [], [path for folder in _OUTPUTS for path in sorted(glob.glob(os.path.join(folder, "*.png")))]
    for path, target in zip(saved, block_vars["image_path_iterator"]):
        shutil.move(path, target)
        found.append(target)
    return figure_rst(found, gallery_conf["src_dir"]) if found else ""


CONFIGURATION = {
    "examples_dirs": [_ADAPTED],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",
    "image_scrapers": (_pictures,),
    "reset_modules": (_fresh,),
    "reset_argv": _arguments,
    "default_thumb_file": os.path.join(_HERE, "images", "hessian.png"),
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "abort_on_example_error": True,
}
