"""What is wrong with the settings: all of it, each by its name, with what is allowed."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, cast, get_args

from pydantic import ValidationError

from syndicate.model.category import slug
from syndicate.settings.kinds import SECRETS, near, without_password
from syndicate.settings.reading import Mistake, Value
from syndicate.settings.table import Table
from syndicate.settings.tables import Tables

Place = tuple[str | int, ...]
"""Where a setting stands: keys of tables and positions in lists."""

_RULES: Final = {
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
"""What a value must be, by the first word of pydantic's name for the error."""

_KEY: Final = "[key]"
"""What pydantic adds to a place where not the value is wrong but its key."""

_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most"}


def name_of(place: Place) -> str:
    """Return the name of the setting at ``place``: ``sources[1].timezone``, counted from 0."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).lstrip(".")


def at(place: Place, written: Value) -> Value:
    """Return what is ``written`` at ``place``: None if nothing is, a text's parts are itself."""
    for step in place:
        if isinstance(written, list) and isinstance(step, int):
            written = written[step]
        elif isinstance(written, Mapping):
            written = written.get(step)
    return written


def of_kinds(error: ValidationError, written: Mapping[str, Value]) -> Iterator[Mistake]:
    """Yield what the kinds of the settings refuse; values are quoted as they were ``written``."""
    for detail in error.errors(include_url=False, include_input=False):
        place = tuple(step for step in detail["loc"] if step != _KEY)
        rule = _rule(detail["type"], detail.get("ctx", {}), place) or detail["msg"]
        unquoted = detail["type"] == "extra_forbidden" or _KEY in detail["loc"]
        yield name_of(place), rule if unquoted else rule + _quoted(place, written)


def of_relations(filled: Mapping[str, Value]) -> Iterator[Mistake]:
    """Yield what is wrong between settings that may each be right."""
    if not filled.get("sources"):
        yield "sources", "at least one source is required"
    for table, key in (("sources", "name"), ("feeds", "name"), ("redirects", "from")):
        yield from _doubles(_texts(filled, table, key))
    yield from _ambiguous(filled)
    sources = dict.fromkeys(text for _, text in _texts(filled, "sources", "name"))
    for name, source in _texts(filled, "feeds", "sources"):
        if source not in sources:
            offer = near(source, sources) or f"; valid values: {', '.join(sources)}"
            yield name, f"unknown source {source}{offer}"


def _rule(kind: str, context: Mapping[str, Value], place: Place) -> str:
    """Return what must be instead of an error of pydantic's ``kind``, empty if it must say so."""
    if kind == "extra_forbidden":
        return _unknown(place)
    if kind == "tuple_type" and len(place) == 1:
        return f"expected a list of tables, each under [[{place[0]}]]"
    if "error" in context:
        return str(context["error"])
    if "expected" in context:
        return f"expected {context['expected']}"
    bounds = [f"{words} {context[key]:.0f}" for key, words in _BOUNDS.items() if key in context]
    return f"expected {bounds[0]}" if bounds else _RULES.get(kind.partition("_")[0], "")


def _quoted(place: Place, written: Mapping[str, Value]) -> str:
    value = at(place, written)
    if value in (None, []) or isinstance(value, dict) or SECRETS.intersection(place):
        return ""
    return f"; found {without_password(json.dumps(value, ensure_ascii=False, default=str))}"


def _unknown(place: Place) -> str:
    *outer, key = place
    known = _keys(tuple(outer))
    offer = near(str(key), known) or _elsewhere(str(key)) or f"; valid values: {', '.join(known)}"
    return f"unknown key{offer}"


def _elsewhere(key: str) -> str:
    tables = [name for name in Tables.model_fields if key in _keys((name,))]
    return f" (valid in {' or '.join(tables)})" if tables else ""


def _keys(place: Place) -> list[str]:
    table: type[Table] = Tables
    for step in place:
        if isinstance(step, str):
            kind = table.model_fields[step].annotation
            table = cast("type[Table]", next(iter(get_args(kind)), kind))
    return [field.alias or name for name, field in table.model_fields.items()]


def _texts(filled: Mapping[str, Value], table: str, key: str) -> list[tuple[str, str]]:
    """Return the names and texts of ``key`` in every entry of ``table``, lists flattened."""
    entries = filled.get(table)
    found: list[tuple[Place, Value]] = []
    for n, entry in enumerate(entries if isinstance(entries, list) else ()):
        value = entry.get(key) if isinstance(entry, dict) else None
        place = (table, n, key)
        if isinstance(value, list):
            found += [((*place, m), text) for m, text in enumerate(value)]
        else:
            found.append((place, value))
    return [(name_of(place), text) for place, text in found if isinstance(text, str)]


def _doubles(texts: list[tuple[str, str]]) -> Iterator[Mistake]:
    first: dict[str, str] = {}
    for name, text in texts:
        if first.setdefault(text, name) != name:
            yield name, f"not unique: {first[text]} is {text} as well"


def _ambiguous(filled: Mapping[str, Value]) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for key in ("slug", "title", "aliases"):
        for name, text in _texts(filled, "categories", key):
            owner = name.split(".")[0]
            if owners.setdefault(slug(text), owner) != owner:
                yield name, f"ambiguous: {owners[slug(text)]} has the spelling {text} as well"
