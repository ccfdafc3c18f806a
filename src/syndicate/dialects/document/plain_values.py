"""The values of front matter in any syntax, as plain, bounded Python values, and its errors."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Self, cast

import yaml
from yaml.scanner import ScannerError

from syndicate.dialects.document.yaml_mistakes import find_mistake
from syndicate.errors import ContentError
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS

MAX_VALUES: Final = 10_000
"""Maximum number of values in one file; an alias counts as the values it refers to."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True, kw_only=True)
class FrontMatterValues:
    """The values of front matter by key.

    ``key_lines`` has the line of each key, ``duplicate_keys`` the repeated keys with their lines;
    lines count from 1 at the first line of the front matter. ``quoted_keys`` are those whose value
    is text in quotes, which YAML never reads as a time.
    """

    meta: dict[str, object] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)
    duplicate_keys: list[tuple[str, int]] = field(default_factory=list)
    cut_off_values: dict[str, str] = field(default_factory=dict)
    """What stands after a space and # that follow a title: YAML takes it for a remark."""
    quoted_keys: set[str] = field(default_factory=set)

    @classmethod
    def from_parsed(
        cls,
        meta: dict[str, object],
        key_lines: dict[str, int],
        duplicate_keys: Iterable[str] = (),
        *,
        levels: int = DEFAULT_CONTENT_LIMITS.front_matter_levels,
    ) -> Self:
        """Return plain values of ``meta``, the result of a TOML or JSON parser.

        Raises `ContentError` if the nesting is deeper than ``levels``, and `ValueError` for a
        number with thousands of digits.
        """
        return cls(
            meta={xml_safe(key): plain_value(value, 1, levels) for key, value in meta.items()},
            key_lines=key_lines,
            duplicate_keys=[(key, key_lines.get(key, 1)) for key in duplicate_keys],
        )


