"""Options of a site's Markdown engine that change what readers see."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownOptions:
    """What a site's configuration says about its Markdown engine, whichever engine that is.

    ``hard_breaks`` shows every line break in a paragraph (kramdown ``hard_wrap``, markdown-it
    ``breaks``). ``typographer`` makes straight quotes, dashes and dots typographic.
    ``heading_ids`` gives headings ids made from their text.
    """

    hard_breaks: bool = False
    typographer: bool = False
    heading_ids: bool = False
