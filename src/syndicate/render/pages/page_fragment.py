"""A post's HTML made to fit into a page of ours: nothing loads by itself, headings go below."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

from syndicate.model.post import SafeHtml

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LOADING_ELEMENTS: Final = frozenset({"img", "iframe", "video", "audio", "source"})
_REMOVED_ELEMENTS: Final = frozenset({"picture", "track", "iframe", "video", "audio"})
"""Elements that leave, while what they hold stays."""

_ARIA_HIDDEN: Final = re.compile(r'\saria-hidden="[^"]*"')
_EMPTY_HEADER_CELL: Final = re.compile(r'<th((?:\s[\w-]+="[^"]*")*)>\s*</th>')


def for_own_page(content: SafeHtml) -> str:
    """Return ``content`` for a page whose own heading is an h1; as safe as it was.

    What a browser would fetch by itself (pictures, frames, films) becomes a link that says what
    it is; in a link already, only the words. Headings keep their order without skipping a level.
    Tables can be scrolled by keyboard, a cell that heads a column must say of what, and nothing is
    kept from those who listen: a link that they cannot hear would still take the focus.
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
        """The levels of the headings that the next one may stand below, as they were written."""

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
        address = attributes.get("src")
        if not address:
            return ""
        words = f'<span class="label">{_label(tag)}</span> {escape(_description(tag, attributes))}'
        if self._open_links:
            return f'<span class="stand-in">{words}</span>'
        return f'<a class="stand-in" href="{escape(address)}">{words}</a>'


def _table_wrapper_start(number: int) -> str:
    """Return the beginning of what a wide table is scrolled in, with a name of its own."""
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
