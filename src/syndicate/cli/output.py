"""Output of commands: results on stdout, everything else on stderr."""

import json
import re

import typer

from syndicate.errors import SettingsError, SyndicateError


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