def xml_safe(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 forbids or discourages (section 2.2)."""
    return _UNPRINTABLE.sub("", text)


def displayable_path(path: str) -> str:
    """Return ``path`` with U+FFFD in place of bytes that are not UTF-8."""
    return xml_safe(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def plain_value(value: object, depth: int, levels: int) -> object:
    """Return ``value`` as str, bool, date, None, list or dict, with XML-safe text.

    Other types become text. Raises `ContentError` if ``depth``, that of the value, is greater
    than ``levels``, and `ValueError` for a number with thousands of digits.
    """
    if depth > levels:
        raise nesting_error(levels, 1)
    if isinstance(value, dict):
        return {
            xml_safe(str(key)): plain_value(inner, depth + 1, levels)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [plain_value(entry, depth + 1, levels) for entry in value]
    if value is None or isinstance(value, bool | date):
        return value
    return xml_safe(str(value))


def nesting_error(levels: int, line: int) -> ContentError:
    """Return the error for front matter nested deeper than ``levels`` at ``line``."""
    return limit_error(
        f"the front matter is nested more than {levels} levels deep",
        line,
        hint="Flatten the values, or raise front_matter_levels in [limits].",
    )


def limit_error(message: str, line: int, *, hint: str) -> ContentError:
    """Return the error for front matter that exceeds a limit."""
    return ContentError(message, hint=hint, code="over-limit", line=line)


def front_matter_error(message: str, line: int) -> ContentError:
    """Return the error for front matter with a syntax error in ``line``."""
    return ContentError(
        message,
        hint="Correct the line, or restore the version before it.",
        code="front-matter",
        line=line,
    )


_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE: Final = "<<"
_CUT_OFF_TITLE: Final = re.compile(
    r"^(?P<key>title|carousel_title):[ \t]+[^\s\"'#|>][^\n#]*[ \t](?P<rest>#[^\s#!][^\n]*)",
    re.MULTILINE,
)
"""Remarks begin with a number sign and a space; a hash tag, or a number, has no space."""
_QUOTES: Final = frozenset({"'", '"'})
_CHARACTERS_PER_VALUE: Final = 1_000
"""A text counts as one value more for each of these characters."""


def load(text: str, levels: int = DEFAULT_CONTENT_LIMITS.front_matter_levels) -> FrontMatterValues:
    """Return the mapping in ``text``, nested up to ``levels`` deep; an empty text is an empty one.

    Raises `ContentError` with the line, counted from 1 in ``text``; its hint has the corrected line
    if the mistake is a usual one.
    """
    try:
        values = _parse(text, levels)
    except ContentError as error:
        if error.code != "front-matter":
            raise
        mistake = find_mistake(text, error.line, lambda other: _error_line_of(other, levels))
        if mistake is None:
            raise
        raise ContentError(
            mistake.message, hint=mistake.hint, code=mistake.rule, line=mistake.line
        ) from None
    if " #" in text:
        values.cut_off_values = {
            found["key"]: found["rest"] for found in _CUT_OFF_TITLE.finditer(text)
        }
    return values


def _error_line_of(text: str, levels: int) -> int | None:
    """Return the line in which ``text`` cannot be read, None if it can."""
    try:
        _parse(text, levels)
    except ContentError as error:
        return error.line
    return None


def _parse(text: str, levels: int) -> FrontMatterValues:
    try:
        return _ValueBuilder(iter(yaml.CSafeLoader(text).get_event, None), levels).document()
    except yaml.MarkedYAMLError as error:
        reason = f"{error.problem} {error.context or ''}".strip()
        raise front_matter_error(
            f"the front matter cannot be read: {reason}", _error_line(error)
        ) from None
    except yaml.YAMLError as error:
        raise front_matter_error(f"the front matter cannot be read: {error}", 1) from None


class _ValueBuilder:
    def __init__(self, events: Iterator[yaml.Event], levels: int) -> None:
        self._events = events
        self._levels = levels
        self._anchors: dict[str, tuple[object, int, int]] = {}
        """By name: the value, the number of values in it, and its nesting depth."""
        self._value_count = 0
        self._max_depth = 0
        """Maximum depth of the current value so far, aliases included."""

    def document(self) -> FrontMatterValues:
        values = FrontMatterValues()
        for event in self._events:
            if isinstance(event, yaml.MappingStartEvent) and not values.meta:
                values = self._mapping(0)
            elif isinstance(event, yaml.NodeEvent) and not _is_null(event):
                raise front_matter_error(
                    "the front matter is not a mapping of keys to values", _line(event)
                )
        return values

    def _value(self, event: yaml.Event, depth: int) -> object:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None:
            # Nearly all values. Without what anchors need, front matter takes 28 µs instead of 42
            # (goal: a first start with 20,000 posts in 10 s of CPU).
            self._count_values(1, depth, event)
            return self._scalar(event)
        count_before, depth_before = self._value_count, self._max_depth
        self._count_values(1, depth, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._max_depth = depth
        value = self._collection(event, depth)
        anchor = cast("yaml.NodeEvent", event).anchor
        if anchor is not None:
            self._anchors[anchor] = (
                value,
                self._value_count - count_before,
                self._max_depth - depth,
            )
        self._max_depth = max(depth_before, self._max_depth)
        return value

    def _count_values(self, values: int, depth: int, event: yaml.Event) -> None:
        """Add ``values``, the deepest of them at ``depth``, and check both limits."""
        self._value_count += values
        if depth > self._max_depth:  # noqa: PLR1730 — max() takes twice the time
            self._max_depth = depth
        if depth > self._levels:
            raise nesting_error(self._levels, _line(event))
        if self._value_count > MAX_VALUES:
            raise limit_error(
                f"the front matter has more than {MAX_VALUES:,} values",
                _line(event),
                hint="Remove values; an alias counts as all the values that it refers to.",
            )

    def _collection(self, event: yaml.Event, depth: int) -> object:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth).meta
        if isinstance(event, yaml.SequenceStartEvent):
            entries = self._events_until(yaml.SequenceEndEvent)
            return [self._value(entry, depth + 1) for entry in entries]
        return self._scalar(cast("yaml.ScalarEvent", event))

    def _scalar(self, event: yaml.ScalarEvent) -> str | None:
        if _is_null(event):
            return None
        text = event.value
        if event.style == '"':  # only escapes stand for characters that YAML itself forbids
            text = xml_safe(text)
        self._value_count += len(text) // _CHARACTERS_PER_VALUE
        return text

    def _alias(self, event: yaml.AliasEvent, depth: int) -> object:
        try:
            value, count, height = self._anchors[str(event.anchor)]
        except KeyError:
            raise front_matter_error(
                f"the front matter has no anchor for *{event.anchor}", _line(event)
            ) from None
        self._count_values(count, depth + height, event)
        return value

    def _mapping(self, depth: int) -> FrontMatterValues:
        merged: dict[str, object] = {}
        values = FrontMatterValues()
        for event in self._events_until(yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            value_event = next(self._events)
            value = self._value(value_event, depth + 1)
            if key == _MERGE:
                merged |= _merge_mappings(value)
                continue
            name = key if isinstance(key, str) else ""
            if isinstance(value_event, yaml.ScalarEvent) and value_event.style in _QUOTES:
                values.quoted_keys.add(name)
            if name in values.meta:
                values.duplicate_keys.append((name, _line(event)))
            values.meta[name] = value
            values.key_lines[name] = _line(event)
        return replace(values, meta=merged | values.meta) if merged else values

    def _events_until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _merge_mappings(value: object) -> dict[str, object]:
    """Return the keys of a merged mapping, or of a list of them, of which the first wins."""
    mappings = value if isinstance(value, list) else [value]
    merged: dict[str, object] = {}
    for mapping in mappings:
        if isinstance(mapping, dict):
            merged = mapping | merged
    return merged


def _is_null(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value in _NULLS


def _error_line(error: yaml.MarkedYAMLError) -> int:
    """Return the line to correct: where an open quote or key starts, else where parsing ended."""
    start = error.context_mark if isinstance(error, ScannerError) else None
    mark = start or error.problem_mark
    return 1 if mark is None else mark.line + 1


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1
