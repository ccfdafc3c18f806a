"""Events as people and programs read them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from syndicate.cli.terminal import say
from syndicate.model.event import Event, body


def shown(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return ``events`` as thin webhooks have them, but for the cursor: only telling gives it."""
    told = [json.loads(body(event, cursor="", payload="thin")) for event in events]
    for one in told:
        del one["data"]["cursor"]
    return told


def report(events: Sequence[Event]) -> None:
    """Print ``events`` as a table, one a line."""
    rows = [columns(one) for one in shown(events)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not rows:
        say("No events would be sent.")


def columns(told: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return what happened, why, the address of the post, and its title; as far as it is told."""
    data = _object(told.get("data"))
    post = _object(data.get("post"))
    return (
        _text(told.get("type")),
        ", ".join(_why(data)),
        _text(post.get("url")),
        _text(post.get("title")),
    )


def _why(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("reason"):
        yield _text(data["reason"])
    if isinstance(changed := data.get("changed"), list):
        yield from map(_text, changed)
    if data.get("minor"):
        yield "minor"


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return " ".join(str(value or "").split())
