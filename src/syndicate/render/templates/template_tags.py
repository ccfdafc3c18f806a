"""Finds and parses template tags of Liquid, Nunjucks and Hugo."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

Range = tuple[int, int]
"""Offsets of the first character and after the last one."""

LITERAL_BRACE: Final = "\ufdd0"
"""Replaces a literal brace until Markdown has been converted."""

UNRESOLVED_URL: Final = "unresolved-template-value"
"""Replaces an unresolved value in a URL; such a URL leads nowhere, see `UrlResolver`."""

TagKind = Literal["output", "tag", "shortcode", "unclosed"]

POST_REFERENCE_TAGS: Final = frozenset({"link", "post_url", "ref", "relref"})
"""Tags whose first argument names another post or page."""

_DELIMITER: Final = re.compile(r"\{\{[<%]?|\{%|\}\}|%\}\}|>\}\}|%\}|\n[^\S\n]*\n")
"""The beginning or the end of a tag, or an empty line; the first character says which."""

_ARGUMENT: Final = re.compile(
    r"""(?:([\w.-]+)\s*[=:](?!//)\s*)?"""
    r"""(?:(?<!\\)"((?:[^"\\]|\\.)*+)"|(?<!\\)'((?:[^'\\]|\\.)*+)'|`([^`]*)`|([^\s,"'`]+))""",
    re.DOTALL,
)
_SEGMENT: Final = re.compile(r"""(\|)|"[^"]*"|'[^']*'|[^|"']+|["']""")
_ESCAPE: Final = re.compile(r"""\\(["'])""")
_PATH_TAGS: Final = frozenset({"link", "post_url"})
"""Tags of Jekyll whose argument is a path, not quoted, which may have spaces."""
_NAME: Final = re.compile(r"[\w./-]+")


class TagCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A name with its arguments; a literal value is the only argument of an empty name.

    ``unquoted`` are the positions and names of arguments that may be variables.
    """

    name: str
    arguments: tuple[str, ...] = ()
    named_arguments: Mapping[str, str] = {}
    unquoted: frozenset[int | str] = frozenset()

    @property
    def page_name(self) -> str:
        """The page that a tag such as ``ref`` names, "" if none; in a language, as Hugo names it.

        ``path="one.md" lang="es"`` is ``one.es.md``, with an optional fragment.
        """
        first = self.arguments[0] if self.arguments else ""
        name = self.named_arguments.get("path", first)
        language = self.named_arguments.get("lang", "")
        path, hash_sign, fragment = name.partition("#")
        if path and language:
            stem, ending = posixpath.splitext(path)
            path = f"{stem}.{language}{ending}"
        return path + hash_sign + fragment


class TemplateTag(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tag at ``start`` to ``end`` of a text.

    An output, ``{{ value | filter: argument }}``, applies ``filters`` to ``call``. ``closes`` of an
    end tag is the name of the tag it ends. An unclosed tag has no closing delimiter.

    A struct: a file of 1 MB may begin 500,000 tags, and frozen dataclasses take ten times as long.
    """

    kind: TagKind
    start: int
    end: int
    source: str
    call: TagCall = TagCall(name="")
    filters: tuple[TagCall, ...] = ()
    closes: str = ""

    @property
    def name(self) -> str:
        """The name of the tag or shortcode, or the variable of an output."""
        return self.call.name

    @property
    def replaceable_names(self) -> tuple[str, ...]:
        """The names by which settings may replace the tag, the first in them counts.

        They are the whole tag, its inner text, its own name, and those of its filters.
        """
        inside = " ".join(self.source.strip("{}<%>- \n").split())
        return (self.source, inside, self.name, *(call.name for call in self.filters))

    @property
    def expression(self) -> str:
        """What follows the name of a Liquid or Nunjucks tag, as written."""
        inside = self.source[2:-2].strip("-").strip()
        return inside[len(self.name) :].strip()


def find_tags(text: str, code: Sequence[Range]) -> Iterator[TemplateTag]:
    """Yield the tags of ``text`` in order, except for those that begin or end in ``code``.

    A tag cannot contain an empty line or the beginning of another tag. Takes linear time.
    """
    opening: re.Match[str] | None = None
    for mark in _outside_code(_DELIMITER.finditer(text), code):
        if mark[0][0] in "{\n":
            if opening:
                yield _unclosed_tag(opening)
            opening = mark if mark[0][0] == "{" else None
        elif opening and opening[0] == "{%" and mark[0].startswith("%}"):
            yield _parse_tag(text, opening.start(), mark.start() + 2)
            opening = None
        elif opening and opening[0] != "{%" and mark[0].endswith("}}"):
            yield _parse_tag(text, opening.start(), mark.end())
            opening = None
    if opening:
        yield _unclosed_tag(opening)


def _outside_code(marks: Iterator[re.Match[str]], code: Sequence[Range]) -> Iterator[re.Match[str]]:
    ranges = iter(code)
    start, end = next(ranges, (-1, -1))
    for mark in marks:
        while 0 <= end <= mark.start():
            start, end = next(ranges, (-1, -1))
        if not start <= mark.start() < end:
            yield mark


def _unclosed_tag(opening: re.Match[str]) -> TemplateTag:
    return TemplateTag(kind="unclosed", start=opening.start(), end=opening.end(), source=opening[0])


def _parse_tag(text: str, start: int, end: int) -> TemplateTag:
    source = text[start:end]
    if source.startswith("{%"):
        inside = source[2:-2].strip("-").strip()
        call = _parse_call(inside)
        if call.name in _PATH_TAGS and call.unquoted:
            path = inside[len(call.name) :].strip()
            call = TagCall(name=call.name, arguments=(path,) if path else ())
        closes = call.name[3:] if call.name.startswith("end") else ""
        return TemplateTag(
            kind="tag", start=start, end=end, source=source, call=call, closes=closes
        )
    if source.startswith(("{{<", "{{%")):
        inside = source[3:-2].rstrip("<%>").strip()
        call = _parse_call(inside.removesuffix("/"))
        closes = call.name if inside.startswith("/") and not inside.startswith("/*") else ""
        return TemplateTag(
            kind="shortcode", start=start, end=end, source=source, call=call, closes=closes
        )
    call, filters = parse_value(source[2:-2].strip("-"))
    return TemplateTag(
        kind="output", start=start, end=end, source=source, call=call, filters=filters
    )


def parse_value(expression: str) -> tuple[TagCall, tuple[TagCall, ...]]:
    """Return the value of ``expression`` and its filters: ``value | filter: argument``."""
    value, *filters = _split_filters(expression)
    return _parse_literal(value), tuple(map(_parse_call, filters))


def _split_filters(expression: str) -> list[str]:
    segments = [""]
    for match in _SEGMENT.finditer(expression):
        if match[1]:
            segments.append("")
        else:
            segments[-1] += match[0]
    return [segment.strip() for segment in segments]


def _parse_literal(text: str) -> TagCall:
    if text[:1] in ("'", '"'):
        return TagCall(name="", arguments=(text.strip(text[0]),))
    return TagCall(name=text)


def _parse_call(text: str) -> TagCall:
    match = _NAME.match(text.lstrip("/ "))
    name = match[0] if match else ""
    rest = text.lstrip("/ ")[len(name) :].lstrip(":")
    arguments: list[str] = []
    named_arguments: dict[str, str] = {}
    unquoted: set[int | str] = set()
    for key, *values in _ARGUMENT.findall(rest):
        value = _ESCAPE.sub(r"\1", "".join(values))
        if values[-1]:
            unquoted.add(key or len(arguments))
        if key:
            named_arguments[key] = value
        else:
            arguments.append(value)
    return TagCall(
        name=name,
        arguments=tuple(arguments),
        named_arguments=named_arguments,
        unquoted=frozenset(unquoted),
    )
