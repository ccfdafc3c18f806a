"""YAML front matter whose scalars stay text: only null becomes None.

libyaml parses (YAML 1.1), this module builds the values. No type is guessed from the form of a
scalar, so an invalid date, a version 1.10 or a title "No" cannot fail or change: the reader of a
field converts the text. Tags are ignored. Values are built from events, because libyaml's
composer recurses: deeply nested nodes overflow the stack and end the process.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, cast

import yaml
from yaml.scanner import ScannerError

from syndicate.dialects.document.plain_values import (
    MAX_VALUES,
    FrontMatterValues,
    front_matter_error,
    limit_error,
    nesting_error,
    xml_safe,
)
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE: Final = "<<"
_CHARACTERS_PER_VALUE: Final = 1_000
"""A text counts as one value more for each of these characters."""


def load(text: str, levels: int = DEFAULT_CONTENT_LIMITS.front_matter_levels) -> FrontMatterValues:
    """Return the mapping in ``text``, nested up to ``levels`` deep; an empty text is an empty one.

    Raises `ContentError` with the line, counted from 1 in ``text``.
    """
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
            value = self._value(next(self._events), depth + 1)
            if key == _MERGE:
                merged |= _merge_mappings(value)
                continue
            name = key if isinstance(key, str) else ""
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
