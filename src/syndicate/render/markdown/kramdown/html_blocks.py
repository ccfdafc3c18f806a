"""HTML between blocks: raw, or with Markdown in it where an attribute says so.

Source: kramdown 2.4, "HTML Blocks". Unlike kramdown, an element may also end within a line.
"""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString
from typing_extensions import override

from syndicate.render.allowlist import VOID_ELEMENTS, name_set
from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    RAW,
    KramdownProcessor,
    put_back,
)

SPAN_ELEMENTS: Final = name_set(
    "a abbr acronym b bdo big br button cite code del dfn em i img input ins kbd label mark option"
    " q rb rbc rp rt rtc ruby samp select small span strong sub sup tt u var"
)
"""Elements that begin no block."""

BLOCK_ELEMENTS: Final = name_set(
    "address applet article aside blockquote body caption col colgroup dd div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li"
    " main map menu nav ol optgroup p pre section summary table tbody td tfoot th thead tr ul"
)
"""Elements whose tags are text inside of a paragraph."""

BLOCK_CONTENT: Final = name_set(
    "address applet article aside blockquote body dd details div dl fieldset figcaption figure"
    " footer form header hgroup iframe li main map menu nav noscript object section summary td"
)
"""Elements that hold blocks where Markdown is read in them."""

SPAN_CONTENT: Final = name_set(
    "a abbr acronym b bdo big button caption cite del dfn dt em h1 h2 h3 h4 h5 h6 i ins label"
    " legend optgroup p q rb rbc rp rt rtc ruby select small span strong sub sup th tt"
)
"""Elements that hold text where Markdown is read in them; it is read in no others."""

_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z_:][\w.:-]*);)")


_AUTOLINK: Final = re.compile(r"<(?=(?:https?|ftp|mailto):[^\s<>]*>|[\w.+-]+@[\w.-]+>)")


def escaped_as_by_kramdown(html: str) -> str:
    """Return ``html`` with ampersands of no reference and comments without an end escaped.

    A browser resolves references without a semicolon (``?a=1&copy``), and such a comment hides the
    rest of the text. URLs in angle brackets, which are no tags, are text.
    """
    html = _AUTOLINK.sub("&lt;", html)
    end = html.rfind("-->") + 1
    html = html[:end] + html[end:].replace("<!--", "&lt;!--")
    return _BARE_AMPERSAND.sub("&amp;", html)


_NAME: Final = r"[A-Za-z_][\w.:-]*+"
_ATTRIBUTES: Final = r"(?:\s++[\w:.-]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>=`]++))?+)*+"
_START_TAG: Final = rf"<({_NAME})({_ATTRIBUTES})\s*+(/?)>"
_TOKEN: Final = re.compile(rf"<!--|{_START_TAG}|</({_NAME})\s*>")
_MARKDOWN: Final = re.compile(r"""\smarkdown\s*=\s*(["']?)(0|1|block|span)\1(?![^\s"'>/])""")
_RAW_TEXT: Final = frozenset({"script", "style"})


