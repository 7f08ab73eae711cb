"""The site: Sphinx's configuration. `make docs` builds it into docs/_build."""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
sys.path[:0] = [_HERE, _ROOT]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import docstrings  # noqa: E402
import examples  # noqa: E402

import tf1_hessian  # noqa: E402

project = "tf1_hessian"
release = tf1_hessian.__version__
extensions = ["mathml", "myst_parser", "sphinx.ext.autodoc", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build", "_examples", "**/GALLERY_HEADER.rst", "**/sg_execution_times.rst"]

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
# Pages link to files of the checkout, which the site does not hold; on GitHub they lead there.
suppress_warnings = ["myst.xref_missing", "config.cache"]

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "tf1_hessian %s" % release
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
# Quotes in docstrings and messages are code.
smartquotes = False

sphinx_gallery_conf = examples.CONFIGURATION


def setup(app):
    """Docstrings are plain text in this project's own style."""
    app.connect("autodoc-process-docstring", docstrings.to_rst)
    app.connect("builder-inited", examples.adapt, priority=1)
