"""HTML between blocks: raw, or with Markdown in it where an attribute says so.

Source: kramdown 2.4, "HTML Blocks". Unlike kramdown, an element may also end within a line.
"""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final
from xml.etree.ElementTree import SubElement

from syndicate.render.allowlist import VOID_ELEMENTS, name_set
from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    BlockState,
    Place,
    block_rule,
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
_FENCE: Final = r"^[ ]{0,3}(([~`])\6{2,})[ ]*(?:[^\s?]+(?:\?\S*)?)?[ ]*$"
_TOKEN_OR_CODE: Final = re.compile(rf"{_TOKEN.pattern}|{_FENCE}|\\[\\`]|(`++)", re.MULTILINE)
_MARKDOWN: Final = re.compile(r"""\smarkdown\s*=\s*(["']?)(0|1|block|span)\1(?![^\s"'>/])""")
_RAW_TEXT: Final = frozenset({"script", "style"})


@block_rule(rf"(?i)[ ]{{0,3}}(?:<!--|(?!<(?:{'|'.join(SPAN_ELEMENTS)})\b){_START_TAG})")
def html(state: BlockState) -> bool:
    """Take an element that is no text, with everything up to its end tag, or a comment."""
    ends: dict[int, tuple[int, int]] = {}
    end = _find_end(state, ends)
    if end is None:
        return False
    _add(state, state.take(end), ends)
    return True


def _add(state: BlockState, text: str, ends: Mapping[int, tuple[int, int]]) -> None:
    """Append HTML with end tags at ``ends``, of which some elements are read as Markdown."""
    done = position = len(text) - len(text.lstrip(" "))
    raw_end = 0
    parser = state.parser
    is_read = not parser.is_too_deep and (parser.parses_html or _MARKDOWN.search(text) is not None)
    while tag := _TOKEN.search(text, position) if is_read else None:
        is_markup = _is_start(tag) and tag[1].lower() not in _RAW_TEXT
        position = tag.end() if is_markup or tag.start() not in ends else ends[tag.start()][1]
        if not is_markup:
            continue
        end = ends.get(tag.start(), (len(text), len(text)))
        model = _content_model(state, tag, is_in_raw=tag.start() < raw_end)
        if model:
            _add_raw(state, text[done : tag.start()])
            _add_markdown(state, text, tag, end, model)
            done = position = end[1]
        elif tag.start() >= raw_end:
            raw_end = end[1]
    _add_raw(state, text[done:])


def _is_start(tag: re.Match[str]) -> bool:
    """Return whether ``tag`` begins an element that has content."""
    return bool(tag[1]) and not tag[3] and tag[1].lower() not in VOID_ELEMENTS


def _content_model(state: BlockState, tag: re.Match[str], *, is_in_raw: bool) -> str:
    """Return what is read in the element that begins with ``tag``: block, span or nothing.

    In an element of which nothing is read, only the attribute counts.
    """
    attribute = _MARKDOWN.search(tag[2])
    name = tag[1].lower()
    natural = "block" if name in BLOCK_CONTENT else "span" if name in SPAN_CONTENT else ""
    if attribute is None:
        return natural if state.parser.parses_html and not is_in_raw else ""
    return {"0": "", "1": natural}.get(attribute[2], attribute[2])


def _add_markdown(
    state: BlockState, text: str, tag: re.Match[str], end: tuple[int, int], model: str
) -> None:
    """Append the element that begins with ``tag``, whose end tag is at ``end`` in ``text``."""
    _add_raw(state, f"<{tag[1]}{_MARKDOWN.sub('', tag[2])}>")
    inside, content = SubElement(state.parent, GROUP), text[tag.end() : end[0]]
    if model == "span":
        inside.text = content
    else:
        state.parser.parseChunk(inside, content)
    _add_raw(state, text[slice(*end)] or f"</{tag[1]}>")


def _add_raw(state: BlockState, text: str) -> None:
    if text.strip():
        state.add_raw(escaped_as_by_kramdown(text))


def _find_end(state: BlockState, ends: dict[int, tuple[int, int]]) -> Place | None:
    """Return where the element or comment at the beginning ends.

    An element without an end tag is everything; a comment without an end is none. ``ends`` gets
    the place of the end tag of each element, and of the end of each comment, by where it starts.
    Tags in code do not count where Markdown is read.
    """
    open_elements: list[tuple[str, str]] = []
    starts: dict[str, list[int]] = {}
    number = position = offset = 0
    while number < len(state.blocks):
        model = open_elements[-1][1] if open_elements else ""
        token = (_TOKEN_OR_CODE if model else _TOKEN).search(state.blocks[number], position)
        if token is None:
            offset += len(state.blocks[number]) + 2
            number, position = number + 1, 0
            continue
        position = token.end()
        name = (token[1] or token[4] or "").lower()
        if not name or (token[1] and name in _RAW_TEXT):
            found = _find_raw_end(state, token, number)
            if found is None and not open_elements:
                return _everything(state) if name else None
            later, start = found or Place(number, position, position), offset + token.start()
            offset += sum(len(block) + 2 for block in islice(state.blocks, number, later.number))
            number, position = later.number, later.end
            ends[start] = offset + later.start, offset + later.end
        elif _is_start(token):
            is_in_raw = bool(open_elements) and not model
            open_elements.append((name, _content_model(state, token, is_in_raw=is_in_raw)))
            starts.setdefault(name, []).append(offset + token.start())
        elif token[4] and starts.get(name):
            ends[starts[name].pop()] = offset + token.start(), offset + token.end()
            is_last = open_elements[-1][0] == name
            del open_elements[len(open_elements) - is_last :]
        if not open_elements:
            return Place(number, position, position)
    return _everything(state)


def _find_raw_end(state: BlockState, token: re.Match[str], number: int) -> Place | None:
    """Return where the comment, script, style or code that ``token`` begins ends.

    A code span ends in its line, or is none.
    """
    block, position = state.blocks[number], token.end()
    if token[0].startswith("<"):
        end = rf"(?i)</{token[1]}[^>]*(?:>|\Z)" if token[1] else "-->"
        return state.find(end, end, number, position)
    if token[5]:
        fence = rf"^[ ]{{0,3}}{token[6]}{{{len(token[5])},}}[ ]*$"
        return state.find(fence, token[5], number, position)
    line_end = block.find("\n", position)
    close = block.find(token[7] or "\n", position, line_end if line_end >= 0 else len(block))
    return Place(number, close, close + len(token[7])) if close >= 0 else None


def _everything(state: BlockState) -> Place:
    size = len(state.blocks[-1])
    return Place(len(state.blocks) - 1, size, size)
