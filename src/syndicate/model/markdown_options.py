"""The Markdown engine of a site: its flavour, and the options that change what readers see."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from typing_extensions import override

Flavour = Literal["kramdown", "commonmark", "html"]
"""What an engine reads: kramdown's Markdown, CommonMark with extensions, or HTML as it is."""


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
    html_blocks: bool = False
    """The content of elements in HTML blocks is read as Markdown, too (`kramdown`)."""
    omits_html: bool = False
    """HTML in Markdown is left out, except what templates write (`commonmark`)."""


NO_OPTIONS: Final = MarkdownOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownEngine:
    """A flavour and the options it is read with."""

    flavour: Flavour
    options: MarkdownOptions = NO_OPTIONS

    @override
    def __str__(self) -> str:
        """Return the flavour with the names of the options that are on, for people."""
        fields = dataclasses.fields(self.options)
        names = [field.name for field in fields if getattr(self.options, field.name)]
        return f"{self.flavour} ({', '.join(names)})" if names else self.flavour


COMMONMARK: Final = MarkdownEngine(flavour="commonmark")
"""An engine of which nothing else is known."""
KRAMDOWN: Final = MarkdownEngine(
    flavour="kramdown", options=MarkdownOptions(typographer=True, heading_ids=True)
)
"""Jekyll without configuration (kramdown: smart_quotes, typographic_symbols and auto_ids)."""
GOLDMARK: Final = MarkdownEngine(
    flavour="commonmark",
    options=MarkdownOptions(typographer=True, heading_ids=True, autolinks=True),
)
"""Hugo where its configuration is not known (typographer, autoHeadingID and linkify).

No site of Hugo is without a configuration, so one that is elsewhere may allow HTML.
"""
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
FLAVOUR_DEFAULTS: Final[Mapping[Flavour, MarkdownEngine]] = {
    "kramdown": KRAMDOWN,
    "commonmark": COMMONMARK,
    "html": MarkdownEngine(flavour="html"),
}
"""What reads a flavour where no engine is known."""
