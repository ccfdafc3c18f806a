"""Options that several commands have in common."""

import pathlib
from datetime import datetime
from typing import Annotated

import typer

_CONFIG = "syndicate.config"


def _nearest(context: typer.Context, file: pathlib.Path | None) -> pathlib.Path | None:
    """Let the option stand before or after the command; after it, it counts more."""
    if file is not None:
        context.meta[_CONFIG] = file
    return context.meta.get(_CONFIG)


def _moment(text: str) -> datetime:
    """Read a date or time (RFC 3339); where no zone is said, it is that of this machine."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text} is no time: write 2025-01-06 or 2025-01-06T09:00:00-05:00"
        ) from None
    return moment.astimezone() if moment.tzinfo is None else moment


ConfigFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_nearest,
        help="The settings to use; else $SYNDICATE_CONFIG, else syndicate.toml here.",
    ),
]

Rev = Annotated[
    str,
    typer.Option(
        "--rev", metavar="REV", help="See this branch, tag or commit instead of what is published."
    ),
]

At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="TIME",
        parser=_moment,
        help="See what it will be then: 2025-01-06, or 2025-01-06T09:00:00-05:00.",
    ),
]

Expires = Annotated[
    datetime | None,
    typer.Option("--expires", metavar="TIME", parser=_moment, help="From when on it is void."),
]

Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=_moment,
        help="Only what changed from then on; else everything that is live.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
