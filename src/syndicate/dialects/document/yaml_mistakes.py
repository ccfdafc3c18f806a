"""Finds the usual mistakes in YAML, and says them in an editor's words with the corrected line.

libyaml names a rule of the grammar, often in the line after the mistake. Here each line that may be
meant is corrected in one of the usual ways; a correction counts if libyaml can then read further.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_MAX_LINES: Final = 6
"""Lines at and before the error that are tried."""
_MAX_HINT_CHARACTERS: Final = 300
_ENTRY: Final = re.compile(
    r"(?P<indent>[ \t]*)(?P<dash>(?:-[ \t]+)*)(?P<key>[A-Za-z_][\w .-]*?)(?P<colon>:[ \t]+|:\Z)"
    r"(?P<value>.*)"
)
_ITEM: Final = re.compile(r"(?P<indent>[ \t]*)(?P<dash>-[ \t]+)(?P<value>\S.*)")
_MISSING_SPACE: Final = re.compile(r"(?P<start>[ \t]*(?:- )?[A-Za-z_][\w-]*:)(?P<value>[^\s:/].*)")
_MISSING_DASH_SPACE: Final = re.compile(r"(?P<start>[ \t]*)-(?P<value>[^\s-].*)")
_TAB: Final = re.compile(r" *\t[ \t]*")
_CONFLICT: Final = re.compile(r"(?:<{7}|>{7}|={7})(?: .*)?")
_RESERVED: Final = {
    "@": "an at sign",
    "`": "a backtick",
    "%": "a percent sign",
    "*": "an asterisk",
    "&": "an ampersand",
    "!": "an exclamation mark",
    "|": "a vertical bar",
    ">": "a greater-than sign",
    "[": "a bracket",
    "]": "a bracket",
    "{": "a brace",
    "}": "a brace",
    ",": "a comma",
    "?": "a question mark",
    "-": "a hyphen",
    ":": "a colon",
}
"""Characters that mean something else at the beginning of a value (YAML 1.1 section 5.3)."""


_BRACKETS: Final = {"[": "]", "{": "}"}


class YamlMistake(NamedTuple):
    """A mistake in the ``line`` (counted from 1) of the text: what is wrong, and what to do."""

    line: int
    message: str
    hint: str
    rule: str = "front-matter"


class _Correction(NamedTuple):
    message: str
    line: str


def find_mistake(
    text: str, line: int, error_line_of: Callable[[str], int | None]
) -> YamlMistake | None:
    """Return the mistake because of which ``text`` cannot be read at ``line``, None if unknown.

    ``error_line_of`` returns the line in which a text cannot be read, None if it can. Lines count
    from 1.
    """
    lines = text.split("\n")
    for number, content in enumerate(lines, 1):
        if _CONFLICT.fullmatch(content):
            return YamlMistake(
                number,
                "the front matter has a merge conflict marker",
                "Keep one of the two versions, and remove the lines <<<<<<<, ======= and >>>>>>>.",
                "merge-conflict",
            )
    last = min(line, len(lines))
    if mistake := _find_tab(lines, error_line_of):
        return mistake
    for number in range(last, max(0, last - _MAX_LINES), -1):
        for correction in _corrections(lines, number - 1):
            corrected = "\n".join([*lines[: number - 1], correction.line, *lines[number:]])
            next_error = error_line_of(corrected)
            if next_error is None or next_error > last:
                return YamlMistake(number, correction.message, _hint(correction, lines[number - 1]))
    return None


def _find_tab(lines: list[str], error_line_of: Callable[[str], int | None]) -> YamlMistake | None:
    """Return the first line that begins with a tab, if spaces instead make the text readable."""
    number = next((n for n, line in enumerate(lines, 1) if _TAB.match(line)), 0)
    for corrected in (
        [_TAB.sub(lambda tab: tab[0].expandtabs(2), line) for line in lines],
        [line.lstrip() if _TAB.match(line) else line for line in lines],
    ):
        next_error = error_line_of("\n".join(corrected)) if number else number
        if next_error is None or next_error > number:
            message = "the line is indented with a tab, where YAML allows only spaces"
            return YamlMistake(number, message, _spaces_hint(corrected[number - 1]))
    return None


def _hint(correction: _Correction, line: str) -> str:
    if correction.line.strip() == line.strip():
        return _spaces_hint(correction.line)
    return f"Write: {correction.line.strip()}"[:_MAX_HINT_CHARACTERS]


def _spaces_hint(line: str) -> str:
    spaces = len(line) - len(line.lstrip(" "))
    count = {0: "no space", 1: "one space"}.get(spaces, f"{spaces} spaces")
    return f"Begin the line with {count}: {line}"[:_MAX_HINT_CHARACTERS]


def _corrections(lines: list[str], index: int) -> Iterator[_Correction]:
    """Yield the corrections of one line, the most likely first."""
    line = lines[index]
    entry = _ENTRY.fullmatch(line) or _ITEM.fullmatch(line)
    if entry and entry["value"].strip():
        start, value = line[: entry.start("value")], entry["value"].strip()
        name = entry.groupdict().get("key") or "the entry of the list"
        for message, corrected in _corrected_values(name, value):
            yield _Correction(message, start + corrected)
    yield from _corrected_lines(lines, index)


def _corrected_values(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong with the value of ``name``, the value in quotation marks)."""
    first, rest = value[0], value[1:]
    if first in "\"'":
        if first not in rest:
            yield f"the quotation mark before the value of {name} is not closed", value + first
        elif value.endswith(first):
            message = f"{name} has quotation marks inside of quotation marks"
            yield message, quoted(rest[:-1].replace("''", "'") if first == "'" else rest[:-1])
        else:
            yield f"{name} has more text after the closing quotation mark", quoted(value)
        return
    if first in _BRACKETS and _BRACKETS[first] not in rest:
        yield f"the list of {name} is not closed", value + _BRACKETS[first]
    if re.search(r":(?:\s|\Z)", value):
        yield f"{name} has a colon followed by a space, which begins a new key", quoted(value)
    elif first in _RESERVED:
        yield f"the value of {name} begins with {_RESERVED[first]}", quoted(value)


def quoted(value: str) -> str:
    """Return ``value`` in quotation marks of YAML, double ones if it has none and no backslash."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _corrected_lines(lines: list[str], index: int) -> Iterator[_Correction]:
    """Yield corrections of spaces: after a colon or hyphen, and before the line."""
    line = lines[index]
    if found := _MISSING_SPACE.fullmatch(line):
        yield _Correction(
            "a space is missing after the colon", f"{found['start']} {found['value']}"
        )
    if found := _MISSING_DASH_SPACE.fullmatch(line):
        yield _Correction(
            "a space is missing after the hyphen", f"{found['start']}- {found['value']}"
        )
    stripped = line.strip()
    if _ENTRY.fullmatch(line) or line.lstrip().startswith("- "):
        for indent in dict.fromkeys(_indents_before(lines, index)):
            if indent + stripped != line:
                message = "the line is not indented like the lines that it belongs to"
                yield _Correction(message, indent + stripped)
    elif stripped and not line.startswith((" ", "\t", "---")):
        message = "the line has no key; if it continues the value before, it has to be indented"
        yield _Correction(message, f"  {stripped}")


def _indents_before(lines: list[str], index: int) -> Iterator[str]:
    """Yield the indents of the lines before, the nearest first, and of a key of the file."""
    for line in reversed(lines[max(0, index - _MAX_LINES) : index]):
        if line.strip() and "\t" not in line:
            yield line[: len(line) - len(line.lstrip(" "))]
    yield ""
