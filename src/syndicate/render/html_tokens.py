"""Tokens, attributes and plain text of HTML in the form in which nh3 serializes it.

Arbitrary HTML has to pass nh3 first.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from syndicate.render.allowlist import name_set

_TOKEN: Final = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<attributes>(?:\s+[^\s=>"]+="[^"]*")*)\s*>"""
    r"""|(?P<text>[^<]+|<)"""
)
_ATTRIBUTE: Final = re.compile(r'([^\s=>"]+)="([^"]*)"')
_HTML_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\u00a0": "&nbsp;"}
)
_RAW_TEXT_ELEMENTS: Final = name_set("iframe noembed noframes noscript plaintext script style xmp")
_PARAGRAPH_ELEMENTS: Final = name_set(
    "article aside blockquote dl figure footer h1 h2 h3 h4 h5 h6 header ol p pre section table ul"
)
_LINE_ELEMENTS: Final = name_set("address br caption dd details div dt figcaption li summary tr")
_WHITE_SPACE: Final = re.compile(r"[^\S\u00a0]+")
_RECORDING_ELEMENTS: Final = frozenset({"audio", "video"})
_CELL_ELEMENTS: Final = frozenset({"td", "th"})
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PARAGRAPH_MARK: Final = "\ufdd1"
_LINE_MARK: Final = "\ufdd2"
_PLANES: Final = "".join(
    f"{chr(plane)}-{chr(plane | 0xFFFD)}" for plane in range(0x10000, 0x110000, 0x10000)
)
_INVALID_CHARACTER: Final = re.compile(
    f"[^\t\n -~\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffd{_PLANES}]"
)
"""Every other character. Written as the complement, because a search then matches most characters
in its first step."""


class HtmlToken(NamedTuple):
    """A start tag, an end tag or text; ``text`` is escaped as in the source."""

    kind: Literal["start", "end", "text"]
    name: str = ""
    text: str = ""
    attributes: Mapping[str, str] = MappingProxyType({})


def remove_invalid_characters(text: str) -> str:
    """Return ``text`` without characters that are invalid in output; lines stay the same.

    Control characters (except tab and line feed), noncharacters and U+FEFF are removed. A lone
    surrogate becomes U+FFFD; CR LF, CR and form feed become a line feed.
    """
    if _INVALID_CHARACTER.search(text) is None:
        return text
    return _INVALID_CHARACTER.sub(_replace_invalid, text.replace("\r\n", "\n"))


def _replace_invalid(character: re.Match[str]) -> str:
    if character[0] in "\r\f":
        return "\n"
    return "\ufffd" if "\ud800" <= character[0] <= "\udfff" else ""


def tokenize(html: str) -> Iterator[HtmlToken]:
    """Yield the tokens of ``html``; the content of raw text elements is left out."""
    for end, name, attributes, text in _raw_tokens(html):
        if not name:
            yield HtmlToken("text", "", text)
        elif end:
            yield HtmlToken("end", name)
        else:
            pairs = _ATTRIBUTE.findall(attributes) if attributes else ()
            yield HtmlToken("start", name, "", {key: unescape(value) for key, value in pairs})


def _raw_tokens(html: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (slash of an end tag, name of a tag, attributes, text), all as in the source."""
    raw = ""
    for piece in _TOKEN.findall(html):
        end, name, _, _ = piece
        if not raw or (end and name == raw):
            raw = name if name in _RAW_TEXT_ELEMENTS and not end else ""
            yield piece


class Recording(NamedTuple):
    """An audio or video of a post: its URL, and its media type if that is declared."""

    url: str
    type: str


def find_recordings(html: str) -> Iterator[Recording]:
    """Yield the audio and video in sanitized ``html``; of several sources of one, the first."""
    if "<audio" not in html and "<video" not in html:
        return
    is_open = False
    for token in tokenize(html):
        if token.name in _RECORDING_ELEMENTS:
            is_open = token.kind == "start"
        url = token.attributes.get("src")
        if is_open and url and token.name in (*_RECORDING_ELEMENTS, "source"):
            media_type = token.attributes.get("type", "").partition(";")[0].strip().lower()
            yield Recording(url, media_type)
            is_open = False


def start_tag(name: str, values: Mapping[str, str]) -> str:
    """Return a start tag in the form in which nh3 serializes it."""
    if not values:
        return f"<{name}>"
    attributes = (f' {key}="{escape_html(text)}"' for key, text in values.items())
    return f"<{name}{''.join(attributes)}>"


def escape_html(text: str) -> str:
    """Return plain ``text`` as HTML, for content and for attributes in double quotes."""
    return text.translate(_HTML_ESCAPES)


def unescape_entities(text: str) -> str:
    """Return ``text`` of Markdown with entities replaced: only those that end in a semicolon.

    (CommonMark 0.31 section 2.5.) ``?a=1&sect=2`` holds none.
    """
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text)


def plain_text(html: str) -> str:
    """Return the text of ``html``, with an empty line between paragraphs and white space folded."""
    parts: list[str] = []
    preformatted = 0
    for end, name, _, escaped in _raw_tokens(html):
        if not name:
            text = unescape(escaped)
            parts.append(text if preformatted else _fold_white_space(text))
        elif name in _PARAGRAPH_ELEMENTS:
            parts.append(_PARAGRAPH_MARK)
        elif name in _LINE_ELEMENTS:
            parts.append(_LINE_MARK)
        elif name in _CELL_ELEMENTS:
            parts.append(" ")
        if name == "pre":
            preformatted += -1 if end else 1
    paragraphs = ("".join(parts)).split(_PARAGRAPH_MARK)
    return "\n\n".join(filter(None, map(_join_lines, paragraphs)))


def _fold_white_space(text: str) -> str:
    """Return ``text`` with a space for each run of white space; no-break spaces are kept."""
    if "\u00a0" in text:
        return _WHITE_SPACE.sub(" ", text)
    return " ".join(f"<{text}>".split())[1:-1]


def _join_lines(paragraph: str) -> str:
    lines = (
        line.strip("\n").rstrip() if "\n" in line else line.strip()
        for line in paragraph.split(_LINE_MARK)
    )
    return "\n".join(filter(None, lines))
