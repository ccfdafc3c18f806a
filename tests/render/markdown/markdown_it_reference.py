"""Another implementation of CommonMark, and the block structure of what it and ours write."""

from functools import cache
from typing import Final
from xml.etree.ElementTree import Element

import html5lib
from markdown_it import MarkdownIt
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.footnote import footnote_plugin

from syndicate.render.allowlist import name_set

BLOCKS: Final = name_set(
    "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table thead tbody tr th td hr div figure"
    " figcaption dl dt dd section article aside details summary footer header iframe"
)


@cache
def reference() -> MarkdownIt:
    """Return a reader with tables, footnotes, attributes and HTML, as Eleventy sets."""
    reader = MarkdownIt("commonmark", {"html": True})
    reader.enable(["table", "strikethrough"])
    return reader.use(footnote_plugin).use(attrs_plugin)


def structure(html: str) -> list[str]:
    """Return the names of the block elements of ``html`` as they begin and end, in order."""
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    assert isinstance(fragment, Element)
    return [name for child in fragment for name in _structure(child)]


def _structure(element: Element) -> list[str]:
    inside = [name for child in element for name in _structure(child)]
    if element.tag not in BLOCKS:
        return inside
    return [element.tag, *inside, f"/{element.tag}"]
