"""Turns Markdown into HTML, in the flavour that the engine of a site reads.

A new flavour is one module with the two functions below, and its line in `FLAVOURS`.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from syndicate.model.markdown_options import Flavour, MarkdownEngine, MarkdownOptions
from syndicate.render.markdown import commonmark, html, kramdown


class MarkdownFlavour(Protocol):
    """What a module of this folder that reads a flavour has."""

    def to_html(self, text: str, options: MarkdownOptions) -> str:
        """Return ``text`` as HTML that is not safe yet."""
        ...

    def code_ranges(self, text: str, options: MarkdownOptions) -> list[tuple[int, int]]:
        """Return (start, end) of code in ``text``, in order: at least of the braces in it."""
        ...


FLAVOURS: Final[Mapping[Flavour, MarkdownFlavour]] = {
    "commonmark": commonmark,
    "html": html,
    "kramdown": kramdown,
}


def to_html(text: str, engine: MarkdownEngine) -> str:
    """Return ``text`` as the HTML that ``engine`` writes; it is not safe yet."""
    return FLAVOURS[engine.flavour].to_html(text, engine.options)


def code_ranges(text: str, engine: MarkdownEngine) -> list[tuple[int, int]]:
    """Return (start, end) of what ``engine`` reads as code in ``text``, in order.

    A range holds at least the braces of a span or a block, since template tags are looked for.
    The lines of ``text`` end with a line feed.
    """
    return FLAVOURS[engine.flavour].code_ranges(text, engine.options)
