"""`syndicate diff`: what would be told if the sources went from one revision to another."""

import os
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say_json, talk


def diff(
    rev1: Annotated[str, typer.Argument(metavar="REV1", help="A branch, tag or commit.")],
    rev2: Annotated[
        str, typer.Argument(metavar="REV2", help="The branch, tag or commit to compare with REV1.")
    ],
    source: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Only this source; default: all sources that have both revisions."
        ),
    ] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show the events that publishing REV2 instead of REV1 would send.

    Shows the events of a subscription without filters. Sends nothing and needs no database.
    """
    from syndicate.cli.events import report, shown
    from syndicate.cli.problems import failing
    from syndicate.service.newsroom import Newsroom
    from syndicate.service.preview import between
    from syndicate.settings import load

    with Newsroom(load(config, os.environ)) as newsroom:
        edition, events = between(newsroom, rev1, rev2, source=source)
    for _, reason in failing(edition):
        talk(f"Warning: {reason}", colour="yellow")
    if as_json:
        say_json(shown(events))
    else:
        report(events)
