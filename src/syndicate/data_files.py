"""Bounded reading of the YAML, TOML and JSON files of a repository, as plain values; pure.

A scalar is the text as written in the file: only null is nothing, and only TOML and JSON have
booleans of their own. Nothing is guessed from how a scalar looks, so that a version 1.10 or the
country code NO stays what it is; `sites.values` reads texts as booleans, dates and lists. Built
from events of libyaml, because composing deeply nested nodes ends the process.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, cast

import yaml

from syndicate.errors import ContentError

MAX_BYTES: Final = 256_000
"""Size of a file; a larger one is refused unread."""
MAX_ALIAS_NODES: Final = 1_000
"""Nodes that all aliases of one YAML file may expand to together."""
MAX_LEVELS: Final = 32
"""How deep values may be nested."""
_MAX_REMEMBERED: Final = 512
_MAX_REMEMBERED_LENGTH: Final = 32_768
"""How many texts, and how long ones, are remembered with their values.

Of the files that configure a site, one commit changes few: all others were read just before.
"""
ENDINGS: Final = (".yml", ".yaml", ".toml", ".json")
"""Endings of the files that can be read, in the order in which engines prefer them."""

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE: Final = "<<"
_FENCED: Final = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$", re.DOTALL | re.MULTILINE)
_TOML_FENCED: Final = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$", re.DOTALL | re.MULTILINE)
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PART: Final = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_DEEP_KEY: Final = re.compile(rf"(?<![\w-])(?:{_PART}){{{MAX_LEVELS}}}")
"""A dotted TOML key with too many parts, for which tomllib takes quadratic time."""


def read_file(path: str, data: bytes) -> object:
    """Return the value that the file ``data`` at ``path`` holds: str, bool, None, list or dict.

    The value is shared by all who read the same text, so it must not be changed. The ending of
    ``path`` decides how to read it. Raises `ContentError`, with the line in the file, for a file
    that cannot be read or is over a limit.
    """
    return _read(path, path.rpartition(".")[2].lower(), _decoded(path, data))


def read_mapping(path: str, data: bytes) -> Mapping[str, object]:
    """Return the mapping that the file ``data`` at ``path`` holds; an empty file holds none.

    Raises `ContentError` as `read_file` does, and for a file that holds something else.
    """
    value = read_file(path, data)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refusal(path, "expected keys with values", 1)
    return value


def read_front_matter(path: str, data: bytes) -> Mapping[str, object]:
    """Return the front matter of the page ``data`` at ``path``; a page without any has no keys.

    Raises `ContentError` as `read_mapping` does.
    """
    text = _decoded(path, data).lstrip()
    for fence, language in ((_FENCED, "yaml"), (_TOML_FENCED, "toml")):
        found = fence.match(text)
        if found:
            value = _read(path, language, found[1])
            return value if isinstance(value, dict) else {}
    return {}


def _decoded(path: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _over_limit(path, f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}", 0)
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return _clean(text.replace("\r\n", "\n").replace("\r", "\n"))


def _read(path: str, language: str, text: str) -> object:
    """Return the value of ``text``, with any failure raised as a `ContentError` with its line."""
    try:
        is_long = len(text) > _MAX_REMEMBERED_LENGTH
        return _value(language, text) if is_long else _remembered_value(language, text)
    except ContentError as error:
        raise ContentError(
            f"{path}: {error.message}", hint=error.hint, code=error.code, line=error.line
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"{error.problem} {error.context or ''}".strip()
        raise _refusal(path, problem, 1 if mark is None else mark.line + 1) from None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        found = re.search(r"\bline (\d+)", str(error))
        raise _refusal(path, str(error), int(found[1]) if found else 1) from None


def _value(language: str, text: str) -> object:
    """Return the value of ``text``, which is YAML unless ``language`` says otherwise."""
    readers: dict[str, Callable[[str], object]] = {"toml": _toml, "json": _json}
    return readers.get(language, _yaml)(text)


_remembered_value: Final = lru_cache(maxsize=_MAX_REMEMBERED)(_value)


def _toml(text: str) -> object:
    if _DEEP_KEY.search(text):
        raise _too_deep(1)
    return _plain(tomllib.loads(text, parse_float=str), 0)


def _json(text: str) -> object:
    loaded = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    return _plain(loaded, 0)


def _yaml(text: str) -> object:
    return _YamlReader(iter(yaml.CSafeLoader(text).get_event, None)).document()


def _plain(value: object, level: int) -> object:
    """Return ``value`` of a TOML or JSON library as the values that this module promises."""
    if level > MAX_LEVELS:
        raise _too_deep(1)
    if isinstance(value, dict):
        return {_clean(key): _plain(each, level + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, level + 1) for each in value]
    if value is None or isinstance(value, bool):
        return value
    return value.isoformat() if isinstance(value, date) else _clean(str(value))


class _YamlReader:
    """Builds the value of the first document out of the events of libyaml."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[object, int, int]] = {}
        """By name: the value, the number of its nodes, and how deep it is nested in itself."""
        self._nodes = 0
        self._alias_nodes = 0
        self._deepest = 0
        """The deepest level of what was read so far of the current value, aliases included."""

    def document(self) -> object:
        value: object = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, 0)
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return value

    def _value(self, event: yaml.Event, level: int) -> object:
        nodes, deepest = self._nodes, self._deepest
        self._nodes += 1
        self._reach(level, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, level)
        self._deepest = level
        value = self._collection(event, level)
        anchor = cast("yaml.NodeEvent", event).anchor
        if anchor is not None:
            self._anchors[anchor] = (value, self._nodes - nodes, self._deepest - level)
        self._deepest = max(deepest, self._deepest)
        return value

    def _reach(self, level: int, event: yaml.Event) -> None:
        self._deepest = max(self._deepest, level)
        if level > MAX_LEVELS:
            raise _too_deep(_line(event))

    def _collection(self, event: yaml.Event, level: int) -> object:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(level)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(each, level + 1) for each in self._until(yaml.SequenceEndEvent)]
        scalar = cast("yaml.ScalarEvent", event)
        is_null = scalar.implicit[0] and scalar.value in _NULLS
        return None if is_null else _clean(scalar.value)

    def _alias(self, event: yaml.AliasEvent, level: int) -> object:
        found = self._anchors.get(str(event.anchor))
        if found is None:
            raise _refusal("", f"there is no anchor for *{event.anchor}", _line(event))
        value, nodes, height = found
        self._nodes += nodes
        self._alias_nodes += nodes
        if self._alias_nodes > MAX_ALIAS_NODES:
            raise _over_limit(
                "", f"aliases stand for more than {MAX_ALIAS_NODES:,} values", _line(event)
            )
        self._reach(level + height, event)
        return value

    def _mapping(self, level: int) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._value(event, level + 1)
            value = self._value(next(self._events), level + 1)
            if key == _MERGE:
                merged |= _merged(value)
            else:
                own[key if isinstance(key, str) else ""] = value
        return merged | own

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _merged(value: object) -> dict[str, object]:
    """Return the keys of a merged mapping or of a list of them; the first mapping wins."""
    merged: dict[str, object] = {}
    for mapping in value if isinstance(value, list) else [value]:
        if isinstance(mapping, dict):
            merged = mapping | merged
    return merged


def _clean(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 forbids (section 2.2)."""
    return _UNPRINTABLE.sub("", text)


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _refusal(path: str, what: str, line: int) -> ContentError:
    return ContentError(
        f"{path}: {what}" if path else what,
        hint="Correct the line, or restore the version before it.",
        code="site-configuration",
        line=line,
    )


def _over_limit(path: str, what: str, line: int) -> ContentError:
    return ContentError(
        f"{path}: {what}" if path else what,
        hint="Make the file smaller; what is not read takes its default.",
        code="over-limit",
        line=line,
    )


def _too_deep(line: int) -> ContentError:
    return _over_limit("", f"values are nested more than {MAX_LEVELS} levels deep", line)
