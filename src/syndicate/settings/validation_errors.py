"""All errors of the settings, each with the name of the setting and the allowed values."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, cast, get_args

from pydantic import ValidationError

from syndicate.model.category import slug
from syndicate.settings.field_types import SECRET_KEYS, Table, did_you_mean, without_password
from syndicate.settings.loader import SettingError, Value
from syndicate.settings.schema import Tables

SettingPath = tuple[str | int, ...]
"""The path of a setting: keys of tables and indexes of lists."""

_EXPECTATIONS: Final = {
    "missing": "required value is missing",
    "string": "expected text",
    "int": "expected an integer",
    "finite": "expected an integer",
    "float": "expected a number",
    "bool": "expected true or false",
    "tuple": "expected a list",
    "dict": "expected a table",
    "model": "expected a table",
}
"""Error texts by the first word of pydantic's error type."""

_KEY_MARKER: Final = "[key]"
"""What pydantic appends to a path if the key is invalid, not the value."""

_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most"}


def setting_name(path: SettingPath) -> str:
    """Return the name of the setting at ``path``, such as ``sources[1].timezone``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).lstrip(".")


def value_at(path: SettingPath, raw: Value) -> Value:
    """Return the value at ``path`` in ``raw``, None if absent; paths end at text values."""
    for step in path:
        if isinstance(raw, list) and isinstance(step, int):
            raw = raw[step]
        elif isinstance(raw, Mapping):
            raw = raw.get(step)
    return raw


def type_errors(error: ValidationError, raw: Mapping[str, Value]) -> Iterator[SettingError]:
    """Yield the errors of single settings; they quote the values from ``raw``."""
    for detail in error.errors(include_url=False, include_input=False):
        path = tuple(step for step in detail["loc"] if step != _KEY_MARKER)
        expectation = _expectation(detail["type"], detail.get("ctx", {}), path) or detail["msg"]
        is_key_error = detail["type"] == "extra_forbidden" or _KEY_MARKER in detail["loc"]
        found = "" if is_key_error else _found_value(path, raw)
        yield setting_name(path), expectation + found


def cross_field_errors(interpolated: Mapping[str, Value]) -> Iterator[SettingError]:
    """Yield the errors of settings that contradict each other."""
    if not interpolated.get("sources"):
        yield "sources", "at least one source is required"
    for table, key in (("sources", "name"), ("feeds", "name"), ("redirects", "from")):
        yield from _duplicates(_named_texts(interpolated, table, key))
    yield from _ambiguous_spellings(interpolated)
    sources = dict.fromkeys(text for _, text in _named_texts(interpolated, "sources", "name"))
    for name, source in _named_texts(interpolated, "feeds", "sources"):
        if source not in sources:
            suggestion = did_you_mean(source, sources) or f"; valid values: {', '.join(sources)}"
            yield name, f"unknown source {source}{suggestion}"


def _expectation(kind: str, context: Mapping[str, Value], path: SettingPath) -> str:
    """Return the expected value for an error of pydantic's type ``kind``, "" to use its message."""
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "tuple_type" and len(path) == 1:
        return f"expected a list of tables, each under [[{path[0]}]]"
    if "error" in context:
        return str(context["error"])
    if "expected" in context:
        return f"expected {context['expected']}"
    bounds = [f"{phrase} {context[key]:.0f}" for key, phrase in _BOUNDS.items() if key in context]
    return f"expected {bounds[0]}" if bounds else _EXPECTATIONS.get(kind.partition("_")[0], "")


def _found_value(path: SettingPath, raw: Mapping[str, Value]) -> str:
    value = value_at(path, raw)
    if value in (None, []) or isinstance(value, dict) or SECRET_KEYS.intersection(path):
        return ""
    return f"; found {without_password(json.dumps(value, ensure_ascii=False, default=str))}"


def _unknown_key(path: SettingPath) -> str:
    *outer, key = path
    allowed = _allowed_keys(tuple(outer))
    suggestion = (
        did_you_mean(str(key), allowed)
        or _tables_with_key(str(key))
        or f"; valid values: {', '.join(allowed)}"
    )
    return f"unknown key{suggestion}"


def _tables_with_key(key: str) -> str:
    tables = [name for name in Tables.model_fields if key in _allowed_keys((name,))]
    return f" (valid in {' or '.join(tables)})" if tables else ""


def _allowed_keys(path: SettingPath) -> list[str]:
    table: type[Table] = Tables
    for step in path:
        if isinstance(step, str):
            kind = table.model_fields[step].annotation
            table = cast("type[Table]", next(iter(get_args(kind)), kind))
    return [field.alias or name for name, field in table.model_fields.items()]


def _named_texts(interpolated: Mapping[str, Value], table: str, key: str) -> list[tuple[str, str]]:
    """Return (name, text) of the setting ``key`` in all entries of ``table``, lists flattened."""
    entries = interpolated.get(table)
    found: list[tuple[SettingPath, Value]] = []
    for n, entry in enumerate(entries if isinstance(entries, list) else ()):
        value = entry.get(key) if isinstance(entry, dict) else None
        path = (table, n, key)
        if isinstance(value, list):
            found += [((*path, m), text) for m, text in enumerate(value)]
        else:
            found.append((path, value))
    return [(setting_name(path), text) for path, text in found if isinstance(text, str)]


def _duplicates(texts: list[tuple[str, str]]) -> Iterator[SettingError]:
    first: dict[str, str] = {}
    for name, text in texts:
        if first.setdefault(text, name) != name:
            yield name, f"not unique: {first[text]} is also {text}"


def _ambiguous_spellings(interpolated: Mapping[str, Value]) -> Iterator[SettingError]:
    owners: dict[str, str] = {}
    for key in ("slug", "title", "aliases"):
        for name, text in _named_texts(interpolated, "categories", key):
            owner = name.split(".")[0]
            if owners.setdefault(slug(text), owner) != owner:
                yield name, f"ambiguous: {owners[slug(text)]} also has the spelling {text}"
