"""Python-Markdown with the blocks and spans of kramdown."""

import re
from functools import lru_cache
from threading import get_ident
from typing import Final, cast
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.abbr import AbbrTreeprocessor
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.postprocessors import Postprocessor
from typing_extensions import override

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.kramdown import blocks, definitions, lists
from syndicate.render.markdown.kramdown.block_parser import GROUP, RAW, KramdownBlockParser
from syndicate.render.markdown.kramdown.definitions import Footnotes
from syndicate.render.markdown.kramdown.html_blocks import html
from syndicate.render.markdown.kramdown.position_marks import PositionMarks
from syndicate.render.markdown.kramdown.spans import (
    EmphasisProcessor,
    HeadingIdTreeprocessor,
    SpanTreeprocessor,
    add_spans,
    restored,
)
from syndicate.render.markdown.kramdown.tables import table
from syndicate.render.markdown.kramdown.typography import add_typography

_MAX_CONVERTERS: Final = 16
_RULES: Final = (
    blocks.blank_lines,
    blocks.indented_code,
    blocks.fence,
    blocks.quote,
    blocks.heading,
    blocks.thematic_break,
    lists.plain_list,
    lists.definition_list,
    html,
    blocks.underlined_heading,
    blocks.formula,
    table,
    definitions.footnote_definition,
    definitions.link_definitions,
    definitions.abbreviations,
    blocks.attribute_list,
    blocks.attribute_definition,
    blocks.extension,
    blocks.boundary,
    blocks.paragraph,
)
"""In kramdown's order; what is no other block is a paragraph."""

_TAGS: Final = re.compile(
    rf"\n(?<=<(?:li|dd)>\n)<{GROUP}\b[^>]*>|</{GROUP}>\n(?=</(?:li|dd)>)"
    rf"|<{RAW}></{RAW}>\n?|</?(?:{RAW}|{GROUP})\b[^>]*>"
)
"""Tags that are removed, with the line feeds that Python-Markdown put around them."""


def to_html(text: str, options: MarkdownOptions) -> str:
    """Return kramdown ``text`` as HTML; nothing is removed: it is not safe yet."""
    markdown = _converter(options, get_ident()).reset()
    cast("EmphasisProcessor", markdown.inlinePatterns["em_strong"]).begin()
    return markdown.convert(text)


def code_ranges(text: str, options: MarkdownOptions) -> list[tuple[int, int]]:
    """Return (start, end) from the first to the last brace of each code in ``text``, sorted.

    Code is a span, fence or indented block. Code without a brace is left out: ranges are for
    template tags, which begin with one.
    """
    if "{" not in text or not ("`" in text or "~~~" in text or "    " in text or "\t" in text):
        return []
    marks = PositionMarks(text)
    lines = marks.text.split("\n")
    markdown = _converter(options, get_ident()).reset()
    for preprocessor in markdown.preprocessors:
        lines = preprocessor.run(lines)
    tree = Element("div")
    markdown.parser.parseChunk(tree, "\n".join(lines))
    cast("SpanTreeprocessor", markdown.treeprocessors["inline"]).convert_code(tree)
    return marks.ranges("".join(code.itertext()) for code in tree.iter("code"))


@lru_cache(_MAX_CONVERTERS)
def _converter(options: MarkdownOptions, _thread: int) -> Markdown:
    """Return a converter for one thread: it takes longer to make than a short text to convert."""
    markdown = Markdown()
    markdown.preprocessors.deregister("html_block")  # `html_blocks` reads HTML in lists, too
    markdown.block_level_elements += [RAW, GROUP]
    parser = markdown.parser = KramdownBlockParser(
        markdown, _RULES, parses_html=options.html_blocks
    )
    footnotes = Footnotes(parser)
    for each in (parser, footnotes):
        markdown.registerExtension(cast("Extension", each))  # which is reset for each text
    add_spans(markdown, footnotes)
    register = markdown.treeprocessors.register
    register(SpanTreeprocessor(markdown, parser, footnotes), "inline", 20)
    register(AbbrTreeprocessor(markdown, parser.abbreviations), "abbr", 7)
    markdown.postprocessors.register(_TagRemover(), "tags", 35)
    if options.hard_breaks:
        Nl2BrExtension().extendMarkdown(markdown)
    if options.typographer:
        add_typography(markdown)
    if options.heading_ids:
        register(HeadingIdTreeprocessor(), "heading_ids", -1)
    return markdown


class _TagRemover(Postprocessor):
    """Removes the tags of elements that only hold others, and stand-ins for brackets."""

    @override
    def run(self, text: str) -> str:
        return restored(_TAGS.sub("", text))
