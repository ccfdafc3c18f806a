"""Adapts the HTML of a post to the service's own pages: no external loads, nested headings."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

from syndicate.model.post import SafeHtml

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


_LOADING_ELEMENTS: Final = frozenset({"img", "iframe", "video", "audio", "source"})


_REMOVED_ELEMENTS: Final = frozenset({"picture", "track", "iframe", "video", "audio"})
"""Elements that are removed; their content is kept."""


_ARIA_HIDDEN: Final = re.compile(r'\saria-hidden="[^"]*"')


_EMPTY_HEADER_CELL: Final = re.compile(r'<th((?:\s[\w-]+="[^"]*")*)>\s*</th>')


def for_own_page(content: SafeHtml) -> str:
    """Return the sanitized ``content`` for a page with a heading of level 1.

    Images, iframes, video and audio become links with a description, inside of links only the
    description (decision 9). Headings are nested below the page's own without skipped levels.
    Tables can be scrolled by keyboard, empty header cells become data cells, and ``aria-hidden``
    is removed, because a hidden link would still take the keyboard focus.
    """
    parser = _PageFragmentParser()
    parser.feed(content)
    parser.close()
    return _EMPTY_HEADER_CELL.sub(r"<td\1></td>", "".join(parser.output))


class _PageFragmentParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.output: list[str] = []
        self._open_links = 0
        self._table_count = 0
        self._outline: list[int] = []
        """Source levels of the headings above the current position."""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LOADING_ELEMENTS:
            self.output.append(self._placeholder(tag, dict(attrs)))
        elif tag in _HEADINGS:
            self.output.append(self._heading(int(tag[1])))
        elif tag not in _REMOVED_ELEMENTS:
            self._open_links += tag == "a"
            if tag == "table":
                self._table_count += 1
                self.output.append(_table_wrapper_start(self._table_count))
            self.output.append(_ARIA_HIDDEN.sub("", self.get_starttag_text() or ""))

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS:
            self.output.append(f"</h{self._level}>")
        elif tag not in _REMOVED_ELEMENTS:
            self._open_links -= tag == "a"
            self.output.append("</table></div>" if tag == "table" else f"</{tag}>")

    @override
    def handle_data(self, data: str) -> None:
        self.output.append(data)

    @override
    def handle_entityref(self, name: str) -> None:
        self.output.append(f"&{name};")

    @override
    def handle_charref(self, name: str) -> None:
        self.output.append(f"&#{name};")

    @property
    def _level(self) -> int:
        return min(1 + len(self._outline), 6)

    def _heading(self, source_level: int) -> str:
        while self._outline and self._outline[-1] >= source_level:
            self._outline.pop()
        self._outline.append(source_level)
        attributes = (self.get_starttag_text() or "")[3:]
        return f"<h{self._level}{attributes}"

    def _placeholder(self, tag: str, attributes: dict[str, str | None]) -> str:
        url = attributes.get("src")
        if not url:
            return ""
        text = f'<span class="label">{_label(tag)}</span> {escape(_description(tag, attributes))}'
        if self._open_links:
            return f'<span class="placeholder">{text}</span>'
        return f'<a class="placeholder" href="{escape(url)}">{text}</a>'


def _table_wrapper_start(number: int) -> str:
    """Return the start tag of the scrollable region around a table."""
    return f'<div class="scroll" role="region" aria-label="Table {number}" tabindex="0">'


def _label(tag: str) -> str:
    return {"img": "Image", "iframe": "Embedded"}.get(tag, "Recording")


def _description(tag: str, attributes: dict[str, str | None]) -> str:
    if tag != "img":
        return attributes.get("title") or attributes["src"] or ""
    alt = attributes.get("alt")
    if alt is None:
        return "no alternative text"
    return alt or "decorative image"
