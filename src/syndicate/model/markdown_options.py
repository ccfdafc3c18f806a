"""The Markdown engine of a site: its flavour, and the options that change what readers see."""

from dataclasses import dataclass
from typing import Final, Literal

Flavour = Literal["kramdown", "commonmark"]
"""What an engine reads: kramdown's Markdown, or CommonMark with extensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownOptions:
    """Options of a site's Markdown engine that change what readers see."""

    hard_breaks: bool = False
    """Every line break in a paragraph is shown."""
    typographer: bool = False
    """Straight quotation marks, hyphens in a row and three dots become typographic ones."""
    heading_ids: bool = False
    """Headings without an id get one from their text."""
    autolinks: bool = False
    """``www.`` and email addresses become links; bare http(s) URLs always do (`commonmark`)."""
    attributes: bool = False
    """Attribute lists count after links, images, code and paragraphs; after headings they always
    do (`commonmark`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownEngine:
    """A flavour and the options it is read with."""

    flavour: Flavour
    options: MarkdownOptions = MarkdownOptions()


KRAMDOWN: Final = MarkdownEngine(
    flavour="kramdown", options=MarkdownOptions(typographer=True, heading_ids=True)
)
"""Jekyll without configuration (kramdown: smart_quotes, typographic_symbols and auto_ids)."""
GOLDMARK: Final = MarkdownEngine(
    flavour="commonmark",
    options=MarkdownOptions(typographer=True, heading_ids=True, autolinks=True),
)
"""Hugo without configuration (typographer, autoHeadingID and linkify of markup.goldmark)."""
MARKDOWN_IT: Final = MarkdownEngine(flavour="commonmark", options=MarkdownOptions(attributes=True))
"""Eleventy without configuration; attribute lists are those of its usual plugin."""
PULLDOWN_CMARK: Final = MarkdownEngine(
    flavour="commonmark", options=MarkdownOptions(heading_ids=True)
)
"""Zola without configuration (smart_punctuation is off)."""
REMARK: Final = MarkdownEngine(
    flavour="commonmark", options=MarkdownOptions(heading_ids=True, autolinks=True)
)
"""Docusaurus without configuration (remark-gfm; no smartypants)."""
REMARK_SMARTYPANTS: Final = MarkdownEngine(
    flavour="commonmark",
    options=MarkdownOptions(typographer=True, heading_ids=True, autolinks=True),
)
"""Astro without configuration (gfm and smartypants are on)."""
