"""Recognizes what a line of Markdown begins (CommonMark 0.31.2 section 4, and common additions).

Every function is given the line without its indentation and looks at its beginning only.
"""

import re
from dataclasses import dataclass
from typing import Final

from syndicate.render.allowlist import name_set

BLANK_LINE: Final = "\n"
"""What ends an HTML block that ends before the next blank line."""

_LEAD: Final = re.compile(r"[ \t>*+\-\d.)]*")
_HEADING: Final = re.compile(r"(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE: Final = re.compile(r"(=+|-+)[ \t]*$")
_RULE: Final = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_FENCE: Final = re.compile(r"(`{3,}|~{3,})(.*)$")
_MARKER: Final = re.compile(r"(?:([*+-])|(\d{1,9})([.)]))(?=( *)(\S?))")
_WIDEST: Final = 4
_MEANING: Final = re.compile(r":[ \t]+(?=\S)")
_FOOTNOTE: Final = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
_DELIMITERS: Final = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL: Final = re.compile(r"(?:[^|\\]|\\.)*(?:\\$)?")
_BLOCKS: Final = name_set(
    "address article aside base basefont blockquote body caption center col colgroup dd details"
    " dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6"
    " head header hr html iframe legend li link main menu menuitem nav noframes ol optgroup option"
    " p param search section summary table tbody td tfoot th thead title tr track ul"
)
_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)(?=[ \t>]|/>|$)")
_WHOLE_TAG: Final = re.compile(
    r"(?:<[a-zA-Z][a-zA-Z0-9-]*"
    r"(?:[ \t]+[a-zA-Z_:][\w.:-]*(?:[ \t]*=[ \t]*(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?)*"
    r"[ \t]*/?>|</[a-zA-Z][a-zA-Z0-9-]*[ \t]*>)[ \t]*$"
)
_VERBATIM: Final = frozenset({"pre", "script", "style", "textarea"})
_ENDS: Final = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The beginning of a list item.

    ``width`` is what it takes with the blanks that belong to it; ``number`` is -1 for a bullet;
    ``delimiter`` tells apart lists that stand next to each other.
    """

    delimiter: str
    number: int
    width: int
    blank: bool


def expanded(line: str) -> str:
    """Return ``line`` with tabs at its beginning, markers included, as spaces."""
    if "\t" not in line:
        return line
    lead = _LEAD.match(line)
    end = lead.end() if lead else 0
    return line[:end].expandtabs(4) + line[end:]


def heading(line: str) -> tuple[int, str] | None:
    """Return level and text of an ATX heading."""
    match = _HEADING.match(line)
    if match is None:
        return None
    text = (match[2] or "").strip(" \t")
    bare = text.rstrip("#")
    return len(match[1]), bare.rstrip(" \t") if bare[-1:] in ("", " ", "\t") else text


def underline(line: str) -> int:
    """Return the level of the heading that ``line`` makes of the paragraph before it, or 0."""
    match = _UNDERLINE.match(line)
    return 0 if match is None else 1 if match[1][0] == "=" else 2


def is_rule(line: str) -> bool:
    """Return whether ``line`` is a thematic break."""
    return _RULE.match(line) is not None


def fence(line: str) -> tuple[str, str] | None:
    """Return the opening code fence and its info string."""
    match = _FENCE.match(line)
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return None
    return match[1], match[2].strip()


def closes(line: str, opening: str) -> bool:
    """Return whether ``line`` is a closing fence for ``opening``."""
    bare = line.rstrip(" \t")
    return len(bare) >= len(opening) and not bare.strip(opening[0])


def marker(line: str) -> Marker | None:
    """Return the list marker that ``line`` begins with; it stands alone or before a space."""
    match = _MARKER.match(line)
    if match is None or (match[5] and not match[4]):
        return None
    spaces = len(match[4])
    width = match.end() + (spaces if match[5] and spaces <= _WIDEST else 1)
    return Marker(
        delimiter=match[1] or match[3],
        number=int(match[2]) if match[2] else -1,
        width=width,
        blank=not match[5],
    )


def meaning(line: str) -> int:
    """Return the width of the colon that begins a definition, 0 if there is none."""
    match = _MEANING.match(line)
    return match.end() if match else 0


def footnote(line: str) -> tuple[str, int] | None:
    """Return name and width of the footnote definition that ``line`` begins."""
    match = _FOOTNOTE.match(line)
    return (match[1], match.end()) if match else None


def html_end(line: str, *, in_paragraph: bool) -> str | None:
    """Return what ends the HTML block that ``line`` begins, None if it begins none."""
    for start, end in _ENDS.items():
        if line.startswith(start):
            return end
    if line.startswith("<!") and line[2:3].isalpha():
        return ">"
    tag = _TAG.match(line)
    name = tag[1].lower() if tag else ""
    if name in _VERBATIM and not line.startswith("</"):
        return f"</{name}>"
    if name in _BLOCKS:
        return BLANK_LINE
    whole = name and not in_paragraph and _WHOLE_TAG.match(line)
    return BLANK_LINE if whole else None


def delimiters(line: str) -> tuple[str, ...] | None:
    """Return the alignment of each column if ``line`` is a table's delimiter row."""
    is_item = line.startswith(("- ", "-\t"))
    if is_item or not _DELIMITERS.match(line) or not ("|" in line or ":" in line):
        return None
    return tuple(
        {"::": "center", ":": "left", "-:": "right"}.get(_colons(cell), "") for cell in cells(line)
    )


def cells(line: str) -> list[str]:
    """Return the cells of a row of a table (GitHub Flavored Markdown section 4.10)."""
    row = line.strip(" \t").removeprefix("|")
    found = []
    start = 0
    for match in re.finditer(r"\\.|\|", row):
        if match[0] == "|":
            found.append(row[start : match.start()])
            start = match.end()
    rest = row[start:]
    if rest.strip():
        found.append(rest)
    return [cell.strip(" \t").replace("\\|", "|") for cell in found]


def _colons(cell: str) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    return "::" if left and right else ":" if left else "-:" if right else ""
