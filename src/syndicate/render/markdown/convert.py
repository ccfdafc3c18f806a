"""Python-Markdown with block structure of our own, and its inline patterns with a few more."""

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, ElementTree

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.extensions.abbr import AbbrTreeprocessor
from markdown.extensions.attr_list import AttrListExtension
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import InlineProcessor
from typing_extensions import override

from syndicate.render.markdown.blocks import parse
from syndicate.render.markdown.footnote import FootnoteReference, Footnotes
from syndicate.render.markdown.inline import add_patterns
from syndicate.render.markdown.span import restored, without_idle_brackets
from syndicate.render.markdown.tree import RAW, TIGHT, Tree

_CARRIERS: Final = re.compile(
    rf"(?<=<(?:li|dd)>)\n<{TIGHT}\b[^>]*>|</{TIGHT}>\n(?=</(?:li|dd)>)|</?(?:{RAW}|{TIGHT})\b[^>]*>"
)
_MARKUP: Final = re.compile(r"[\\`*_\[\]<&~{\n]|://|!\[|  ")
_LEAVES: Final = frozenset({TIGHT, "p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "td", "th"})


def to_html(text: str, *, hard_breaks: bool = False) -> str:
    """Return Markdown ``text`` as HTML; with ``hard_breaks`` every line break in it stays one.

    Blocks are those of CommonMark with tables, footnotes, abbreviations and attribute lists;
    inlines are Python-Markdown's. Nothing is removed: what comes out is not safe yet.
    """
    markdown = Markdown(extensions=[AttrListExtension()])
    if hard_breaks:
        Nl2BrExtension().extendMarkdown(markdown)
    markdown.preprocessors.deregister("html_block")
    markdown.preprocessors.deregister("normalize_whitespace")
    markdown.block_level_elements += [RAW, TIGHT]
    blocks = _Blocks(markdown)
    markdown.parser = blocks
    markdown.treeprocessors.register(_Inlines(markdown, blocks), "inline", 20)
    abbreviations = AbbrTreeprocessor(markdown, blocks.abbreviations)
    markdown.treeprocessors.register(abbreviations, "abbr", 7)
    markdown.postprocessors.register(_Uncarry(), "uncarry", 35)
    markdown.inlinePatterns.register(FootnoteReference(markdown, blocks.footnotes), "footnote", 175)
    add_patterns(markdown)
    return markdown.convert(text.replace("\x02", "").replace("\x03", ""))


class _Blocks(BlockParser):
    """Reads blocks as CommonMark does, and keeps what was defined in them."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.footnotes: Final = Footnotes()
        self.abbreviations: Final[dict[str, str]] = {}

    @override
    def parseDocument(self, lines: Iterable[str]) -> ElementTree:
        root = Element(self.md.doc_tag)
        self.parseChunk(root, "\n".join(lines))
        return ElementTree(root)

    @override
    def parseChunk(self, parent: Element, text: str) -> None:
        tree = Tree(self.md.htmlStash)
        tree.build(parent, parse(text))
        self.footnotes.texts.update(tree.footnotes)
        self.md.references.update(tree.definitions.references)
        self.abbreviations.update(tree.definitions.abbreviations)


class _Inlines(InlineProcessor):
    """Works on one leaf at a time: the time for a text is the sum of the times for its parts."""

    def __init__(self, md: Markdown, blocks: _Blocks) -> None:
        super().__init__(md)
        self._blocks: Final = blocks

    @override
    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        self._leaves(tree)
        self._blocks.footnotes.write(tree, self._fill)
        return tree

    def _fill(self, parent: Element, text: str) -> None:
        self._blocks.parseChunk(parent, text)
        self._leaves(parent)

    def _leaves(self, tree: Element) -> None:
        for leaf in [element for element in tree.iter() if element.tag in _LEAVES]:
            if _MARKUP.search(leaf.text or ""):
                leaf.text = without_idle_brackets(leaf.text or "")
                around = Element("div")
                around.append(leaf)
                super().run(around)
                for image in leaf.iter("img"):
                    if not image.get("alt"):
                        image.attrib.pop("alt")  # nobody wrote one: that is not decorative


class _Uncarry(Postprocessor):
    """Removes the tags of elements that only carry text through the tree."""

    @override
    def run(self, text: str) -> str:
        return restored(_CARRIERS.sub("", text))
