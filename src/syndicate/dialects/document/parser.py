"""Splits a post file into front matter (YAML, TOML or JSON) and body, with line numbers.

Delimiters are those of Jekyll and Hugo; YAML 1.1, TOML 1.0 and JSON (RFC 8259).
"""

import codecs
import json
import re
import tomllib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final, TypeVar

from frontmatter.default_handlers import BaseHandler
from typing_extensions import override

from syndicate.dialects.document import plain_values
from syndicate.dialects.document.plain_values import (
    FrontMatterValues,
    displayable_path,
    front_matter_error,
    limit_error,
    nesting_error,
    xml_safe,
)
from syndicate.errors import ContentError
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.edition import ProblemLevel
from syndicate.model.post import Path

LOST_FENCE_SEARCH_CHARACTERS: Final = 100_000
"""Characters of a file that are searched for front matter without an opening delimiter."""

_KEY: Final = re.compile(r"""(?:[ \t]*(?:#.*)?\n)*["']?[A-Za-z_][\w.-]*["']?[ \t]*[:=]""")
_TOML_KEY: Final = re.compile(r"""^[ \t]*(?:\[+[ \t]*)?["']?([\w-]+)""", re.MULTILINE)
_JSON_KEY: Final = re.compile(r'"([^"\\\n]{0,100})"\s*:')
_KEYS: Final = re.compile(r"^([A-Za-z_][\w.-]*):(?:[ \t]|$)", re.MULTILINE)
_DASHES: Final = re.compile("^[-\u2010-\u2015]{2,8}[ \t]*(?:\n|\\Z)", re.MULTILINE)
_CODE_FENCE: Final = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<rest>.*)")
_MAX_LINES_BEFORE_FENCE: Final = 3
"""Lines of text that may precede a damaged opening delimiter."""
_TYPICAL_KEYS: Final = frozenset({"title", "date", "layout", "permalink"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """A problem of a file; line and column count from 1, 0 means unknown."""

    level: ProblemLevel
    rule: str
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """Parsed front matter and the body after it; lines count from 1 at the opening delimiter."""

    values: FrontMatterValues
    body: str
    body_line: int


class FrontMatterSyntax(BaseHandler, ABC):
    """A front-matter syntax; python-frontmatter detects and splits it by ``FM_BOUNDARY``."""

    def parse(self, text: str, limits: ContentLimits) -> FrontMatter | None:
        """Parse ``text``, which begins with the delimiter; return None if it is another text.

        Raises `ContentError`, with code ``lost-fence`` if the closing delimiter is missing.
        """
        try:
            front, body = self.split(text)
        except ValueError:
            _raise_if_unclosed(text)
            return None
        size = len(front.encode())
        if size > limits.front_matter_bytes:
            raise limit_error(
                f"the front matter has {size:,} bytes; at most {limits.front_matter_bytes:,} are"
                " allowed",
                1,
                hint="Move text into the body, or raise front_matter_bytes in [limits].",
            )
        body_line = 1 + text.count("\n", 0, len(text) - len(body))
        values = _with_content_errors(
            partial(self.parse_values, levels=limits.front_matter_levels), front
        )
        return FrontMatter(values=values, body=body, body_line=body_line)

    @abstractmethod
    def parse_values(self, front: str, *, levels: int) -> FrontMatterValues:
        """Parse ``front``, which begins after the opening delimiter, nested up to ``levels`` deep.

        Raises `ContentError`, `ValueError` or `RecursionError`.
        """


class YamlSyntax(FrontMatterSyntax):
    """YAML between ``---``; ``...`` is a closing delimiter as well, as in Jekyll."""

    FM_BOUNDARY: re.Pattern[str] | None = re.compile(
        r"^(?:---|(?<=\n)\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE
    )

    @override
    def parse_values(self, front: str, *, levels: int) -> FrontMatterValues:
        return plain_values.load("\n" + front, levels)


class TomlSyntax(FrontMatterSyntax):
    """TOML between ``+++``."""

    FM_BOUNDARY: re.Pattern[str] | None = re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE)

    @override
    def parse_values(self, front: str, *, levels: int) -> FrontMatterValues:
        # Before tomllib sees them, because its time is quadratic in the length of dotted keys.
        if _deep_key_pattern(levels).search(front):
            raise nesting_error(levels, 1)
        meta = tomllib.loads("\n" + front, parse_float=str)
        return FrontMatterValues.from_parsed(
            meta, _key_lines(_TOML_KEY, "\n" + front), levels=levels
        )


class JsonSyntax(FrontMatterSyntax):
    """A JSON object, whose braces are the delimiters; the body may start on its last line."""

    FM_BOUNDARY: re.Pattern[str] | None = re.compile(r'\{(?=\s*(?:"|\}[ \t]*(?:\n|\Z)))')

    @override
    def split(self, text: str) -> tuple[str, str]:
        end = _with_content_errors(json.JSONDecoder(parse_int=str).raw_decode, text)[1]
        return text[:end], text[end:].lstrip(" \t").removeprefix("\n")

    @override
    def parse_values(self, front: str, *, levels: int) -> FrontMatterValues:
        top: list[tuple[str, object]] = []

        def remember(pairs: list[tuple[str, object]]) -> dict[str, object]:
            top[:] = pairs  # the hook is called for the outermost object last
            return dict(pairs)

        meta = json.loads(
            front, object_pairs_hook=remember, parse_int=str, parse_float=str, parse_constant=str
        )
        duplicates = [key for key, count in Counter(key for key, _ in top).items() if count > 1]
        return FrontMatterValues.from_parsed(
            meta, _key_lines(_JSON_KEY, front), duplicates, levels=levels
        )


@cache
def _deep_key_pattern(levels: int) -> re.Pattern[str]:
    """Return a pattern for dotted TOML keys with more than ``levels`` parts."""
    part = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
    return re.compile(rf"(?<![\w-])(?:{part}){{{levels}}}")


SYNTAXES: Final[tuple[FrontMatterSyntax, ...]] = (YamlSyntax(), TomlSyntax(), JsonSyntax())


def has_lost_fence(text: str) -> bool:
    """Return whether ``text``, which begins with no delimiter, has front matter nevertheless.

    The opening delimiter may be missing, consist of typographic dashes, or follow a line or two.
    Typical keys up to the next line of dashes distinguish front matter from rules and examples.
    """
    before, *rest = _DASHES.split(text[:LOST_FENCE_SEARCH_CHARACTERS], maxsplit=2)
    if rest and _looks_like_keys(before):
        return True
    is_early = before.count("\n") < _MAX_LINES_BEFORE_FENCE and "```" not in before
    return len(rest) > 1 and is_early and _looks_like_keys(rest[0])


def _looks_like_keys(front: str) -> bool:
    keys = [match[1].lower() for match in _KEYS.finditer(front)]
    return _KEY.match(front) is not None and len(keys) > 1 and not _TYPICAL_KEYS.isdisjoint(keys)


def _raise_if_unclosed(text: str) -> None:
    if _KEY.match(text, text.find("\n") + 1):
        raise ContentError(
            "the front matter is not closed",
            hint="Write the closing delimiter alone on the line after the last key.",
            code="lost-fence",
            line=1,
        )


def _with_content_errors(read: Callable[[str], _T], text: str) -> _T:
    """Return the result of ``read``; its errors become a `ContentError` with their line."""
    try:
        return read(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"\bline (\d+)", str(error))
        line = int(found[1]) if found else 1
        raise front_matter_error(f"the front matter cannot be read: {error}", line) from None


def _key_lines(keys: re.Pattern[str], front: str) -> dict[str, int]:
    """Return the line of the first occurrence of each key."""
    lines: dict[str, int] = {}
    line, position = 1, 0
    for match in keys.finditer(front):
        line += front.count("\n", position, match.start(1))
        position = match.start(1)
        lines.setdefault(match[1], line)
    return lines


_LINE_ENDS: Final = re.compile("\r\n?")
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""The longer ones first: that of UTF-32 begins like that of UTF-16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file with front matter.

    ``meta`` has the keys as written; values are str, bool, date, None, list and dict. Numbers
    are text, as are all scalars of YAML except null. The lines of ``body`` end with LF, and it
    has no character that XML forbids. ``body_line`` is the line of the file where the body
    starts, ``key_lines`` has the line of each key; both count from 1. ``quoted_keys`` are the keys
    whose value is text in quotes.
    """

    path: Path
    meta: Mapping[str, object]
    body: str
    body_line: int
    key_lines: Mapping[str, int]
    problems: tuple[FieldProblem, ...] = ()
    cut_off_values: Mapping[str, str] = field(default_factory=dict)
    """What YAML takes for a remark after the title, with its number sign."""
    quoted_keys: frozenset[str] = frozenset()


def parse_document(
    path: Path, data: bytes, limits: ContentLimits = DEFAULT_CONTENT_LIMITS
) -> Document | None:
    """Return the document with the content ``data`` at ``path``, None without front matter.

    Front matter is YAML between ``---``, TOML between ``+++``, or a JSON object; blank lines
    may precede it. Raises `ContentError`, with the line in the file, if front matter has a syntax
    error or lacks a delimiter.
    """
    decoded, problems = _decode(data)
    text = decoded.lstrip()
    before = decoded.count("\n", 0, len(decoded) - len(text))
    try:
        front_matter = _read_front_matter(text, limits)
    except ContentError as error:
        raise ContentError(
            f"{displayable_path(path)}: {error.message}",
            hint=error.hint,
            code=error.code,
            line=before + error.line,
        ) from None
    return None if front_matter is None else _build_document(path, front_matter, before, problems)


def _read_front_matter(text: str, limits: ContentLimits) -> FrontMatter | None:
    for syntax in SYNTAXES:
        if syntax.detect(text):
            front_matter = syntax.parse(text, limits)
            if front_matter is not None and "\n>>>>>>>" in front_matter.body:
                _raise_if_conflict(front_matter)
            return front_matter
    if text.startswith("<<<<<<< "):
        raise ContentError(
            "the file begins with a merge conflict marker",
            hint="Keep one of the two versions and remove the markers.",
            code="merge-conflict",
            line=1,
        )
    if has_lost_fence(text):
        raise ContentError(
            "the front matter has no opening delimiter",
            hint="Write --- alone on the first line, and again after the last key.",
            code="lost-fence",
            line=1,
        )
    return None


def _raise_if_conflict(front_matter: FrontMatter) -> None:
    """Raise `ContentError` if the body has the three markers of a merge conflict, not as code."""
    start, is_divided = 0, False
    for number, line in _lines_outside_code(front_matter):
        if line.startswith("<<<<<<< "):
            start, is_divided = number, False
        elif line == "=======":
            is_divided = start > 0
        elif is_divided and line.startswith(">>>>>>> "):
            raise ContentError(
                "the text has merge conflict markers",
                hint=(
                    "Keep one of the two versions, and remove the lines <<<<<<<, ======= and"
                    " >>>>>>>."
                ),
                code="merge-conflict",
                line=start,
            )


def _lines_outside_code(front_matter: FrontMatter) -> Iterator[tuple[int, str]]:
    """Yield (number, line) of the body outside of fenced code, in one pass.

    A fence that is never closed encloses the rest (CommonMark section 4.5).
    """
    fence = ""
    for number, line in enumerate(front_matter.body.split("\n"), front_matter.body_line):
        found = _CODE_FENCE.match(line)
        if not fence and found is None:
            yield number, line
        elif not fence and found:
            fence = found["fence"]
        elif found and found["fence"].startswith(fence) and not found["rest"].strip():
            fence = ""


def _decode(data: bytes) -> tuple[str, tuple[FieldProblem, ...]]:
    """Decode ``data``, and remove byte order mark, CR and control characters.

    UTF-8, or UTF-16 and UTF-32 if the first bytes say so; their lines would else be unreadable.
    """
    problems: tuple[FieldProblem, ...] = ()
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        problems = (
            FieldProblem(
                level="warning",
                rule="invalid-utf8",
                line=1 + data.count(b"\n", 0, error.start),
                message=f"the byte {data[error.start]:#04x} is not {encoding.upper()} and shows"
                " as \ufffd",
                hint="Save the file as UTF-8.",
            ),
        )
    return xml_safe(_LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))), problems


def _encoding(data: bytes) -> str:
    """Return the encoding that the byte order mark of ``data``, or its first letter, tells."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    first = data[:2]
    if len(data) % 2 == 0 and first.count(0) == 1:
        return "utf-16-be" if first[0] == 0 else "utf-16-le"
    return "utf-8"


def _build_document(
    path: Path, front_matter: FrontMatter, before: int, problems: tuple[FieldProblem, ...]
) -> Document:
    duplicates = tuple(
        FieldProblem(
            level="warning",
            rule="duplicate-key",
            line=before + line,
            message=f"duplicate key {key}; the last value is used",
            hint=f"Keep one {key}.",
        )
        for key, line in front_matter.values.duplicate_keys
    )
    return Document(
        path=path,
        meta=front_matter.values.meta,
        body=front_matter.body,
        body_line=before + front_matter.body_line,
        key_lines={key: before + line for key, line in front_matter.values.key_lines.items()},
        quoted_keys=frozenset(front_matter.values.quoted_keys),
        problems=problems + duplicates,
        cut_off_values=front_matter.values.cut_off_values,
    )
