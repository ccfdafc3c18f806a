"""Reads and writes HTML as a serializer writes it: tokens, attributes, plain text.

Nothing here copes with HTML as people write it; that is what nh3 is for.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from syndicate.render.allowed import names

_TOKEN: Final = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<attributes>(?:\s+[^\s=>"]+="[^"]*")*)\s*>"""
    r"""|(?P<text>[^<]+|<)"""
)
_ATTRIBUTE: Final = re.compile(r'([^\s=>"]+)="([^"]*)"')
_ESCAPED: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\u00a0": "&nbsp;"}
)
_RAW: Final = names("iframe noembed noframes noscript plaintext script style xmp")
_PARAGRAPHS: Final = names(
    "article aside blockquote dl figure footer h1 h2 h3 h4 h5 h6 header ol p pre section table ul"
)
_LINES: Final = names("address br caption dd details div dt figcaption li summary tr")
_BLANKS: Final = re.compile(r"[^\S\u00a0]+")
_CELLS: Final = frozenset({"td", "th"})
_PARAGRAPH: Final = "\ufdd1"
_LINE: Final = "\ufdd2"
_LAST_TWO: Final = "".join(
    chr(plane | last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_UNWANTED: Final = re.compile(f"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufeff{_LAST_TWO}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Token(NamedTuple):
    """A start tag, an end tag or text; ``text`` is escaped as in the source."""

    kind: Literal["start", "end", "text"]
    name: str = ""
    text: str = ""
    attributes: Mapping[str, str] = MappingProxyType({})


def readable(text: str) -> str:
    """Return ``text`` without what no output may hold, line by line the same.

    Control characters (but tab and line feed), noncharacters and U+FEFF go; a lone surrogate
    becomes U+FFFD; CR LF, CR and form feed become a line feed each.
    """
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n"))
    return _UNWANTED.sub("", text.replace("\r", "\n").replace("\f", "\n"))


def tokens(html: str) -> Iterator[Token]:
    """Yield what ``html`` consists of; the inside of raw text elements is left out."""
    raw = ""
    for match in _TOKEN.finditer(html):
        name = match["name"]
        if raw and not (match["end"] and name == raw):
            continue
        raw = ""
        if name is None:
            yield Token("text", "", match["text"])
        elif match["end"]:
            yield Token("end", name)
        else:
            raw = name if name in _RAW else ""
            pairs = _ATTRIBUTE.findall(match["attributes"])
            yield Token("start", name, "", {key: unescape(value) for key, value in pairs})


def start_tag(name: str, values: Mapping[str, str]) -> str:
    """Return a start tag as nh3 writes it."""
    written = (f' {key}="{escaped(text)}"' for key, text in values.items())
    return f"<{name}{''.join(written)}>"


def escaped(text: str) -> str:
    """Return plain ``text`` as HTML, fit for content and for attributes in double quotes."""
    return text.translate(_ESCAPED)


def plain_text(html: str) -> str:
    """Return what ``html`` says: paragraphs set apart by an empty line, white space folded."""
    parts: list[str] = []
    preformatted = 0
    for token in tokens(html):
        if token.kind == "text":
            text = unescape(token.text)
            parts.append(text if preformatted else _BLANKS.sub(" ", text))
        elif token.name in _PARAGRAPHS:
            parts.append(_PARAGRAPH)
        elif token.name in _LINES:
            parts.append(_LINE)
        elif token.name in _CELLS:
            parts.append(" ")
        if token.name == "pre":
            preformatted += 1 if token.kind == "start" else -1
    paragraphs = ("".join(parts)).split(_PARAGRAPH)
    return "\n\n".join(filter(None, map(_lines, paragraphs)))


def _lines(paragraph: str) -> str:
    lines = (
        line.strip("\n").rstrip() if "\n" in line else line.strip()
        for line in paragraph.split(_LINE)
    )
    return "\n".join(filter(None, lines))
