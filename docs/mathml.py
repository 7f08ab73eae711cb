"""Formulas as MathML, which browsers draw themselves: the site needs no script from elsewhere."""
from docutils import nodes
from latex2mathml.converter import convert

__all__ = ["setup"]


def setup(app):
    """Registers the renderer "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


def _inline(translator, node):
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(translator, node):
    translator.body.append(convert(node.astext(), display="block"))
    raise nodes.SkipNode