class HtmlProcessor(KramdownProcessor):
    """An element that is no text, with everything up to its end tag, or a comment."""

    start = re.compile(
        rf"[ ]{{0,3}}(?:<!--|(?!<(?:{'|'.join(SPAN_ELEMENTS)})\b){_START_TAG})", re.IGNORECASE
    )

    @override
    def run(self, parent: Element, blocks: list[str]) -> bool:
        end = _find_end(blocks, self.kramdown.context.unclosed)
        if end is None:
            return False
        number, offset = end
        taken = [blocks.pop(0) for _ in range(number + 1)]
        rest = taken[-1][offset:]
        taken[-1] = taken[-1][:offset]
        self._add(parent, "\n\n".join(taken).lstrip(" "))
        put_back(blocks, rest.lstrip(" "))
        return True

    def _add(self, parent: Element, html: str) -> None:
        """Append ``html``, of which some elements are read as Markdown."""
        start = raw_end = 0
        for tag in _TOKEN.finditer(html):
            if tag.start() < start or not tag[1] or tag[3] or tag[1].lower() in VOID_ELEMENTS:
                continue
            model = self._content_model(tag, is_in_raw=tag.start() < raw_end)
            if model:
                self._add_raw(parent, html[start : tag.start()])
                start = self._add_markdown(parent, html, tag, model)
            elif self.kramdown.parses_html and tag.start() >= raw_end:
                raw_end = _element_end(html, tag)[1]
        self._add_raw(parent, html[start:])

    def _content_model(self, tag: re.Match[str], *, is_in_raw: bool) -> str:
        """Return what is read in the element that begins with ``tag``: block, span or nothing.

        In an element of which nothing is read, only the attribute counts.
        """
        if self.kramdown.is_too_deep:
            return ""
        attribute = _MARKDOWN.search(tag[2])
        name = tag[1].lower()
        natural = "block" if name in BLOCK_CONTENT else "span" if name in SPAN_CONTENT else ""
        if attribute is None:
            return natural if self.kramdown.parses_html and not is_in_raw else ""
        return {"0": "", "1": natural}.get(attribute[2], attribute[2])

    def _add_markdown(self, parent: Element, html: str, tag: re.Match[str], model: str) -> int:
        """Append the element that begins with ``tag``; return where it ends in ``html``."""
        self._add_raw(parent, f"<{tag[1]}{_MARKDOWN.sub('', tag[2])}>")
        content_end, end = _element_end(html, tag)
        inside = SubElement(parent, GROUP)
        if model == "span":
            inside.text = html[tag.end() : content_end]
        else:
            self.parser.parseChunk(inside, html[tag.end() : content_end])
        self._add_raw(parent, html[content_end:end] or f"</{tag[1]}>")
        return end

    def _add_raw(self, parent: Element, html: str) -> None:
        if html.strip():
            placeholder = self.parser.md.htmlStash.store(escaped_as_by_kramdown(html))
            SubElement(parent, RAW).text = AtomicString(placeholder)


def _find_end(blocks: Sequence[str], unclosed: dict[str, int]) -> tuple[int, int] | None:
    """Return the block and the offset where the element or comment at the beginning ends.

    An element without an end tag is everything; a comment without an end is none. ``unclosed``
    remembers that no comment ends.
    """
    open_elements: list[str] = []
    number = position = 0
    while number < len(blocks):
        token = _TOKEN.search(blocks[number], position)
        if token is None:
            number, position = number + 1, 0
            continue
        position = token.end()
        if token[0] == "<!--" or (token[1] or "").lower() in _RAW_TEXT:
            found = _find_raw_end(blocks, number, token, unclosed)
            if found is None and not open_elements:
                return None if token[0] == "<!--" else _end_of(blocks)
            number, position = found or (number, position)
        elif token[1] and not token[3] and token[1].lower() not in VOID_ELEMENTS:
            open_elements.append(token[1].lower())
        elif open_elements and open_elements[-1] == (token[4] or "").lower():
            open_elements.pop()
        if not open_elements:
            return number, position
    return _end_of(blocks)


def _end_of(blocks: Sequence[str]) -> tuple[int, int]:
    return len(blocks) - 1, len(blocks[-1])


def _find_raw_end(
    blocks: Sequence[str], number: int, token: re.Match[str], unclosed: dict[str, int]
) -> tuple[int, int] | None:
    """Return where the comment, script or style that ``token`` begins ends, None if nowhere."""
    end = "-->" if token[0] == "<!--" else f"</{token[1].lower()}"
    if end in unclosed:
        return None
    start = token.end()
    for later in range(number, len(blocks)):
        position = blocks[later].lower().find(end, start)
        if position >= 0:
            close = blocks[later].find(">", position)
            return later, close + 1 if close >= 0 else len(blocks[later])
        start = 0
    unclosed[end] = 0
    return None


def _element_end(html: str, start_tag: re.Match[str]) -> tuple[int, int]:
    """Return where the content of an element ends, and where its end tag ends."""
    name, depth = start_tag[1].lower(), 1
    for token in _TOKEN.finditer(html, start_tag.end()):
        if (token[1] or "").lower() == name and not token[3]:
            depth += 1
        elif (token[4] or "").lower() == name:
            depth -= 1
        if not depth:
            return token.start(), token.end()
    return len(html), len(html)
