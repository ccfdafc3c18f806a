"""Python-Markdown with block structure of our own, and its inline patterns with a few more."""

import re
from collections.abc import Iterable
from threading import local
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

from syndicate.render.markdown.block_parser import parse
from syndicate.render.markdown.code_spans import (
    restored,
    without_idle_brackets,
    without_linked_urls,
)
from syndicate.render.markdown.element_builder import RAW, TIGHT, Tree
from syndicate.render.markdown.footnotes import FootnoteReference, Footnotes
from syndicate.render.markdown.inline_patterns import PatternSelector, add_patterns

_CARRIERS: Final = re.compile(
    rf"\n(?<=<(?:li|dd)>\n)<{TIGHT}\b[^>]*>|</{TIGHT}>\n(?=</(?:li|dd)>)"
    rf"|</?(?:{RAW}|{TIGHT})\b[^>]*>"
)
_LEAVES: Final = frozenset({TIGHT, "p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "td", "th"})


def to_html(text: str, *, hard_breaks: bool = False) -> str:
    """Return Markdown ``text`` as HTML; with ``hard_breaks`` every line break in it stays one.

    Blocks are those of CommonMark with tables, footnotes, abbreviations and attribute lists;
    inlines are Python-Markdown's. Nothing is removed: what comes out is not safe yet.
    """
    if not text.strip():
        return ""
    ready = _ready.converters
    if hard_breaks not in ready:
        ready[hard_breaks] = _Converter(hard_breaks=hard_breaks)
    return ready[hard_breaks].convert(text.replace("\x02", "").replace("\x03", ""))


class _Converter:
    """Python-Markdown as `to_html` needs it, for one text after another."""

    def __init__(self, *, hard_breaks: bool) -> None:
        markdown = Markdown(extensions=[AttrListExtension()])
        if hard_breaks:
            Nl2BrExtension().extendMarkdown(markdown)
        markdown.preprocessors.deregister("html_block")
        markdown.preprocessors.deregister("normalize_whitespace")
        markdown.block_level_elements += [RAW, TIGHT]
        blocks = _Blocks(markdown)
        markdown.parser = blocks
        add_patterns(markdown)
        reference = FootnoteReference(markdown, blocks.footnotes)
        markdown.inlinePatterns.register(reference, "footnote", 175)
        markdown.treeprocessors.register(_Inlines(markdown, blocks), "inline", 20)
        abbreviations = AbbrTreeprocessor(markdown, blocks.abbreviations)
        markdown.treeprocessors.register(abbreviations, "abbr", 7)
        markdown.postprocessors.register(_Uncarry(), "uncarry", 35)
        self._markdown: Final = markdown
        self._blocks: Final = blocks

    def convert(self, text: str) -> str:
        """Return ``text`` as HTML; nothing is left of what was converted before."""
        self._markdown.reset()
        self._blocks.forget()
        return self._markdown.convert(text)


class _Ready(local):
    """What each thread converts with, by option.

    Python-Markdown takes longer to be set up than to convert a short text, and can convert one
    text at a time.
    """

    def __init__(self) -> None:
        self.converters: Final[dict[bool, _Converter]] = {}


_ready: Final = _Ready()


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

    def forget(self) -> None:
        """Forget what was defined."""
        self.footnotes.forget()
        self.abbreviations.clear()


class _Inlines(InlineProcessor):
    """Works on one leaf at a time: the time for a text is the sum of the times for its parts."""

    def __init__(self, md: Markdown, blocks: _Blocks) -> None:
        super().__init__(md)
        self._blocks: Final = blocks
        self._choice: Final = PatternSelector(self.inlinePatterns)

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
            text = without_linked_urls(without_idle_brackets(leaf.text or ""))
            self.inlinePatterns = self._choice.of(text, has_references=bool(self.md.references))
            if len(self.inlinePatterns):
                leaf.text = text
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
