"""Python-Markdown with the blocks and spans of kramdown."""

import re
from threading import local
from typing import Final
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions.abbr import AbbrTreeprocessor
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.postprocessors import Postprocessor
from typing_extensions import override

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.kramdown import blocks
from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    RAW,
    KramdownBlockParser,
    KramdownProcessor,
)
from syndicate.render.markdown.kramdown.definitions import (
    AbbreviationProcessor,
    FootnoteDefinitionProcessor,
    LinkDefinitionProcessor,
)
from syndicate.render.markdown.kramdown.extensions import (
    AttributeDefinitionProcessor,
    AttributeProcessor,
    ExtensionProcessor,
)
from syndicate.render.markdown.kramdown.footnotes import Footnotes
from syndicate.render.markdown.kramdown.html_blocks import HtmlProcessor
from syndicate.render.markdown.kramdown.lists import DefinitionListProcessor, ListProcessor
from syndicate.render.markdown.kramdown.position_marks import PositionMarks
from syndicate.render.markdown.kramdown.spans import (
    HeadingIdTreeprocessor,
    SpanTreeprocessor,
    add_spans,
    restored,
)
from syndicate.render.markdown.kramdown.tables import TableProcessor
from syndicate.render.markdown.kramdown.typography import GUILLEMETS, SYMBOLS, TypographyProcessor

_TAGS: Final = re.compile(
    rf"\n(?<=<(?:li|dd)>\n)<{GROUP}\b[^>]*>|</{GROUP}>\n(?=</(?:li|dd)>)"
    rf"|<{RAW}></{RAW}>\n?|</?(?:{RAW}|{GROUP})\b[^>]*>"
)
"""Tags that are removed, with the line feeds that Python-Markdown put around them."""


def to_html(text: str, options: MarkdownOptions) -> str:
    """Return kramdown ``text`` as HTML; nothing is removed: it is not safe yet."""
    return _ready.converter(options).convert(text)


def code_ranges(text: str, options: MarkdownOptions) -> list[tuple[int, int]]:
    """Return (start, end) from the first to the last brace of each code in ``text``, sorted.

    Code is a span, fence or indented block. Code without a brace is left out: ranges are for
    template tags, which begin with one.
    """
    if "{" not in text or not ("`" in text or "~~~" in text or "    " in text or "\t" in text):
        return []
    marks = PositionMarks(text)
    tree = _ready.converter(options).code(marks.text)
    return marks.ranges("".join(code.itertext()) for code in tree.iter("code"))


class _Converter:
    """Python-Markdown for one text after another."""

    def __init__(self, options: MarkdownOptions) -> None:
        markdown = Markdown()
        markdown.preprocessors.deregister("html_block")  # `HtmlProcessor` reads HTML in lists, too
        markdown.block_level_elements += [RAW, GROUP]
        parser = KramdownBlockParser(markdown, parses_html=options.html_blocks)
        footnotes = Footnotes(parser)
        self._abbreviations: Final[dict[str, str]] = {}
        _add_blocks(parser, footnotes, self._abbreviations)
        markdown.parser = parser
        add_spans(markdown, footnotes)
        spans = SpanTreeprocessor(markdown, parser, footnotes)
        markdown.treeprocessors.register(spans, "inline", 20)
        abbreviations = AbbrTreeprocessor(markdown, self._abbreviations)
        markdown.treeprocessors.register(abbreviations, "abbr", 7)
        markdown.postprocessors.register(_TagRemover(), "tags", 35)
        if options.hard_breaks:
            Nl2BrExtension().extendMarkdown(markdown)
        if options.typographer:
            patterns = markdown.inlinePatterns
            patterns.register(TypographyProcessor(GUILLEMETS), "guillemets", 122)
            patterns.register(TypographyProcessor(SYMBOLS), "typography", 65)
        if options.heading_ids:
            markdown.treeprocessors.register(HeadingIdTreeprocessor(), "heading_ids", -1)
        self._markdown: Final = markdown
        self._parser: Final = parser
        self._spans: Final = spans
        self._footnotes: Final = footnotes

    def convert(self, text: str) -> str:
        """Return ``text`` as HTML."""
        self._forget()
        return self._markdown.convert(text)

    def code(self, text: str) -> Element:
        """Return a tree in which the code of ``text`` is; other spans are not converted."""
        self._forget()
        lines = text.split("\n")
        for preprocessor in self._markdown.preprocessors:
            lines = preprocessor.run(lines)
        root = Element("div")
        self._parser.parseChunk(root, "\n".join(lines))
        self._spans.convert_code(root)
        return root

    def _forget(self) -> None:
        self._markdown.reset()
        self._parser.forget()
        self._footnotes.forget()
        self._abbreviations.clear()


def _add_blocks(
    parser: KramdownBlockParser, footnotes: Footnotes, abbreviations: dict[str, str]
) -> None:
    """Register the block processors in kramdown's order; what is no other block is a paragraph."""
    processors: tuple[KramdownProcessor, ...] = (
        blocks.EmptyProcessor(parser),
        blocks.CodeProcessor(parser),
        blocks.FenceProcessor(parser),
        blocks.QuoteProcessor(parser),
        blocks.HeadingProcessor(parser),
        blocks.RuleProcessor(parser),
        ListProcessor(parser),
        DefinitionListProcessor(parser),
        HtmlProcessor(parser),
        blocks.UnderlinedHeadingProcessor(parser),
        blocks.MathProcessor(parser),
        TableProcessor(parser),
        FootnoteDefinitionProcessor(parser, footnotes),
        LinkDefinitionProcessor(parser),
        AbbreviationProcessor(parser, abbreviations),
        AttributeProcessor(parser),
        AttributeDefinitionProcessor(parser),
        ExtensionProcessor(parser),
        blocks.BoundaryProcessor(parser),
        blocks.ParagraphProcessor(parser),
    )
    for number, processor in enumerate(processors):
        name = type(processor).__name__
        parser.blockprocessors.register(processor, name, len(processors) - number)


class _Ready(local):
    """Converters of each thread: one takes longer to make than a short text to convert."""

    def __init__(self) -> None:
        self._converters: Final[dict[MarkdownOptions, _Converter]] = {}

    def converter(self, options: MarkdownOptions) -> _Converter:
        """Return the converter for ``options``."""
        if options not in self._converters:
            self._converters[options] = _Converter(options)
        return self._converters[options]


_ready: Final = _Ready()


class _TagRemover(Postprocessor):
    """Removes the tags of elements that only hold others, and stand-ins for brackets."""

    @override
    def run(self, text: str) -> str:
        return restored(_TAGS.sub("", text))
