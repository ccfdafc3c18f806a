"""What commands have in common: how they are registered, and options."""

import pathlib
from datetime import datetime
from typing import Annotated

import typer

_CONFIG = "syndicate.config"


def command_app() -> typer.Typer:
    """Return what a module registers its only command in."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


def command_group(help_text: str) -> typer.Typer:
    """Return what a module registers several commands in."""
    return typer.Typer(
        help=help_text, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def _config_file(context: typer.Context, file: pathlib.Path | None) -> pathlib.Path | None:
    """Accept the option before and after the command; after it takes precedence."""
    if file is not None:
        context.meta[_CONFIG] = file
    return context.meta.get(_CONFIG)


def parse_time(text: str) -> datetime:
    """Parse a date or time (RFC 3339), in the time zone of this machine if it has none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"invalid time {text}: expected 2025-01-06 or 2025-01-06T09:00:00-05:00"
        ) from None
    return time.astimezone() if time.tzinfo is None else time


ConfigFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_config_file,
        help="Settings file; default: $SYNDICATE_CONFIG, then ./syndicate.toml.",
    ),
]

Rev = Annotated[
    str,
    typer.Option(
        "--rev", metavar="REV", help="Read this branch, tag or commit instead of the published ref."
    ),
]

At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="TIME",
        parser=parse_time,
        help="Show the state at this time: 2025-01-06 or 2025-01-06T09:00:00-05:00.",
    ),
]

Expires = Annotated[
    datetime | None,
    typer.Option(
        "--expires", metavar="TIME", parser=parse_time, help="Time at which the token expires."
    ),
]

Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=parse_time,
        help="Only changes since this time; default: all live posts.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
