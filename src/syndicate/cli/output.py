"""Speaking to people and to programs that call a command."""

import json
import re

import typer

from syndicate.errors import SettingsError, SyndicateError


def print_result(text: str, *, colour: str | None = None) -> None:
    """Print ``text`` as a result, on stdout; it may hold what others wrote."""
    typer.secho(_printable(text), fg=colour)


def print_status(text: str, *, colour: str | None = None) -> None:
    """Tell ``text`` beside the result, on stderr; it may hold what others wrote."""
    typer.secho(_printable(text), fg=colour, err=True)


def print_error(error: SyndicateError) -> None:
    """Tell what is wrong, what would be right and what to do."""
    print_status(f"Error: {error.message}", colour="red")
    if isinstance(error, SettingsError):
        for mistake in error.errors:
            print_status(f"  {mistake}")
    if error.choices:
        print_status(f"Valid values: {', '.join(error.choices)}")
    if error.hint:
        print_status(error.hint)


def print_json(value: object) -> None:
    """Print ``value`` as JSON; paths, times and the like as text."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    typer.echo(text.encode("utf-8", "replace"))


def _printable(text: str) -> str:
    """Replace what a terminal would obey, and what is no text: file names may be any bytes."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
