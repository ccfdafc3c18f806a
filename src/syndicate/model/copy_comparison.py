"""Compares a copy of posts, however it was made, with the posts that a service has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

JsonObject = Mapping[str, object]

DifferenceKind = Literal["missing", "extra", "different", "stale-rendering"]
"""missing: the copy lacks a post; extra: only the copy has it; stale-rendering: the copy is equal
but for what the renderer makes, as after another version of it, which sends no events."""

_EXTENSION: Final = "_syndicate"
_RENDERED_MEMBERS: Final = frozenset(
    {"content_html", "content_text", "summary", "image", "attachments"}
    | {f"{_EXTENSION}.{name}" for name in ("image_alt", "reading_minutes", "carousel")}
)
"""Members of an item (JSON Feed 1.1) that the renderer makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A post in which copy and service differ; ``members`` are those that do, if both have it.

    Members of the extension are named ``_syndicate.NAME``.
    """

    kind: DifferenceKind
    id: str
    url: str
    members: tuple[str, ...] = ()


def compare_copy(copy: Iterable[JsonObject], served: Iterable[JsonObject]) -> list[Difference]:
    """Return the differences of the items of a copy from the served items, by kind and URL."""
    copied, wanted = _by_id(copy), _by_id(served)
    found = [_missing_or_extra("missing", wanted[key]) for key in wanted.keys() - copied.keys()]
    found += [_missing_or_extra("extra", copied[key]) for key in copied.keys() - wanted.keys()]
    found += [
        _difference(wanted[key], members)
        for key in wanted.keys() & copied.keys()
        if (members := _differing_members(copied[key], wanted[key]))
    ]
    return sorted(found, key=lambda each: (each.kind, each.url, each.id))


def _by_id(items: Iterable[JsonObject]) -> dict[str, JsonObject]:
    return {str(item.get("id", "")): item for item in items}


def _missing_or_extra(kind: DifferenceKind, item: JsonObject) -> Difference:
    return Difference(kind=kind, id=str(item.get("id", "")), url=str(item.get("url", "")))


def _difference(served: JsonObject, members: tuple[str, ...]) -> Difference:
    kind: DifferenceKind = "stale-rendering" if {*members} <= _RENDERED_MEMBERS else "different"
    return Difference(kind=kind, id=str(served["id"]), url=str(served["url"]), members=members)


def _differing_members(copied: JsonObject, served: JsonObject) -> tuple[str, ...]:
    old, new = _flat(copied), _flat(served)
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _flat(item: JsonObject) -> dict[str, object]:
    """Return the members of ``item`` with those of the extension beside them."""
    extension = item.get(_EXTENSION)
    members = {name: value for name, value in item.items() if name != _EXTENSION}
    if isinstance(extension, Mapping):
        members |= {f"{_EXTENSION}.{name}": value for name, value in extension.items()}
    return members
