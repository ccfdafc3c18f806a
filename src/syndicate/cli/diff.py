"""`syndicate diff`: the events that publishing another revision would send."""

import os
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile, command_app
from syndicate.cli.output import print_events, print_json, thin_bodies
from syndicate.cli.snapshot import print_source_errors
from syndicate.service.content_service import ContentService
from syndicate.service.event_preview import preview_between
from syndicate.settings import load

app = command_app()


@app.command()
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
    with ContentService(load(config, os.environ)) as content:
        edition, events = preview_between(content, rev1, rev2, source=source)
    print_source_errors(edition)
    if as_json:
        print_json(thin_bodies(events))
    else:
        print_events(events)
