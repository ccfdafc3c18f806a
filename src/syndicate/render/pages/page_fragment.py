"""Adapts the HTML of a post to the service's own pages: images of known hosts, nested headings."""

import re
from collections.abc import Collection
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

from syndicate.model.post import SafeHtml

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


_LOADING_ELEMENTS: Final = frozenset({"img", "iframe", "video", "audio", "source"})


_REMOVED_ELEMENTS: Final = frozenset({"picture", "track", "iframe", "video", "audio"})
"""Elements that are removed; their content is kept."""


_ARIA_HIDDEN: Final = re.compile(r'\saria-hidden="[^"]*"')


_EMPTY_HEADER_CELL: Final = re.compile(r'<th((?:\s[\w-]+="[^"]*")*)>\s*</th>')


def origin(url: str) -> str:
    """Return the origin of an absolute ``url`` (RFC 6454).

    User information, which may hold a semicolon, is no part of it.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def shown_image(url: str, image_origins: Collection[str], public_url: str) -> str:
    """Return the URL by which a page shows an image, empty if its host is not one of ours.

    Those are this service, for which the URL is a path, and the ``image_origins``.
    """
    if public_url and url.startswith(f"{public_url}/"):
        return urlsplit(url)._replace(scheme="", netloc="").geturl()
    return url if origin(url) in image_origins else ""


def for_own_page(
    content: SafeHtml, image_origins: Collection[str] = (), public_url: str = ""
) -> str:
    """Return the sanitized ``content`` for a page with a heading of level 1.

    Images of this service and of ``image_origins`` are shown. All others, iframes, video and audio
    become links with a description, inside of links only the description. Headings are nested below
    the page's own without skipped levels. Tables can be scrolled by keyboard, empty header cells
    become data cells, and ``aria-hidden`` is removed, because a hidden link would still take the
    keyboard focus.
    """
    parser = _PageFragmentParser(frozenset(image_origins), public_url)
    parser.feed(content)
    parser.close()
    return _EMPTY_HEADER_CELL.sub(r"<td\1></td>", "".join(parser.output))


class _PageFragmentParser(HTMLParser):
    def __init__(self, image_origins: frozenset[str], public_url: str) -> None:
        super().__init__(convert_charrefs=False)
        self._image_origins = image_origins
        self._public_url = public_url
        self.output: list[str] = []
        self._open_links = 0
        self._table_count = 0
        self._outline: list[int] = []
        """Source levels of the headings above the current position."""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LOADING_ELEMENTS:
            self.output.append(self._loaded(tag, dict(attrs)))
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

    def _loaded(self, tag: str, attributes: dict[str, str | None]) -> str:
        """Return an image of a known host, or what stands in place of the element."""
        url = attributes.get("src")
        if not url:
            return ""
        shown = shown_image(url, self._image_origins, self._public_url) if tag == "img" else ""
        return _image(shown, attributes) if shown else self._placeholder(tag, url, attributes)

    def _placeholder(self, tag: str, url: str, attributes: dict[str, str | None]) -> str:
        text = f'<span class="label">{_label(tag)}</span> {escape(_description(tag, attributes))}'
        if self._open_links:
            return f'<span class="placeholder">{text}</span>'
        return f'<a class="placeholder" href="{escape(url)}">{text}</a>'


def _image(url: str, attributes: dict[str, str | None]) -> str:
    """Return an image, which has a place of its own before it is loaded."""
    sizes = [(name, attributes.get(name) or "") for name in ("width", "height")]
    has_size = all(text.isdigit() for _, text in sizes)
    size = "".join(f' {name}="{text}"' for name, text in sizes) if has_size else ' class="unsized"'
    return (
        f'<img src="{escape(url)}" alt="{escape(_description("img", attributes, ""))}"{size}'
        ' loading="lazy" decoding="async" referrerpolicy="no-referrer">'
    )


def _table_wrapper_start(number: int) -> str:
    """Return the start tag of the scrollable region around a table."""
    return f'<div class="scroll" role="region" aria-label="Table {number}" tabindex="0">'


def _label(tag: str) -> str:
    return {"img": "Image", "iframe": "Embedded"}.get(tag, "Recording")


def _description(
    tag: str, attributes: dict[str, str | None], decorative: str = "decorative image"
) -> str:
    if tag != "img":
        return attributes.get("title") or attributes["src"] or ""
    alt = attributes.get("alt")
    if alt is None:
        return "no alternative text"
    return alt or decorative
