"""Options that several commands have in common."""

import pathlib
from typing import Annotated

import typer

_CONFIG = "syndicate.config"


def _nearest(context: typer.Context, file: pathlib.Path | None) -> pathlib.Path | None:
    """Let the option stand before or after the command; after it, it counts more."""
    if file is not None:
        context.meta[_CONFIG] = file
    return context.meta.get(_CONFIG)


ConfigFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_nearest,
        help="The settings to use; else $SYNDICATE_CONFIG, else syndicate.toml here.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
