"""Output of commands: results and events on stdout, everything else on stderr."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import typer

from syndicate.errors import SettingsError, SyndicateError
from syndicate.model.event import WebhookEvent, webhook_body


def print_result(text: str, *, colour: str | None = None) -> None:
    """Print ``text`` on stdout, without control characters."""
    typer.secho(_printable(text), fg=colour)


def print_status(text: str, *, colour: str | None = None) -> None:
    """Print ``text`` on stderr, without control characters."""
    typer.secho(_printable(text), fg=colour, err=True)


def print_error(error: SyndicateError) -> None:
    """Print an error with the valid values and the hint."""
    print_status(f"Error: {error.message}", colour="red")
    if isinstance(error, SettingsError):
        for line in error.errors:
            print_status(f"  {line}")
    if error.choices:
        print_status(f"Valid values: {', '.join(error.choices)}")
    if error.hint:
        print_status(error.hint)


def print_json(value: object) -> None:
    """Print ``value`` as JSON; paths and times as text."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    typer.echo(text.encode("utf-8", "replace"))


def _printable(text: str) -> str:
    """Replace control characters and surrogates: file names may be any bytes."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def thin_bodies(events: Iterable[WebhookEvent]) -> list[dict[str, Any]]:
    """Return the thin webhook bodies of ``events``, without the cursor of recorded events."""
    bodies = [json.loads(webhook_body(event, cursor="", payload="thin")) for event in events]
    for event_body in bodies:
        del event_body["data"]["cursor"]
    return bodies


def print_events(events: Sequence[WebhookEvent]) -> None:
    """Print ``events`` as a table."""
    rows = [columns(body) for body in thin_bodies(events)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print_result(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    if not rows:
        print_result("No events would be sent.")


def columns(webhook: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return type, reasons, URL and title of a webhook body; empty where it has none."""
    data = _object(webhook.get("data"))
    post = _object(data.get("post"))
    return (
        _text(webhook.get("type")),
        ", ".join(_reasons(data)),
        _text(post.get("url")),
        _text(post.get("title")),
    )


def _reasons(data: Mapping[str, Any]) -> Iterator[str]:
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
