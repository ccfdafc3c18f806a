"""Python-Markdown with block structure of our own, and its inline patterns with a few more."""

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, ElementTree

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.extensions.abbr import AbbrTreeprocessor
from markdown.extensions.attr_list import AttrListExtension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import InlineProcessor
from typing_extensions import override

from syndicate.render.markdown.blocks import parse
from syndicate.render.markdown.inline import add_patterns
from syndicate.render.markdown.span import restored, without_idle_brackets
from syndicate.render.markdown.tree import RAW, TIGHT, Tree

_CARRIERS: Final = re.compile(rf"</?(?:{RAW}|{TIGHT})\b[^>]*>")
_MARKUP: Final = re.compile(r"[\\`*_\[\]<&~{\n]|://|!\[|  ")
_NOWHERE: Final = "\ufdd3"
_LEAVES: Final = frozenset({TIGHT, "p", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th"})


def to_html(text: str, *, hard_breaks: bool = False) -> str:
    """Return Markdown ``text`` as HTML; with ``hard_breaks`` every line break in it stays one.

    Blocks are those of CommonMark with tables, footnotes, abbreviations and attribute lists;
    inlines are Python-Markdown's. Nothing is removed: what comes out is not safe yet.
    """
    footnotes = FootnoteExtension(PLACE_MARKER=_NOWHERE, USE_DEFINITION_ORDER=False)
    abbreviations: dict[str, str] = {}
    markdown = Markdown(extensions=[footnotes, AttrListExtension()])
    if hard_breaks:
        Nl2BrExtension().extendMarkdown(markdown)
    markdown.preprocessors.deregister("html_block")
    markdown.preprocessors.deregister("normalize_whitespace")
    markdown.block_level_elements.append(TIGHT)
    parser = _Blocks(markdown, footnotes, abbreviations)
    markdown.parser = footnotes.parser = parser
    markdown.treeprocessors.register(_Inlines(markdown), "inline", 20)
    markdown.treeprocessors.register(AbbrTreeprocessor(markdown, abbreviations), "abbr", 7)
    markdown.postprocessors.register(_Uncarry(), "uncarry", 35)
    add_patterns(markdown)
    return markdown.convert(text.replace("\x02", "").replace("\x03", ""))


class _Blocks(BlockParser):
    """Reads blocks as CommonMark does, and tells the extensions what was defined in them."""

    def __init__(
        self, md: Markdown, footnotes: FootnoteExtension, abbreviations: dict[str, str]
    ) -> None:
        super().__init__(md)
        self._footnotes: Final = footnotes
        self._abbreviations: Final = abbreviations

    @override
    def parseDocument(self, lines: Iterable[str]) -> ElementTree:
        root = Element(self.md.doc_tag)
        tree = self._build(root, "\n".join(lines))
        for name, text in tree.footnotes.items():
            self._footnotes.setFootnote(name, text)
        return ElementTree(root)

    @override
    def parseChunk(self, parent: Element, text: str) -> None:
        self._build(parent, text)

    def _build(self, parent: Element, text: str) -> Tree:
        tree = Tree(self.md.htmlStash)
        tree.build(parent, parse(text))
        self.md.references.update(tree.definitions.references)
        self._abbreviations.update(tree.definitions.abbreviations)
        return tree


class _Inlines(InlineProcessor):
    """Works on one leaf at a time: the time for a text is the sum of the times for its parts."""

    @override
    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        for leaf in [element for element in tree.iter() if element.tag in _LEAVES]:
            if len(leaf) or _MARKUP.search(leaf.text or ""):
                leaf.text = without_idle_brackets(leaf.text or "")
                around = Element("div")
                around.append(leaf)
                super().run(around, ancestors)
                for image in leaf.iter("img"):
                    if not image.get("alt"):
                        image.attrib.pop("alt")  # nobody wrote one: that is not decorative
        return tree


class _Uncarry(Postprocessor):
    """Removes the tags of elements that only carry text through the tree."""

    @override
    def run(self, text: str) -> str:
        return restored(_CARRIERS.sub("", text))
