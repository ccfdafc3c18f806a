"""Finds template tags of Liquid, Nunjucks and Hugo in a text and takes them apart."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Range = tuple[int, int]
"""Offsets from the first character to behind the last one."""

Kind = Literal["output", "tag", "shortcode", "stray"]

_MARK: Final = re.compile(r"\{\{[<%]?|\{%|\}\}|%\}\}|>\}\}|%\}|\n[^\S\n]*\n")
"""What opens a tag, what closes one, an empty line; the first character says which."""

_WORD: Final = re.compile(
    r"""(?:([\w.-]+)\s*[=:](?!//)\s*)?"""
    r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|([^\s,"'`]+))""",
    re.DOTALL,
)
_SEGMENT: Final = re.compile(r"""(\|)|"[^"]*"|'[^']*'|[^|"']+|["']""")
_ESCAPE: Final = re.compile(r"""\\(["'])""")
_NAME: Final = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A name with its arguments; of a literal value ``name`` is empty and ``words`` holds it."""

    name: str
    words: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag at ``start`` to ``end`` of a text.

    An output, ``{{ value | filter: words }}``, sends ``call`` through ``filters``. An end tag
    says in ``closes`` what it ends. A stray is an opening nobody closes.
    """

    kind: Kind
    start: int
    end: int
    source: str
    call: Call = Call(name="")
    filters: tuple[Call, ...] = ()
    closes: str = ""

    @property
    def name(self) -> str:
        """The name of the tag or shortcode, or the variable of an output."""
        return self.call.name


def find_tags(text: str, code: Sequence[Range]) -> Iterator[Tag]:
    """Yield the tags of ``text``, in order; those that begin or end in ``code`` are none.

    A tag ends before an empty line and before the next tag begins. One pass, linear time.
    """
    opening: re.Match[str] | None = None
    for mark in _outside(_MARK.finditer(text), code):
        if mark[0][0] in "{\n":
            if opening:
                yield _stray(opening)
            opening = mark if mark[0][0] == "{" else None
        elif opening and opening[0] == "{%" and mark[0].startswith("%}"):
            yield _parse(text, opening.start(), mark.start() + 2)
            opening = None
        elif opening and opening[0] != "{%" and mark[0].endswith("}}"):
            yield _parse(text, opening.start(), mark.end())
            opening = None
    if opening:
        yield _stray(opening)


def _outside(marks: Iterator[re.Match[str]], code: Sequence[Range]) -> Iterator[re.Match[str]]:
    ranges = iter(code)
    start, end = next(ranges, (-1, -1))
    for mark in marks:
        while 0 <= end <= mark.start():
            start, end = next(ranges, (-1, -1))
        if not start <= mark.start() < end:
            yield mark


def _stray(opening: re.Match[str]) -> Tag:
    return Tag(kind="stray", start=opening.start(), end=opening.end(), source=opening[0])


def _parse(text: str, start: int, end: int) -> Tag:
    source = text[start:end]
    if source.startswith("{%"):
        inside = source[2:-2].strip("-").strip()
        call = _call(inside)
        closes = call.name[3:] if call.name.startswith("end") else ""
        return Tag(kind="tag", start=start, end=end, source=source, call=call, closes=closes)
    if source.startswith(("{{<", "{{%")):
        inside = source[3:-2].rstrip("<%>").strip()
        call = _call(inside.removesuffix("/"))
        closes = call.name if inside.startswith("/") and not inside.startswith("/*") else ""
        return Tag(kind="shortcode", start=start, end=end, source=source, call=call, closes=closes)
    value, *filters = _segments(source[2:-2].strip("-"))
    return Tag(
        kind="output",
        start=start,
        end=end,
        source=source,
        call=_value(value),
        filters=tuple(map(_call, filters)),
    )


def _segments(expression: str) -> list[str]:
    segments = [""]
    for match in _SEGMENT.finditer(expression):
        if match[1]:
            segments.append("")
        else:
            segments[-1] += match[0]
    return [segment.strip() for segment in segments]


def _value(text: str) -> Call:
    if text[:1] in ("'", '"'):
        return Call(name="", words=(text.strip(text[0]),))
    return Call(name=text)


def _call(text: str) -> Call:
    match = _NAME.match(text.lstrip("/ "))
    name = match[0] if match else ""
    rest = text.lstrip("/ ")[len(name) :].lstrip(":")
    words: list[str] = []
    named: dict[str, str] = {}
    for key, *values in _WORD.findall(rest):
        value = _ESCAPE.sub(r"\1", "".join(values))
        if key:
            named[key] = value
        else:
            words.append(value)
    return Call(name=name, words=tuple(words), named=named)
